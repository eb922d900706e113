/** Time and height: where a figure stands in a chart. Pure. */
import type { Health } from '../../shared/console.ts';

export const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** How much time the charts show, and how far its marks are apart. */
const SPANS = [
  { span: 5 * MINUTE_MS, step: MINUTE_MS },
  { span: 15 * MINUTE_MS, step: 5 * MINUTE_MS },
  { span: 30 * MINUTE_MS, step: 5 * MINUTE_MS },
  { span: HOUR_MS, step: 10 * MINUTE_MS },
] as const;

/** An hour, less where less is known. */
export function spanOf({ canaries, samples, blind }: Health, now: number): number {
  const oldest = Math.min(
    now,
    ...[canaries[0]?.at, samples[0]?.at, blind[0]?.from].flatMap((at) => at ?? []),
  );
  return (SPANS.find(({ span }) => span >= now - oldest) ?? { span: HOUR_MS }).span;
}

export interface Frame {
  /** Epoch milliseconds of the left and the right end. */
  readonly from: number;
  readonly until: number;
  readonly width: number;
  readonly height: number;
}

export const xOf = ({ from, until, width }: Frame, at: number): number =>
  round((width * (at - from)) / (until - from));

/** Round moments between the ends. */
export function ticksOf({ from, until }: Pick<Frame, 'from' | 'until'>): readonly number[] {
  const step = SPANS.find(({ span }) => span >= until - from)?.step ?? 10 * MINUTE_MS;
  // By the wall's clock, whatever the time zone.
  const zone = new Date(from).getTimezoneOffset() * MINUTE_MS;
  const first = Math.ceil((from - zone) / step) * step + zone;
  const ticks = [];
  for (let at = first; at <= until; at += step) ticks.push(at);
  return ticks;
}

/** The largest round figure that is not above: 1, 2 or 5 with zeros; of bytes a power of two. */
export function roundBelow(highest: number, bytes = false): number {
  if (highest <= 0) return 0;
  if (bytes) return 2 ** Math.floor(Math.log2(highest));
  const power = 10 ** Math.floor(Math.log10(highest));
  return ([5, 2].find((step) => step * power <= highest) ?? 1) * power;
}

/** A figure, or several that stand on one another; null where nothing was measured. */
export interface Point {
  readonly at: number;
  readonly values: readonly (number | null)[];
}

export const totalOf = ({ values }: Point): number | null =>
  values.every((value) => value === null)
    ? null
    : values.reduce<number>((sum, value) => sum + (value ?? 0), 0);

export interface Drawn {
  /** The upper edge of each, from the lowest up: an SVG path that breaks where nothing was measured. */
  readonly lines: readonly string[];
  /** The same down to the one below. */
  readonly areas: readonly string[];
}

/**
 * @param highest what stands at the top.
 * @param breakMs longer than this without a figure nothing is drawn.
 */
export function draw(points: readonly Point[], frame: Frame, highest: number, breakMs: number): Drawn {
  const y = (value: number) => round(frame.height * (1 - value / highest));
  const runs = runsOf(
    points.filter(({ at }) => at >= frame.from - breakMs && at <= frame.until),
    breakMs,
  );
  const count = points[0]?.values.length ?? 0;
  const upTo = ({ values }: Point, n: number) =>
    values.slice(0, n).reduce<number>((sum, v) => sum + (v ?? 0), 0);
  const edge = (run: readonly Point[], n: number) =>
    run.map((point) => `${xOf(frame, point.at)} ${y(upTo(point, n))}`);
  const lines: string[] = [];
  const areas: string[] = [];
  for (let n = 1; n <= count; n += 1) {
    const parts = runs.map((run) => ({ above: edge(run, n), below: edge(run, n - 1).reverse() }));
    lines.push(parts.map(({ above }) => `M${above.join('L')}${above.length === 1 ? 'h2' : ''}`).join(''));
    areas.push(parts.map(({ above, below }) => `M${[...above, ...below].join('L')}Z`).join(''));
  }
  return { lines, areas };
}

/** Points without a break among them. */
function runsOf(points: readonly Point[], breakMs: number): readonly (readonly Point[])[] {
  const runs: Point[][] = [];
  let last: Point | undefined;
  for (const point of points) {
    if (totalOf(point) === null) {
      last = undefined;
      continue;
    }
    if (last === undefined || point.at - last.at > breakMs) runs.push([point]);
    else runs.at(-1)?.push(point);
    last = point;
  }
  return runs;
}

/** The point nearest to a moment; undefined where none is within `reach`. */
export function nearest<P extends { readonly at: number }>(
  points: readonly P[],
  at: number,
  reach: number,
): P | undefined {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.at ?? Infinity) < at) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [points[low - 1], points[low]];
  const far = (point: P | undefined) => (point === undefined ? Infinity : Math.abs(point.at - at));
  const found = far(before) <= far(after) ? before : after;
  return far(found) <= reach ? found : undefined;
}

const round = (n: number) => Math.round(n * 10) / 10;
