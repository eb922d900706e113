/** Events that come in while others are looked for: so many a second, in the small batches in which a ring is read. */
import { setTimeout as wait } from 'node:timers/promises';
import { MAX_WAITING_BYTES, type Store } from '../../../engine/store/contract.ts';
import type { Past } from '../past.ts';

const EVERY_MS = 5;
const MOST = 500;

export class Feeder {
  readonly #store: Store;
  readonly #past: Past;
  readonly #perMs: number;
  readonly #first: number;
  readonly #begun = performance.now();
  #next: number;
  #committed: number;
  #timer: NodeJS.Timeout;
  #failed: Error | undefined;
  #waitingBytes = 0;

  constructor(store: Store, past: Past, first: number, perSecond: number) {
    this.#store = store;
    this.#past = past;
    this.#perMs = perSecond / 1000;
    this.#first = first;
    this.#next = first;
    this.#committed = first;
    this.#timer = setInterval(() => this.#feed(), EVERY_MS);
  }

  /** Events with smaller numbers are stored. */
  get committed(): number {
    if (this.#failed !== undefined) throw this.#failed;
    return this.#committed;
  }

  /** Events with smaller numbers were given to the store. */
  get given(): number {
    return this.#next;
  }

  get #due(): number {
    return Math.floor(this.#first + (performance.now() - this.#begun) * this.#perMs);
  }

  /** Resolves once what should have come in has, so that what a bench itself takes long for is no burst. */
  async caughtUp(): Promise<void> {
    while (this.#due - this.committed > MOST) await wait(EVERY_MS);
  }

  #feed(): void {
    const end = Math.min(this.#due, this.#next + MOST);
    const { bytes } = this.#store.stats().waiting;
    this.#waitingBytes = Math.max(this.#waitingBytes, bytes);
    if (end <= this.#next || bytes > MAX_WAITING_BYTES) return;
    const batch = Array.from({ length: end - this.#next }, (_, i) => this.#past.event(this.#next + i));
    this.#next = end;
    this.#store.append(batch).then(
      () => (this.#committed = end),
      (error: unknown) => (this.#failed = error instanceof Error ? error : new Error(String(error))),
    );
  }

  /** @returns what was stored a second, and the most that waited for the disk. */
  stop(): { readonly perSecond: number; readonly waitingMiB: number } {
    clearInterval(this.#timer);
    const seconds = (performance.now() - this.#begun) / 1000;
    return { perSecond: (this.committed - this.#first) / seconds, waitingMiB: this.#waitingBytes / 2 ** 20 };
  }
}
