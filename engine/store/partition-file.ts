import Database from 'better-sqlite3';
import { compareCursors, type Cursor } from '../../shared/event.ts';
import { ChunkTable } from './chunk-table.ts';
import { LAYOUT, openPath, sealedPath } from './layout.ts';
import { OpenIndex } from './open-index.ts';
import { Packed } from './packed.ts';
import { PACKS_LAYOUT } from './packs.ts';
import { cellsOf, RowReader } from './rows.ts';
import { SealedIndex } from './sealed-index.ts';
import type { TermIndex } from './terms.ts';
import { MinuteTally } from './minute-tally.ts';
import type { MinuteCount } from './minutes.ts';
import type { TextCache } from './text-cache.ts';
import type { Trigrams } from './trigrams.ts';

/** Of each connection: most of what it reads lies in the kernel's cache anyway. */
const CACHE_KIB = 512;
const MAX_STATEMENTS = 12;

export interface Shared {
  readonly texts: TextCache;
  readonly trigrams: Trigrams;
}

/** A partition for reading, over a connection of its own. What is read between `begin` and `end` is of one moment. */
export class PartitionFile {
  readonly rows: RowReader;
  readonly chunks: ChunkTable;
  /** What sealing packed; undefined where it did not. */
  readonly packed: Packed | undefined;
  readonly #index: TermIndex;
  readonly #db: Database.Database;
  readonly #open: OpenIndex | undefined;
  /** The first chunk that the index of an open file has not taken over; undefined: it has all. */
  #stale: number | undefined;
  readonly #tally = new MinuteTally();
  /** Least recently used first. */
  readonly #statements = new Map<string, Database.Statement<unknown[]>>();

  /**
   * Opens the file, and begins.
   * @throws SqliteError, TypeError, RangeError or ValiError where it is not there, or damaged.
   */
  constructor(folder: string, number: number, sealed: boolean, shared: Shared) {
    const path = sealed ? sealedPath(folder, number) : openPath(folder, number);
    this.#db = new Database(path, { readonly: true, fileMustExist: true, timeout: 5000 });
    try {
      this.#db.pragma(`cache_size = -${CACHE_KIB}`);
      const layout: unknown = this.#db.pragma('user_version', { simple: true });
      if (typeof layout !== 'number' || layout > LAYOUT)
        throw new TypeError(`it has layout ${String(layout)}: a newer Merlon wrote it`);
      this.#db.exec('BEGIN');
      this.rows = new RowReader(this.#db, shared.texts);
      this.chunks = new ChunkTable(this.#db);
      if (sealed) {
        this.chunks.refresh();
        this.#index = new SealedIndex(this.#db, this.rows, this.chunks, shared.trigrams, layout);
        if (layout >= PACKS_LAYOUT)
          this.packed = new Packed((sql, params) => this.select(sql, params), this.rows, this.chunks);
      } else {
        this.#open = new OpenIndex(this.#db, this.chunks, shared.trigrams, layout);
        this.#index = this.#open;
        this.#refresh();
      }
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** A sealed file never changes: its connection stays in one transaction, which spares the locks of each statement. */
  begin(): void {
    if (this.#open === undefined || this.#db.inTransaction) return;
    this.#db.exec('BEGIN');
    this.#refresh();
  }

  end(): void {
    if (this.#open !== undefined && this.#db.inTransaction) this.#db.exec('COMMIT');
  }

  close(): void {
    this.#db.close();
  }

  /** How many events of each action its minutes have: for a partition whose catalogue entry does not say. */
  minutes(pause: () => void): readonly MinuteCount[] {
    return this.#tally.count(this, pause);
  }

  #refresh(): void {
    const from = this.chunks.refresh();
    if (from !== undefined) this.#stale = Math.min(from, this.#stale ?? from);
  }

  /** Of an open file it is in memory, where the first one to ask waits for all of it. */
  get index(): TermIndex {
    if (this.#stale !== undefined) {
      this.#open?.refresh(this.#stale);
      this.#stale = undefined;
    }
    return this.#index;
  }

  /** Rows as lists, by a statement that is kept for the next time. */
  select(sql: string, params: readonly (number | string)[]): readonly unknown[] {
    let statement = this.#statements.get(sql);
    this.#statements.delete(sql);
    statement ??= this.#db.prepare<unknown[]>(sql).raw();
    this.#statements.set(sql, statement);
    if (this.#statements.size > MAX_STATEMENTS) {
      for (const [oldest] of this.#statements) {
        this.#statements.delete(oldest);
        break;
      }
    }
    return statement.all(...params);
  }

  /** The row of an event, for `rows.eventOf`; undefined where there is none. */
  row(sequence: number): unknown {
    return this.select(`SELECT ${this.rows.all.columns} FROM main.event WHERE sequence = ?`, [sequence])[0];
  }

  /** The place of the event with this sequence, or else of the first one after it or, `backwards`, before it. */
  placeOf(sequence: number, backwards = false): Cursor | undefined {
    const rows = this.select(
      backwards
        ? 'SELECT sequence, time_ns FROM main.event WHERE sequence <= ? ORDER BY sequence DESC LIMIT 1'
        : 'SELECT sequence, time_ns FROM main.event WHERE sequence >= ? ORDER BY sequence LIMIT 1',
      [sequence],
    );
    return rows.length === 0 ? undefined : { boot: this.rows.boot, ...placeIn(rows[0]) };
  }

  /** About how many events have a sequence below this one: to a chunk exactly, and in it as if none were missing. */
  eventsBefore(sequence: number): number {
    const number = this.chunks.chunkOf(sequence);
    const before = this.chunks.eventsBefore(number);
    if (number === this.chunks.length) return before;
    const { events, firstSequence, lastSequence } = this.chunks.at(number);
    const part = Math.max(0, sequence - firstSequence) / (lastSequence - firstSequence + 1);
    return before + Math.ceil(part * events);
  }

  /** The smallest sequence of an event that is not before the cursor; Infinity where all are. */
  sequenceFrom(cursor: Cursor): number {
    const { boot } = this.rows;
    if (cursor.boot !== boot) return cursor.boot < boot ? -Infinity : Infinity;
    if (this.chunks.length > 0 && this.chunks.at(0).firstTimeNs > cursor.timeNs)
      return this.chunks.firstSequence(0);
    for (let chunk = this.chunks.chunkFrom(cursor.timeNs); chunk < this.chunks.length; chunk++) {
      const rows = this.select(
        'SELECT sequence, time_ns FROM main.event WHERE sequence BETWEEN ? AND ? ORDER BY sequence',
        [this.chunks.firstSequence(chunk), this.chunks.lastSequence(chunk)],
      );
      for (const row of rows) {
        const { sequence, timeNs } = placeIn(row);
        if (compareCursors({ boot, timeNs, sequence }, cursor) >= 0) return sequence;
      }
    }
    return Infinity;
  }
}

function placeIn(row: unknown): Pick<Cursor, 'sequence' | 'timeNs'> {
  const [sequence, timeNs] = cellsOf(row);
  if (typeof sequence !== 'number' || typeof timeNs !== 'number')
    throw new TypeError('an event has no place');
  return { sequence, timeNs };
}
