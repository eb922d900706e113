/** Entry of the thread that owns the folder and writes to it: what it may wait for, the engine's thread does not. */
import { parentPort, workerData } from 'node:worker_threads';
import { storeError } from './error.ts';
import { Keeper, openingError } from './keeper.ts';
import { writerData, type Append, type Order, type Request, type Word } from './writing.ts';

/** What was refused is tried again after so long. */
const AGAIN_MS = 1000;
const RETAIN_MS = 600_000;
/** Told to end, the thread tries so long to store what waits. */
const PATIENCE_MS = 10_000;

const data = writerData(workerData);
const say = (word: Word) => parentPort?.postMessage(word);
const log = (line: string) => say({ word: 'log', line });

class Writer {
  readonly #keeper: Keeper;
  readonly #queue: { readonly id: number; readonly append: Append }[] = [];
  readonly #retaining: NodeJS.Timeout;
  #again: NodeJS.Timeout | undefined;
  #refused = false;
  /** When to end, whatever waits. */
  #endAt: number | undefined;

  constructor(keeper: Keeper) {
    this.#keeper = keeper;
    this.#retaining = setInterval(() => this.#retain(), RETAIN_MS);
  }

  take(order: Order): void {
    switch (order.order) {
      case 'append':
        this.#queue.push({ id: order.id, append: order });
        if (this.#again === undefined) this.#work();
        return;
      case 'request':
        return this.#answer(order.id, order.request);
      case 'end':
        this.#endAt = performance.now() + PATIENCE_MS;
        if (this.#again === undefined) this.#work();
    }
  }

  #work(): void {
    this.#again = undefined;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      try {
        this.#keeper.store(next.append);
      } catch (error) {
        this.#refuse(error);
        if (this.#endAt !== undefined && performance.now() >= this.#endAt) break;
        this.#again = setTimeout(() => this.#work(), AGAIN_MS);
        return;
      }
      this.#queue.shift();
      if (this.#refused) say({ word: 'refused', said: undefined });
      this.#refused = false;
      say({ word: 'stored', id: next.id, standing: this.#keeper.standing() });
    }
    if (this.#endAt !== undefined) this.#end();
  }

  #refuse(error: unknown): void {
    if (!this.#refused) say({ word: 'refused', said: storeError(error, this.#keeper.path).message });
    this.#refused = true;
  }

  #answer(id: number, request: Request): void {
    try {
      const value = this.#keeper.answer(request);
      if (request.ask === 'wipe') this.#dropWaiting();
      say({ word: 'standing', standing: this.#keeper.standing() });
      say({ word: 'reply', id, value });
    } catch (error) {
      const { code, message } = storeError(error, this.#keeper.path);
      say({ word: 'error', id, code, message });
    }
  }

  /** Everything that was appended before a wipe is wiped. */
  #dropWaiting(): void {
    const standing = this.#keeper.standing();
    for (const { id } of this.#queue.splice(0)) say({ word: 'stored', id, standing });
    if (this.#refused) say({ word: 'refused', said: undefined });
    this.#refused = false;
    clearTimeout(this.#again);
    this.#again = undefined;
    if (this.#endAt !== undefined) this.#end();
  }

  #retain(): void {
    try {
      this.#keeper.retain();
      say({ word: 'standing', standing: this.#keeper.standing() });
    } catch (error) {
      log(`old events could not be cut: ${storeError(error, this.#keeper.path).message}`);
    }
  }

  #end(): void {
    clearInterval(this.#retaining);
    try {
      this.#keeper.close();
    } catch (error) {
      log(`the database could not be closed: ${storeError(error, this.#keeper.path).message}`);
    }
    parentPort?.close();
  }
}

try {
  const { keeper, ready } = Keeper.open(data, {
    onFull: (full) => say({ word: 'full', full }),
    onCut: () => say({ word: 'standing', standing: keeper.standing() }),
    log,
  });
  const writer = new Writer(keeper);
  parentPort?.on('message', (order: Order) => writer.take(order));
  say({ word: 'ready', ready });
} catch (error) {
  const { code, message } = openingError(error, data.folder);
  say({ word: 'unable', code, message });
}
