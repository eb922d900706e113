import type Database from 'better-sqlite3';
import { ChunkSet } from './chunk-set.ts';

const COLUMNS =
  'number, events, first_sequence, last_sequence, first_time_ns, last_time_ns, first_ms, last_ms' as const;
/** Those, and how many events the chunks before have. */
const WIDTH = 9;
const BEFORE = 8;

export interface Chunk {
  readonly events: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly firstTimeNs: number;
  readonly lastTimeNs: number;
  /** Epoch milliseconds; null where no event of it has a `@timestamp`. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
}

/** What a partition's table `chunk` says, in memory: a few numbers a chunk. */
export class ChunkTable {
  readonly #select: Database.Statement<[number]>;
  #cells = new Float64Array(64 * WIDTH);
  #length = 0;

  constructor(db: Database.Database) {
    this.#select = db
      .prepare<[number]>(`SELECT ${COLUMNS} FROM main.chunk WHERE number >= ? ORDER BY number`)
      .raw();
  }

  /**
   * Takes over what is new. @returns the first chunk that changed, undefined where none did.
   * @throws TypeError where the table is damaged.
   */
  refresh(): number | undefined {
    const from = Math.max(0, this.#length - 1);
    const before = this.#length === 0 ? 0 : this.at(from).events;
    const rows = this.#select.all(from);
    if (rows.length <= 1 && this.#length > 0 && this.#cell(rows[0], 1) === before) return undefined;
    for (const row of rows) this.#put(row);
    return rows.length === 0 ? undefined : from;
  }

  #put(row: unknown): void {
    const number = this.#cell(row, 0);
    if (number > this.#length || number < this.#length - 1)
      throw new TypeError('chunks are not in their order');
    if (number === this.#length) this.#length++;
    if (this.#length * WIDTH > this.#cells.length) {
      const grown = new Float64Array(this.#cells.length * 2);
      grown.set(this.#cells);
      this.#cells = grown;
    }
    const before = this.eventsBefore(number);
    for (let i = 0; i < BEFORE; i++) this.#cells[number * WIDTH + i] = this.#cell(row, i);
    this.#cells[number * WIDTH + BEFORE] = before;
  }

  #cell(row: unknown, i: number): number {
    const cell: unknown = Array.isArray(row) ? row[i] : undefined;
    if (cell === null && i >= 6) return NaN;
    if (typeof cell !== 'number') throw new TypeError('a row of chunks holds no numbers');
    return cell;
  }

  get length(): number {
    return this.#length;
  }

  get events(): number {
    return this.eventsBefore(this.#length);
  }

  /** How many events the chunks before this one have. */
  eventsBefore(number: number): number {
    if (number === 0) return 0;
    const at = (number - 1) * WIDTH;
    return this.#cells[at + BEFORE]! + this.#cells[at + 1]!;
  }

  at(number: number): Chunk {
    const cell = (i: number) => this.#cells[number * WIDTH + i]!;
    const ms = (i: number) => (Number.isNaN(cell(i)) ? null : cell(i));
    return {
      events: cell(1),
      firstSequence: cell(2),
      lastSequence: cell(3),
      firstTimeNs: cell(4),
      lastTimeNs: cell(5),
      firstMs: ms(6),
      lastMs: ms(7),
    };
  }

  /** How many events a chunk has. */
  eventsIn(number: number): number {
    return this.#cells[number * WIDTH + 1]!;
  }

  /** Its smallest `@timestamp`; NaN where no event has one. */
  firstMs(number: number): number {
    return this.#cells[number * WIDTH + 6]!;
  }

  /** Its largest `@timestamp`; NaN where no event has one. */
  lastMs(number: number): number {
    return this.#cells[number * WIDTH + 7]!;
  }

  firstSequence(number: number): number {
    return this.#cells[number * WIDTH + 2]!;
  }

  lastSequence(number: number): number {
    return this.#cells[number * WIDTH + 3]!;
  }

  lastTimeNs(number: number): number {
    return this.#cells[number * WIDTH + 5]!;
  }

  /** The chunk that has this sequence, or else the first one after it; `length` where there is none. */
  chunkOf(sequence: number): number {
    return this.#firstWhere((number) => this.lastSequence(number) >= sequence);
  }

  /** The first chunk with an event at this time or a later one; `length` where there is none. */
  chunkFrom(timeNs: number): number {
    return this.#firstWhere((number) => this.lastTimeNs(number) >= timeNs);
  }

  /** Chunks that may have events with `@timestamp` from `fromMs` on and before or at `toMs`. */
  within(fromMs: number, toMs: number): ChunkSet {
    const set = new ChunkSet(this.#length);
    for (let i = 0; i < this.#length; i++) {
      const at = i * WIDTH;
      if (this.#cells[at + 6]! <= toMs && this.#cells[at + 7]! >= fromMs) set.add(i);
    }
    return set;
  }

  /** Smallest and largest `@timestamp` of chunks `from` to `until` − 1; null where none has one. */
  msOf(from = 0, until = this.#length): { readonly first: number; readonly last: number } | null {
    let first = Infinity;
    let last = -Infinity;
    for (let i = from; i < until; i++) {
      const low = this.#cells[i * WIDTH + 6]!;
      const high = this.#cells[i * WIDTH + 7]!;
      if (low < first) first = low;
      if (high > last) last = high;
    }
    return first <= last ? { first, last } : null;
  }

  #firstWhere(test: (number: number) => boolean): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (test(middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
