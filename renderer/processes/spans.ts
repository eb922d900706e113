/** Where lives lie on a time axis: what to show of it, its ticks, and each life's place. Pure. */
import type { ProcessSummary } from '../../shared/console.ts';
import { clock, clockMillis, day } from '../ui/units.ts';

/** A stretch of time, epoch milliseconds. */
export interface Stretch {
  readonly from: number;
  readonly until: number;
}

export interface Tick {
  /** From 0 to 1 across the axis. */
  readonly at: number;
  readonly label: string;
}

export interface Axis {
  /** From 0 to 1; below 0 where it was before, above 1 where it was after. */
  place(ms: number): number;
  readonly from: number;
  /** The last moment that is drawn. */
  readonly until: number;
  readonly ticks: readonly Tick[];
  /** Where now is, while something is going on. */
  readonly now: number | undefined;
  /** Time that is left out, and where; nothing began or ended in it. */
  readonly cut: (Stretch & { readonly at: number }) | undefined;
}

export interface Life {
  /** From 0 to 1. */
  readonly from: number;
  readonly until: number;
  /** It began before the axis does. */
  readonly before: boolean;
  readonly alive: boolean;
}

/** A bar of the axis is at least so wide a part of it, so that an end label finds room. */
const MARGIN = 0.05;
const NOW_AT = 0.94;
const CUT_AT = 0.87;
/** A pause so many times longer than all that happened before it is left out. */
const LONG_PAUSE = 3;
/** Ancestors are drawn to scale as long as they are no older than so many times what happened below. */
const REACH = 10;
const MIN_SPAN_MS = 10;
const MOST_TICKS = 8;

/**
 * Fits the axis to a process and what came of it. Ancestors that are much older begin left of it; a long quiet time
 * between the last thing that happened and now is cut out.
 * @param most ticks that find room.
 */
export function axisFor(
  process: ProcessSummary,
  ancestors: readonly ProcessSummary[],
  descendants: readonly ProcessSummary[],
  now: number,
  most = MOST_TICKS,
): Axis {
  const core = [process, ...descendants];
  const alive = core.some(({ end }) => end === null);
  const moments = core.flatMap(({ start, end }) => (end === null ? [start] : [start, end]));
  const last = Math.max(...moments);
  const busy = Math.max(last - process.start, alive && last === process.start ? now - last : 0, MIN_SPAN_MS);
  let from = process.start;
  for (const { start } of ancestors.toReversed()) {
    if (process.start - start > REACH * busy) break;
    from = Math.min(from, start);
  }
  const shown = Math.max(last - from, MIN_SPAN_MS);
  const begin = from - shown * MARGIN;
  if (!alive) return linear(begin, last + shown * 2 * MARGIN, undefined, most);
  const quiet = now - last;
  if (last === process.start || quiet <= LONG_PAUSE * shown) {
    const end = Math.max(now, from + MIN_SPAN_MS);
    return linear(begin, begin + (end - begin) / NOW_AT, now, most);
  }
  return broken(begin, last + shown * MARGIN, now, most);
}

function linear(from: number, until: number, now: number | undefined, most: number): Axis {
  const place = (ms: number) => (ms - from) / (until - from);
  return {
    place,
    from,
    until: now ?? until,
    ticks: ticksOf({ from, until: now ?? until }, place, now && place(now), most),
    now: now === undefined ? undefined : place(now),
    cut: undefined,
  };
}

/** To scale up to a moment; then a cut, and now. */
function broken(from: number, until: number, now: number, most: number): Axis {
  const place = (ms: number) => {
    if (ms <= until) return ((ms - from) / (until - from)) * CUT_AT;
    return CUT_AT + ((ms - until) / (now - until)) * (NOW_AT - CUT_AT);
  };
  return {
    place,
    from,
    until: now,
    ticks: ticksOf({ from, until }, place, NOW_AT, most),
    now: NOW_AT,
    cut: { from: until, until: now, at: CUT_AT },
  };
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((n) => n * DAY),
];

/** @param now where that is, which has a label of its own: others leave it room. */
function ticksOf(
  { from, until }: Stretch,
  place: (ms: number) => number,
  now: number | undefined,
  most: number,
): Tick[] {
  const step = STEPS.find((each) => (until - from) / each <= most) ?? STEPS.at(-1)!;
  // Round by this machine's wall: whole hours and days are those of the person's zone.
  const zone = new Date(from).getTimezoneOffset() * MINUTE;
  const ticks: Tick[] = [];
  for (let at = Math.ceil((from - zone) / step) * step + zone; at < until; at += step) {
    const x = place(at);
    const room = now === undefined ? 1 : now - 0.03 - 0.4 / most;
    if (x >= 0.02 && x <= room) ticks.push({ at: x, label: label(at, step) });
  }
  return ticks;
}

function label(ms: number, step: number): string {
  if (step >= DAY) return day(ms, 0);
  if (step >= MINUTE) return clock(ms).slice(0, 5);
  return step >= SECOND ? clock(ms) : clock(ms) + clockMillis(ms);
}

export function lifeOn(axis: Axis, { start, end }: ProcessSummary): Life {
  const alive = end === null;
  const from = axis.place(start);
  // Who is said to run still runs up to now, or, where nothing is drawn of now, beyond the edge.
  const until = alive ? (axis.now ?? 1) : axis.place(end);
  return {
    from: clamp(from),
    until: clamp(Math.max(from, until)),
    before: from < 0,
    alive,
  };
}

/** A blind stretch as far as the axis shows it; undefined where it does not. */
export function stretchOn(axis: Axis, { from, until }: Stretch): { from: number; until: number } | undefined {
  if (until < axis.from || from > axis.until) return undefined;
  return { from: clamp(axis.place(from)), until: clamp(axis.place(until)) };
}

const clamp = (x: number) => Math.min(1, Math.max(0, x));

/** A process in the tree of lives. */
export interface LifeRow {
  readonly process: ProcessSummary;
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
  readonly guides: readonly boolean[];
}

/**
 * The tree from the oldest ancestor down, siblings by their births.
 * @param parentOf the id of the parent that counts: of birth, or of now.
 */
export function lifeRows(
  processes: readonly ProcessSummary[],
  parentOf: (process: ProcessSummary) => string | null,
): readonly LifeRow[] {
  const known = new Set(processes.map(({ entity_id: id }) => id));
  const children = new Map<string, ProcessSummary[]>();
  for (const process of processes.toSorted((a, b) => a.start - b.start || a.pid - b.pid)) {
    const parent = parentOf(process);
    const under = parent !== null && parent !== process.entity_id && known.has(parent) ? parent : '';
    const siblings = children.get(under);
    if (siblings === undefined) children.set(under, [process]);
    else siblings.push(process);
  }
  const rows: LifeRow[] = [];
  const todo: LifeRow[] = [];
  const push = (under: string, level: number, guides: readonly boolean[]) => {
    const siblings = children.get(under) ?? [];
    children.delete(under); // each once, whatever the data says
    for (let at = siblings.length - 1; at >= 0; at--)
      todo.push({
        process: siblings[at]!,
        level,
        position: at + 1,
        siblings: siblings.length,
        guides,
      });
  };
  push('', 1, []);
  for (let row = todo.pop(); row !== undefined; row = todo.pop()) {
    rows.push(row);
    push(row.process.entity_id, row.level + 1, [...row.guides, row.position < row.siblings]);
  }
  return rows;
}
