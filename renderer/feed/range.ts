/** Stretches of time: what the histogram shows and the rows come from. Epoch milliseconds throughout. */
import * as v from 'valibot';
import { clock, moment, span } from '../ui/units.ts';

const ms = v.pipe(v.number(), v.finite());
export const rangeSchema = v.variant('kind', [
  /** So long, up to now: moves on with the clock. */
  v.object({ kind: v.literal('last'), ms: v.pipe(ms, v.minValue(1000)) }),
  v.object({ kind: v.literal('all') }),
  v.object({ kind: v.literal('own'), from: ms, until: ms }),
]);
export type Range = v.InferOutput<typeof rangeSchema>;

/** From the first on, and before the second. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const LASTS: readonly { readonly ms: number; readonly label: string }[] = [
  { ms: 15 * MINUTE, label: 'Last 15 minutes' },
  { ms: HOUR, label: 'Last hour' },
  { ms: DAY, label: 'Last 24 hours' },
  { ms: 7 * DAY, label: 'Last 7 days' },
  { ms: 14 * DAY, label: 'Last 14 days' },
];
export const FIRST_RANGE: Range = { kind: 'last', ms: 15 * MINUTE };

const STEPS = [
  ...[1, 2, 5, 10, 15, 20, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 20, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((days) => days * DAY),
];
/** As many bars as stand beside each other and can still be told apart. */
const MOST_BARS = 180;

/** How much time one bar stands for: a round figure. */
export function stepOf({ from, until }: Span, most = MOST_BARS): number {
  const least = (until - from) / most;
  return STEPS.find((step) => step >= least) ?? Math.ceil(least / DAY) * DAY;
}

/** The span widened to whole bars. */
export function wholeBars({ from, until }: Span, step: number): Span {
  const first = Math.floor(from / step) * step;
  return { from: first, until: Math.max(first + step, Math.ceil(until / step) * step) };
}

/** @param oldest the oldest event there is; null where there is none. */
export function spanOf(range: Range, now: number, oldest: number | null): Span {
  switch (range.kind) {
    case 'last':
      return { from: now - range.ms, until: now };
    case 'own':
      return range;
    case 'all':
      return { from: Math.min(oldest ?? now, now - 15 * MINUTE), until: now };
  }
}

/** Whether it ends now, and so moves on. */
export const isLive = (range: Range) => range.kind !== 'own';

/** The next wider choice; everything, at the end. */
export function widened(range: Range): Range {
  const length =
    range.kind === 'last' ? range.ms : range.kind === 'own' ? range.until - range.from : Infinity;
  const next = LASTS.find(({ ms: each }) => each > length);
  if (next === undefined || range.kind === 'all') return { kind: 'all' };
  if (range.kind === 'last') return { kind: 'last', ms: next.ms };
  const middle = (range.from + range.until) / 2;
  return { kind: 'own', from: middle - next.ms / 2, until: middle + next.ms / 2 };
}

/** `Last 15 minutes`, `All time`, `14:32:10 – 14:34:40`, with the day where it is not today's. */
export function rangeWords(range: Range, now: number): string {
  switch (range.kind) {
    case 'last':
      return LASTS.find(({ ms: each }) => each === range.ms)?.label ?? `Last ${span(range.ms)}`;
    case 'all':
      return 'All time';
    case 'own':
      return spanWords(range, now);
  }
}

export function spanWords({ from, until }: Span, now: number): string {
  const today = new Date(now).toDateString();
  const sameDay = new Date(from).toDateString() === new Date(until).toDateString();
  if (sameDay && new Date(from).toDateString() === today) return `${clock(from)} – ${clock(until)}`;
  return `${moment(from).slice(0, 16)} – ${sameDay ? clock(until).slice(0, 5) : moment(until).slice(0, 16)}`;
}

/** Round moments for the axis, so many at most. */
export function axisMarks({ from, until }: Span, most: number): readonly number[] {
  const step = stepOf({ from, until }, Math.max(1, most));
  // Days begin at midnight on this wall, not in Greenwich.
  const zone = new Date(from).getTimezoneOffset() * MINUTE;
  const first = Math.ceil((from - zone) / step) * step + zone;
  const marks: number[] = [];
  for (let at = first; at < until; at += step) marks.push(at);
  return marks;
}

/** What the axis writes at a mark. */
export function axisWords(at: number, { from, until }: Span): string {
  const length = until - from;
  const whole = new Date(at);
  const midnight = whole.getHours() === 0 && whole.getMinutes() === 0;
  if (length > 2 * DAY || (length > 12 * HOUR && midnight)) {
    const date = moment(at);
    return length > 6 * DAY || midnight ? date.slice(5, 10) : date.slice(5, 16);
  }
  return length <= 5 * MINUTE ? clock(at) : clock(at).slice(0, 5);
}

/** What a person typed into the fields of an own range, as the browser gives it; undefined where it is no moment. */
export function readLocal(text: string): number | undefined {
  const at = new Date(text).getTime();
  return text === '' || Number.isNaN(at) ? undefined : at;
}

/** The other way round, to the second. */
export const writeLocal = (at: number) => moment(at).slice(0, 19).replace(' ', 'T');
