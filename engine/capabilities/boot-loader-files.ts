/** Looking at the files of a boot loader: anybody may have written them, so sizes are bounded and nothing is run. */
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Repair, RepairDiff } from '../../shared/capabilities.ts';

export type LsmRepair = Pick<Repair, 'title' | 'kind' | 'steps' | 'diffs' | 'undo'>;

export const BPF_LSM = { title: 'Let BPF LSM load', kind: 'boot' } as const satisfies Partial<LsmRepair>;

export interface Machine {
  /** `/`; a folder that stands for it in tests. */
  readonly root: string;
  /** /proc/cmdline */
  readonly cmdline: string;
  /** Release of the kernel that runs. */
  readonly kernel: string;
}

/** What a machine's boot loader is to pass on. */
export interface Wanted extends Machine {
  /** `lsm=landlock,yama,bpf` */
  readonly line: string;
}

type Steps = LsmRepair['steps'];

export type Looked =
  | { readonly text: string }
  /** unfit: no plain file, too large, or no text. */
  | { readonly text: null; readonly why: 'absent' | 'denied' | 'unfit' };

const MOST_BYTES = 1 << 20;
const MOST_NAMES = 256;
/** Of a folder of boot entries; a program that writes more has gone wrong. */
const MOST_LINES = 200;
export const LONGEST_LINE = 4096;

/** What would not be seen when the text is looked at, or would not be what it looks like; tabs are neither. */
const UNSEEN = /[\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]|[^\P{Cc}\t]/u;

export function look(machine: Machine, path: string): Looked {
  const bytes = lookAtBytes(machine, path);
  if (!(bytes instanceof Uint8Array)) return bytes;
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { text: null, why: 'unfit' };
  }
}

export function lookAtBytes(machine: Machine, path: string): Uint8Array | Looked {
  let fd: number;
  try {
    // A pipe that somebody put there must not hold us up.
    fd = openSync(join(machine.root, path), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    return { text: null, why: whyNot(error) };
  }
  try {
    if (!fstatSync(fd).isFile()) return { text: null, why: 'unfit' };
    // Not by its size: files under /proc and /sys have none.
    const bytes = Buffer.alloc(MOST_BYTES + 1);
    let end = 0;
    for (let n = -1; n !== 0 && end < bytes.length; end += n)
      n = readSync(fd, bytes, end, bytes.length - end, null);
    return end > MOST_BYTES ? { text: null, why: 'unfit' } : bytes.subarray(0, end);
  } catch (error) {
    return { text: null, why: whyNot(error) };
  } finally {
    closeSync(fd);
  }
}

function whyNot(error: unknown): 'absent' | 'denied' | 'unfit' {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'absent';
  return code === 'EACCES' || code === 'EPERM' ? 'denied' : 'unfit';
}

/** Whether something is there, as far as this user can see. */
export function isThere(machine: Machine, path: string): boolean {
  try {
    statSync(join(machine.root, path));
    return true;
  } catch {
    return false;
  }
}

export const firstThere = (machine: Machine, paths: readonly string[]): string | undefined =>
  paths.find((path) => isThere(machine, path));

/** Whether a program is there, wherever this distribution puts it. */
export const hasProgram = (machine: Machine, name: string): boolean =>
  firstThere(machine, [`/usr/sbin/${name}`, `/usr/bin/${name}`, `/sbin/${name}`, `/bin/${name}`]) !==
  undefined;

/** Names in order; none where the folder cannot be read. */
export function namesIn(machine: Machine, folder: string, suffix: string): readonly string[] {
  try {
    return readdirSync(join(machine.root, folder))
      .filter((name) => name.endsWith(suffix) && !name.startsWith('.'))
      .sort()
      .slice(0, MOST_NAMES);
  } catch {
    return [];
  }
}

/** Whether a person who looks at these lines sees all there is. */
export const canBeShown = (lines: readonly string[]): boolean =>
  lines.length <= MOST_LINES && lines.every((line) => line.length <= LONGEST_LINE && !UNSEEN.test(line));

/** A file as it is to be. What is there already and differs is shown as taken out; none where it is the same. */
export function wholeFile(machine: Machine, file: string, lines: readonly string[]): readonly RepairDiff[] {
  const { text } = look(machine, file);
  const before = text === null ? [] : linesOf(text);
  if (before.join('\n') === lines.join('\n')) return [];
  const gone = canBeShown(before) ? before : ['(what is there now, which cannot be shown)'];
  return [{ file, lines: [...gone.map((line) => `-${line}`), ...lines.map((line) => `+${line}`)] }];
}

const CONTEXT = 2;

/** One line of a file in place of another, or where `index` is its end: a new one. */
export function changedLine(file: string, lines: readonly string[], index: number, line: string): RepairDiff {
  const around = (from: number, to: number) => lines.slice(Math.max(0, from), to).map((each) => ` ${each}`);
  const gone = lines[index];
  return {
    file,
    lines: [
      ...around(index - CONTEXT, index),
      ...(gone === undefined ? [] : [`-${gone}`]),
      `+${line}`,
      ...around(index + 1, index + 1 + CONTEXT),
    ],
  };
}

export const linesOf = (text: string): readonly string[] => text.replace(/\r?\n$/, '').split(/\r?\n/);

/** The value of an EFI variable of the boot loader interface, which is UTF-16 after four bytes of attributes. */
export function loaderVariable(machine: Machine, name: string): string | undefined {
  const path = `/sys/firmware/efi/efivars/${name}-4a67b082-0a4c-41cf-b6c7-442b29bb8c4f`;
  const bytes = lookAtBytes(machine, path);
  if (!(bytes instanceof Uint8Array) || bytes.length < 4) return undefined;
  return new TextDecoder('utf-16le').decode(bytes.subarray(4)).replace(/\0.*$/s, '');
}

/** The name of the system for a menu, where it is plain enough for any file and any shell. */
export function systemName(machine: Machine): string {
  const { text } = look(machine, '/etc/os-release');
  const name = /^NAME=(["']?)([A-Za-z0-9][A-Za-z0-9 ._+-]{0,63})\1$/m.exec(text ?? '')?.[2];
  return name ?? 'Linux';
}

/** A new command line is measured: a disk that the TPM unlocks by the old one asks for its passphrase. */
export function beforeReboot(machine: Machine): Steps {
  const { text } = look(machine, '/etc/crypttab');
  if (!/tpm2/.test(`${text ?? ''} ${machine.cmdline}`)) return [];
  return [
    {
      text: 'Have the recovery key or the passphrase of the disk at hand: the TPM unlocks it for the present command line, and may not for the new one.',
    },
  ];
}

/** How every repair ends. */
export const afterReboot: Steps = [
  { text: 'When it runs, try again what this kernel takes.', command: 'merlon capabilities --probe' },
];
