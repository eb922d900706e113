import type { HelperStats } from '../../shared/helper.ts';

export type GapReason =
  | 'ring_overflow'
  | 'missed_runs'
  | 'helper_lost'
  | 'helper_restarted'
  | 'engine_away'
  | 'canary_missed'
  | 'not_run'
  | 'left_out';

/** A span in which events may be missing. Boot-clock nanoseconds. */
export interface Gap {
  readonly reason: GapReason;
  readonly beginNs: number;
  readonly endNs: number;
  /** undefined where nobody can know. */
  readonly lost: number | undefined;
}

/** One jump in a CPU's sequence; a record that arrives late takes its place back. */
interface Jump {
  readonly cpu: number;
  readonly from: number;
  readonly to: number;
  readonly beginNs: number;
  readonly endNs: number;
  lost: number;
}

const MAX_JUMPS = 4096;
/** How long a jump waits for records that overtook one another (two programs on one CPU), in nanoseconds. */
const SETTLE_NS = 100_000_000;

/**
 * Finds what was lost between kernel and engine, and where. Each record carries the count of records attempted on its
 * CPU: a jump of n + 1 means that n are missing between two known times. The kernel's own counters (`lost`, by type
 * and CPU) are the truth about how many; what they know and no jump has shown yet is told as a gap up to now.
 * One instance for one life of the helper.
 */
export class Gaps {
  readonly #next: number[] = [];
  readonly #lastNs: number[] = [];
  /** Lost records of each CPU that a gap has told. */
  readonly #told: number[] = [];
  /** Of these, told from the counters before their jump was seen. */
  readonly #ahead: number[] = [];
  #lostBefore: readonly number[] = [];
  #missedBefore = 0;
  #jumps: Jump[] = [];
  #lastStatsNs: number;

  /** @param startNs the earliest moment at which the sensor can have been attached. */
  constructor(startNs: number) {
    this.#lastStatsNs = startNs;
  }

  /** The sensor is attached: nothing was lost before. */
  attached(nowNs: number): void {
    this.#lastStatsNs = nowNs;
  }

  /** @param seq 0 where the record is not counted (snapshot). */
  record(cpu: number, seq: number, timeNs: number): void {
    if (seq === 0) return;
    const expected = this.#next[cpu] ?? 1;
    if (seq === expected) {
      this.#next[cpu] = seq + 1;
    } else if (seq > expected) {
      this.#jump(cpu, expected, seq, timeNs);
      this.#next[cpu] = seq + 1;
    } else {
      this.#late(cpu, seq);
    }
    this.#lastNs[cpu] = timeNs;
  }

  /** The gaps that are certain by now, merged to one. To be called every 100 ms or so, and at the end. */
  settled(nowNs: number): Gap | undefined {
    const ready = this.#jumps.filter((jump) => nowNs - jump.endNs >= SETTLE_NS);
    if (ready.length === 0) return undefined;
    this.#jumps = this.#jumps.filter((jump) => nowNs - jump.endNs < SETTLE_NS);
    let lost = 0;
    let beginNs = Infinity;
    let endNs = 0;
    for (const jump of ready) {
      const ahead = Math.min(this.#ahead[jump.cpu] ?? 0, jump.lost);
      this.#ahead[jump.cpu] = (this.#ahead[jump.cpu] ?? 0) - ahead;
      if (jump.lost === ahead) continue;
      lost += jump.lost - ahead;
      this.#told[jump.cpu] = (this.#told[jump.cpu] ?? 0) + jump.lost - ahead;
      beginNs = Math.min(beginNs, jump.beginNs);
      endNs = Math.max(endNs, jump.endNs);
    }
    return lost === 0 ? undefined : { reason: 'ring_overflow', beginNs, endNs, lost };
  }

  /** Compares with the kernel's counters. A loss is told from them only when it was there a poll before, too. */
  stats(stats: HelperStats, nowNs: number): Gap[] {
    const gaps: Gap[] = [];
    const lost = lostByCpu(stats);
    let unseen = 0;
    let beginNs = nowNs;
    for (let cpu = 0; cpu < lost.length; cpu++) {
      const settled = Math.min(lost[cpu]!, this.#lostBefore[cpu] ?? 0);
      const remainder = settled - (this.#told[cpu] ?? 0) - this.#waiting(cpu);
      if (remainder <= 0) continue;
      unseen += remainder;
      this.#told[cpu] = (this.#told[cpu] ?? 0) + remainder;
      this.#ahead[cpu] = (this.#ahead[cpu] ?? 0) + remainder;
      beginNs = Math.min(beginNs, this.#lastNs[cpu] ?? this.#lastStatsNs);
    }
    if (unseen > 0) gaps.push({ reason: 'ring_overflow', beginNs, endNs: nowNs, lost: unseen });
    const missed = missedRuns(stats);
    if (missed > this.#missedBefore) {
      const count = missed - this.#missedBefore;
      gaps.push({ reason: 'missed_runs', beginNs: this.#lastStatsNs, endNs: nowNs, lost: count });
    }
    this.#lostBefore = lost;
    this.#missedBefore = missed;
    this.#lastStatsNs = nowNs;
    return gaps;
  }

  /** The newest time that any record of this helper carried. */
  get lastNs(): number | undefined {
    return this.#lastNs.length === 0 ? undefined : Math.max(...this.#lastNs.filter(Number.isFinite));
  }

  #jump(cpu: number, expected: number, seq: number, timeNs: number): void {
    const beginNs = Math.min(this.#lastNs[cpu] ?? this.#lastStatsNs, timeNs);
    if (this.#jumps.length < MAX_JUMPS) {
      this.#jumps.push({ cpu, from: expected, to: seq, beginNs, endNs: timeNs, lost: seq - expected });
      return;
    }
    // In a long overflow every other record may be a jump: the newest one of this CPU grows instead.
    const at = this.#jumps.findLastIndex((jump) => jump.cpu === cpu);
    const last = at < 0 ? undefined : this.#jumps[at];
    const merged = { cpu, from: expected, to: seq, beginNs, endNs: timeNs, lost: seq - expected };
    if (last === undefined) this.#jumps.push(merged);
    else
      this.#jumps[at] = { ...merged, from: last.from, beginNs: last.beginNs, lost: last.lost + merged.lost };
  }

  #late(cpu: number, seq: number): void {
    const jump = this.#jumps.find((j) => j.cpu === cpu && seq >= j.from && seq < j.to);
    if (jump !== undefined && jump.lost > 0) jump.lost--;
  }

  #waiting(cpu: number): number {
    let sum = 0;
    for (const jump of this.#jumps) if (jump.cpu === cpu) sum += jump.lost;
    return sum;
  }
}

function lostByCpu(stats: HelperStats): number[] {
  const sums: number[] = [];
  for (const row of stats.lost) row.forEach((n, cpu) => (sums[cpu] = (sums[cpu] ?? 0) + n));
  return sums;
}

/** Runs that the kernel skipped, of all programs together. */
export function missedRuns(stats: HelperStats): number {
  return stats.programs.reduce((sum, program) => sum + program.missed, 0);
}

/** The gap as a sentence for the person. */
export function gapSentence(gap: Gap): string {
  const span = spanText(gap.endNs - gap.beginNs);
  const events = gap.lost === 1 ? '1 event was' : `${gap.lost?.toLocaleString('en-US')} events were`;
  switch (gap.reason) {
    case 'ring_overflow':
      return `${events} lost in ${span}: the kernel queue was full.`;
    case 'missed_runs':
      return `${events} missed in ${span}: the kernel skipped runs of Merlon’s programs.`;
    case 'helper_lost':
      return `Not sensing for ${span}: the helper ended. What happened meanwhile is not known.`;
    case 'helper_restarted':
      return `Not sensing for ${span}, until the helper was started again. What happened meanwhile is not known.`;
    case 'not_run':
      return `${gap.lost?.toLocaleString('en-US')} processes or threads were made in ${span} for which Merlon’s programs did not run: the kernel counted more than they did.`;
    case 'left_out':
      return `For ${span} not everything was told, to keep Merlon’s budget: which events were left out is said where that began.`;
    case 'canary_missed':
      return `Perhaps blind for ${span}: a program that Merlon started was not seen by its own sensors. What happened meanwhile may be missing.`;
    case 'engine_away':
      return `Not sensing for ${span}: Merlon was not running. What happened meanwhile is not known.`;
  }
}

/** `11 ms`, `1.84 s`, `3 min 20 s`. @param ns at least 0. */
export function spanText(ns: number): string {
  const ms = ns / 1e6;
  if (ms < 1) return `${Math.max(0, Math.round(ns / 1000))} µs`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 100_000) return `${(ms / 1000).toFixed(2)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`;
}
