import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { ProcessUsage } from '../../shared/console.ts';
import type { Clock } from '../clock.ts';
import type { Process, Processes } from './processes.ts';

/** sysconf(_SC_CLK_TCK) is 100 on every Linux architecture that Node runs on. */
const TICK_NS = 10_000_000;
/** Processes read before other work has its turn: some 5 ms. */
const SLICE = 250;
/** Whoever asks again sooner gets the same figures: a shorter span would measure the clock's ticks. */
const MIN_SPAN_NS = 900_000_000;
/** An average over longer than this is no answer to “now”. */
const MAX_SPAN_NS = 60_000_000_000;
/** Room for proc_pid_stat(5): 52 numbers and a name. */
const STAT_BYTES = 2048;

interface Stat {
  readonly ppid: number;
  readonly cpuNs: number;
  readonly rssBytes: number;
}

interface Sample {
  readonly atNs: number;
  readonly stat: Stat | undefined;
  readonly percent: number | null;
}

export interface UsageOptions {
  readonly proc?: string;
  readonly clock: Pick<Clock, 'bootNs'>;
}

/**
 * What processes use, from /proc, which every user may read (under hidepid only their own: the others are unknown).
 * Nothing is read unless somebody asks, and each process at most about once a second, whoever asks.
 */
export class Usage {
  readonly #processes: Pick<Processes, 'all' | 'byEntityId'>;
  readonly #proc: string;
  readonly #clock: Pick<Clock, 'bootNs'>;
  readonly #pageBytes: number;
  readonly #buffer = Buffer.alloc(STAT_BYTES);
  #samples = new Map<string, Sample>();
  /** When the last look at all of them began. */
  #allAtNs: number | undefined;
  #looking: Promise<readonly ProcessUsage[]> | undefined;

  constructor(processes: Pick<Processes, 'all' | 'byEntityId'>, { proc = '/proc', clock }: UsageOptions) {
    this.#processes = processes;
    this.#proc = proc;
    this.#clock = clock;
    this.#pageBytes = pageBytes();
  }

  /** Everything that runs. A look that is under way serves all who ask meanwhile. */
  all(): Promise<readonly ProcessUsage[]> {
    this.#looking ??= this.#lookAtAll().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** These processes, as far as they run, with their peaks. */
  of(entityIds: readonly string[]): readonly ProcessUsage[] {
    return entityIds.flatMap((id) => {
      const process = this.#processes.byEntityId(id);
      if (process === undefined || process.endNs !== undefined) return [];
      return { ...this.#usage(process), peak_rss_bytes: this.#peak(process) };
    });
  }

  async #lookAtAll(): Promise<readonly ProcessUsage[]> {
    const beginNs = this.#clock.bootNs();
    const running: Process[] = [];
    for (const process of this.#processes.all()) if (process.endNs === undefined) running.push(process);
    const found: ProcessUsage[] = [];
    for (let at = 0; at < running.length; at += SLICE) {
      if (at > 0) await turn();
      for (const process of running.slice(at, at + SLICE)) found.push(this.#usage(process));
    }
    // Who ended is forgotten with the samples of before.
    this.#samples = new Map(found.flatMap(({ entity_id: id }) => entry(id, this.#samples.get(id))));
    this.#allAtNs = beginNs;
    return found;
  }

  #usage(process: Process): ProcessUsage {
    const { stat, percent } = this.#sample(process);
    return {
      entity_id: process.entityId,
      cpu_time_ns: stat?.cpuNs ?? null,
      cpu_percent: percent,
      rss_bytes: stat?.rssBytes ?? null,
      ppid: stat?.ppid ?? null,
    };
  }

  #sample(process: Process): Sample {
    const before = this.#samples.get(process.entityId);
    const atNs = this.#clock.bootNs();
    if (before !== undefined && atNs - before.atNs < MIN_SPAN_NS) return before;
    const stat = this.#read(process);
    const percent = stat === undefined ? null : this.#percent(process, before, stat, atNs);
    const sample = { atNs, stat, percent };
    this.#samples.set(process.entityId, sample);
    return sample;
  }

  #percent(process: Process, before: Sample | undefined, { cpuNs }: Stat, atNs: number): number | null {
    if (before?.stat !== undefined && atNs - before.atNs <= MAX_SPAN_NS)
      return Math.max(0, ((cpuNs - before.stat.cpuNs) / (atNs - before.atNs)) * 100);
    const ageNs = atNs - process.startNs;
    const young = this.#allAtNs !== undefined && process.startNs > this.#allAtNs && ageNs <= MAX_SPAN_NS;
    return young && ageNs > TICK_NS ? (cpuNs / ageNs) * 100 : null;
  }

  /** @returns undefined where it cannot be read, or where the pid is another process's by now. */
  #read({ pid, startNs }: Process): Stat | undefined {
    const text = this.#text(`${this.#proc}/${pid}/stat`);
    // The name in parentheses can hold anything, parentheses too; field 3 comes after the last one.
    const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
    if (fields === undefined || Number(fields[19]) !== Math.floor(startNs / TICK_NS)) return undefined;
    const [ppid, user, system, pages] = [1, 11, 12, 21].map((at) => Number(fields[at]));
    if (![ppid, user, system, pages].every(Number.isSafeInteger)) return undefined;
    return { ppid: ppid!, cpuNs: (user! + system!) * TICK_NS, rssBytes: pages! * this.#pageBytes };
  }

  #peak(process: Process): number | null {
    try {
      const kib = /^VmHWM:\s+(\d+) kB$/m.exec(
        readFileSync(`${this.#proc}/${process.pid}/status`, 'latin1'),
      )?.[1];
      return kib === undefined || this.#read(process) === undefined ? null : Number(kib) * 1024;
    } catch {
      return null; // it ended, or is hidden: unknown
    }
  }

  #text(path: string): string | undefined {
    let descriptor: number | undefined;
    try {
      descriptor = openSync(path, 'r');
      return this.#buffer.toString('latin1', 0, readSync(descriptor, this.#buffer, 0, STAT_BYTES, 0));
    } catch {
      return undefined; // ENOENT, ESRCH: it ended. EACCES, or ENOENT again: hidepid.
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }
}

const entry = (id: string, sample: Sample | undefined): [string, Sample][] =>
  sample === undefined ? [] : [[id, sample]];

/** AT_PAGESZ of getauxval(3); Node has no call for it. */
export function pageBytes(): number {
  const AT_PAGESZ = 6n;
  try {
    const words = new BigUint64Array(new Uint8Array(readFileSync('/proc/self/auxv')).buffer);
    for (let at = 0; at + 1 < words.length; at += 2)
      if (words[at] === AT_PAGESZ) return Number(words[at + 1]);
  } catch {
    // No /proc: nothing will be read from it either.
  }
  return 4096;
}
