/** The kernel's events in JavaScript: BPF programs loaded, attached and read by the addon beside this file. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { HelperStats, StartReply } from '../shared/helper.ts';
import { SENSOR_PARTS, type SensorLimit, type SpareSensor } from '../shared/sensors.ts';

/** What native/sensor.cc exports. It asserts; meaning is checked here. */
interface NativeSensor {
  layoutHash(): string;
  start(ringBytes: number, buffers: readonly ArrayBuffer[], callback: NativeCallback): StartReply;
  snapshot(): void;
  release(slot: number): void;
  stats(): HelperStats;
  thin(types: readonly number[], mostPerSecond: number): void;
  setAttached(programs: readonly string[], on: boolean): void;
  stop(): void;
}
/** Kinds of native/stream.h: 1 a batch (slot, bytes) · 2 the snapshot's end (records, nothing, error) · 3 failure. */
type NativeCallback = (kind: number, first: number, second: number, error?: SensorError) => void;
interface Addon {
  readonly Sensor: new () => NativeSensor;
}

/** What the kernel or libbpf refused: `code` is one of HelperErrorCode, `errno` is positive (0: not from the kernel). */
export interface SensorError extends Error {
  readonly code: string;
  readonly errno: number;
  /** The log of libbpf and of the verifier. */
  readonly detail?: string;
}

export interface SensorOptions {
  /** Size of the kernel's ring; a power of two and a multiple of the page size. */
  readonly ringBytes: number;
  /**
   * Whole records, back to back. The memory is lent until `release`; while every batch is lent out the ring waits,
   * and what no longer fits into it is counted as lost by the kernel.
   */
  readonly onBatch: (batch: Uint8Array, release: () => void) => void;
  /** The stream ended by itself: nothing comes any more until `stop` and `start`. */
  readonly onError: (error: SensorError) => void;
}

/** Eight batches of a quarter MiB: together well within a processor’s cache, each a fraction of a millisecond of work. */
const BATCHES = 8;
const BATCH_BYTES = 256 << 10;
/** Of a sensor that is thinned: events a second on each processor. engine/health/notices.ts says it. */
const FEW_PER_SECOND = 10;

let addon: Addon | undefined;

function loadAddon(): Addon {
  const path = fileURLToPath(new URL('./build/sensor.node', import.meta.url));
  addon ??= createRequire(import.meta.url)(path) as Addon; // our own build, whose shape no parser can vouch for
  return addon;
}

/** One process-wide sensor. The constructor cannot fail; everything that can be refused happens in `start`. */
export class Sensor {
  readonly #native = new (loadAddon().Sensor)();
  #layoutHash: string | undefined;
  #snapshot: PromiseWithResolvers<number> | undefined;
  #run = 0;

  /** Hash of the record layout that the BPF object was built with (64 hex digits). Needs no privilege. */
  get layoutHash(): string {
    return (this.#layoutHash ??= this.#native.layoutHash());
  }

  /**
   * Loads and attaches. Programs that this kernel refuses are named in the reply, with its words.
   * @throws SensorError where the sensor cannot work at all; nothing is left behind then.
   */
  start(options: SensorOptions): StartReply {
    const { ringBytes } = options;
    if (!Number.isInteger(ringBytes) || ringBytes < 4096 || (ringBytes & (ringBytes - 1)) !== 0)
      throw new RangeError(`ringBytes must be a power of two of at least 4096, not ${ringBytes}`);
    const buffers = Array.from({ length: BATCHES }, () => new ArrayBuffer(BATCH_BYTES));
    const run = this.#run + 1;
    const reply = this.#native.start(ringBytes, buffers, (kind, first, second, error) => {
      if (run !== this.#run) return;
      if (kind === 1) this.#deliver(options, buffers, first, second);
      else if (kind === 2) this.#settleSnapshot(first, error);
      else if (error !== undefined) options.onError(error);
    });
    this.#run = run;
    return reply;
  }

  /**
   * Streams what already runs through `onBatch`.
   * @returns the number of records, once the last of them has been handed over.
   * @throws SensorError (as a rejection): not_started, already_started (one at a time), unsupported, failed.
   */
  async snapshot(): Promise<number> {
    if (this.#snapshot !== undefined) throw sensorError('already_started', 'A snapshot is under way.');
    this.#native.snapshot();
    this.#snapshot = Promise.withResolvers();
    return await this.#snapshot.promise;
  }

  /** @throws SensorError: not_started, failed. */
  stats(): HelperStats {
    return this.#native.stats();
  }

  /**
   * Has a sensor tell all, a few or none of its events.
   * @throws SensorError: not_started; failed, where the kernel does not attach it again.
   */
  limit(sensor: SpareSensor, to: SensorLimit): void {
    const { programs, types } = SENSOR_PARTS[sensor];
    this.#native.thin(types, to === 'on' ? 0 : FEW_PER_SECOND);
    this.#native.setAttached(programs, to !== 'shed');
  }

  /** Detaches, unloads and joins the thread; `onBatch` is not called any more. Does nothing where nothing runs. */
  stop(): void {
    this.#run++;
    this.#native.stop();
    this.#snapshot?.reject(sensorError('not_started', 'The sensor was stopped during its snapshot.'));
    this.#snapshot = undefined;
  }

  #deliver(options: SensorOptions, buffers: readonly ArrayBuffer[], slot: number, bytes: number): void {
    const buffer = buffers[slot];
    if (buffer === undefined) throw new Error(`the addon handed over slot ${slot}`);
    const run = this.#run;
    let lent = true;
    options.onBatch(new Uint8Array(buffer, 0, bytes), () => {
      if (lent && run === this.#run) this.#native.release(slot);
      lent = false;
    });
  }

  #settleSnapshot(records: number, error: SensorError | undefined): void {
    const snapshot = this.#snapshot;
    this.#snapshot = undefined;
    if (error === undefined) snapshot?.resolve(records);
    else snapshot?.reject(error);
  }
}

function sensorError(code: string, message: string): SensorError {
  return Object.assign(new Error(message), { code, errno: 0 });
}
