import { MAX_BATCH_EVENTS, ROW_CELLS, type Batch } from './batch.ts';
import type { StoredEvent } from './contract.ts';
import { Encoder, wallBaseOf } from './encoder.ts';
import { PARTITION_CHARACTERS, PARTITION_EVENTS } from './layout.ts';
import type { Append, OpenPartition } from './writing.ts';

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
  /** Undefined: the next batch begins a partition. */
  #encoder: Encoder | undefined;
  #number: number;
  #events = 0;
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
    this.#events = open.events;
    this.#encoder = new Encoder({ bootId, ...open });
  }

  /** @throws RangeError for too many events, or cursors that do not ascend; TypeError for a value of another kind. */
  take(events: readonly StoredEvent[]): Taken {
    if (events.length > MAX_BATCH_EVENTS)
      throw new RangeError(`a batch holds at most ${MAX_BATCH_EVENTS} events`);
    this.#checkOrder(events);
    const encoder = this.#encoderFor(events);
    const before = encoder.characters;
    const batch = encoder.encode(events, this.#cellsFor(events.length));
    this.#events += events.length;
    const last = events.at(-1)!.cursor;
    this.#lastSequence = last.sequence;
    this.#lastTimeNs = last.timeNs;
    return {
      append: { partition: this.#number, wallBaseMs: encoder.wallBaseMs, batch },
      bytes: batch.cells.byteLength + (encoder.characters - before) + BATCH_BYTES,
    };
  }

  /** A batch is stored: its cells may be used again. */
  recycle({ cells }: Batch): void {
    const rows = cells.length / ROW_CELLS;
    if (this.#spareRows + rows > MAX_SPARE_ROWS) return;
    this.#spareRows += rows;
    const spare = this.#spare.get(rows);
    if (spare === undefined) this.#spare.set(rows, [cells]);
    else spare.push(cells);
  }

  /** What comes next goes to a new partition, with nothing remembered of those before. */
  beginAnew(): void {
    this.#encoder = undefined;
  }

  #encoderFor(events: readonly StoredEvent[]): Encoder {
    const known = this.#encoder;
    if (
      known !== undefined &&
      this.#events + events.length <= PARTITION_EVENTS &&
      known.characters < PARTITION_CHARACTERS
    ) {
      return known;
    }
    const wallBaseMs = wallBaseOf(events) ?? Date.now() - events[0]!.cursor.timeNs / 1e6;
    this.#encoder = new Encoder({ bootId: this.#bootId, wallBaseMs });
    this.#number++;
    this.#events = 0;
    return this.#encoder;
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
