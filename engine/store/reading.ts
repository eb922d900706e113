import { Worker } from 'node:worker_threads';
import * as v from 'valibot';
import type { Cursor, Event, EventFields } from '../../shared/event.ts';
import { StoreError, type StoreErrorCode } from './error.ts';
import type { Page, PageRequest } from './pages.ts';

export type Question =
  | { readonly ask: 'page'; readonly request: PageRequest }
  | { readonly ask: 'get'; readonly cursor: Cursor }
  | { readonly ask: 'process'; readonly entityId: string; readonly now: number };

/** `value` is what `Answers` says for the question that was asked. */
export type Reply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly code: StoreErrorCode; readonly message: string };

interface Answers {
  readonly page: Page;
  readonly get: Event | undefined;
  readonly process: EventFields | undefined;
}

/** What the thread is started with. */
export const readerData = v.parser(v.object({ path: v.string() }));

/** The sources run as they are under Node; bundled, the reader lies beside the engine. */
const READER = new URL(import.meta.url.endsWith('.ts') ? './reader.ts' : './reader.js', import.meta.url);

interface Waiting {
  readonly settle: (reply: Reply) => void;
  readonly fail: (error: Error) => void;
}

/** The reader's thread seen from the engine's: started by the first question, and again after it broke. */
export class Reading {
  readonly #path: string;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #nextId = 1;
  #closed = false;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Asks one question; questions queue up behind each other.
   * @param signal gives the question up, queued or under way: the promise rejects with the signal's reason.
   * @throws StoreError as a rejection.
   */
  ask<Q extends Question>(question: Q, signal?: AbortSignal): Promise<Answers[Q['ask']]> {
    if (this.#closed) return Promise.reject(new StoreError('failed', 'The database is closed.'));
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
      const settle = (reply: Reply) => {
        done();
        // Both ends are this program: the reader answers each question by its own type.
        if (reply.ok) resolve(reply.value as Answers[Q['ask']]);
        else reject(new StoreError(reply.code, reply.message));
      };
      const fail = (error: Error) => {
        done();
        reject(error);
      };
      this.#waiting.set(id, { settle, fail });
      signal?.addEventListener('abort', abort, { once: true });
      this.#running().postMessage({ id, cancelled, question });
    });
  }

  /** Ends the thread; questions under way fail. */
  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#worker = undefined;
    this.#failAll(new StoreError('failed', 'The database was closed before it answered.'));
    await worker?.terminate();
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(READER, { workerData: { path: this.#path }, name: 'store reader' });
    worker.on('message', (reply: Reply) => this.#waiting.get(reply.id)?.settle(reply));
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

  #failAll(error: Error): void {
    for (const { fail } of [...this.#waiting.values()]) fail(error);
  }
}

const asError = (reason: unknown) => (reason instanceof Error ? reason : new Error(String(reason)));
