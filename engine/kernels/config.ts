/** What was built into a kernel, as its configuration says, and what that means for what Merlon may ever do there. */
import { gunzipSync } from 'node:zlib';
import { Misfit } from './misfit.ts';

const MAX_CONFIG_BYTES = 4 << 20;
/** kernel/configs.c: between these, where CONFIG_IKCONFIG is set. */
const BEGIN = Buffer.from('IKCFG_ST');
const END = Buffer.from('IKCFG_ED');

export class KernelConfig {
  readonly #values: ReadonlyMap<string, string> | undefined;

  /** @param text of the file; undefined where there is none: then nothing is known. */
  constructor(text: string | undefined) {
    if (text === undefined) return;
    const values = new Map<string, string>();
    for (const [, name, value] of text.matchAll(/^CONFIG_(\w+)=(.*)$/gm)) values.set(name!, value!);
    this.#values = values;
  }

  /** Both are in every kernel's: what lacks them is no configuration. */
  static looksLikeOne(text: string): boolean {
    return /^CONFIG_\w+=/m.test(text) && text.includes('CONFIG_64BIT');
  }

  get isKnown(): boolean {
    return this.#values !== undefined;
  }

  option(name: string): 'on' | 'off' | 'unknown' {
    if (this.#values === undefined) return 'unknown';
    const value = this.#values.get(name);
    return value === 'y' || value === 'm' ? 'on' : 'off';
  }

  text(name: string): string | undefined {
    return this.#values?.get(name)?.replace(/^"(.*)"$/, '$1');
  }
}

/** The configuration that the kernel carries within itself; undefined where it carries none. */
export function embeddedConfig(image: Buffer): string | undefined {
  for (let at = image.indexOf(BEGIN); at >= 0; at = image.indexOf(BEGIN, at + 1)) {
    const end = image.indexOf(END, at);
    if (end < 0) return undefined;
    try {
      const packed = image.subarray(at + BEGIN.length, end);
      const text = gunzipSync(packed, { maxOutputLength: MAX_CONFIG_BYTES }).toString('latin1');
      if (KernelConfig.looksLikeOne(text)) return text;
    } catch {
      // The marker stands in the code that looks for it, too.
    }
  }
  return undefined;
}

export const NO_TYPES = 'It does not tell of its types (CONFIG_DEBUG_INFO_BTF): Merlon would see nothing.';
const NO_PROGRAMS = 'It takes no BPF programs at all (CONFIG_BPF_SYSCALL): Merlon would see nothing.';
const NO_EVENTS = 'It takes no programs that watch events (CONFIG_BPF_EVENTS): Merlon would see nothing.';

/** Without these no program of ours loads at all; nothing else needs to be looked at then. Sentences. */
export function whatForbidsAll(config: KernelConfig): readonly string[] {
  return [
    ...(config.option('BPF_SYSCALL') === 'off' ? [NO_PROGRAMS] : []),
    ...(config.option('DEBUG_INFO_BTF') === 'off' ? [NO_TYPES] : []),
    ...(config.option('BPF_EVENTS') === 'off' ? [NO_EVENTS] : []),
  ];
}

/**
 * What cannot be done there, though all sensors may work. Sentences.
 * @param commandLine of the kernel that runs: the next one most likely starts with the same.
 */
export function whatIsMissing(config: KernelConfig, commandLine: string): readonly string[] {
  const off = (option: string) => config.option(option) === 'off';
  const sentences: string[] = [];
  if (off('BPF_JIT'))
    sentences.push('It has no compiler for BPF programs (CONFIG_BPF_JIT): each event costs more.');
  const security = securityHooks(config, commandLine);
  if (security !== undefined) sentences.push(security);
  if (off('FANOTIFY_ACCESS_PERMISSIONS'))
    sentences.push(
      'It asks nobody before a file is opened or run (CONFIG_FANOTIFY_ACCESS_PERMISSIONS): fanotify cannot refuse there.',
    );
  if (off('CGROUP_BPF'))
    sentences.push(
      'It runs no BPF programs at cgroups (CONFIG_CGROUP_BPF): connections cannot be refused there.',
    );
  return sentences;
}

function securityHooks(config: KernelConfig, commandLine: string): string | undefined {
  if (!config.isKnown) return undefined;
  const cannot = 'what is refused there is refused by weaker means';
  if (config.option('BPF_LSM') === 'off')
    return `It is built without programs on security hooks (CONFIG_BPF_LSM): ${cannot}.`;
  const given = commandLineValue(commandLine, 'lsm');
  const list = given ?? config.text('LSM') ?? '';
  if (list.split(',').includes('bpf')) return undefined;
  const where =
    given === undefined ? 'that it is built with (CONFIG_LSM)' : 'on the kernel’s command line (lsm=)';
  return `BPF is not in the list of security modules ${where}: ${cannot}. To change that, start it with lsm=${[list, 'bpf'].filter(Boolean).join(',')}.`;
}

/** The last one counts, and what comes after `--` is for init: as for the kernel. */
function commandLineValue(commandLine: string, name: string): string | undefined {
  const words = commandLine.trim().split(/\s+/);
  const end = words.indexOf('--');
  const word = words.slice(0, end < 0 ? undefined : end).findLast((each) => each.startsWith(`${name}=`));
  return word?.slice(name.length + 1).replaceAll('"', '');
}

/** @throws Misfit where it is none. */
export function parseConfig(text: string): KernelConfig {
  if (!KernelConfig.looksLikeOne(text)) throw new Misfit('it is no kernel configuration.');
  return new KernelConfig(text);
}
