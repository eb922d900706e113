import type { Status } from '../../shared/console.ts';

const EVERY_MS = 1000;

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
  return JSON.stringify([helper, sensor.attached, sensor.refused, store.problem]);
}

/** Time passes and memory breathes by itself: that alone is no news. */
function figuresOf({ sensor, store }: Status): string {
  return JSON.stringify([sensor, store]);
}
