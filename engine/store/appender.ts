import { MAX_BATCH_EVENTS, ROW_CELLS } from './batch.ts';
import type { StoredEvent } from './contract.ts';
import { Encoder, wallBaseOf } from './encoder.ts';
import { PARTITION_CHARACTERS, PARTITION_EVENTS } from './layout.ts';
import type { Append, Beginning, OpenPartition } from './writing.ts';

/** A new array costs as much as hundreds of events: they are used again. The smallest has so many rows, others 2^n. */
const LEAST_ROWS = 8;
/** So many rows are kept for that: 11 MiB. */
const MAX_SPARE_ROWS = 16_384;
/** What a batch costs beside its cells and texts. */
const BATCH_BYTES = 1024;

/** What is to be posted, and what it takes in memory until it is stored. */
export interface Taken {
  readonly append: Append;
  readonly bytes: number;
  readonly home: Home;
}

/** A partition that batches were encoded for. */
interface Home {
  number: number;
  readonly encoder: Encoder;
  events: number;
  /** Batches that are not stored yet. */
  waiting: number;
}

export interface AppenderStart {
  readonly boot: number;
  readonly bootId: string;
  readonly last: { readonly sequence: number; readonly timeNs: number };
  readonly open: OpenPartition | undefined;
  /** The number of the next partition. */
  readonly next: number;
}

/** Encodes what is appended, on the thread that appends, and says which partition it is for. */
export class Appender {
  readonly #boot: number;
  readonly #bootId: string;
  /** The last one takes what comes; those before it still have batches waiting. */
  #homes: Home[] = [];
  /** The next batch begins a partition. */
  #anew = true;
  #number: number;
  #lastSequence: number;
  #lastTimeNs: number;
  /** By the number of their rows. */
  readonly #spare = new Map<number, Float64Array<ArrayBufferLike>[]>();
  #spareRows = 0;

  constructor({ boot, bootId, last, open, next }: AppenderStart) {
    this.#boot = boot;
    this.#bootId = bootId;
    this.#lastSequence = last.sequence;
    this.#lastTimeNs = last.timeNs;
    this.#number = open?.number ?? next - 1;
    if (open === undefined) return;
    this.#anew = false;
    this.#homes = [
      { number: open.number, encoder: new Encoder({ bootId, ...open }), events: open.events, waiting: 0 },
    ];
  }

  /** @throws RangeError for too many events, or cursors that do not ascend; TypeError for a value of another kind. */
  take(events: readonly StoredEvent[]): Taken {
    if (events.length > MAX_BATCH_EVENTS)
      throw new RangeError(`a batch holds at most ${MAX_BATCH_EVENTS} events`);
    this.#checkOrder(events);
    const home = this.#homeFor(events);
    const { encoder } = home;
    const before = encoder.characters;
    const batch = encoder.encode(events, this.#cellsFor(events.length));
    home.events += events.length;
    home.waiting++;
    const last = events.at(-1)!.cursor;
    this.#lastSequence = last.sequence;
    this.#lastTimeNs = last.timeNs;
    return {
      append: { partition: home.number, wallBaseMs: encoder.wallBaseMs, batch },
      bytes: batch.cells.byteLength + (encoder.characters - before) + BATCH_BYTES,
      home,
    };
  }

  /** A batch is stored, or never will be: its cells may be used again. */
  recycle({ append, home }: Taken): void {
    home.waiting--;
    while (this.#homes.length > 1 && this.#homes[0]!.waiting === 0) this.#homes.shift();
    const { cells } = append.batch;
    const rows = cells.length / ROW_CELLS;
    if (this.#spareRows + rows > MAX_SPARE_ROWS) return;
    this.#spareRows += rows;
    const spare = this.#spare.get(rows);
    if (spare === undefined) this.#spare.set(rows, [cells]);
    else spare.push(cells);
  }

  /** What comes next goes to a new partition, with nothing remembered of those before. */
  beginAnew(): void {
    this.#anew = true;
  }

  /**
   * The file of a partition can be written to no more: it and those after it get the next number, so that what waits
   * for it goes to a new file. @returns what that one begins with; undefined where nothing is meant for it any more.
   */
  moveOn(broken: number): Beginning | undefined {
    const homes = this.#homes.filter(({ number }) => number >= broken);
    for (const home of homes) home.number++;
    if (homes.length > 0) this.#number++;
    const [first] = homes;
    if (first?.number !== broken + 1) return undefined;
    return { wallBaseMs: first.encoder.wallBaseMs, ...first.encoder.dictionaries() };
  }

  #homeFor(events: readonly StoredEvent[]): Home {
    const known = this.#homes.at(-1);
    if (
      known !== undefined &&
      !this.#anew &&
      known.events + events.length <= PARTITION_EVENTS &&
      known.encoder.characters < PARTITION_CHARACTERS
    ) {
      return known;
    }
    const wallBaseMs = wallBaseOf(events) ?? Date.now() - events[0]!.cursor.timeNs / 1e6;
    const encoder = new Encoder({ bootId: this.#bootId, wallBaseMs });
    const home = { number: ++this.#number, encoder, events: 0, waiting: 0 };
    this.#homes = [...this.#homes.filter(({ waiting }) => waiting > 0), home];
    this.#anew = false;
    return home;
  }

  #cellsFor(events: number): Float64Array<ArrayBufferLike> {
    let rows = LEAST_ROWS;
    while (rows < events) rows *= 2;
    const spare = this.#spare.get(rows)?.pop();
    if (spare === undefined) return new Float64Array(new SharedArrayBuffer(rows * ROW_CELLS * 8));
    this.#spareRows -= rows;
    return spare;
  }

  /** Pages lead from one event to the next by this order: an event out of it would be passed over for ever. */
  #checkOrder(events: readonly StoredEvent[]): void {
    let sequence = this.#lastSequence;
    let timeNs = this.#lastTimeNs;
    for (const { cursor } of events) {
      const whole = Number.isSafeInteger(cursor.sequence) && Number.isSafeInteger(cursor.timeNs);
      if (!whole || cursor.boot !== this.#boot || cursor.sequence <= sequence || cursor.timeNs < timeNs)
        throw new RangeError(
          `event ${cursor.boot}.${cursor.timeNs}.${cursor.sequence} does not follow ${this.#boot}.${timeNs}.${sequence}`,
        );
      sequence = cursor.sequence;
      timeNs = cursor.timeNs;
    }
  }
}
