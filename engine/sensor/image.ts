/** The program that a process runs, from the record that says so. */
import type { CommandLine } from '../redact.ts';
import type { ExecRecord } from './decode.ts';
import { commText, programOf } from './names.ts';
import type { Image } from './processes.ts';

/** Of whose arguments nothing is known. */
export const NO_COMMAND: CommandLine = { args: [], text: '' };

/** Roughly an Image without its command line, in bytes. */
const IMAGE_WEIGHT = 100;

/** A kernel thread has no executable; it alone is known by the name that its task has. */
export function nameOf(image: Image | undefined, task: { readonly comm: string }): string | undefined {
  if (image === undefined) return undefined;
  return image.executable === undefined ? commText(task.comm) : image.name;
}

/** @param line its arguments, or NO_COMMAND. */
export function imageOf(record: ExecRecord, line: CommandLine): Image {
  const { executable } = record;
  const program = executable === '' ? undefined : programOf(executable);
  return {
    name: program?.name,
    executable: program?.executable,
    commandLine: line === NO_COMMAND ? undefined : line.text,
    weight: IMAGE_WEIGHT + line.text.length,
  };
}
