/** What was found of installed kernels, so that each start of the engine need not unpack them again. */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import * as v from 'valibot';
import type { KernelForecast } from '../../shared/capabilities.ts';
import type { Question } from './forecast.ts';

const kept = v.record(
  v.string(),
  v.object({
    key: v.string(),
    forecast: v.object({
      version: v.string(),
      state: v.picklist(['fits', 'partly', 'not']),
      programs: v.number(),
      fitting: v.number(),
      findings: v.array(v.string()),
    }),
  }),
);
type Kept = v.InferOutput<typeof kept>;

export class Memory {
  readonly #path: string;
  readonly #log: (line: string) => void;
  #kept: Kept | undefined;

  /** @param path of a file in the data folder; it need not be there. */
  constructor(path: string, log: (line: string) => void) {
    this.#path = path;
    this.#log = log;
  }

  /** As it was found before, where nothing that it depends on is another now. */
  recall(question: Question): KernelForecast | undefined {
    const found = this.#all[question.kernel.version];
    return found?.key === keyOf(question) ? found.forecast : undefined;
  }

  /** Keeps what is known; what could not be known is looked for again. */
  remember(question: Question, forecast: KernelForecast): void {
    const { state } = forecast;
    if (state === 'unknown') return;
    const all = { ...this.#all };
    all[question.kernel.version] = {
      key: keyOf(question),
      forecast: { ...forecast, state, findings: [...forecast.findings] },
    };
    this.#kept = all;
    try {
      writeFileSync(`${this.#path}.new`, JSON.stringify(all), { mode: 0o600 });
      renameSync(`${this.#path}.new`, this.#path);
    } catch (error) {
      this.#log(`what was found of installed kernels is not kept: ${String(error)}`);
    }
  }

  get #all(): Kept {
    return (this.#kept ??= this.#read());
  }

  #read(): Kept {
    try {
      return v.parse(kept, JSON.parse(readFileSync(this.#path, 'utf8')));
    } catch {
      return {}; // not there, or not ours: then they are looked at again
    }
  }
}

/** Changes with the programs, the kernel's files and the command line. */
function keyOf({ object, kernel, commandLine }: Question): string {
  const files = [object, ...kernel.images, ...kernel.configs].map((path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats === undefined ? null : [path, stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs];
  });
  let line = '';
  try {
    line = readFileSync(commandLine, 'utf8');
  } catch {
    // without /proc it says nothing
  }
  return createHash('sha256')
    .update(JSON.stringify([files, line]))
    .digest('hex');
}
