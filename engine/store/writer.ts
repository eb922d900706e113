/** Entry of the thread that owns the folder and writes to it: what it may wait for, the engine's thread does not. */
import { parentPort, workerData } from 'node:worker_threads';
import { storeError } from './error.ts';
import { isDamage } from './damage.ts';
import { Keeper, openingError } from './keeper.ts';
import { MissingTexts } from './partition.ts';
import {
  movedOn,
  writerData,
  type Append,
  type Move,
  type Order,
  type Request,
  type Word,
} from './writing.ts';

/** What was refused is tried again after so long. */
const AGAIN_MS = 1000;
const RETAIN_MS = 600_000;
/** Told to end, the thread tries so long to store what waits. */
const PATIENCE_MS = 10_000;

const data = writerData(workerData);
const say = (word: Word) => parentPort?.postMessage(word);
const log = (line: string) => say({ word: 'log', line });

interface Waiting {
  readonly id: number;
  readonly append: Append;
}

class Writer {
  readonly #keeper: Keeper;
  #queue: Waiting[] = [];
  readonly #retaining: NodeJS.Timeout;
  #again: NodeJS.Timeout | undefined;
  #refused = false;
  /** The partition that is written to is broken, and what goes on for it was asked for. */
  #broken: { readonly move?: Move } | undefined;
  /** The batch that found it broken: what breaks the next file, too, is refused. */
  #lastBroken: number | undefined;
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
      case 'move_on':
        this.#queue = this.#queue.map(({ id, append }) => ({ id, append: movedOn(append, order.broken) }));
        this.#broken = { move: order };
        if (this.#again === undefined) this.#work();
        return;
      case 'request':
        return this.#answer(order.id, order.request);
      case 'end':
        this.#endAt = performance.now() + PATIENCE_MS;
        if (this.#again === undefined) this.#work();
        return;
      case 'leave':
        clearTimeout(this.#again);
        this.#queue = [];
        return this.#end();
    }
  }

  #work(): void {
    this.#again = undefined;
    for (;;) {
      const next = this.#queue[0];
      try {
        if (this.#broken !== undefined && !this.#moveOn()) return;
        if (next === undefined) break;
        this.#keeper.store(next.append);
      } catch (error) {
        if (this.#break(error, next)) return;
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

  /** @returns whether the error says that the file is no good, and another is asked for: for each batch once. */
  #break(error: unknown, batch: Waiting | undefined): boolean {
    const broken = isDamage(error) || error instanceof MissingTexts;
    if (!broken || batch === undefined || batch.id === this.#lastBroken) return false;
    this.#lastBroken = batch.id;
    const { partition } = batch.append;
    const said = error instanceof Error ? error.message : String(error);
    this.#askToMoveOn(partition, `Partition ${partition} cannot be written to any more (${said}).`);
    return true;
  }

  #askToMoveOn(number: number, problem: string): void {
    this.#broken = {};
    say({ word: 'broken', number, problem });
  }

  /** @returns whether that is done. @throws whatever refuses it. */
  #moveOn(): boolean {
    const move = this.#broken?.move;
    if (move === undefined) return false;
    this.#keeper.moveOn(move);
    this.#broken = undefined;
    say({ word: 'standing', standing: this.#keeper.standing() });
    return true;
  }

  #refuse(error: unknown): void {
    if (!this.#refused) say({ word: 'refused', said: storeError(error, this.#keeper.path).message });
    this.#refused = true;
  }

  #answer(id: number, request: Request): void {
    try {
      if (request.ask === 'damaged' && this.#broken === undefined && this.#keeper.isCurrent(request.number))
        this.#askToMoveOn(request.number, request.problem);
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
