/** The baseline, and what was told and who was seen to load something in this boot, in a small file of the data folder: exchanged whole, believed only where it is whole. */
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { knownRow, type Baseline } from './baseline.ts';
import { keptLoad, MAX_LOADS, type KeptLoad } from './loads.ts';

export const FILE_NAME = 'bpf.json';
/** Since 2 with loads, accepted concerns and what is wrong; a file of 1 has none of them. */
const SCHEMA = 2;
/** Far more than the rows of ten thousand programs. */
const MAX_BYTES = 32 << 20;

const file = v.strictObject({
  schema: v.picklist([1, SCHEMA]),
  baseline: v.strictObject({ made: v.pipe(v.number(), v.finite()), rows: v.array(knownRow) }),
  /** Findings of that boot, by `Told`'s keys. */
  told: v.strictObject({ boot_id: v.string(), keys: v.array(v.string()) }),
  /** Of the boot that `told` is of. */
  loads: v.optional(v.pipe(v.array(keptLoad), v.maxLength(MAX_LOADS)), []),
  /** What a person should know of this baseline until another one is asked for. */
  problem: v.optional(v.pipe(v.string(), v.maxLength(1000))),
});
const anySchema = v.object({ schema: v.pipe(v.number(), v.safeInteger()) });

export interface KeptBpf {
  readonly baseline: Baseline;
  readonly told: { readonly boot_id: string; readonly keys: readonly string[] };
  readonly loads: readonly KeptLoad[];
}

export class BpfFile {
  readonly #path: string;
  readonly #log: (line: string) => void;
  /** Of a newer Merlon: it is left as it is until somebody asks for another baseline. */
  #spare = false;
  #problem: string | undefined;

  readonly #hadEvents: () => boolean;

  /** @param folder of the data; it need not be there. @param hadEvents whether this engine ran here before. */
  constructor(folder: string, log: (line: string) => void, hadEvents: () => boolean = () => false) {
    this.#path = join(folder, FILE_NAME);
    this.#log = log;
    this.#hadEvents = hadEvents;
  }

  /** What is wrong with the file, in a sentence for a person; undefined where nothing is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** @returns undefined where there is none, or none that can be believed: see `problem`. */
  read(): KeptBpf | undefined {
    if (!existsSync(this.#path)) return this.#hadEvents() ? this.#missing() : undefined;
    try {
      if (statSync(this.#path).size > MAX_BYTES) throw new Error('it is larger than any of Merlon’s');
      const value: unknown = JSON.parse(readFileSync(this.#path, 'utf8'));
      const version = v.safeParse(anySchema, value);
      if (version.success && version.output.schema > SCHEMA) return this.#newer();
      const { problem, ...kept } = v.parse(file, value);
      this.#problem = problem;
      return kept;
    } catch (error) {
      return this.#damaged(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param wanted by a person: then also over the file of a newer Merlon. */
  write(kept: KeptBpf, wanted = false): void {
    if (this.#spare && !wanted) return;
    const { baseline, told, loads } = kept;
    const problem = wanted ? undefined : this.#problem;
    const text = JSON.stringify({ schema: SCHEMA, baseline, told, loads, problem });
    try {
      writeFileSync(`${this.#path}.new`, text, { mode: 0o600 });
      renameSync(`${this.#path}.new`, this.#path);
      if (!wanted) return;
      this.#spare = false;
      this.#problem = undefined;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#log(`which BPF programs are known is not kept: ${why}`);
    }
  }

  /** Somebody may have taken it away so that what is there counts as known. */
  #missing(): undefined {
    this.#say(
      'The list of known BPF programs was not there, though Merlon ran here before: everything that was there at the first look counts as known. Look at the list, then: merlon bpf accept',
    );
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
