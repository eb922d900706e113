/** What every bench needs to know of where it runs. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

export interface Machine {
  readonly kernel: string;
  readonly cpus: number;
  readonly model: string;
  readonly node: string;
}

export function machine(): Machine {
  return {
    kernel: release(),
    cpus: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    node: process.version,
  };
}

/** Processor seconds (user and system, dead children included where asked) that a process has used. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100; // USER_HZ is 100 on every Linux port
}

export function rssMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? NaN) / 1024;
}

/** The largest resident memory so far. */
export function peakRssMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? NaN) / 1024;
}

/** The first of the paths that exists. */
export function program(...paths: string[]): string | undefined {
  return paths.find((path) => existsSync(path));
}

const TRACEFS = '/sys/kernel/tracing';

/** Runs a bench with tracefs mounted, without which bpftrace and execsnoop see nothing; as it was afterwards. */
export async function withTracefs<T>(bench: () => Promise<T>): Promise<T> {
  const mounted = existsSync(`${TRACEFS}/events`);
  if (!mounted) spawnSync('mount', ['-t', 'tracefs', 'tracefs', TRACEFS]);
  try {
    return await bench();
  } finally {
    if (!mounted) spawnSync('umount', [TRACEFS]);
  }
}
