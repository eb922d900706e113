/**
 * Before a reboot: what of Merlon's sensors will stop working on each kernel that is installed and does not run. Each is
 * looked at in a thread of its own, one after the other: that takes a second or so of one processor and the memory of an
 * unpacked kernel, and ends with it.
 */
import { release } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { KernelForecast } from '../../shared/capabilities.ts';
import { findKernels, type FoundKernel, type KernelPlaces } from './find.ts';
import type { Question } from './forecast.ts';
import { JOBS } from './jobs.ts';
import type { Memory } from './memory.ts';

export type { KernelPlaces } from './find.ts';
export { Memory } from './memory.ts';

/** The sources run as they are under Node; bundled, the thread's file lies beside the engine. */
const FILE = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './kernels.js', import.meta.url);
const COMMAND_LINE = '/proc/cmdline';
/** xz on a slow machine takes ten seconds; what takes longer than this is made to take long. */
const DEADLINE_MS = 60_000;
/** So long a thread may take to end its tool and itself. */
const PATIENCE_MS = 2000;
const HEAP_MIB = 192;
/** Nobody has so many; what comes after them is old. */
const MAX_KERNELS = 24;

const SYSTEM: KernelPlaces = {
  boot: '/boot',
  modules: ['/lib/modules', '/usr/lib/modules'],
  running: release(),
};

/**
 * The newest first. Whatever is found on disk makes a forecast, if only `unknown` and why.
 * @param object path of merlon.bpf.o. @param signal gives it up: the promise rejects with its reason.
 * @param memory has what was found before.
 */
export async function forecastKernels(
  object: string,
  places: KernelPlaces = SYSTEM,
  signal?: AbortSignal,
  memory?: Memory,
): Promise<readonly KernelForecast[]> {
  signal?.throwIfAborted();
  const forecasts: KernelForecast[] = [];
  for (const kernel of await findKernels(places)) {
    signal?.throwIfAborted();
    if (forecasts.length >= MAX_KERNELS) {
      forecasts.push(unknown(kernel, `Only the ${MAX_KERNELS} newest kernels are looked at: remove some.`));
      continue;
    }
    const question = { object, kernel, commandLine: places.commandLine ?? COMMAND_LINE };
    const known = memory?.recall(question);
    const found = known ?? (await inThread(question, signal));
    if (known === undefined) memory?.remember(question, found);
    forecasts.push(found);
  }
  return forecasts;
}

function inThread(question: Question, signal: AbortSignal | undefined): Promise<KernelForecast> {
  const worker = new Worker(FILE, {
    workerData: question,
    name: 'kernel forecast',
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
  });
  const { version } = question.kernel;
  return new Promise((resolve, reject) => {
    let answer = unknown(question.kernel, `The look at ${version} broke off: try again.`);
    let impatience: NodeJS.Timeout | undefined;
    // By itself: it may have a tool to end.
    const stop = () => {
      worker.postMessage('stop');
      impatience ??= setTimeout(() => void worker.terminate(), PATIENCE_MS);
    };
    const deadline = setTimeout(() => {
      answer = unknown(
        question.kernel,
        `The look at ${version} took too long: try again when less is going on.`,
      );
      stop();
    }, DEADLINE_MS);
    signal?.addEventListener('abort', stop, { once: true });
    worker.on('message', (reply: KernelForecast) => (answer = reply)); // both ends are this program
    worker.on('error', (error) => {
      answer = unknown(question.kernel, `The look at ${version} broke off (${asError(error).message}).`);
    });
    worker.on('exit', () => {
      clearTimeout(deadline);
      clearTimeout(impatience);
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) reject(asError(signal.reason));
      else resolve(answer);
    });
  });
}

const unknown = ({ version }: FoundKernel, finding: string): KernelForecast => ({
  version,
  state: 'unknown',
  programs: JOBS.length,
  fitting: 0,
  findings: [finding],
});
const asError = (reason: unknown) => (reason instanceof Error ? reason : new Error(String(reason)));
