import { MAX_PAGE, type Console } from '../../shared/console.ts';
import { parseQuery } from '../../shared/query.ts';
import { compareCursors, parseCursor, type Event, type FieldName } from '../../shared/event.ts';
import { csvFields, csvHead, csvLines } from './csv.ts';
import { asNdjson } from './ticks.svelte.ts';

export const FORMATS = ['ndjson', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

/** More events than this only when the person says so. */
export const MANY = 200_000;
const PATIENCE_MS = 1000;

/** What is to be written: everything that matches in a span, or some events that are there already. */
export interface Export {
  readonly format: Format;
  /** For CSV. */
  readonly fields: readonly FieldName[];
  readonly query: string;
  readonly from: number | undefined;
  readonly until: number | undefined;
  readonly events?: readonly Event[] | undefined;
  /** The newest so many. */
  readonly limit: number;
}

export interface Exported {
  readonly blob: Blob;
  readonly name: string;
  readonly events: number;
  readonly gaps: number;
}

/** Reads a result page by page and makes a file of it. One at a time. */
export class Exporter {
  running = $state(false);
  /** Events written so far. */
  done = $state(0);
  problem = $state('');
  #cancelled = new AbortController();

  /** How many events it would be, gaps included; undefined where that cannot be counted. */
  async count(
    api: Console,
    query: string,
    from: number | undefined,
    until: number | undefined,
  ): Promise<number | undefined> {
    const now = Date.now();
    const begin = Math.min(from ?? 0, now);
    const end = Math.max(until ?? now + 1000, begin + 1);
    const asked = {
      query: withGaps(query),
      from: begin,
      until: end,
      step_ms: end - begin,
      patience_ms: 5000,
    };
    const reply = await api.request('events.histogram', asked);
    if (!reply.ok || reply.value.counted_from !== undefined) return undefined;
    return Object.values(reply.value.counts)
      .flat()
      .reduce((sum, events) => sum + events, 0);
  }

  /** @returns undefined where it was cancelled, or failed (`problem` says why). */
  async write(api: Console | undefined, order: Export): Promise<Exported | undefined> {
    if (this.running) return undefined;
    this.running = true;
    this.#cancelled = new AbortController();
    this.done = 0;
    this.problem = '';
    try {
      return await this.#written(
        order,
        order.events === undefined ? this.#pages(api, order) : once(order.events),
      );
    } finally {
      this.running = false;
    }
  }

  /** At once, whatever the engine is looking for at the moment. */
  cancel(): void {
    this.#cancelled.abort();
  }

  async #written(order: Export, pages: AsyncIterable<readonly Event[]>): Promise<Exported | undefined> {
    const fields = csvFields(order.fields);
    const csv = order.format === 'csv';
    // Each page becomes a blob of its own, which the browser may put on disk.
    const parts: Blob[] = csv ? [new Blob([csvHead(fields)])] : [];
    let gaps = 0;
    for await (const events of pages) {
      parts.push(new Blob([csv ? csvLines(events, fields) : asNdjson(events)]));
      gaps += events.filter((event) => event.fields['event.action'] === 'gap').length;
      this.done += events.length;
    }
    if (this.#cancelled.signal.aborted || this.problem !== '') return undefined;
    const blob = new Blob(parts, { type: csv ? 'text/csv;charset=utf-8' : 'application/x-ndjson' });
    return { blob, name: `merlon-events-${stamp(Date.now())}.${order.format}`, events: this.done, gaps };
  }

  async *#pages(api: Console | undefined, order: Export): AsyncIterable<readonly Event[]> {
    const query = withGaps(order.query);
    const { signal } = this.#cancelled;
    const cancelled = new Promise<undefined>((now) =>
      signal.addEventListener('abort', () => now(undefined), { once: true }),
    );
    let before: string | undefined;
    let left = order.limit;
    while (left > 0 && !signal.aborted) {
      const asked = api?.request('events.page', {
        query,
        ...(before === undefined ? {} : { before }),
        ...(order.from === undefined ? {} : { since: order.from }),
        ...(order.until === undefined ? {} : { until: order.until }),
        limit: Math.min(MAX_PAGE, left),
        patience_ms: PATIENCE_MS,
      });
      const reply = await Promise.race([asked, cancelled]);
      if (signal.aborted) return;
      if (reply?.ok !== true) {
        this.problem = reply?.error.message ?? 'Merlon’s engine does not answer.';
        return;
      }
      const { events, next } = reply.value;
      if (events.length > 0) yield events;
      left -= events.length;
      before = next;
      if (next === undefined) return;
    }
  }
}

/** Blind intervals belong to any result: without them nobody could tell "did not happen" from "was not seen". */
export function withGaps(query: string): string {
  const parsed = parseQuery(query);
  return parsed.ok && parsed.value === null ? '' : `(${query}) or event.action:gap`;
}

async function* once(events: readonly Event[]): AsyncIterable<readonly Event[]> {
  yield events.toSorted((a, b) => newestFirst(a.cursor, b.cursor));
}

function newestFirst(a: string, b: string): number {
  const first = parseCursor(a);
  const second = parseCursor(b);
  return first === undefined || second === undefined ? 0 : compareCursors(second, first);
}

/** `20261122-143440`, sortable. */
function stamp(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
}
