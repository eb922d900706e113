const KEPT = 200;
const LONGEST = 2000;

/** The last lines that were logged, in memory only: what a diagnostics bundle shows of them. */
export class LogRing {
  #lines: string[] = [];

  /** Oldest first, each with the moment at which it was said. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  add(line: string): void {
    this.#lines.push(`${new Date().toISOString()} ${line.slice(0, LONGEST)}`);
    if (this.#lines.length > KEPT) this.#lines.shift();
  }
}
