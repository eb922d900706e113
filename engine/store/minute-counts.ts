import type Database from 'better-sqlite3';
import { dateOfCell, momentUs } from './dates.ts';
import { CHUNK_EVENTS } from './layout.ts';
import type { MinuteCount } from './minutes.ts';

const MINUTE_MS = 60_000;
/** Whatever is later than the last moment that a Date can say is told as the minute after it; or before the first. */
const MINUTES = 8.64e15 / MINUTE_MS + 1;
/** Rows read at a time. */
const ROWS = 16 * CHUNK_EVENTS;

/**
 * Counts the events of `main.event` by minute and action, in one pass.
 * @param textOf the text of an id in the dictionary of strings.
 * @throws TypeError where a row is none of ours.
 */
export function countMinutes(
  db: Database.Database,
  wallBaseMs: number,
  textOf: (id: number) => string,
  pause: () => void,
): readonly MinuteCount[] {
  const counts = new Map<unknown, Map<number | null, number>>();
  const select = db
    .prepare<[number, number]>(
      `SELECT sequence, time_ns, "@timestamp", "event.action" FROM main.event WHERE sequence > ? ORDER BY sequence LIMIT ?`,
    )
    .raw();
  let after = Number.MIN_SAFE_INTEGER;
  for (;;) {
    pause();
    const rows = select.all(after, ROWS);
    for (const row of rows) {
      if (!Array.isArray(row)) throw new TypeError('a row of events is no list');
      const cells: readonly unknown[] = row;
      const ms = dateOf(cells[2], wallBaseMs, cells[1]);
      const minute = ms === undefined ? null : minuteOf(ms);
      let ofAction = counts.get(cells[3]);
      if (ofAction === undefined) counts.set(cells[3], (ofAction = new Map<number | null, number>()));
      ofAction.set(minute, (ofAction.get(minute) ?? 0) + 1);
      if (typeof cells[0] !== 'number') throw new TypeError('an event has no sequence');
      after = cells[0];
    }
    if (rows.length < ROWS) break;
  }
  return sortedCounts(
    [...counts].flatMap(([cell, minutes]) => {
      const action = actionOf(cell, textOf);
      return [...minutes].map(([minute, events]) => ({ minute, action, events }));
    }),
  );
}

/** In the order of the table `minute`, each minute and action once: '' is told of those without, too. */
export function sortedCounts(counts: readonly MinuteCount[]): readonly MinuteCount[] {
  const sums = new Map<string, MinuteCount>();
  for (const { minute, action, events } of counts) {
    const key = `${minute} ${action}`;
    sums.set(key, { minute, action, events: events + (sums.get(key)?.events ?? 0) });
  }
  return [...sums.values()].sort(
    (a, b) => (a.minute ?? -Infinity) - (b.minute ?? -Infinity) || (a.action < b.action ? -1 : 1),
  );
}

/** The minute of epoch milliseconds; NaN of NaN. */
export const minuteOf = (ms: number) => Math.max(-MINUTES, Math.min(MINUTES, Math.floor(ms / MINUTE_MS)));

/** Epoch milliseconds of a cell of `@timestamp`; undefined where it is absent. @throws TypeError where it is none of ours. */
export function dateOf(cell: unknown, wallBaseMs: number, timeNs: unknown): number | undefined {
  if (cell === null) return undefined;
  if (typeof cell === 'number' && typeof timeNs === 'number')
    return dateOfCell(cell, momentUs(wallBaseMs, timeNs));
  const value = jsonOf(cell, '@timestamp');
  return typeof value === 'number' ? value : undefined;
}

function actionOf(cell: unknown, textOf: (id: number) => string): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return textOf(cell);
  const value = jsonOf(cell, 'event.action');
  return typeof value === 'string' ? value : '';
}

function jsonOf(cell: unknown, column: string): unknown {
  if (typeof cell !== 'string') throw new TypeError(`${column} of an event is neither number nor text`);
  return JSON.parse(cell);
}
