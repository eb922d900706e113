import { Worker } from 'node:worker_threads';
import * as v from 'valibot';
import type { Cursor, Event, EventFields } from '../../shared/event.ts';
import { StoreError, type StoreErrorCode } from './error.ts';
import type {
  Histogram,
  HistogramRequest,
  Page,
  PageRequest,
  Story,
  Values,
  ValuesRequest,
} from './contract.ts';

export type Question =
  | { readonly ask: 'page'; readonly request: PageRequest }
  | { readonly ask: 'get'; readonly cursor: Cursor }
  | { readonly ask: 'process'; readonly entityId: string }
  | { readonly ask: 'story'; readonly entityId: string; readonly limit: number }
  | { readonly ask: 'histogram'; readonly request: HistogramRequest }
  | { readonly ask: 'values'; readonly request: ValuesRequest };

/** What the thread is told: a question, that it may open what there is before anybody asks, or to end. */
export type Told = Asked | { readonly warm: true } | { readonly end: true };

export interface Asked {
  readonly id: number;
  /** Not 0: nobody waits for the answer any more. */
  readonly cancelled: Int32Array;
  readonly question: Question;
}

/** `value` is what `Answers` says for the question that was asked. */
type Answer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly code: StoreErrorCode; readonly message: string };

/** What the thread tells: an answer, a partition that it cannot read, or something for the log. */
export type Reply =
  Answer | { readonly damaged: number; readonly problem: string } | { readonly said: string };

interface Answers {
  readonly page: Page;
  readonly get: Event | undefined;
  readonly process: EventFields | undefined;
  readonly story: Story | undefined;
  readonly histogram: Histogram;
  readonly values: Values;
}

/** What may happen beside answers. */
export interface ReadingEvents {
  /** A partition cannot be read, and why. Answers go without it. */
  readonly onDamaged?: (number: number, problem: string) => void;
  readonly log?: (line: string) => void;
}

/** A thread that does not end by itself is ended after so long. */
const END_MS = 20_000;

/** What the thread is started with. */
export const readerData = v.parser(v.object({ folder: v.string() }));

/** The sources run as they are under Node; bundled, the reader lies beside the engine. */
const READER = new URL(import.meta.url.endsWith('.ts') ? './reader.ts' : './reader.js', import.meta.url);

/** Small generations keep little garbage: most of what an answer makes is void with it. */
const LIMITS = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 256 };

interface Waiting {
  readonly settle: (reply: Answer) => void;
  readonly fail: (error: Error) => void;
}

/** The reader's thread seen from the engine's: started by `start` or the first question, and again after it broke. */
export class Reading {
  readonly #folder: string;
  readonly #events: ReadingEvents;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #nextId = 1;
  #closed = false;
  #suspended: StoreError | undefined;

  constructor(folder: string, events: ReadingEvents = {}) {
    this.#folder = folder;
    this.#events = events;
  }

  /** Starts the thread, which takes a while, before there is a question. */
  start(): void {
    this.#running();
  }

  /** Has it open what there is, the newest first; questions come between. Once there is a catalogue. */
  warm(): void {
    this.#running().postMessage({ warm: true } satisfies Told);
  }

  /**
   * Asks one question; questions queue up behind each other.
   * @param signal gives the question up, queued or under way: the promise rejects with the signal's reason.
   * @throws StoreError as a rejection.
   */
  ask<Q extends Question>(question: Q, signal?: AbortSignal): Promise<Answers[Q['ask']]> {
    if (this.#closed) return Promise.reject(new StoreError('failed', 'The database is closed.'));
    if (this.#suspended !== undefined) return Promise.reject(this.#suspended);
    if (signal?.aborted) return Promise.reject(asError(signal.reason));
    const id = this.#nextId++;
    const cancelled = new Int32Array(new SharedArrayBuffer(4));
    return new Promise((resolve, reject) => {
      const abort = () => {
        Atomics.store(cancelled, 0, 1);
        this.#waiting.delete(id);
        reject(asError(signal?.reason));
      };
      const done = () => {
        this.#waiting.delete(id);
        signal?.removeEventListener('abort', abort);
      };
      const settle = (reply: Answer) => {
        done();
        // Both ends are this program: the reader answers each question by its own type.
        if (reply.ok) resolve(reply.value as Answers[Q['ask']]);
        else reject(new StoreError(reply.code, reply.message));
      };
      const fail = (error: Error) => {
        Atomics.store(cancelled, 0, 1);
        done();
        reject(error);
      };
      this.#waiting.set(id, { settle, fail });
      signal?.addEventListener('abort', abort, { once: true });
      this.#running().postMessage({ id, cancelled, question } satisfies Told);
    });
  }

  /** Lets go of every file. Questions fail with this, those under way, too, until `resume`. */
  async suspend(why: StoreError): Promise<void> {
    this.#suspended = why;
    await this.#end(why);
  }

  /** Reads what is there now. */
  resume(): void {
    if (this.#closed) return;
    this.#suspended = undefined;
    this.warm();
  }

  /** Ends the thread; questions under way fail. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#end(new StoreError('failed', 'The database was closed before it answered.'));
  }

  async #end(why: StoreError): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#failAll(why);
    if (worker === undefined) return;
    // By itself: ended from outside while it loads SQLite, a thread takes the whole process along.
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    const timer = setTimeout(() => void worker.terminate(), END_MS);
    worker.postMessage({ end: true } satisfies Told);
    await ended;
    clearTimeout(timer);
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(READER, {
      workerData: { folder: this.#folder },
      name: 'store reader',
      resourceLimits: LIMITS,
    });
    worker.on('message', (reply: Reply) => this.#told(reply));
    const broken = (why: string) => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#failAll(
        new StoreError('failed', `The thread that reads the database ended (${why}). Ask again.`),
      );
    };
    worker.on('error', (error) => broken(error instanceof Error ? error.message : String(error)));
    worker.on('exit', (code) => broken(`exit code ${code}`));
    this.#worker = worker;
    return worker;
  }

  #told(reply: Reply): void {
    if ('id' in reply) this.#waiting.get(reply.id)?.settle(reply);
    else if ('damaged' in reply) this.#events.onDamaged?.(reply.damaged, reply.problem);
    else this.#events.log?.(`The store’s reader: ${reply.said}`);
  }

  #failAll(error: Error): void {
    for (const { fail } of [...this.#waiting.values()]) fail(error);
  }
}

const asError = (reason: unknown) => (reason instanceof Error ? reason : new Error(String(reason)));
