import { Worker } from 'node:worker_threads';
import * as v from 'valibot';
import type { Cursor } from '../../shared/event.ts';
import type { Batch } from './batch.ts';
import type { Cut, Hold, Retention, SetAside } from './contract.ts';
import { StoreError, type StoreErrorCode } from './error.ts';
import type { FullPartition, SealedFacts } from './seal.ts';

/** What the engine's thread knows of what is to be set aside. */
export const asideOrder = v.object({
  /** Sentences: what is wrong with it. */
  why: v.string(),
  atMs: v.number(),
  /** This boot keeps its number. */
  boot: v.number(),
  bootId: v.string(),
  /** In sound files; null where nobody knows. */
  events: v.nullable(v.number()),
  firstMs: v.nullable(v.number()),
  lastMs: v.nullable(v.number()),
});
export type AsideOrder = v.InferOutput<typeof asideOrder>;

/** What the thread is started with. */
export const writerData = v.parser(
  v.object({
    folder: v.string(),
    bootId: v.string(),
    retention: v.object({ days: v.number(), bytes: v.number(), freeWhenFull: v.boolean() }),
    /** Everything there is, is set aside first. */
    aside: v.optional(asideOrder),
  }),
);
export type WriterData = ReturnType<typeof writerData>;

/** A batch for a partition; one with a new number closes the partition before it. */
export interface Append {
  readonly partition: number;
  readonly wallBaseMs: number;
  readonly batch: Batch;
}

/** Every text and list of a partition, in the order of their ids. */
export interface Dictionaries {
  readonly strings: readonly string[];
  readonly lists: readonly string[];
}

/** What a partition begins with that goes on for another one. */
export interface Beginning extends Dictionaries {
  readonly wallBaseMs: number;
}

/** A partition cannot be written to any more. What waits for it and for later ones has the next numbers from now on. */
export interface Move {
  readonly broken: number;
  /** A sentence. */
  readonly problem: string;
  /** What the batches that were meant for it refer to; undefined where none were. */
  readonly beginning: Beginning | undefined;
  /** It was set aside: there is nothing to give up. */
  readonly aside: boolean;
}

/** What else the thread is asked for, and what it answers. */
export interface Requests {
  readonly cuts: { readonly asks: object; readonly gives: readonly Cut[] };
  readonly holds: { readonly asks: object; readonly gives: readonly Hold[] };
  readonly hold: { readonly asks: { readonly hold: Hold }; readonly gives: void };
  readonly release: { readonly asks: { readonly id: string }; readonly gives: void };
  readonly retain: { readonly asks: { readonly retention: Retention }; readonly gives: void };
  /** Deletes what was appended before. */
  readonly wipe: { readonly asks: object; readonly gives: void };
  /** Sets aside the partitions that are damaged. */
  readonly set_aside: { readonly asks: { readonly order: AsideOrder }; readonly gives: SetAside };
  /** The sealed file of a partition is there. */
  readonly sealed: {
    readonly asks: { readonly number: number; readonly facts: SealedFacts };
    readonly gives: void;
  };
  /** A partition cannot be read. The one that is written to is given up, too. */
  readonly damaged: {
    readonly asks: { readonly number: number; readonly problem: string };
    readonly gives: void;
  };
}
export type RequestName = keyof Requests;
export type Request = { [N in RequestName]: { readonly ask: N } & Requests[N]['asks'] }[RequestName];

/** How much there is, for `stats`. */
export interface Standing {
  readonly events: number;
  readonly oldest: number | null;
  readonly newest: number | null;
  readonly bytes: number;
  readonly partitions: number;
  readonly damaged: readonly { readonly number: number; readonly problem: string }[];
}

/** What the thread has found at its start. */
export interface Ready {
  readonly boot: number;
  readonly last: { readonly sequence: number; readonly timeNs: number };
  readonly newest: Cursor | undefined;
  /** The partition that is gone on with, and what its dictionaries have. */
  readonly open: OpenPartition | undefined;
  /** The number of the next partition. */
  readonly next: number;
  /** Partitions that wait to be sealed. */
  readonly full: readonly number[];
  readonly standing: Standing;
  /** Sentences. */
  readonly said: readonly string[];
  /** What was set aside before, where that was asked for. */
  readonly aside: SetAside | undefined;
}
export interface OpenPartition extends Beginning {
  readonly number: number;
  readonly events: number;
}

/** From the engine's thread to the writer's. */
export type Order =
  | ({ readonly order: 'append'; readonly id: number } & Append)
  | { readonly order: 'request'; readonly id: number; readonly request: Request }
  | ({ readonly order: 'move_on' } & Move)
  | { readonly order: 'end' }
  /** As 'end', and what waits stays with who appended it. */
  | { readonly order: 'leave' };

/** From the writer's thread to the engine's. */
export type Word =
  | { readonly word: 'ready'; readonly ready: Ready }
  | { readonly word: 'unable'; readonly code: StoreErrorCode; readonly message: string }
  | { readonly word: 'stored'; readonly id: number; readonly standing: Standing }
  | { readonly word: 'standing'; readonly standing: Standing }
  | { readonly word: 'refused'; readonly said: string | undefined }
  /** Asks for `move_on`. */
  | { readonly word: 'broken'; readonly number: number; readonly problem: string }
  | { readonly word: 'full'; readonly full: FullPartition }
  | { readonly word: 'log'; readonly line: string }
  | { readonly word: 'reply'; readonly id: number; readonly value: unknown }
  | {
      readonly word: 'error';
      readonly id: number;
      readonly code: StoreErrorCode;
      readonly message: string;
    };

/** The sources run as they are under Node; bundled, the writer lies beside the engine. */
const FILE = new URL(import.meta.url.endsWith('.ts') ? './writer.ts' : './writer.js', import.meta.url);
/** Batches are outside the heap, texts for a moment within. */
const HEAP_MIB = 96;
const YOUNG_MIB = 8;
/** A thread that broke is started again after so long. */
const AGAIN_MS = 1000;
/** The thread gives up by itself before (see PATIENCE_MS in writer.ts). */
const END_MS = 20_000;

export interface WritingListener {
  readonly onStanding: (standing: Standing) => void;
  readonly onRefused: (said: string | undefined) => void;
  readonly onFull: (full: FullPartition) => void;
  /** A partition can be written to no more. Gives what those begin with that goes on for it. */
  readonly onBroken: (number: number) => Beginning | undefined;
  readonly log: (line: string) => void;
}

interface Waiting {
  append: Append;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}
interface Asked {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The thread that writes, seen from the engine's. Where it breaks, it is started again and given what it had not stored. */
export class Writing {
  #data: WriterData;
  readonly #listener: WritingListener;
  /** In the order of the appends. */
  readonly #waiting = new Map<number, Waiting>();
  readonly #asked = new Map<number, Asked>();
  #worker: Worker | undefined;
  #nextId = 1;
  #closed = false;
  #again: NodeJS.Timeout | undefined;
  #starting: Promise<unknown> = Promise.resolve();
  #settingAside = false;
  /** Why the store was not opened; it is once that is set aside. */
  #unopened: StoreError | undefined;

  /** @throws StoreError as a rejection, where the store cannot be opened. */
  static async start(
    data: WriterData,
    listener: WritingListener,
  ): Promise<{ readonly writing: Writing; readonly ready: Ready }> {
    const writing = new Writing(data, listener);
    return { writing, ready: await writing.#start() };
  }

  /** No thread yet, since the store cannot be opened: what is appended waits until it is set aside. */
  static waiting(data: WriterData, listener: WritingListener, unopened: StoreError): Writing {
    const writing = new Writing(data, listener);
    writing.#unopened = unopened;
    return writing;
  }

  private constructor(data: WriterData, listener: WritingListener) {
    this.#data = data;
    this.#listener = listener;
  }

  get unopened(): StoreError | undefined {
    return this.#unopened;
  }

  /** Resolves once it is stored; rejects where the store was closed before. */
  append(append: Append): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(closedError());
      const id = this.#nextId++;
      this.#waiting.set(id, { append, resolve, reject });
      this.#post({ order: 'append', id, ...append });
    });
  }

  /** @throws StoreError as a rejection. */
  ask<R extends Request>(request: R): Promise<Requests[R['ask']]['gives']> {
    if (request.ask === 'retain') this.#data = { ...this.#data, retention: request.retention };
    return new Promise((resolve, reject) => {
      if (this.#unopened !== undefined) return reject(this.#unopened);
      if (this.#closed || this.#worker === undefined) return reject(closedError());
      const id = this.#nextId++;
      // Both ends are this program: the writer answers each request by its own type.
      const settle = (value: unknown) => resolve(value as Requests[R['ask']]['gives']);
      this.#asked.set(id, { resolve: settle, reject });
      this.#post({ order: 'request', id, request });
    });
  }

  /**
   * Has another thread begin with a new database, everything there was set aside. What waits goes there.
   * @throws StoreError as a rejection; then all goes on as before.
   */
  async setAside(aside: AsideOrder): Promise<SetAside> {
    this.#settingAside = true;
    try {
      clearTimeout(this.#again);
      await this.#starting;
      const left = this.#worker;
      if (left !== undefined) await this.#end(left, { order: 'leave' });
      const ready = await this.#start(aside);
      if (ready.aside === undefined || ready.boot !== aside.boot)
        throw new StoreError('failed', 'The new database is not the one that was meant. Start Merlon again.');
      this.#unopened = undefined;
      const first = this.#waiting.values().next().value?.append.partition;
      this.#begin(ready, first);
      return ready.aside;
    } finally {
      this.#settingAside = false;
      if (this.#worker === undefined && this.#unopened === undefined && !this.#closed) this.#startAgain();
    }
  }

  /** Ends the thread once what was appended is stored, or cannot be for some seconds. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#again);
    if (this.#worker !== undefined) await this.#end(this.#worker, { order: 'end' });
    this.#failAll(closedError());
    for (const { reject } of this.#waiting.values()) reject(closedError());
    this.#waiting.clear();
  }

  async #end(worker: Worker, order: Order): Promise<void> {
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    this.#post(order);
    const timer = setTimeout(() => void worker.terminate(), END_MS);
    await ended;
    clearTimeout(timer);
  }

  #start(aside?: AsideOrder): Promise<Ready> {
    const worker = new Worker(FILE, {
      workerData: { ...this.#data, aside },
      name: 'store writer',
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    return new Promise((resolve, reject) => {
      let why = 'it ended';
      worker.on('message', (word: Word) => {
        if (word.word === 'ready') {
          this.#worker = worker;
          resolve(word.ready);
        } else if (word.word === 'unable') reject(new StoreError(word.code, word.message));
        else this.#hear(word);
      });
      worker.on('error', (error) => (why = error instanceof Error ? error.message : String(error)));
      worker.on('exit', () => {
        reject(new StoreError('failed', `The thread that writes the database broke off (${why}).`));
        if (this.#worker === worker) this.#broken(why);
      });
    });
  }

  #broken(why: string): void {
    this.#worker = undefined;
    if (this.#closed) return;
    if (this.#settingAside) return this.#failAll(new StoreError('failed', SETTING_ASIDE));
    const said = `The thread that writes the database broke off (${why}); it is started again.`;
    this.#listener.log(said);
    this.#listener.onRefused(said);
    this.#failAll(new StoreError('failed', said));
    this.#startAgain();
  }

  #startAgain(): void {
    this.#again = setTimeout(() => {
      this.#starting = this.#start().then(
        (ready) => this.#begin(ready),
        (error: unknown) => {
          this.#listener.onRefused(error instanceof Error ? error.message : String(error));
          if (!this.#closed && !this.#settingAside) this.#startAgain();
        },
      );
    }, AGAIN_MS);
  }

  /** @param aside the first partition that has something waiting, where everything was set aside: its file is not there. */
  #begin(ready: Ready, aside?: number): void {
    this.#listener.onStanding(ready.standing);
    this.#listener.onRefused(undefined);
    if (aside !== undefined) this.#moveOn(aside, `Partition ${aside} was set aside.`, true);
    for (const [id, { append }] of this.#waiting) this.#post({ order: 'append', id, ...append });
    for (const number of ready.full) this.#listener.onFull({ number });
  }

  #hear(word: Exclude<Word, { readonly word: 'ready' | 'unable' }>): void {
    switch (word.word) {
      case 'stored':
        this.#listener.onStanding(word.standing);
        this.#waiting.get(word.id)?.resolve();
        this.#waiting.delete(word.id);
        return;
      case 'standing':
        return this.#listener.onStanding(word.standing);
      case 'refused':
        return this.#listener.onRefused(word.said);
      case 'broken':
        return this.#moveOn(word.number, word.problem, false);
      case 'full':
        return this.#listener.onFull(word.full);
      case 'log':
        return this.#listener.log(word.line);
      case 'reply':
        this.#asked.get(word.id)?.resolve(word.value);
        this.#asked.delete(word.id);
        return;
      case 'error':
        this.#asked.get(word.id)?.reject(new StoreError(word.code, word.message));
        this.#asked.delete(word.id);
    }
  }

  #moveOn(broken: number, problem: string, aside: boolean): void {
    this.#listener.log(problem);
    const beginning = this.#listener.onBroken(broken);
    for (const waiting of this.#waiting.values()) waiting.append = movedOn(waiting.append, broken);
    this.#post({ order: 'move_on', broken, problem, beginning, aside });
  }

  #post(order: Order): void {
    this.#worker?.postMessage(order);
  }

  #failAll(error: Error): void {
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
  }
}

/** The append with the number that its partition has after a move. */
export const movedOn = (append: Append, broken: number): Append =>
  append.partition < broken ? append : { ...append, partition: append.partition + 1 };

/** What is asked meanwhile is told so. */
export const SETTING_ASIDE = 'The database is being set aside. Ask again.';

export const closedError = () => new StoreError('failed', 'The database is closed.');
