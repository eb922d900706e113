/** The baseline, and what was told in this boot, in a small file of the data folder: exchanged whole, believed only where it is whole. */
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { knownRow, type Baseline } from './baseline.ts';

export const FILE_NAME = 'bpf.json';
const SCHEMA = 1;
/** Far more than the rows of ten thousand programs. */
const MAX_BYTES = 32 << 20;

const file = v.strictObject({
  schema: v.literal(SCHEMA),
  baseline: v.strictObject({ made: v.pipe(v.number(), v.finite()), rows: v.array(knownRow) }),
  /** Findings of that boot, by `Told`'s keys. */
  told: v.strictObject({ boot_id: v.string(), keys: v.array(v.string()) }),
});
const anySchema = v.object({ schema: v.pipe(v.number(), v.safeInteger()) });

export interface KeptBpf {
  readonly baseline: Baseline;
  readonly told: { readonly boot_id: string; readonly keys: readonly string[] };
}

export class BpfFile {
  readonly #path: string;
  readonly #log: (line: string) => void;
  /** Of a newer Merlon: it is left as it is until somebody asks for another baseline. */
  #spare = false;
  #problem: string | undefined;

  /** @param folder of the data; it need not be there. */
  constructor(folder: string, log: (line: string) => void) {
    this.#path = join(folder, FILE_NAME);
    this.#log = log;
  }

  /** What is wrong with the file, in a sentence for a person; undefined where nothing is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** @returns undefined where there is none, or none that can be believed: see `problem`. */
  read(): KeptBpf | undefined {
    if (!existsSync(this.#path)) return undefined;
    try {
      if (statSync(this.#path).size > MAX_BYTES) throw new Error('it is larger than any of Merlon’s');
      const value: unknown = JSON.parse(readFileSync(this.#path, 'utf8'));
      const version = v.safeParse(anySchema, value);
      if (version.success && version.output.schema > SCHEMA) return this.#newer();
      return v.parse(file, value);
    } catch (error) {
      return this.#damaged(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param wanted by a person: then also over the file of a newer Merlon. */
  write(kept: KeptBpf, wanted = false): void {
    if (this.#spare && !wanted) return;
    try {
      writeFileSync(`${this.#path}.new`, JSON.stringify({ schema: SCHEMA, ...kept }), { mode: 0o600 });
      renameSync(`${this.#path}.new`, this.#path);
      if (!wanted) return;
      this.#spare = false;
      this.#problem = undefined;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#log(`which BPF programs are known is not kept: ${why}`);
    }
  }

  #newer(): undefined {
    this.#spare = true;
    this.#say(
      'Which BPF programs were known was written by a newer Merlon: what came before this engine started is not called new. To begin anew: merlon bpf accept',
    );
  }

  /** Set aside rather than written over: it may be all that tells of somebody who was here. */
  #damaged(why: string): undefined {
    this.#log(`${this.#path} cannot be read: ${why}`);
    try {
      renameSync(this.#path, `${this.#path}.damaged`);
    } catch (error) {
      this.#log(`${this.#path} cannot be set aside: ${String(error)}`);
    }
    this.#say(
      `Which BPF programs were known cannot be read any more (now ${FILE_NAME}.damaged), and was begun anew: what came before is not called new. Look at the list, then: merlon bpf accept`,
    );
  }

  #say(sentence: string): void {
    this.#problem = sentence;
    this.#log(sentence);
  }
}
