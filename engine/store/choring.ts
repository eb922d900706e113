import { Worker } from 'node:worker_threads';
import * as v from 'valibot';
import type { CheckReport, Progress } from './contract.ts';
import { StoreError, type StoreErrorCode } from './error.ts';
import type { Salvaged } from './salvage.ts';
import type { FullPartition, SealedFacts } from './seal.ts';

/** What the thread is asked for, and what it answers. */
export interface Chore {
  readonly seal: { readonly asks: { readonly full: FullPartition }; readonly gives: SealedFacts };
  readonly backup: { readonly asks: { readonly file: string }; readonly gives: BackupReport };
  readonly check: { readonly asks: object; readonly gives: CheckReport };
  readonly salvage: {
    readonly asks: { readonly numbers: readonly number[] };
    readonly gives: readonly Salvaged[];
  };
}
export type ChoreName = keyof Chore;
export type Errand = { [N in ChoreName]: { readonly chore: N } & Chore[N]['asks'] }[ChoreName];

export interface BackupReport {
  readonly bytes: number;
  readonly events: number;
}

/** `stop` is one Int32: not 0 once nobody wants the answer. */
export interface ChoreRequest {
  readonly id: number;
  readonly errand: Errand;
  readonly stop: Int32Array;
}
export type ChoreReply =
  | { readonly id: number; readonly progress: number }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly code: StoreErrorCode; readonly message: string }
  | { readonly id: number; readonly stopped: true };

/** What the thread is started with. */
export const choresData = v.parser(v.object({ folder: v.string() }));

/** The sources run as they are under Node; bundled, the thread's file lies beside the engine. */
const FILE = new URL(import.meta.url.endsWith('.ts') ? './chores.ts' : './chores.js', import.meta.url);
/** Sealing takes some 25 MiB beside this, in SQLite's caches and in arrays. */
const HEAP_MIB = 64;
const YOUNG_MIB = 4;
/** A thread costs memory, and a new one is there in 50 ms. */
const IDLE_MS = 3000;
/** What is under way may take so long to notice that it shall end. */
const PATIENCE_MS = 5000;

interface Waiting {
  readonly stop: Int32Array;
  readonly progress: Progress | undefined;
  readonly settle: (reply: Exclude<ChoreReply, { readonly progress: number }>) => void;
  readonly fail: (error: Error) => void;
}

/**
 * The thread for work that takes long, seen from the engine's: started when there is some, ended when there is none.
 * It does one thing after another, but seals between the parts of longer work. Whatever fails rejects with a StoreError.
 */
export class Chores {
  readonly #folder: string;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #nextId = 1;
  #closed = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the sealed file of a full partition; the open one stays. */
  async seal(full: FullPartition): Promise<SealedFacts> {
    const facts = await this.#ask({ chore: 'seal', full });
    return { ...facts, minutes: Buffer.from(facts.minutes) }; // a Buffer loses its class between threads
  }

  /** Writes a tar file with everything that is committed. @param signal ends it; the promise rejects with its reason. */
  backup(file: string, progress?: Progress, signal?: AbortSignal): Promise<BackupReport> {
    return this.#ask({ chore: 'backup', file }, progress, signal);
  }

  check(progress?: Progress, signal?: AbortSignal): Promise<CheckReport> {
    return this.#ask({ chore: 'check' }, progress, signal);
  }

  /** Makes sealed files, under the same numbers, of what can be read of damaged partitions. */
  salvage(numbers: readonly number[], progress?: Progress): Promise<readonly Salvaged[]> {
    return this.#ask({ chore: 'salvage', numbers }, progress);
  }

  /** Gives up what is under way, and ends the thread; idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    const worker = this.#worker;
    if (worker === undefined) return;
    for (const { stop } of this.#waiting.values()) Atomics.store(stop, 0, 1);
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.ref();
    worker.postMessage('end');
    const timer = setTimeout(() => void worker.terminate(), PATIENCE_MS);
    await ended;
    clearTimeout(timer);
  }

  #ask<N extends ChoreName>(
    errand: Errand & { readonly chore: N },
    progress?: Progress,
    signal?: AbortSignal,
  ): Promise<Chore[N]['gives']> {
    if (this.#closed) return Promise.reject(new StoreError('failed', 'The database is closed.'));
    if (signal?.aborted) return Promise.reject(asError(signal.reason));
    const id = this.#nextId++;
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const abort = () => void Atomics.store(stop, 0, 1);
    signal?.addEventListener('abort', abort, { once: true });
    const answer = new Promise<Chore[N]['gives']>((resolve, reject) => {
      const settle: Waiting['settle'] = (reply) => {
        // Both ends are this program: the thread answers each errand by its own type.
        if ('value' in reply) resolve(reply.value as Chore[N]['gives']);
        else if ('code' in reply) reject(new StoreError(reply.code, reply.message));
        else reject(signal?.aborted ? asError(signal.reason) : closedMeanwhile());
      };
      this.#waiting.set(id, { stop, progress, settle, fail: reject });
      this.#running().postMessage({ id, errand, stop } satisfies ChoreRequest);
    });
    return answer.finally(() => signal?.removeEventListener('abort', abort));
  }

  #running(): Worker {
    clearTimeout(this.#idle);
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(FILE, {
      workerData: { folder: this.#folder },
      name: 'store chores',
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    worker.on('message', (reply: ChoreReply) => this.#take(reply));
    worker.on('error', (error) => this.#broken(worker, asError(error).message));
    worker.on('exit', () => this.#broken(worker, 'it ended'));
    this.#worker = worker;
    return worker;
  }

  #take(reply: ChoreReply): void {
    const waiting = this.#waiting.get(reply.id);
    if ('progress' in reply) return waiting?.progress?.(reply.progress);
    this.#waiting.delete(reply.id);
    waiting?.settle(reply);
    if (this.#waiting.size > 0 || this.#closed) return;
    this.#idle = setTimeout(() => {
      this.#worker?.postMessage('end');
      this.#worker = undefined;
    }, IDLE_MS);
    this.#idle.unref();
  }

  /** A thread that is told to end is forgotten before, but for the one that `close` waits for. */
  #broken(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const error = this.#closed
      ? closedMeanwhile()
      : new StoreError('failed', `The thread that looks after the database broke off (${why}). Try again.`);
    for (const { fail } of this.#waiting.values()) fail(error);
    this.#waiting.clear();
  }
}

const closedMeanwhile = () => new StoreError('failed', 'The database was closed meanwhile.');
const asError = (reason: unknown) => (reason instanceof Error ? reason : new Error(String(reason)));
