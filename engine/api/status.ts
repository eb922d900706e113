import type { Status, StoreWaiting } from '../../shared/console.ts';
import { MAX_WAITING_BYTES, type StoreStats } from '../store/contract.ts';

const EVERY_MS = 1000;
/** So much on its way to the disk is worth a word although storing works. */
const WORTH_TELLING_BYTES = MAX_WAITING_BYTES / 8;

/** Tells the faces of the engine's state: what changed in kind at once, figures at most once a second. */
export class StatusTeller {
  readonly #status: () => Status;
  readonly #tell: (status: Status) => void;
  #toldAt = -Infinity;
  #toldState = '';
  #toldFigures = '';
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(status: () => Status, tell: (status: Status) => void) {
    this.#status = status;
    this.#tell = tell;
  }

  /** Something may have changed. */
  changed(): void {
    if (this.#stopped) return;
    const wait = this.#toldAt + EVERY_MS - performance.now();
    const status = this.#status();
    if (wait <= 0 || stateOf(status) !== this.#toldState) this.#send(status);
    else this.#timer ??= setTimeout(() => this.#send(this.#status()), wait);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #send(status: Status): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const state = stateOf(status);
    const figures = figuresOf(status);
    if (state === this.#toldState && figures === this.#toldFigures) return;
    this.#toldState = state;
    this.#toldFigures = figures;
    this.#toldAt = performance.now();
    this.#tell(status);
  }
}

/** What a person acts on: a short state that is not told is a reason that nobody ever reads. */
function stateOf({ helper, sensor, store }: Status): string {
  return JSON.stringify([helper, sensor.attached, sensor.refused, store.problem, store.damaged]);
}

/** Time passes and memory breathes by itself: that alone is no news. */
function figuresOf({ sensor, store }: Status): string {
  return JSON.stringify([sensor, store]);
}

/** The store's part of the status, from what it says of itself now and said a moment ago. */
export class StoreStatus {
  #from: { readonly bytes: number; readonly atMs: number } | undefined;
  /** Bytes a millisecond by which what waits grew between the last two looks. */
  #rate: number | undefined;

  /** @param nowMs milliseconds of a clock that is never set back. */
  of(stats: StoreStats, nowMs = performance.now()): Status['store'] {
    const { path, bytes, events, oldest, partitions, damaged, damagedPartitions, refused, unopened } = stats;
    const waiting = this.#waiting(stats, nowMs);
    return {
      path,
      bytes,
      events,
      oldest,
      partitions,
      ...(waiting === undefined ? {} : { waiting }),
      damaged,
      damaged_partitions: damagedPartitions,
      ...(refused === undefined ? {} : { problem: (unopened ? unopenedProblem : problemOf)(refused) }),
      ...(unopened && { unopened }),
    };
  }

  #waiting({ waiting, refused }: StoreStats, nowMs: number): StoreWaiting | undefined {
    const { events, bytes } = waiting;
    if (refused === undefined && bytes < WORTH_TELLING_BYTES) {
      this.#from = this.#rate = undefined;
      return undefined;
    }
    this.#from ??= { bytes, atMs: nowMs };
    const span = nowMs - this.#from.atMs;
    if (span >= EVERY_MS) {
      this.#rate = (bytes - this.#from.bytes) / span;
      this.#from = { bytes, atMs: nowMs };
    }
    return { events, bytes, limit_bytes: MAX_WAITING_BYTES, seconds_left: this.#secondsLeft(bytes) };
  }

  #secondsLeft(bytes: number): number | null {
    if (bytes >= MAX_WAITING_BYTES) return 0;
    if (this.#rate === undefined || this.#rate <= 0) return null;
    return Math.floor((MAX_WAITING_BYTES - bytes) / this.#rate / 1000);
  }
}

/** The same where the database was not opened. */
const unopenedProblem = ({ said, sinceMs }: NonNullable<StoreStats['refused']>) =>
  `The database is not open; nothing of it was deleted. What came since ${clock(sinceMs)} waits in memory until it is set aside or Merlon ends. ${said}`;

const clock = (ms: number) => new Date(ms).toTimeString().slice(0, 8);

/** What is true, since when, what is safe, and the next step. @param refused as the store says it. */
export function problemOf({ said, sinceMs }: NonNullable<StoreStats['refused']>): string {
  return `Events are not stored since ${clock(sinceMs)}. What was stored is safe; what came since waits in memory and is tried again every second. ${said}`;
}
