import { readSpot } from './uses.ts';
import { VarintReader } from './varint.ts';

const unzigzag = (value: number) => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);
/** Bits of the sketch of a chunk's ids, whatever their columns. */
const SKETCH_BITS = 11;
const bitOf = (id: number) => Math.imul(id | 0, 0x9e3779b1) >>> (32 - SKETCH_BITS);

const fitsInt32 = (value: number) => value === (value | 0);

/** What a chunk's `uses` says (see uses.ts), in a form for asking. */
export class ChunkUses {
  /** Where the ids of each column begin; one more for the end. */
  readonly #starts: Uint16Array | Uint32Array;
  readonly #ids: Int32Array | Float64Array;
  readonly #sketch = new Uint32Array(2 ** (SKETCH_BITS - 5));

  /** @param layout of the partition. @throws RangeError where the bytes are damaged. */
  constructor(bytes: Uint8Array, layout: number) {
    const reader = new VarintReader(bytes);
    const ids: number[] = [];
    const starts: number[] = [];
    while (!reader.done) {
      const column = reader.read();
      const length = reader.read();
      if (column < starts.length || column > 1000)
        throw new RangeError('columns in the index are not in order');
      while (starts.length <= column) starts.push(ids.length);
      for (let i = 0; i < length; i++) {
        const value = reader.read();
        ids.push(i === 0 ? unzigzag(value) : ids.at(-1)! + value);
        readSpot(reader, layout);
      }
    }
    starts.push(ids.length);
    this.#starts = ids.length < 2 ** 16 ? Uint16Array.from(starts) : Uint32Array.from(starts);
    for (const id of ids) this.#sketch[bitOf(id) >>> 5]! |= 1 << (bitOf(id) & 31);
    this.#ids = ids.every(fitsInt32) ? Int32Array.from(ids) : Float64Array.from(ids);
  }

  /** Whether some column may have one of the ids: a quick look. */
  mayHaveAny(ids: Float64Array): boolean {
    for (let i = 0; i < ids.length; i++) {
      const bit = bitOf(ids[i]!);
      if ((this.#sketch[bit >>> 5]! & (1 << (bit & 31))) !== 0) return true;
    }
    return false;
  }

  /** Whether a column has one of the ids. @param sorted ascending. */
  hasAny(column: number, sorted: Float64Array): boolean {
    if (column + 1 >= this.#starts.length) return false;
    let at = this.#starts[column]!;
    const end = this.#starts[column + 1]!;
    let wanted = 0;
    while (at < end && wanted < sorted.length) {
      at = this.#from(at, end, sorted[wanted]!);
      if (at === end) return false;
      const id = this.#ids[at]!;
      if (id === sorted[wanted]) return true;
      while (wanted < sorted.length && sorted[wanted]! < id) wanted++;
    }
    return false;
  }

  /** The first place with this id or a larger one. */
  #from(from: number, end: number, id: number): number {
    let low = from;
    let high = end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ids[middle]! < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
