/** What goes on meanwhile, for a person at a terminal: one line on stderr that is written over and, in the end, away. */
import { cell } from './terminal.ts';

const EVERY_MS = 100;
const ERASE = '\r\u001b[2K';

export interface Terminal {
  readonly isTTY?: boolean;
  /** 0 where the terminal does not say. */
  readonly columns?: number;
  write(text: string): unknown;
}

export class ProgressLine {
  readonly #stream: Terminal;
  #shown = false;
  #saidAt = -Infinity;

  /** @param stream where it is no terminal, nothing is ever written. */
  constructor(stream: Terminal) {
    this.#stream = stream;
  }

  /** At most ten times a second; hostile characters are shown as codes. */
  say(text: string): void {
    const now = performance.now();
    if (this.#stream.isTTY !== true || now - this.#saidAt < EVERY_MS) return;
    this.#saidAt = now;
    this.#shown = true;
    this.#stream.write(ERASE + cell(text, (this.#stream.columns || 80) - 1).trimEnd());
  }

  /** Away with it, before anything else is written. */
  clear(): void {
    if (!this.#shown) return;
    this.#shown = false;
    this.#saidAt = -Infinity;
    this.#stream.write(ERASE);
  }
}
