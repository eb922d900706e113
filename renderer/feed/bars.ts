/** Counts of events over time, as the histogram draws them: by action, a number for each bar. Never changed in place. */
import type { EventHistogram } from '../../shared/console.ts';
import { wholeBars, type Span } from './range.ts';

export interface Bars {
  readonly from: number;
  readonly step: number;
  readonly length: number;
  readonly counts: Readonly<Record<string, readonly number[]>>;
  /** Of each bar. */
  readonly totals: readonly number[];
}

export const untilOf = ({ from, step, length }: Bars) => from + step * length;

export function emptyBars(span: Span, step: number): Bars {
  const { from, until } = wholeBars(span, step);
  const length = Math.round((until - from) / step);
  return { from, step, length, counts: {}, totals: Array<number>(length).fill(0) };
}

/** The same bars over another span of as long steps; what leaves is dropped, what comes is 0. */
export function movedTo(bars: Bars, span: Span): Bars {
  const moved = emptyBars(span, bars.step);
  const by = Math.round((moved.from - bars.from) / bars.step);
  const shift = (sums: readonly number[]) => moved.totals.map((_, at) => sums[at + by] ?? 0);
  const counts = Object.fromEntries(
    Object.entries(bars.counts).map(([action, sums]) => [action, shift(sums)]),
  );
  return { ...moved, counts, totals: shift(bars.totals) };
}

/** @param answer counts from `from` (the beginning of a bar) on; bars before `first` are not taken over. */
export function withCounts(
  bars: Bars,
  answer: EventHistogram['counts'],
  from: number,
  first: number,
  until: number,
): Bars {
  const start = Math.max(0, Math.round((first - bars.from) / bars.step));
  const end = Math.min(bars.length, Math.round((until - bars.from) / bars.step));
  const by = Math.round((bars.from - from) / bars.step);
  const actions = new Set([...Object.keys(bars.counts), ...Object.keys(answer)]);
  const counts: Record<string, readonly number[]> = {};
  const totals = Array<number>(bars.length).fill(0);
  for (const action of actions) {
    const old = bars.counts[action];
    const sums = totals.map(
      (_, at) => (at >= start && at < end ? answer[action]?.[at + by] : old?.[at]) ?? 0,
    );
    if (!sums.some((sum) => sum > 0)) continue;
    counts[action] = sums;
    sums.forEach((sum, at) => (totals[at] = (totals[at] ?? 0) + sum));
  }
  return { ...bars, counts, totals };
}

/** The bars that a span touches, first included, last not. */
export function barsOf(bars: Bars, { from, until }: Span): readonly [first: number, last: number] {
  const at = (ms: number) => Math.max(0, Math.min(bars.length, Math.round((ms - bars.from) / bars.step)));
  return [at(from), at(until)];
}

/** Events in a span, whose ends are those of bars. */
export function sumOf(bars: Bars, span?: Span): number {
  const [first, last] = span === undefined ? [0, bars.length] : barsOf(bars, span);
  return bars.totals.slice(first, last).reduce((sum, events) => sum + events, 0);
}
