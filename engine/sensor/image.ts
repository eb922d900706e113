/** The program that a process runs, from the record that says so. */
import { statSync } from 'node:fs';
import type { CgroupIdentity } from '../identity/cgroups.ts';
import type { CommandLine } from '../redact.ts';
import type { ExecRecord } from './decode.ts';
import { commText, programOf } from './names.ts';
import type { Image } from './processes.ts';
import {
  MERLON_F_ARGS_MISSING,
  MERLON_F_DELETED,
  MERLON_F_ENV_CUT,
  MERLON_F_LD_AUDIT,
  MERLON_F_LD_LIBRARY_PATH,
  MERLON_F_LD_PRELOAD,
} from './records.generated.ts';

/** Of whose arguments nothing is known. */
export const NO_COMMAND: CommandLine = { args: [], text: '' };

/** Roughly an Image without its command line, in bytes. */
const IMAGE_WEIGHT = 180;

/** With these it may run another’s code. */
const STRANGE = MERLON_F_LD_PRELOAD | MERLON_F_LD_AUDIT | MERLON_F_LD_LIBRARY_PATH | MERLON_F_DELETED;

/** A kernel thread has no executable; it alone is known by the name that its task has. */
export function nameOf(image: Image | undefined, task: { readonly comm: string }): string | undefined {
  if (image === undefined) return undefined;
  return image.executable === undefined ? commText(task.comm) : image.name;
}

/** Whether it may run other code than its file’s. */
export function isStrange(flags: number): boolean {
  if ((flags & STRANGE) !== 0) return true;
  // A snapshot that cannot read arguments (before Linux 5.18) cannot read the environment either.
  return (flags & MERLON_F_ENV_CUT) !== 0 && (flags & MERLON_F_ARGS_MISSING) === 0;
}

/** Inode number of the engine’s own; -1 where it is not known, which is none’s. */
export function ownMountNamespace(): number {
  try {
    return statSync('/proc/self/ns/mnt').ino;
  } catch {
    return -1;
  }
}

/** @param line its arguments, or NO_COMMAND. @param group of the process. */
export function imageOf(record: ExecRecord, line: CommandLine, group: CgroupIdentity | undefined): Image {
  const { executable } = record;
  const program = executable === '' ? undefined : programOf(executable);
  return {
    name: program?.name,
    executable: program?.executable,
    commandLine: line === NO_COMMAND ? undefined : line.text,
    file: {
      mountNamespace: record.task.mnt_ns,
      device: record.exec.dev,
      inode: record.inode,
      isStrange: isStrange(record.exec.flags),
      isContained: group?.containerId !== undefined,
      unit: group?.unit,
    },
    weight: IMAGE_WEIGHT + line.text.length,
  };
}
