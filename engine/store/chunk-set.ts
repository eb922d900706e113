/** Some of a partition's chunks: a bit each. */
export class ChunkSet {
  readonly #words: Uint32Array;

  /** Empty. @param chunks how many the partition has. */
  constructor(chunks: number) {
    this.#words = new Uint32Array(Math.ceil(chunks / 32));
  }

  /** @throws RangeError where there is no such chunk: the index is damaged. */
  add(chunk: number): void {
    const word = chunk >>> 5;
    if (word >= this.#words.length)
      throw new RangeError(`the index names chunk ${chunk}, which is not there`);
    this.#words[word]! |= 1 << (chunk & 31);
  }

  has(chunk: number): boolean {
    return ((this.#words[chunk >>> 5] ?? 0) & (1 << (chunk & 31))) !== 0;
  }

  get isEmpty(): boolean {
    for (const word of this.#words) if (word !== 0) return false;
    return true;
  }

  addAll(other: ChunkSet): void {
    for (let i = 0; i < this.#words.length; i++) this.#words[i]! |= other.#words[i] ?? 0;
  }

  keepOnly(other: ChunkSet): void {
    for (let i = 0; i < this.#words.length; i++) this.#words[i]! &= other.#words[i] ?? 0;
  }
}
