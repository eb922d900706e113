import { FIRST_CELL, MS_CELL, ROW_CELLS, TEXT_CELL, type Batch } from './batch.ts';
import { COLUMNS, isIndexed, type Storage } from './columns.ts';
import { CHUNK_EVENTS, columnNumbers, LAYOUT } from './layout.ts';
import { numberOf, SEVERAL, withSpot } from './spots.ts';
import { canBeUsed, decodeUses, encodeUses } from './uses.ts';

/** A row of the table `chunk`. */
export interface ChunkRow {
  readonly number: number;
  readonly events: number;
  readonly first_sequence: number;
  readonly last_sequence: number;
  readonly first_time_ns: number;
  readonly last_time_ns: number;
  readonly first_ms: number | null;
  readonly last_ms: number | null;
  readonly uses: Buffer;
}

/** An indexed column: its place among the cells, and in the table. */
interface Indexed {
  readonly cell: number;
  readonly column: number;
  /** Which cells are told of, and as what. */
  readonly rule: 'id' | 'not_zero' | 'negative' | 'number';
}

const ruleOf = (storage: Storage): Indexed['rule'] =>
  storage === 'long'
    ? 'number'
    : storage === 'process' || storage === 'parent'
      ? 'negative'
      : storage === 'args' || storage === 'boot'
        ? 'not_zero'
        : 'id';

const INDEXED: readonly Indexed[] = COLUMNS.map((column, i) => ({ column, i }))
  .filter(({ column }) => isIndexed(column))
  .map(({ column, i }) => ({
    cell: FIRST_CELL + i,
    column: columnNumbers.get(column.name)!,
    rule: ruleOf(column.storage),
  }));

/** Slots of the cache of what the chunk has: a power of two. */
const SLOTS = 8192;

/** Gathers the chunks of one open partition from its rows. */
export class Chunks {
  #number = 0;
  #events = 0;
  #firstSequence = 0;
  #lastSequence = 0;
  #firstTimeNs = 0;
  #lastTimeNs = 0;
  #firstMs: number | null = null;
  #lastMs: number | null = null;
  /** What each indexed column has, with spots: what is in several rows at least twice, with few repetitions. */
  readonly #used: number[][] = INDEXED.map(() => []);
  readonly #last = new Float64Array(INDEXED.length);
  /** Lossy: most of what comes again is recognised here. Keys are column and number, void in another generation. */
  readonly #keys = new Float64Array(SLOTS);
  readonly #generations = new Int32Array(SLOTS);
  /** Not 0: it is known of what is in the slot, or came last in the column, that it is in several rows. */
  readonly #several = new Uint8Array(SLOTS);
  readonly #lastSeveral = new Uint8Array(INDEXED.length);
  #generation = 1;

  constructor() {
    this.#begin(0);
  }

  /** Goes on where the table ends. @throws RangeError where its `uses` is damaged. */
  resume(last: ChunkRow | undefined): void {
    this.#begin(last === undefined ? 0 : last.number + 1);
    if (last === undefined || last.events >= CHUNK_EVENTS) return;
    this.#number = last.number;
    this.#events = last.events;
    this.#firstSequence = last.first_sequence;
    this.#lastSequence = last.last_sequence;
    this.#firstTimeNs = last.first_time_ns;
    this.#lastTimeNs = last.last_time_ns;
    this.#firstMs = last.first_ms;
    this.#lastMs = last.last_ms;
    const uses = decodeUses(last.uses, LAYOUT);
    INDEXED.forEach(({ column }, i) => this.#used[i]!.push(...(uses.get(column) ?? [])));
  }

  /** @returns the chunks that the batch begins, continues or fills. */
  add({ cells, rows }: Pick<Batch, 'cells' | 'rows'>): ChunkRow[] {
    const changed: ChunkRow[] = [];
    for (let row = 0, at = 0; row < rows; row++, at += ROW_CELLS) {
      this.#count(cells[at]!, cells[at + 1]!, cells[at + MS_CELL]!);
      this.#use(cells, at);
      if (this.#events === CHUNK_EVENTS) {
        changed.push(this.#row());
        this.#begin(this.#number + 1);
      }
    }
    if (this.#events > 0) changed.push(this.#row());
    return changed;
  }

  #begin(number: number): void {
    this.#number = number;
    this.#events = 0;
    this.#firstMs = null;
    this.#lastMs = null;
    for (const used of this.#used) used.length = 0;
    this.#last.fill(NaN);
    this.#generation++;
  }

  #count(sequence: number, timeNs: number, ms: number): void {
    if (this.#events === 0) {
      this.#firstSequence = sequence;
      this.#firstTimeNs = timeNs;
    }
    this.#events++;
    this.#lastSequence = sequence;
    this.#lastTimeNs = timeNs;
    if (ms !== ms) return;
    if (this.#firstMs === null || ms < this.#firstMs) this.#firstMs = ms;
    if (this.#lastMs === null || ms > this.#lastMs) this.#lastMs = ms;
  }

  #use(cells: Float64Array<ArrayBufferLike>, at: number): void {
    const last = this.#last;
    for (let i = 0; i < INDEXED.length; i++) {
      const indexed = INDEXED[i]!;
      let number = cells[at + indexed.cell]!;
      if (number !== number) continue;
      if (number === last[i]) {
        if (this.#lastSeveral[i] !== 0) continue;
      } else {
        last[i] = number;
        this.#lastSeveral[i] = 0;
      }
      if (number === TEXT_CELL) continue;
      if (indexed.rule !== 'id') {
        if (indexed.rule === 'not_zero' && number === 0) continue;
        if (indexed.rule === 'negative') {
          if (number >= 0) continue;
          number = -number;
        } else if (indexed.rule === 'number' && !canBeUsed(number)) continue;
      }
      const key = number * 128 + i;
      const slot = (Math.imul(number | 0, 0x9e3779b1) ^ (i * 0x2545)) & (SLOTS - 1);
      // Keys of numbers past that would not be exact.
      const exact = key < 2 ** 53 && key > -(2 ** 53);
      if (exact && this.#keys[slot] === key && this.#generations[slot] === this.#generation) {
        this.#lastSeveral[i] = 1;
        if (this.#several[slot] !== 0) continue;
        this.#several[slot] = 1;
      } else {
        this.#keys[slot] = key;
        this.#generations[slot] = this.#generation;
        this.#several[slot] = 0;
      }
      this.#used[i]!.push(withSpot(number, this.#events));
    }
  }

  #row(): ChunkRow {
    const uses = new Map<number, readonly number[]>();
    INDEXED.forEach(({ column }, i) => {
      const used = this.#used[i]!;
      if (used.length === 0) return;
      sortOnce(used);
      uses.set(column, used);
    });
    return {
      number: this.#number,
      events: this.#events,
      first_sequence: this.#firstSequence,
      last_sequence: this.#lastSequence,
      first_time_ns: this.#firstTimeNs,
      last_time_ns: this.#lastTimeNs,
      first_ms: this.#firstMs,
      last_ms: this.#lastMs,
      uses: encodeUses(uses),
    };
  }
}

const scratch = new Float64Array(2 * CHUNK_EVENTS);

/** Sorts numbers with their spots, ascending and each number once, in place. */
function sortOnce(numbers: number[]): void {
  if (numbers.length < 2) return;
  const sorted =
    numbers.length <= scratch.length ? scratch.subarray(0, numbers.length) : new Float64Array(numbers.length);
  sorted.set(numbers);
  sorted.sort();
  let kept = 0;
  for (let i = 0; i < sorted.length; i++) {
    const number = numberOf(sorted[i]!);
    if (kept > 0 && numberOf(numbers[kept - 1]!) === number) numbers[kept - 1] = withSpot(number, SEVERAL);
    else numbers[kept++] = sorted[i]!;
  }
  numbers.length = kept;
}
