/** Events for tests of the store, and how to ask for them. */
import type { EventFields } from '../../shared/event.ts';
import { parseQuery, type Query } from '../../shared/query.ts';
import type { StoredEvent } from './contract.ts';

export const BASE = Date.UTC(2026, 10, 22, 10);
/** The nth event of boot 1: one each millisecond. */
export const event = (n: number, fields: EventFields = {}, boot = 1): StoredEvent => ({
  cursor: { boot, timeNs: n * 1e6, sequence: n },
  fields: { '@timestamp': BASE + n, 'event.sequence': n, ...fields },
});
export const events = (from: number, to: number, fields: EventFields = {}) =>
  Array.from({ length: to - from }, (_, i) => event(from + i, fields));
/** @throws Error where it is no query. */
export function query(text: string): Query | null {
  const parsed = parseQuery(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}
export const sequences = (page: { events: readonly { fields: EventFields }[] }) =>
  page.events.map(({ fields }) => fields['event.sequence']);
