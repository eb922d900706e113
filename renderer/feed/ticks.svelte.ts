import { SvelteMap } from 'svelte/reactivity';
import { formatLiteral } from '../../shared/query.ts';
import { toEcs, type Event } from '../../shared/event.ts';

/** Events that a person ticked, to do something with all of them at once. They stay ticked when their rows leave. */
export class Ticks {
  readonly #events = new SvelteMap<string, Event>();
  /** Where a stretch begins that Shift extends. */
  #anchor: string | undefined;

  get count(): number {
    return this.#events.size;
  }

  has(event: Event): boolean {
    return this.#events.has(event.cursor);
  }

  /** In the order in which they happened, the newest first. */
  get events(): readonly Event[] {
    return [...this.#events.values()].sort(
      (a, b) => (b.fields['@timestamp'] ?? 0) - (a.fields['@timestamp'] ?? 0),
    );
  }

  toggle(event: Event): void {
    this.#anchor = event.cursor;
    if (!this.#events.delete(event.cursor)) this.#events.set(event.cursor, event);
  }

  /** Ticks everything from where the last tick was set to here, in the order of the rows. */
  extend(rows: readonly Event[], from: Event, to: Event): void {
    const at = (cursor: string | undefined) => rows.findIndex((each) => each.cursor === cursor);
    const anchor = at(this.#anchor);
    const start = anchor < 0 ? at(from.cursor) : anchor;
    const end = at(to.cursor);
    if (start < 0 || end < 0) return;
    this.#anchor = rows[start]?.cursor;
    for (const event of rows.slice(Math.min(start, end), Math.max(start, end) + 1))
      this.#events.set(event.cursor, event);
  }

  /** Where the next stretch begins, without a tick. */
  from(event: Event): void {
    this.#anchor = event.cursor;
  }

  clear(): void {
    this.#events.clear();
    this.#anchor = undefined;
  }
}

/** As `merlon events --json` prints them, one a line. */
export const asNdjson = (events: readonly Event[]) =>
  events.map((event) => `${JSON.stringify(toEcs(event))}\n`).join('');

/** A query that selects the processes of these events; undefined where none has one. */
export function queryOfProcesses(events: readonly Event[]): string | undefined {
  const ids = [...new Set(events.flatMap(({ fields }) => fields['process.entity_id'] ?? []))].map(
    formatLiteral,
  );
  const [only] = ids;
  if (only === undefined) return undefined;
  return ids.length === 1 ? `process.entity_id:${only}` : `process.entity_id:(${ids.join(' or ')})`;
}
