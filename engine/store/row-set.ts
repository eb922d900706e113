/** Some of a partition's rows, counted from 0 in the order of their sequences: a bit each. */
export class RowSet {
  readonly length: number;
  readonly #words: Uint32Array;

  /** Empty. @param length rows of the partition. */
  constructor(length: number) {
    this.length = length;
    this.#words = new Uint32Array(Math.ceil(length / 32));
  }

  /** @param kinds a number for each row. @param passes by that number, 1: the row is in the set, 0: it is not. */
  static where(kinds: Uint8Array, passes: Uint8Array): RowSet {
    const set = new RowSet(kinds.length);
    for (let word = 0, row = 0; word < set.#words.length; word++) {
      let bits = 0;
      const end = Math.min(kinds.length, row + 32);
      for (let bit = 0; row < end; bit++, row++) bits |= passes[kinds[row]!]! << bit;
      set.#words[word] = bits;
    }
    return set;
  }

  /** What it takes in memory. */
  get bytes(): number {
    return this.#words.byteLength;
  }

  /** @throws RangeError where there is no such row: the index is damaged. */
  add(row: number): void {
    if (row >= this.length) throw new RangeError(`the index names row ${row}, which is not there`);
    this.#words[row >>> 5]! |= 1 << (row & 31);
  }

  addAll(other: RowSet): void {
    for (let i = 0; i < this.#words.length; i++) this.#words[i]! |= other.#words[i]!;
  }

  keepOnly(other: RowSet): void {
    for (let i = 0; i < this.#words.length; i++) this.#words[i]! &= other.#words[i]!;
  }

  /** From now on it has the other rows. */
  invert(): void {
    for (let i = 0; i < this.#words.length; i++) this.#words[i] = ~this.#words[i]!;
    if (this.length % 32 > 0) this.#words[this.#words.length - 1]! &= 2 ** (this.length % 32) - 1;
  }

  /** Calls `take` with its rows from `first` on and before `end`, ascending. */
  each(first: number, end: number, take: (row: number) => void): void {
    for (let row = first; row < end; row = (row | 31) + 1) {
      const last = Math.min(end, (row | 31) + 1);
      for (let word = this.#words[row >>> 5]! >>> (row & 31); word !== 0; word &= word - 1) {
        const found = row + 31 - Math.clz32(word & -word);
        if (found >= last) break;
        take(found);
      }
    }
  }

  /** Counts its rows from `first` on and before `end`, by their kinds. */
  tally(first: number, end: number, kinds: Uint8Array, counts: Uint32Array): void {
    this.each(first, end, (row) => counts[kinds[row]!]!++);
  }
}
