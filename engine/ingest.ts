/** The road of a batch through the engine: decode, order, follow, redact, store, show. */
import type { Cursor, EventFields } from '../shared/event.ts';
import type { Clock } from './clock.ts';
import { decodeBatch, DecodeError, type DecodedRecord } from './sensor/decode.ts';
import type { EventMaker } from './sensor/events.ts';
import type { Gap, Gaps } from './sensor/gaps.ts';
import { HeldCalls } from './sensor/held.ts';
import { gapEvent } from './sensor/notices.ts';
import type { Process, Processes } from './sensor/processes.ts';
import { Rooms, type Room } from './rooms.ts';
import { MAX_WAITING_BYTES, type StoredEvent } from './store/contract.ts';

export interface IngestOptions {
  readonly bootId: string;
  /** The number of this boot in the store. */
  readonly boot: number;
  /** The last sequence number used in this boot. */
  readonly sequence: number;
  /** The newest moment stored in this boot, 0 where there is none: no event is placed before it. */
  readonly lastTimeNs: number;
  readonly clock: Pick<Clock, 'wallOf' | 'bootNs'>;
  readonly processes: Processes;
  readonly maker: EventMaker;
  /** Whether a record is of Merlon’s own tests, which are told apart, and no event. */
  readonly own: (record: DecodedRecord) => boolean;
  /** Takes a batch over. Resolves once it is stored, however long that takes; rejects where it never will be. */
  readonly append: (events: readonly StoredEvent[]) => Promise<void>;
  /** What was taken over and is not stored yet, in bytes. */
  readonly waitingBytes: () => number;
  /** Whether events that are handed over now should come back by `onStored`: kept, they take memory while they wait. */
  readonly wanted: () => boolean;
  /** Called in the order of the events; with them where they were wanted, and their last cursor. */
  readonly onStored: (newest: Cursor, events: readonly StoredEvent[] | undefined) => void;
  /** The queue is full (true), or has room again (false). */
  readonly onPressure: (full: boolean) => void;
  /** A batch does not hold together: that helper is to be ended. What it sent later is not looked at. */
  readonly onMalformed: (reason: string) => void;
  /** A span in which events may be missing has been told. */
  readonly onGap?: (gap: Gap) => void;
  readonly log: (line: string) => void;
}

/** Records by type (enum merlon_type of bpf/events.h), since the engine started. */
export interface Tally {
  readonly events: number[];
  readonly bytes: number[];
}

/** What is told of a batch once it is stored. */
interface Told {
  readonly newest: Cursor;
  readonly events: readonly StoredEvent[] | undefined;
}

/** A task between batches, in order with them. */
type Step = () => void;

const QUEUE_FULL_BYTES = 16 << 20;
const SLICE_MS = 10;
/**
 * Events handed over at once: few enough that they are garbage before it is collected for the first time. The clock is
 * looked at after each so many records.
 */
const MAX_APPEND = 2048;
const RECORDS_BETWEEN_LOOKS = 128;
const FLUSH_EVERY_MS = 25;
/** Taken items lie at the queue's head until there are so many. */
const SPENT_ITEMS = 64;
/** A record this far in the future was not made by this kernel. */
const FUTURE_NS = 60e9;

/**
 * One bounded queue, worked off in slices so that the sockets are served meanwhile. Several batches may be on their way
 * to the disk; while too much is, work rests. Nothing is dropped here: a full queue stops the reading of the helper's
 * pipe, and so, in the end, fills the kernel's ring, which counts.
 */
export class Ingest {
  readonly #options: IngestOptions;
  #queue: (Room | Step)[] = [];
  #queueAt = 0;
  readonly #rooms = new Rooms();
  #queuedBytes = 0;
  #full = false;
  #records: readonly DecodedRecord[] = [];
  #recordAt = 0;
  #gaps: Gaps | undefined;
  #snapshot: { readonly beginNs: number; readonly seen: Set<Process> } | undefined;
  /** Until the snapshot is done. */
  readonly #held = new HeldCalls();
  #pending: StoredEvent[] = [];
  #sequence: number;
  #lastTimeNs: number;
  #received = 0;
  readonly #tally: Tally = { events: [], bytes: [] };
  #scheduled = false;
  /** The store has as much to do as it may have. */
  #resting = false;
  #flushedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #stored = Promise.resolve();
  #draining = false;
  #gaveUp = false;
  readonly #unknownTypes = new Map<number, number>();

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#sequence = options.sequence;
    this.#lastTimeNs = options.lastTimeNs;
  }

  /** Records decoded since the engine started. */
  get received(): number {
    return this.#received;
  }
  get tally(): Tally {
    return this.#tally;
  }
  /** Whether nothing more should be read for now. */
  get full(): boolean {
    return this.#full;
  }
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** A helper runs: its records follow. @param beginNs when it had attached. */
  helperStarted(gaps: Gaps, beginNs: number): void {
    this.step(() => {
      this.#release();
      this.#gaps = gaps;
      this.#snapshot = { beginNs, seen: new Set() };
    });
  }

  /** The snapshot of what runs has been sent whole: who is not in it has ended. */
  snapshotDone(processes: number): void {
    this.step(() => {
      const { processes: table, clock } = this.#options;
      if (processes > 0 && this.#snapshot !== undefined) {
        table.reconcile(this.#snapshot.seen, this.#snapshot.beginNs, clock.bootNs());
      }
      this.#release();
    });
  }

  /** No snapshot is waited for any more. */
  #release(): void {
    this.#snapshot = undefined;
    for (const record of this.#held.release()) this.#take(record);
  }

  /** @param payload valid during the call only. */
  push(payload: Uint8Array): void {
    const room = this.#rooms.copy(payload);
    this.#queuedBytes += payload.length;
    this.#enqueue(room);
  }

  /** Does something in order with the batches. */
  step(step: Step): void {
    this.#enqueue(step);
  }

  /** Stores an event of Merlon's own, in order with the batches. @param make is given the sequence number. */
  notice(make: (sequence: number, atNs: number) => EventFields): void {
    this.step(() => this.add(make));
  }

  /** As `notice`, from within a step. */
  add(make: (sequence: number, atNs: number) => EventFields): void {
    const atNs = this.#options.clock.bootNs();
    const sequence = this.#sequence + 1;
    this.#keep(make(sequence, atNs), atNs);
  }

  gap(gap: Gap): void {
    this.notice((sequence) => gapEvent(this.#options, gap, sequence));
    this.#options.onGap?.(gap);
  }

  /** Works off everything at once, as at the end. @returns once all of it is stored, or never will be. */
  async drain(): Promise<void> {
    this.#draining = true;
    while (this.#work(Infinity)) this.#flush();
    this.#release();
    this.#flush();
    await this.#stored;
  }

  #enqueue(item: Room | Step): void {
    this.#queue.push(item);
    if (!this.#full && this.#queuedBytes > QUEUE_FULL_BYTES) {
      this.#full = true;
      this.#options.onPressure(true);
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#resting) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#slice();
    });
  }

  #slice(): void {
    if (this.#options.waitingBytes() > MAX_WAITING_BYTES) {
      this.#resting = true;
      return;
    }
    const more = this.#work(performance.now() + SLICE_MS);
    if (this.#pending.length >= MAX_APPEND) this.#flush();
    else if (!more) this.#flushSoon();
    if (this.#full && this.#queuedBytes < QUEUE_FULL_BYTES / 2) {
      this.#full = false;
      this.#options.onPressure(false);
    }
    if (more) this.#schedule();
  }

  /** @returns whether something is left to do. */
  #work(deadline: number): boolean {
    while (this.#pending.length < MAX_APPEND) {
      if (this.#recordAt < this.#records.length) {
        const end = Math.min(this.#records.length, this.#recordAt + RECORDS_BETWEEN_LOOKS);
        while (this.#recordAt < end) this.#take(this.#records[this.#recordAt++]!);
        if (performance.now() >= deadline) break;
        continue;
      }
      const item = this.#next();
      if (item === undefined) return false;
      if (typeof item === 'function') item();
      else this.#open(item);
    }
    return this.#queueAt < this.#queue.length || this.#recordAt < this.#records.length;
  }

  #next(): Room | Step | undefined {
    const item = this.#queue[this.#queueAt];
    if (item !== undefined && ++this.#queueAt >= SPENT_ITEMS) {
      this.#queue.splice(0, this.#queueAt);
      this.#queueAt = 0;
    }
    return item;
  }

  #open(room: Room): void {
    const batch = room.bytes;
    this.#queuedBytes -= batch.length;
    this.#recordAt = 0;
    this.#records = [];
    try {
      if (this.#gaps === undefined) return;
      const records = decodeBatch(batch, (type) => this.#unknown(type));
      const limit = this.#options.clock.bootNs() + FUTURE_NS;
      for (const { header } of records) {
        if (header.time_ns > limit) throw new DecodeError('a record is from the future');
        this.#gaps.record(header.cpu, header.seq, header.time_ns);
        this.#count(header);
      }
      this.#received += records.length;
      this.#records = inOrder(records);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#gaps = undefined;
      this.#options.onMalformed(error.message);
    } finally {
      this.#rooms.release(room);
    }
  }

  #count({ type, size }: DecodedRecord['header']): void {
    const { events, bytes } = this.#tally;
    events[type] = (events[type] ?? 0) + 1;
    bytes[type] = (bytes[type] ?? 0) + size;
  }

  #take(record: DecodedRecord): void {
    if (this.#snapshot !== undefined && this.#held.takes(record, this.#options.processes)) return;
    const fields = this.#options.maker.make(record, this.#sequence + 1);
    if (record.kind === 'running' && this.#snapshot !== undefined) {
      const process = this.#options.processes.find(record.task.pid, record.task.start_ns);
      if (process !== undefined) this.#snapshot.seen.add(process);
    }
    if (fields !== undefined && !this.#options.own(record)) this.#keep(fields, record.header.time_ns);
  }

  /**
   * The place of an event never lies before one that was stored already: whoever pages onwards misses nothing.
   * Records of several CPUs overtake one another by microseconds, and only across batches.
   */
  #keep(fields: EventFields, timeNs: number): void {
    if (timeNs > this.#lastTimeNs) this.#lastTimeNs = timeNs;
    const cursor = { boot: this.#options.boot, timeNs: this.#lastTimeNs, sequence: ++this.#sequence };
    this.#pending.push({ cursor, fields });
  }

  /** What comes alone is stored at once; what follows closely waits for more: a batch costs as much as many events. */
  #flushSoon(): void {
    if (this.#pending.length === 0) return;
    const wait = this.#flushedAt + FLUSH_EVERY_MS - performance.now();
    if (wait <= 0) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), wait);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.length === 0) return;
    this.#flushedAt = performance.now();
    const events = this.#pending;
    this.#pending = [];
    const taken = this.#options.append(events).then(
      () => true,
      (error: unknown) => this.#neverStored(error),
    );
    const told = { newest: events.at(-1)!.cursor, events: this.#options.wanted() ? events : undefined };
    this.#stored = this.#tell(told, taken, this.#stored);
  }

  async #tell(told: Told, taken: Promise<boolean>, before: Promise<void>): Promise<void> {
    await before;
    if (!(await taken)) return;
    this.#options.onStored(told.newest, told.events);
    this.#goOn();
  }

  #goOn(): void {
    if (!this.#resting || this.#options.waitingBytes() > MAX_WAITING_BYTES / 2) return;
    this.#resting = false;
    this.#schedule();
  }

  /** At the end the store may give up; before, it never does, and whoever comes here has found a mistake of ours. */
  #neverStored(error: unknown): false {
    if (!this.#draining) throw error;
    const said = error instanceof Error ? error.message : String(error);
    if (!this.#gaveUp) this.#options.log(`The last events could not be stored: ${said}`);
    this.#gaveUp = true;
    return false;
  }

  #unknown(type: number): void {
    const count = this.#unknownTypes.get(type) ?? 0;
    if (count === 0)
      this.#options.log(`The kernel sent records of type ${type}, which this engine does not know.`);
    if (this.#unknownTypes.size < 1024) this.#unknownTypes.set(type, count + 1);
  }
}

/** In the order of their times; nearly always they are already. */
function inOrder(records: DecodedRecord[]): readonly DecodedRecord[] {
  for (let i = 1; i < records.length; i++) {
    if (records[i]!.header.time_ns < records[i - 1]!.header.time_ns) {
      return records.sort((a, b) => a.header.time_ns - b.header.time_ns);
    }
  }
  return records;
}
