/** How far a search over several pages came. */
import type { EventPage, Searched } from './answers.ts';

/**
 * Each page tells of what its own range leaves; the whole is what the first left.
 * @param before what this gave for the pages before; undefined at the first.
 * @returns undefined until a page was ended by impatience.
 */
export function searchedSoFar(before: Searched | undefined, { searched }: EventPage): Searched | undefined {
  if (searched === undefined) return before;
  const of = Math.max(before?.of ?? 0, searched.of);
  // What a page leaves may be told roughly; the whole never goes back.
  const events = Math.max(before?.events ?? 0, of - (searched.of - searched.events));
  const reached = searched.reached ?? before?.reached;
  return { events, of, ...(reached === undefined ? {} : { reached }) };
}

/** `9,999`, `120 k`, `3.2 M`, `10 M`. */
export function roughly(count: number): string {
  if (count < 10_000) return count.toLocaleString('en-US');
  const [value, unit] = count < 999_500 ? [count / 1e3, 'k'] : [count / 1e6, 'M'];
  const digits = value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits).replace(/\.0$/, '')} ${unit}`;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const DAY_MS = 86_400_000;

/** Local time to the minute: `14:02`, of an earlier day `Tue 14:02`, of an earlier week `2026-11-09 14:02`. */
export function whenAbout(ms: number, now: number): string {
  const at = new Date(ms);
  const two = (n: number) => String(n).padStart(2, '0');
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (at.toDateString() === new Date(now).toDateString()) return time;
  if (now - ms < 6 * DAY_MS && now > ms) return `${DAYS[at.getDay()] ?? ''} ${time}`;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}

/** `Searched 3.2 M of 10 M events, back to Tue 14:02` */
export function searchedWords(
  { events, of, reached }: Searched,
  now: number,
  direction: 'back to' | 'up to' = 'back to',
): string {
  const place = reached === undefined ? '' : `, ${direction} ${whenAbout(reached, now)}`;
  return `Searched ${roughly(events)} of ${roughly(of)} events${place}`;
}
