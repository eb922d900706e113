import type { Status } from '../../shared/console.ts';

const EVERY_MS = 1000;

/** Tells the faces of the engine's state: at once when it has been quiet, at most once a second otherwise. */
export class StatusTeller {
  readonly #status: () => Status;
  readonly #tell: (status: Status) => void;
  #toldAt = -Infinity;
  #told = '';
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(status: () => Status, tell: (status: Status) => void) {
    this.#status = status;
    this.#tell = tell;
  }

  /** Something may have changed. */
  changed(): void {
    if (this.#stopped || this.#timer !== undefined) return;
    const wait = this.#toldAt + EVERY_MS - performance.now();
    if (wait <= 0) this.#send();
    else this.#timer = setTimeout(() => this.#send(), wait);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #send(): void {
    this.#timer = undefined;
    const status = this.#status();
    // Time passes and memory breathes by itself: that alone is no news.
    const news = JSON.stringify({
      ...status,
      engine: { version: status.engine.version, pid: status.engine.pid },
    });
    if (news === this.#told) return;
    this.#told = news;
    this.#toldAt = performance.now();
    this.#tell(status);
  }
}
