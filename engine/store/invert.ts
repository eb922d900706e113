import { numberOf, spotOf, withSpot } from './spots.ts';
import { decodeUses, encodeChunks } from './uses.ts';

/** One row of the table `use`. */
export type Use = readonly [id: number, column: number, chunks: Buffer];
/** Hands over the bytes of a chunk's `uses`. */
export type UsesOf = (chunk: number) => Uint8Array;

/** What is sorted at a time: 16 bytes each, however many there are. */
const MOST_AT_ONCE = 1 << 20;
const SPOT_BITS = 8;
const CHUNK_BITS = 16;
const COLUMN_BITS = 8;
const PLACE_BITS = SPOT_BITS + CHUNK_BITS;
const DIGIT_BITS = 11;
/** Ids from −NEAR to NEAR − 1 are sorted as 32 bits. No sensor has given others yet, so that these may cost more. */
const NEAR = 2 ** 31;

/** Kept for the next partition: memory that is given back comes back late. */
let spare: Sorter | undefined;

interface Triple {
  readonly id: number;
  readonly column: number;
  /** With its spot. */
  readonly chunk: number;
}

/**
 * Turns what each chunk uses round: which chunks use each id in each column, in the order of the table's key, but for
 * ids of more than 31 bits, which come last. Ids are sorted in slices of their range, so that memory stays small.
 * @param layout of the partition.
 * @param usesOf called several times for each chunk from 0 to `chunks` − 1 where there is too much for one sort.
 * @throws RangeError where the bytes are damaged.
 */
export function* invertUses(
  chunks: number,
  layout: number,
  usesOf: UsesOf,
  most = MOST_AT_ONCE,
): Generator<Use> {
  if (chunks > 2 ** CHUNK_BITS) throw new RangeError(`${chunks} chunks are too many for one partition`);
  const far: Triple[] = [];
  const sorter = most === MOST_AT_ONCE ? (spare ?? new Sorter(most)) : new Sorter(most);
  spare = undefined;
  const slices: [number, number][] = [[-NEAR, NEAR - 1]];
  for (let slice = slices.pop(); slice !== undefined; slice = slices.pop()) {
    const [from, to] = slice;
    sorter.begin(from);
    let fits = true;
    let least = to;
    let greatest = from;
    for (let chunk = 0; chunk < chunks; chunk++) {
      for (const [column, ids] of decodeUses(usesOf(chunk), layout)) {
        if (column >= 2 ** COLUMN_BITS) throw new RangeError(`column ${column} is too large a number`);
        for (const spotted of ids) {
          const id = numberOf(spotted);
          const place = withSpot(chunk, spotOf(spotted));
          if (id < from || id > to) {
            if ((id < -NEAR || id >= NEAR) && from === -NEAR && to === NEAR - 1)
              far.push({ id, column, chunk: place });
            continue;
          }
          if (id < least) least = id;
          if (id > greatest) greatest = id;
          if (fits) fits = sorter.add(id, column * 2 ** PLACE_BITS + place);
        }
      }
    }
    if (fits) yield* sorter.rows();
    else if (least === greatest)
      throw new RangeError(`id ${least} is used more often than there is room for`);
    else {
      const middle = least + Math.floor((greatest - least) / 2);
      slices.push([middle + 1, greatest], [least, middle]);
    }
  }
  if (most === MOST_AT_ONCE) spare = sorter;
  yield* farRows(far);
}

/** Sorts by id, column and chunk: digit by digit, the least significant first; chunks come in their order. */
class Sorter {
  #ids: Uint32Array;
  #places: Uint32Array;
  #otherIds: Uint32Array;
  #otherPlaces: Uint32Array;
  #length = 0;
  #from = 0;
  #least = Infinity;
  #greatest = 0;

  constructor(most: number) {
    // Zeroed pages that are never written take no memory.
    this.#ids = new Uint32Array(most);
    this.#places = new Uint32Array(most);
    this.#otherIds = new Uint32Array(most);
    this.#otherPlaces = new Uint32Array(most);
  }

  begin(from: number): void {
    this.#from = from;
    this.#length = 0;
    this.#least = Infinity;
    this.#greatest = 0;
  }

  /** @returns false where there is no more room. */
  add(id: number, place: number): boolean {
    if (this.#length === this.#ids.length) return false;
    const offset = id - this.#from;
    if (offset > this.#greatest) this.#greatest = offset;
    if (offset < this.#least) this.#least = offset;
    this.#ids[this.#length] = offset;
    this.#places[this.#length++] = place;
    return true;
  }

  *rows(): Generator<Use> {
    if (this.#length === 0) return;
    this.#sort();
    let chunks: number[] = [];
    for (let i = 0; i < this.#length; i++) {
      const id = this.#ids[i]!;
      const place = this.#places[i]!;
      const column = place >>> PLACE_BITS;
      chunks.push(place & (2 ** PLACE_BITS - 1));
      if (i + 1 < this.#length && this.#ids[i + 1] === id && this.#places[i + 1]! >>> PLACE_BITS === column)
        continue;
      yield [id + this.#from, column, encodeChunks(chunks)];
      chunks = [];
    }
  }

  #sort(): void {
    // Ids are counted from the least one that is there, so that they have few digits.
    for (let i = 0; i < this.#length; i++) this.#ids[i]! -= this.#least;
    this.#from += this.#least;
    const greatest = this.#greatest - this.#least;
    this.#sortBy(this.#places, PLACE_BITS, COLUMN_BITS);
    for (let shift = 0; shift < 32 && greatest >= 2 ** shift; shift += DIGIT_BITS)
      this.#sortBy(this.#ids, shift, Math.min(DIGIT_BITS, 32 - shift));
  }

  #sortBy(keys: Uint32Array, shift: number, bits: number): void {
    const [ids, places, otherIds, otherPlaces] = [this.#ids, this.#places, this.#otherIds, this.#otherPlaces];
    const mask = 2 ** bits - 1;
    const starts = new Uint32Array(2 ** bits);
    for (let i = 0; i < this.#length; i++) starts[(keys[i]! >>> shift) & mask]!++;
    let before = 0;
    for (let digit = 0; digit <= mask; digit++) {
      const count = starts[digit]!;
      starts[digit] = before;
      before += count;
    }
    for (let i = 0; i < this.#length; i++) {
      const to = starts[(keys[i]! >>> shift) & mask]!++;
      otherIds[to] = ids[i]!;
      otherPlaces[to] = places[i]!;
    }
    this.#ids = otherIds;
    this.#places = otherPlaces;
    this.#otherIds = ids;
    this.#otherPlaces = places;
  }
}

function* farRows(far: Triple[]): Generator<Use> {
  far.sort((a, b) => a.id - b.id || a.column - b.column || a.chunk - b.chunk);
  let chunks: number[] = [];
  for (const [i, { id, column, chunk }] of far.entries()) {
    chunks.push(chunk);
    const next = far[i + 1];
    if (next?.id === id && next.column === column) continue;
    yield [id, column, encodeChunks(chunks)];
    chunks = [];
  }
}
