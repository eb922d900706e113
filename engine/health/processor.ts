/** What Merlon's own processes use, as /proc says it: whoever runs as root may be looked at by everybody. */
import { closeSync, openSync, readSync } from 'node:fs';
import { pageBytes } from '../sensor/usage.ts';

/** sysconf(_SC_CLK_TCK) is 100 on every Linux architecture that Node runs on. */
const TICK_MS = 10;
/** Room for proc_pid_stat(5): 52 numbers and a name. */
const STAT_BYTES = 2048;
const PAGE_BYTES = pageBytes();

export interface Used {
  /** Processor time of all its threads so far, in milliseconds. */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** @returns undefined where it has ended, or may not be read (hidepid). */
export function usedBy(pid: number, proc = '/proc'): Used | undefined {
  const text = read(`${proc}/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // utime, stime and rss are fields 14, 15 and 24; the first one here is field 3.
  const [user, system, pages] = [fields[11], fields[12], fields[21]].map(Number);
  if (user === undefined || system === undefined || pages === undefined) return undefined;
  if (![user, system, pages].every(Number.isFinite)) return undefined;
  return { cpuMs: (user + system) * TICK_MS, rssBytes: pages * PAGE_BYTES };
}

function read(path: string): string | undefined {
  const buffer = Buffer.alloc(STAT_BYTES);
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    return buffer.toString('latin1', 0, readSync(fd, buffer));
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
