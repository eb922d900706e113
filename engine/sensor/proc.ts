import { readFileSync } from 'node:fs';
import { escapeBytes } from '../../shared/bytes.ts';

/** sysconf(_SC_CLK_TCK) is 100 on every Linux architecture that Node runs on. */
const TICK_NS = 10_000_000;
const MAX_ARGUMENT_BYTES = 8192;

/**
 * The arguments of a running process from /proc, NUL between them, for kernels whose task iterator cannot read them.
 * The start time is compared before and after, so that a reused pid is not taken for the process.
 * @returns undefined where the process is gone, is another one, or has no arguments.
 */
export function readArguments(pid: number, startNs: number, proc = '/proc'): string | undefined {
  try {
    if (!isSame(pid, startNs, proc)) return undefined;
    const bytes = readFileSync(`${proc}/${pid}/cmdline`).subarray(0, MAX_ARGUMENT_BYTES);
    if (bytes.length === 0 || !isSame(pid, startNs, proc)) return undefined;
    return escapeBytes(bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes);
  } catch {
    // ENOENT or ESRCH: it ended. EACCES cannot happen, cmdline is readable by all except under hidepid.
    return undefined;
  }
}

/** proc_pid_stat(5): the start time in ticks is field 22; the name in parentheses can hold anything. */
function isSame(pid: number, startNs: number, proc: string): boolean {
  const stat = readFileSync(`${proc}/${pid}/stat`, 'latin1');
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  return ticks === Math.floor(startNs / TICK_NS);
}
