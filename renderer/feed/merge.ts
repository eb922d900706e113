import { compareCursors, parseCursor, type Event } from '../../shared/event.ts';

/** @returns `rows` (newest first) with `fresh` (in the order of arrival) in their places, cut to `limit`. */
export function mergeNewest(
  fresh: readonly Event[],
  rows: readonly Event[],
  limit: number,
): readonly Event[] {
  const sorted = fresh.toSorted(newestFirst);
  const eldest = sorted.at(-1);
  let overlap = 0;
  if (eldest !== undefined) {
    while (overlap < rows.length && newestFirst(rows[overlap]!, eldest) < 0) overlap += 1;
  }
  const top = overlap === 0 ? sorted : [...sorted, ...rows.slice(0, overlap)].sort(newestFirst);
  return [...top, ...rows.slice(overlap)].slice(0, limit);
}

function newestFirst(a: Event, b: Event): number {
  const first = parseCursor(a.cursor);
  const second = parseCursor(b.cursor);
  return first === undefined || second === undefined ? 0 : compareCursors(second, first);
}
