import type { Event, EventFields, FieldName } from '../../shared/event.ts';
import { TEXT_FIELDS, type Query } from '../../shared/query.ts';
import type { ChunkSet } from './chunk-set.ts';
import type { PartitionFile } from './partition-file.ts';
import { Planner, type Plan } from './plan.ts';
import { rowTest, type RowTest } from './row-test.ts';
import { cellsOf, type Selection } from './rows.ts';
import { numberOf, spotOf } from './spots.ts';
import { ALWAYS, isNever } from './sql.ts';
import { QUICK, THOROUGH } from './terms.ts';

/** What to look for in a partition. */
export interface Wanted {
  readonly query: Query | null;
  /** Epoch milliseconds that `now-10m` in the query counts from. */
  readonly now: number;
  /** `@timestamp` from this on and before that; infinite: events without one count, too. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Sequences, both included. */
  readonly first: number;
  readonly last: number;
  readonly newestFirst: boolean;
  /** What is wanted of each match; else `Match.event` is. */
  readonly fields?: readonly FieldName[];
}

export interface Match {
  readonly sequence: number;
  /** Those that were wanted, and perhaps others. */
  readonly fields: EventFields;
  readonly event: () => Event;
}

/** A part of the search. */
export interface Step {
  readonly matches: readonly Match[];
  /** Everything up to this sequence, in the direction of the search, was looked at. */
  readonly reached: number;
}

/**
 * How much was spent on looking at events: past a limit it pays to ask the index more. Kept over the partitions of one
 * answer.
 */
export interface Spent {
  events: number;
}
const QUICK_EVENTS = 4096;

/** Rows read by one statement at most where most may not match, and where every one does. */
const MOST_ROWS = 1024;
/** Rows that the index knows, looked at between two steps. */
const ROWS_AT_ONCE = 16;
/** Chunks that one statement looks at: few at first, for a quick beginning. */
const FIRST_RUN = 2;
const LONGEST_RUN = 64;

/**
 * Searches a partition step by step. @param most matches wanted: asked anew for each step.
 * @param pause called between short pieces of work; throws to give up.
 */
export function* scan(
  file: PartitionFile,
  wanted: Wanted,
  spent: Spent,
  most: () => number,
  pause: () => void,
): Generator<Step> {
  const { chunks } = file;
  const { newestFirst } = wanted;
  const end = newestFirst ? wanted.first : wanted.last;
  let low = Math.max(0, chunks.chunkOf(wanted.first));
  // Between chunks there may be sequences that no event has.
  let high = chunks.chunkOf(wanted.last + 1);
  if (high === chunks.length || chunks.firstSequence(high) > wanted.last) high--;
  let search = new Search(file, wanted, spent.events >= QUICK_EVENTS);
  let run = FIRST_RUN;
  while (low <= high) {
    pause();
    if (search.cut && spent.events >= QUICK_EVENTS) search = new Search(file, wanted, true);
    if (search.isEmpty) break;
    const rows = search.rowsIn(wanted.first, wanted.last);
    if (rows !== undefined) {
      yield* search.rowByRow(rows, spent, pause);
      break;
    }
    const [from, to] = search.nextRun(low, high, run);
    if (from > to) break;
    for (let at = from; at <= to; at++) spent.events += chunks.at(at).events;
    const bounds = {
      first: Math.max(wanted.first, chunks.firstSequence(from)),
      last: Math.min(wanted.last, chunks.lastSequence(to)),
    };
    for (;;) {
      pause();
      const limit = search.isExact ? Math.max(1, Math.min(MOST_ROWS, most())) : MOST_ROWS;
      const { matches, rows, reached } = search.read(bounds, limit);
      if (rows < limit) {
        yield { matches, reached: newestFirst ? bounds.first : bounds.last };
        break;
      }
      yield { matches, reached };
      if (newestFirst) bounds.last = reached - 1;
      else bounds.first = reached + 1;
    }
    if (newestFirst) high = from - 1;
    else low = to + 1;
    run = Math.min(LONGEST_RUN, run * 2);
  }
  yield { matches: [], reached: end };
}

/** A query made ready for one partition. */
class Search {
  /** More effort could narrow it down further. */
  readonly cut: boolean;
  /** SQL alone decides. */
  readonly isExact: boolean;
  readonly #file: PartitionFile;
  readonly #wanted: Wanted;
  readonly #newestFirst: boolean;
  readonly #plan: Plan;
  readonly #chunks: ChunkSet | null;
  readonly #sql: string;
  readonly #fieldsOf: (row: unknown) => EventFields;
  readonly #test: RowTest;

  constructor(file: PartitionFile, wanted: Wanted, thorough: boolean) {
    const { query, now, fromMs, untilMs, newestFirst } = wanted;
    this.#file = file;
    this.#wanted = wanted;
    this.#newestFirst = newestFirst;
    const planner = new Planner(file, now, thorough ? THOROUGH : QUICK);
    this.#plan = query === null ? { chunks: null, may: ALWAYS, must: ALWAYS } : planner.plan(query);
    this.cut = planner.cut && !thorough;
    const timed = fromMs > -Infinity || untilMs < Infinity;
    this.#chunks = timed ? both(this.#plan.chunks, file.chunks.within(fromMs, untilMs)) : this.#plan.chunks;
    const { may, must } = this.#plan;
    this.isExact = !timed && may.sql === must.sql;
    const needed: readonly FieldName[] = this.isExact ? [] : [...fieldsOfQuery(query), '@timestamp'];
    const selection = file.rows.selection([...new Set([...(wanted.fields ?? []), ...needed])]);
    const fits: RowTest =
      this.isExact || query === null ? () => true : rowTest(query, now, file.rows, selection);
    this.#test = timed ? inTime(fits, selection, fromMs, untilMs) : fits;
    this.#fieldsOf = wanted.fields === undefined ? () => ({}) : selection.fieldsOf;
    const direction = newestFirst ? 'DESC' : 'ASC';
    this.#sql = `SELECT ${selection.columns} FROM main.event WHERE sequence BETWEEN ? AND ? AND ${may.sql}
      ORDER BY sequence ${direction} LIMIT ?`;
  }

  get isEmpty(): boolean {
    return isNever(this.#plan.may);
  }

  /**
   * The only rows that can match, in the direction of the search, where the index knows them; undefined elsewhere.
   * @param first @param last sequences, both included.
   */
  rowsIn(first: number, last: number): readonly number[] | undefined {
    const { chunks } = this.#file;
    const rows = this.#chunks?.rows;
    if (rows === undefined) return undefined;
    const found: number[] = [];
    for (const row of rows) {
      const { events, firstSequence, lastSequence } = chunks.at(numberOf(row));
      // Where sequences are missing nobody knows which row is which.
      if (lastSequence - firstSequence + 1 !== events) return undefined;
      const sequence = firstSequence + spotOf(row) - 1;
      if (sequence >= first && sequence <= last) found.push(sequence);
    }
    return this.#newestFirst ? found.reverse() : found;
  }

  /** Looks at these rows, some at a time. @param rows sequences, in the direction of the search. */
  *rowByRow(rows: readonly number[], spent: Spent, pause: () => void): Generator<Step> {
    const { query, now, fromMs, untilMs } = this.#wanted;
    const { rows: reader } = this.#file;
    const fits: RowTest = query === null ? () => true : rowTest(query, now, reader, reader.all);
    const timed = fromMs > -Infinity || untilMs < Infinity;
    const test = timed ? inTime(fits, reader.all, fromMs, untilMs) : fits;
    for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
      pause();
      const some = rows.slice(at, at + ROWS_AT_ONCE);
      spent.events += some.length;
      const matches: Match[] = [];
      for (const sequence of some) {
        const row = this.#file.row(sequence);
        if (row === undefined || !test(cellsOf(row))) continue;
        const fields = this.#wanted.fields === undefined ? {} : reader.all.fieldsOf(row);
        matches.push({ sequence, fields, event: () => reader.eventOf(row) });
      }
      yield { matches, reached: some.at(-1)! };
    }
  }

  /** The next neighbouring chunks that may have matches, at most `most`; from > to where there are none. */
  nextRun(low: number, high: number, most: number): readonly [from: number, to: number] {
    const set = this.#chunks;
    if (this.#newestFirst) {
      let to = high;
      while (to >= low && set?.has(to) === false) to--;
      let from = to;
      while (from > low && to - from + 1 < most && set?.has(from - 1) !== false) from--;
      return to < low ? [1, 0] : [from, to];
    }
    let from = low;
    while (from <= high && set?.has(from) === false) from++;
    let to = from;
    while (to < high && to - from + 1 < most && set?.has(to + 1) !== false) to++;
    return from > high ? [1, 0] : [from, to];
  }

  read(bounds: { readonly first: number; readonly last: number }, limit: number) {
    const params = [bounds.first, bounds.last, ...this.#plan.may.params, limit];
    const rows = this.#file.select(this.#sql, params);
    const matches: Match[] = [];
    let reached = 0;
    for (const row of rows) {
      const cells = cellsOf(row);
      const sequence = cells[0];
      if (typeof sequence !== 'number') throw new TypeError('an event has no sequence');
      reached = sequence;
      if (!this.#test(cells)) continue;
      // A statement that selects every column takes longer to begin than the few matches take to read one by one.
      const event = () => this.#file.rows.eventOf(this.#file.row(sequence));
      matches.push({ sequence, fields: this.#fieldsOf(cells), event });
    }
    return { matches, rows: rows.length, reached };
  }
}

function both(a: ChunkSet | null, b: ChunkSet): ChunkSet {
  if (a !== null) b.keepOnly(a);
  return b;
}

function inTime(test: RowTest, selection: Selection, fromMs: number, untilMs: number): RowTest {
  return (row) => {
    const at = selection.read(row, '@timestamp');
    return typeof at === 'number' && at >= fromMs && at < untilMs && test(row);
  };
}

/** The fields that the query's predicate looks at. */
export function fieldsOfQuery(query: Query | null): readonly FieldName[] {
  if (query === null) return [];
  switch (query.type) {
    case 'and':
    case 'or':
      return query.terms.flatMap(fieldsOfQuery);
    case 'not':
      return fieldsOfQuery(query.term);
    case 'anywhere':
      return TEXT_FIELDS;
    default:
      return [query.field];
  }
}
