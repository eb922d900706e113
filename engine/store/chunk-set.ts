import { numberOf, SEVERAL, withSpot } from './spots.ts';

/** More rows are not worth remembering. */
const MOST_ROWS = 1024;

/** Some of a partition's chunks, a bit each; and, where they are few and known, the rows in them. */
export class ChunkSet {
  readonly #words: Uint32Array;
  /** Chunks with the spots of the rows, in no order. Undefined: any row of the chunks. */
  #rows: number[] | undefined = [];

  /** Empty. @param chunks how many the partition has. */
  constructor(chunks: number) {
    this.#words = new Uint32Array(Math.ceil(chunks / 32));
  }

  /**
   * @param spot the row of the chunk, counted from 1; SEVERAL: any of its rows.
   * @throws RangeError where there is no such chunk: the index is damaged.
   */
  add(chunk: number, spot = SEVERAL): void {
    const word = chunk >>> 5;
    if (word >= this.#words.length)
      throw new RangeError(`the index names chunk ${chunk}, which is not there`);
    this.#words[word]! |= 1 << (chunk & 31);
    if (spot === SEVERAL || this.#rows === undefined || this.#rows.length >= MOST_ROWS)
      this.#rows = undefined;
    else this.#rows.push(withSpot(chunk, spot));
  }

  has(chunk: number): boolean {
    return ((this.#words[chunk >>> 5] ?? 0) & (1 << (chunk & 31))) !== 0;
  }

  /** How many chunks it has. */
  get size(): number {
    let size = 0;
    for (const word of this.#words) for (let left = word; left !== 0; left &= left - 1) size++;
    return size;
  }

  get isEmpty(): boolean {
    for (const word of this.#words) if (word !== 0) return false;
    return true;
  }

  /** The rows, chunks with their spots, ascending, each once; undefined where any row of the chunks may be meant. */
  get rows(): readonly number[] | undefined {
    return this.#rows && [...new Set(this.#rows)].sort((a, b) => a - b);
  }

  addAll(other: ChunkSet): void {
    const rows = this.#rows && other.#rows && [...this.#rows, ...other.#rows];
    this.#rows = rows !== undefined && rows.length <= MOST_ROWS ? rows : undefined;
    for (let i = 0; i < this.#words.length; i++) this.#words[i]! |= other.#words[i] ?? 0;
  }

  keepOnly(other: ChunkSet): void {
    if (this.#rows === undefined) this.#rows = other.#rows?.filter((row) => this.has(numberOf(row)));
    else if (other.#rows === undefined) this.#rows = this.#rows.filter((row) => other.has(numberOf(row)));
    else {
      const others = new Set(other.#rows);
      this.#rows = this.#rows.filter((row) => others.has(row));
    }
    for (let i = 0; i < this.#words.length; i++) this.#words[i]! &= other.#words[i] ?? 0;
  }
}
