import type Database from 'better-sqlite3';
import * as v from 'valibot';
import { compareCursors, type Cursor, type Event, type EventFields } from '../../shared/event.ts';
import type { Query } from '../../shared/query.ts';
import { boundsOf } from '../../shared/query/values.ts';
import { ALL_COLUMNS_SQL } from './columns.ts';
import { RowReader } from './rows.ts';
import { compileSql, type Condition } from './sql.ts';
import { TermSets } from './terms.ts';

/** One page of events: newest first, or oldest first where `after` is given. */
export interface PageRequest {
  /** null: every event. */
  readonly query: Query | null;
  /** Only events before this one. */
  readonly before?: Cursor | undefined;
  /** Only events after this one. */
  readonly after?: Cursor | undefined;
  /** Epoch milliseconds: events with an earlier `@timestamp`, or with none, are left out. */
  readonly sinceMs?: number | undefined;
  readonly limit: number;
  /** Epoch milliseconds that `now-10m` in the query counts from. */
  readonly now: number;
}

export interface Page {
  readonly events: readonly Event[];
  /** The cursor of the last event, where more follow. */
  readonly next?: string;
}

/** The request's sender has gone, or no longer wants it. */
export class Cancelled extends Error {
  override name = 'Cancelled';
}

/** Events looked up for one process at most: its start, its end, and what it did last. */
const EVENTS_OF_PROCESS = 64;

const ALWAYS: Condition = { sql: '1', params: [] };
const boundaryRow = v.object({
  boot: v.number(),
  first_time_ns: v.number(),
  last_ms: v.nullable(v.number()),
});
type Boundary = v.InferOutput<typeof boundaryRow>;

/** Answers about stored events, over a read-only connection. Synchronous: runs in the reader's thread. */
export class Pages {
  readonly #db: Database.Database;
  readonly #terms: TermSets;
  readonly #rows: RowReader;
  readonly #get: Database.Statement<[number, number, number]>;

  constructor(db: Database.Database) {
    this.#db = db;
    this.#terms = new TermSets(db);
    this.#rows = new RowReader(db);
    this.#get = db
      .prepare<[number, number, number]>(
        `SELECT ${ALL_COLUMNS_SQL} FROM main.event WHERE boot = ? AND time_ns = ? AND sequence = ?`,
      )
      .raw();
  }

  /** One event; undefined where there is none at that place. */
  get({ boot, timeNs, sequence }: Cursor): Event | undefined {
    return this.#consistently(() => {
      const row = this.#get.get(boot, timeNs, sequence);
      return row === undefined ? undefined : this.#rows.eventOf(row);
    });
  }

  /**
   * One page. Searched stretch by stretch, so that it can be given up in between.
   * @param pause called between short pieces of work; throws Cancelled to give up.
   */
  page(request: PageRequest, pause: () => void): Page {
    return this.#consistently(() => {
      const found = this.#search(request, pause);
      const events = found.slice(0, request.limit);
      const last = events.at(-1);
      return found.length > request.limit && last !== undefined ? { events, next: last.cursor } : { events };
    });
  }

  /** What the newest events of a process say of it, newest first; undefined where there are none. */
  process(entityId: string, now: number, pause: () => void): EventFields | undefined {
    const query: Query = { type: 'match', field: 'process.entity_id', pattern: [{ literal: entityId }] };
    const { events } = this.page({ query, limit: EVENTS_OF_PROCESS, now }, pause);
    const own = events.filter(({ fields }) => fields['process.entity_id'] === entityId);
    if (own.length === 0) return undefined;
    // A failed exec has the arguments of what was tried: they are the process's only where nothing else is known.
    const lived = own.filter(({ fields }) => fields['event.action'] !== 'exec_failed');
    return (lived.length > 0 ? lived : own).reduceRight<EventFields>(
      (known, { fields }) => ({ ...known, ...fields }),
      {},
    );
  }

  /** All reads of one answer see the same moment. */
  #consistently<T>(read: () => T): T {
    this.#terms.trim();
    this.#db.exec('BEGIN');
    try {
      const answer = read();
      this.#db.exec('COMMIT');
      return answer;
    } catch (error) {
      if (error instanceof Cancelled) {
        this.#db.exec('COMMIT'); // keeps what the term sets have gathered
      } else {
        if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
        this.#terms.clear();
      }
      throw error;
    }
  }

  #search(request: PageRequest, pause: () => void): readonly Event[] {
    const { query, after, limit, now } = request;
    const since = Math.max(request.sinceMs ?? -Infinity, query === null ? -Infinity : sinceOf(query, now));
    const wanted = query === null ? ALWAYS : compileSql(query, now, (term) => this.#terms.idsOf(term, pause));
    const conditions = [...this.#limits(request), wanted];
    const direction = after === undefined ? 'DESC' : 'ASC';
    const statement = this.#db
      .prepare<unknown[]>(
        `SELECT ${ALL_COLUMNS_SQL} FROM main.event
         WHERE (boot, time_ns) >= (?, ?) AND (boot, time_ns) < (?, ?)
           AND ${conditions.map(({ sql }) => sql).join(' AND ')}
         ORDER BY boot ${direction}, time_ns ${direction}, sequence ${direction} LIMIT ?`,
      )
      .raw();
    const params = conditions.flatMap((condition) => condition.params);
    const events: Event[] = [];
    for (const [from, until] of this.#slices(request, since)) {
      pause();
      const rows = statement.all(...from, ...until, ...params, limit + 1 - events.length);
      for (const row of rows) events.push(this.#rows.eventOf(row));
      if (events.length > limit) break;
    }
    return events;
  }

  #limits({ before, after, sinceMs }: PageRequest): Condition[] {
    const limits: Condition[] = [];
    const place = '(boot, time_ns, sequence)';
    const at = (cursor: Cursor) => [cursor.boot, cursor.timeNs, cursor.sequence];
    if (before !== undefined) limits.push({ sql: `${place} < (?, ?, ?)`, params: at(before) });
    if (after !== undefined) limits.push({ sql: `${place} > (?, ?, ?)`, params: at(after) });
    if (sinceMs !== undefined) limits.push({ sql: `ifnull("@timestamp" >= ?, 0)`, params: [sinceMs] });
    return limits;
  }

  /** The order of events cut where stretches begin, in the page's direction, as (boot, time) from and until. */
  #slices({ before, after }: PageRequest, since: number): (readonly [Place, Place])[] {
    const rows = this.#db
      .prepare('SELECT boot, first_time_ns, last_ms FROM main.stretch ORDER BY boot, first_time_ns')
      .all();
    const boundaries = rows.map((row) => v.parse(boundaryRow, row));
    // A stretch may reach into the next one's slice, but never back before its own first event.
    const first = boundaries.findIndex(
      ({ last_ms }) => since === -Infinity || (last_ms ?? -Infinity) >= since,
    );
    if (first < 0) return [];
    const slices = boundaries.slice(first).map((from, i, kept): readonly [Place, Place] => {
      const until = kept[i + 1];
      return [placeOf(from), until === undefined ? [Infinity, 0] : placeOf(until)];
    });
    const near = slices.filter(
      ([from, until]) =>
        (before === undefined || compareCursors(cursorAt(from), before) < 0) &&
        (after === undefined || compareCursors(cursorAt(until), after) > 0),
    );
    return after === undefined ? near.reverse() : near;
  }
}

type Place = readonly [boot: number, timeNs: number];

const placeOf = ({ boot, first_time_ns }: Boundary): Place => [boot, first_time_ns];
const cursorAt = ([boot, timeNs]: Place): Cursor => ({ boot, timeNs, sequence: 0 });

/** The earliest `@timestamp` that can satisfy the query, as far as that is plain to see. */
function sinceOf(query: Query, now: number): number {
  if (query.type === 'and') return Math.max(...query.terms.map((term) => sinceOf(term, now)));
  const timed = query.type === 'compare' || query.type === 'between';
  return timed && query.field === '@timestamp' ? boundsOf(query, now).low : -Infinity;
}
