/** One installed kernel, held against our programs. Runs in a thread of its own: images are large, and not to be trusted. */
import type { KernelForecast } from '../../shared/capabilities.ts';
import { Btf } from './btf.ts';
import { KernelConfig, NO_TYPES, parseConfig, whatForbidsAll, whatIsMissing } from './config.ts';
import { codeOf, OpenFile, readProc, readWhole, whyNot } from './files.ts';
import type { FoundKernel } from './find.ts';
import { Kernel, namesFor, type Fit } from './fit.ts';
import { openImage, type KernelImage } from './image.ts';
import { JOBS, outlook } from './jobs.ts';
import { TypeNames } from './names.ts';
import { BpfObject } from './object.ts';

export interface Question {
  /** Path of merlon.bpf.o. */
  readonly object: string;
  readonly kernel: FoundKernel;
  /** Path: /proc/cmdline. */
  readonly commandLine: string;
}

const MAX_OBJECT_BYTES = 16 << 20;
const MAX_CONFIG_BYTES = 4 << 20;
const NO_CONFIG =
  'What it is built with is not known (no configuration was found): whatever it takes is counted as there.';

/** Never rejects for what is on disk: what cannot be read or understood makes it `unknown`, with a sentence. */
export async function forecast(question: Question, signal: AbortSignal): Promise<KernelForecast> {
  const { version, images, configs } = question.kernel;
  const made = (
    state: KernelForecast['state'],
    findings: readonly string[],
    fitting = 0,
  ): KernelForecast => ({
    version,
    state,
    programs: JOBS.length,
    fitting,
    findings,
  });

  // Unread, it leaves the list of security modules that is built in.
  const commandLine = await readProc(question.commandLine).catch(() => '');
  const { config, troubles } = await configFrom(configs);
  const forbidden = whatForbidsAll(config);
  if (forbidden.length > 0) return made('not', forbidden);
  const image = await imageFrom(images, signal);
  if ('trouble' in image) return made('unknown', [image.trouble, ...whatIsMissing(config, commandLine)]);

  const known = config.isKnown ? config : new KernelConfig(image.config);
  const alsoForbidden = whatForbidsAll(known);
  if (alsoForbidden.length > 0) return made('not', alsoForbidden);
  if (image.types === undefined) return made('not', [NO_TYPES]);
  const notes = [...(known.isKnown ? [] : [...troubles, NO_CONFIG]), ...whatIsMissing(known, commandLine)];

  const object = await ownObject(question.object);
  if (typeof object === 'string') return made('unknown', [object, ...notes]);
  try {
    const { state, fitting, findings } = outlook(fits(object, image.types, known));
    return made(state, [...findings, ...notes], fitting);
  } catch (error) {
    signal.throwIfAborted();
    return made('unknown', [whyNot(image.path, error), ...notes]);
  }
}

/** What each of our programs would do there, by name; each is looked at once. */
function fits(object: BpfObject, types: Buffer, config: KernelConfig): (name: string) => Fit {
  const kernel = new Kernel(new TypeNames(Btf.read(types), namesFor(object)), config);
  const known = new Map<string, Fit>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const program = object.programs.find((each) => each.name === name);
    const fit: Fit = program
      ? kernel.fitOf(object, program)
      : { fits: false, why: `would get no program ${name} from this Merlon, which lacks it` };
    known.set(name, fit);
    return fit;
  };
}

async function ownObject(path: string): Promise<BpfObject | string> {
  try {
    return await BpfObject.read(await readWhole(path, MAX_OBJECT_BYTES));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return `Merlon’s own programs are not at ${path}: install Merlon again.`;
    return whyNot(path, error);
  }
}

async function configFrom(
  paths: readonly string[],
): Promise<{ readonly config: KernelConfig; readonly troubles: readonly string[] }> {
  const troubles: string[] = [];
  for (const path of paths)
    try {
      return {
        config: parseConfig((await readWhole(path, MAX_CONFIG_BYTES)).toString('latin1')),
        troubles: [],
      };
    } catch (error) {
      if (!isAbsent(error)) troubles.push(whyNot(path, error));
    }
  return { config: new KernelConfig(undefined), troubles };
}

type Opened = KernelImage & { readonly path: string };

/** The first that can be read; where none can, why the surest cannot. */
async function imageFrom(
  paths: readonly string[],
  signal: AbortSignal,
): Promise<Opened | { readonly trouble: string }> {
  let trouble: string | undefined;
  for (const path of paths) {
    let file: OpenFile | undefined;
    try {
      file = await OpenFile.open(path);
      return { ...(await openImage(file, signal)), path };
    } catch (error) {
      signal.throwIfAborted();
      if (!isAbsent(error)) trouble ??= whyNot(path, error);
    } finally {
      await file?.close();
    }
  }
  return {
    trouble:
      trouble ??
      'No image of it is found, only its modules: it was probably removed, or /boot is not mounted.',
  };
}

const isAbsent = (error: unknown) => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
