/** How long, and how much, is kept: what the person chose stays chosen over restarts. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { DEFAULT_RETENTION, type Retention } from './store/contract.ts';

const FILE_NAME = 'retention.json';

const kept = v.strictObject({ days: v.number(), bytes: v.number(), freeWhenFull: v.boolean() });

/** The retention that holds, kept in a small file of the data folder. */
export class KeptRetention {
  readonly #path: string;
  #now: Retention;

  /**
   * @param flags what the command line of the engine says: for this run it goes before what was chosen earlier.
   * @param log told where the file cannot be understood; the defaults hold then.
   */
  constructor(folder: string, flags: Partial<Retention>, log: (line: string) => void) {
    this.#path = join(folder, FILE_NAME);
    this.#now = { ...read(this.#path, log), ...flags };
  }

  get now(): Retention {
    return this.#now;
  }

  /** @throws Error where the file cannot be written; nothing has changed then. */
  keep(retention: Retention): void {
    const temporary = `${this.#path}.new`;
    writeFileSync(temporary, `${JSON.stringify(retention)}\n`, { mode: 0o600 });
    renameSync(temporary, this.#path);
    this.#now = retention;
  }
}

function read(path: string, log: (line: string) => void): Retention {
  try {
    return v.parse(kept, JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) {
      log(`${path} cannot be understood; the defaults hold: ${String(error)}`);
    }
    return DEFAULT_RETENTION;
  }
}
