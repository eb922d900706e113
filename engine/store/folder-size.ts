import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { eventsFolder } from './layout.ts';

/** The folder's size is measured at most so often. */
const MEASURE_MS = 1000;

/** What the store takes on disk; what was set aside is not of it. */
export class FolderSize {
  readonly #folder: string;
  #measured = { atMs: -Infinity, bytes: 0 };

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** In bytes, as measured a moment ago. */
  get last(): number {
    return performance.now() - this.#measured.atMs >= MEASURE_MS ? this.measure() : this.#measured.bytes;
  }

  /** Much has changed: what was measured is void. */
  forget(): void {
    this.#measured = { atMs: -Infinity, bytes: 0 };
  }

  measure(): number {
    const sizes = [this.#folder, eventsFolder(this.#folder)].flatMap((folder) =>
      readdirSync(folder).map((name) => {
        const stat = statSync(join(folder, name), { throwIfNoEntry: false });
        return stat?.isFile() === true ? stat.size : 0;
      }),
    );
    this.#measured = { atMs: performance.now(), bytes: sizes.reduce((sum, size) => sum + size, 0) };
    return this.#measured.bytes;
  }
}
