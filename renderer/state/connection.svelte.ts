import { connect, type Absence } from '../api.ts';
import type { Console } from '../../shared/console.ts';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;

/** The page's connection to the engine: tries again, ever less often, until it stands. */
export class Connection {
  /** The engine's API while connected. */
  api = $state.raw<Console | undefined>();
  /** Why there is none; undefined before the first attempt has ended. */
  absent = $state<Absence | undefined>();
  /** Epoch milliseconds since when there is none. */
  since = $state(Date.now());
  /** Epoch milliseconds of the next attempt. */
  nextAttempt = $state<number | undefined>();

  #wait = FIRST_WAIT_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #trying = false;

  /** Tries now, whatever was planned. */
  async retry(): Promise<void> {
    if (this.#trying || this.api !== undefined) return;
    this.#trying = true;
    clearTimeout(this.#timer);
    this.nextAttempt = undefined;
    const attempt = await connect();
    this.#trying = false;
    if (!attempt.ok) return this.#later(attempt.why);
    this.#wait = FIRST_WAIT_MS;
    this.absent = undefined;
    this.api = attempt.api;
    const forget = attempt.api.onClose(() => {
      forget();
      this.api = undefined;
      this.since = Date.now();
      this.#later('engine');
    });
  }

  #later(why: Absence): void {
    this.absent = why;
    this.nextAttempt = Date.now() + this.#wait;
    this.#timer = setTimeout(() => void this.retry(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
  }
}
