import type Database from 'better-sqlite3';
import { columnSql } from './columns.ts';
import { CHUNK_EVENTS } from './layout.ts';
import { dateOf } from './minute-counts.ts';
import {
  cellOf,
  encodeCells,
  encodeMoments,
  encodeRows,
  MOST_CELLS,
  PACKED_FIELDS,
  type Cell,
} from './packs.ts';
import { cellsOf } from './rows.ts';
import { VarintWriter } from './varint.ts';

/** Rows read at a time. */
const ROWS = 8 * CHUNK_EVENTS;
/** What is read of a row before the columns that may be packed: `sequence`, `time_ns` and `@timestamp`. */
const FIRST = 3;

/**
 * Fills the tables `pack`, `pack_rows` and `moment` from `event`, in one pass.
 * @throws TypeError where a row is none of ours, or SqliteError.
 */
export function packEvents(db: Database.Database, wallBaseMs: number, pause: () => void): void {
  const events = db.prepare<[], number>('SELECT count(*) FROM main.event').pluck().get() ?? 0;
  const names = db.prepare(`SELECT name FROM pragma_table_info('event', 'main')`).pluck().all();
  const fields = PACKED_FIELDS.filter((name) => names.includes(name));
  const packers = fields.map(() => new Packer(events));
  const moments = new MomentWriter(db);
  const columns = ['sequence', 'time_ns', '"@timestamp"', ...fields.map(columnSql)].join(', ');
  const select = db
    .prepare<[number, number]>(
      `SELECT ${columns} FROM main.event WHERE sequence > ? ORDER BY sequence LIMIT ?`,
    )
    .raw();
  let after = Number.MIN_SAFE_INTEGER;
  for (let row = 0; row < events;) {
    pause();
    const rows = select.all(after, ROWS);
    const read = rows.map(cellsOf);
    for (const cells of read) moments.add(dateOf(cells[2], wallBaseMs, cells[1]));
    packers.forEach((packer, i) => packer.addAll(row, read, FIRST + i));
    row += read.length;
    const last = read.at(-1)?.[0];
    if (typeof last !== 'number') throw new TypeError('an event has no sequence');
    after = last;
  }
  writePacks(db, new Map(fields.map((name, i) => [names.indexOf(name), packers[i]!])));
}

/** Columns that go together, as a user's name and number do, have the same rows: they are kept once. */
function writePacks(db: Database.Database, packers: ReadonlyMap<number, Packer>): void {
  const insert = db.prepare<[number, string, number | null]>('INSERT INTO pack VALUES (?, ?, ?)');
  const insertRows = db.prepare<[number, Uint8Array]>('INSERT INTO pack_rows VALUES (?, ?)');
  const known: Uint8Array[] = [];
  for (const [column, { cells, rows }] of packers) {
    if (cells === undefined) continue;
    let id: number | null = null;
    if (rows !== undefined) {
      const packed = encodeRows(rows, cells.length);
      const at = known.findIndex((other) => Buffer.compare(other, packed) === 0);
      id = at < 0 ? known.push(packed) - 1 : at;
      if (at < 0) insertRows.run(id, packed);
    }
    insert.run(column, encodeCells(cells), id);
  }
}

/** One column: its different cells in the order of first sight, and for each row which one it has. */
class Packer {
  readonly #events: number;
  readonly #numbers = new Map<Cell, number>();
  #rows: Uint8Array | undefined;
  #last: Cell | undefined;
  #lastNumber = 0;
  #tooMany = false;

  constructor(events: number) {
    this.#events = events;
  }

  /** @param first the number of the first of these rows. @param place where the column is in them. */
  addAll(first: number, rows: readonly (readonly unknown[])[], place: number): void {
    for (let i = 0; i < rows.length && !this.#tooMany; i++) {
      const value = rows[i]![place];
      if (value !== this.#last) this.#turnTo(cellOf(value));
      if (this.#lastNumber > 0 && this.#rows !== undefined) this.#rows[first + i] = this.#lastNumber;
    }
  }

  #turnTo(cell: Cell): void {
    this.#last = cell;
    const known = this.#numbers.get(cell);
    this.#lastNumber = known ?? this.#numbers.size;
    if (known !== undefined) return;
    // JSON has no infinity.
    const isTold = typeof cell !== 'number' || Number.isFinite(cell);
    this.#tooMany = this.#numbers.size === MOST_CELLS || !isTold;
    this.#numbers.set(cell, this.#lastNumber);
    if (this.#tooMany) this.#rows = undefined;
    else if (this.#lastNumber > 0) this.#rows ??= new Uint8Array(this.#events);
  }

  /** Undefined where there are none, or too many. */
  get cells(): readonly Cell[] | undefined {
    return this.#tooMany || this.#numbers.size === 0 ? undefined : [...this.#numbers.keys()];
  }

  /** Undefined where all have the first one. */
  get rows(): Uint8Array | undefined {
    return this.#rows;
  }
}

/** Takes the `@timestamp`s of all rows in their order, chunk by chunk as the table `chunk` says. */
class MomentWriter {
  readonly #chunks: readonly unknown[];
  readonly #insert: Database.Statement<[number, Buffer]>;
  readonly #writer = new VarintWriter();
  #next = 0;
  #moments: (number | undefined)[] = [];

  constructor(db: Database.Database) {
    this.#chunks = db.prepare('SELECT number, events, first_ms FROM main.chunk ORDER BY number').raw().all();
    this.#insert = db.prepare<[number, Buffer]>('INSERT INTO moment VALUES (?, ?)');
  }

  add(ms: number | undefined): void {
    this.#moments.push(ms);
    const [number, events, firstMs] = cellsOf(this.#chunks[this.#next]);
    if (typeof events !== 'number' || this.#moments.length < events) return;
    const us = typeof firstMs === 'number' ? encodeMoments(this.#writer, this.#moments, firstMs) : undefined;
    if (us !== undefined && typeof number === 'number') this.#insert.run(number, us);
    this.#moments = [];
    this.#next++;
  }
}
