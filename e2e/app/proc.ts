/** What really runs on this machine, as the records of the helper's snapshot, so that figures can be read. */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import type { RecordSpec, Task } from './records.ts';

const TICK_NS = 10_000_000;

interface Stat {
  readonly pid: number;
  readonly ppid: number;
  readonly comm: string;
  readonly startNs: number;
}

/** The record of one process that runs now. @param parentStartNs 1 where it is not known. */
export function runningRecord(pid: number, parentStartNs = 1): RecordSpec {
  const stat = statOf(pid);
  if (stat === undefined) throw new Error(`${pid} does not run`);
  return recordOf(stat, parentStartNs);
}

/** The records of everything that runs, kernel threads too. */
export function everythingRunning(): readonly RecordSpec[] {
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)) ?? []);
  const starts = new Map(stats.map(({ pid, startNs }) => [pid, startNs]));
  return stats.map((stat) => recordOf(stat, starts.get(stat.ppid) ?? 1));
}

function recordOf({ pid, ppid, comm, startNs }: Stat, parentStartNs: number): RecordSpec {
  const task: Task = {
    pid,
    ppid,
    startNs,
    parentStartNs,
    comm,
    uid: orElse(() => statSync(`/proc/${pid}`).uid, 0),
    mountNamespace: statSync('/proc/self/ns/mnt').ino,
  };
  const executable = orElse(() => readlinkSync(`/proc/${pid}/exe`), '');
  const args = orElse(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1), []);
  const file = orElse(() => statSync(executable), undefined);
  const identity = file === undefined ? {} : { inode: file.ino, device: kernelDevice(file.dev) };
  return { type: 'running', task, executable, args: executable === '' ? [] : args, ...identity };
}

/** dev_t as the kernel has it, of the one that stat(2) gives. */
function kernelDevice(dev: number): number {
  const major = (dev >>> 8) & 0xfff;
  const minor = (dev & 0xff) | ((dev >>> 12) & 0xfff00);
  return ((major << 20) | minor) >>> 0;
}

function statOf(pid: number): Stat | undefined {
  return orElse(() => {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const comm = text.slice(text.indexOf('(') + 1, text.lastIndexOf(')'));
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { pid, ppid: Number(fields[1]), comm, startNs: Number(fields[19]) * TICK_NS + pid };
  }, undefined);
}

/** A process may end while it is looked at. */
function orElse<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
