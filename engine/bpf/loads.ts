/** Who was seen to load which program in this boot: of those that are there, and of the newest 4,096 at most. */
import type { BpfOutput, BpfProcess } from '../../shared/bpf.ts';
import * as v from 'valibot';
import type { Image } from '../sensor/processes.ts';
import { FILE_STATES, type FileState } from './files.ts';

export const MAX_LOADS = 4096;
/** Characters of one that is kept. */
const MAX_KEPT = 2000;

export interface Load {
  readonly tag: string;
  readonly loader: BpfProcess;
  /** Boot-clock nanoseconds when it was heard of; 0 of an engine before. */
  readonly heardNs: number;
  /** What the loader ran then; undefined where that was not known, and of an engine before. */
  readonly image: Image | undefined;
  /** Undefined until it was looked at. */
  file?: FileState | null;
  /** Boot-clock nanoseconds when the kernel loaded it, once a look has found it. */
  loadedNs?: number;
}

const text = v.pipe(v.string(), v.maxLength(MAX_KEPT));
const loader = v.strictObject({
  pid: v.pipe(v.number(), v.safeInteger()),
  entity_id: v.nullable(text),
  name: text,
  executable: v.nullable(text),
  user: v.nullable(text),
});
/** Id, when it was loaded, tag, loader, what its file counted for. */
export const keptLoad = v.strictTuple([
  v.pipe(v.number(), v.safeInteger()),
  v.pipe(v.number(), v.safeInteger()),
  text,
  loader,
  v.nullable(v.picklist(FILE_STATES)),
]);
export type KeptLoad = v.InferOutput<typeof keptLoad>;

type Program = Pick<BpfOutput['programs'][number], 'id' | 'tag' | 'loaded_ns'>;

export class Loads {
  readonly #loads = new Map<number, Load>();
  #changed = false;

  constructor(kept: readonly KeptLoad[] = []) {
    for (const [id, loadedNs, tag, loader, file] of kept)
      this.#loads.set(id, { tag, loader, heardNs: 0, image: undefined, file, loadedNs });
  }

  /** Whether `kept` is another one than when this was asked before. */
  takeChanged(): boolean {
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  /** Those that a look has found; without those whose names are so long that the file could grow too large to be believed. */
  get kept(): readonly KeptLoad[] {
    const kept: KeptLoad[] = [];
    for (const [id, { loadedNs, tag, loader, file }] of this.#loads) {
      if (loadedNs === undefined || file === undefined) continue;
      const load: KeptLoad = [id, loadedNs, tag, loader, file];
      if (JSON.stringify(load).length <= MAX_KEPT) kept.push(load);
    }
    return kept;
  }

  add(programId: number, load: Load): void {
    this.#loads.delete(programId);
    this.#loads.set(programId, load);
    if (this.#loads.size <= MAX_LOADS) return;
    const [oldest] = this.#loads.keys();
    if (oldest !== undefined) this.#loads.delete(oldest);
  }

  /** @returns null where nobody saw it: another program has only taken the id. */
  of({ id, tag, loaded_ns: loadedNs }: Program): Load | null {
    const load = this.#loads.get(id);
    if (load?.tag.toLowerCase() !== tag.toLowerCase()) return null;
    if (load.loadedNs === undefined) {
      load.loadedNs = loadedNs;
      this.#changed = true;
    }
    return load.loadedNs === loadedNs ? load : null;
  }

  /** Forgets what is gone, but not what was loaded while that look was taken, or after it. */
  keepOnly({ programs, at_ns: atNs, taken_ms: takenMs }: BpfOutput): void {
    const there = new Set(programs.map(({ id }) => id));
    const begunNs = atNs - takenMs * 1e6;
    for (const [id, { heardNs }] of this.#loads) {
      if (there.has(id) || heardNs >= begunNs) continue;
      this.#loads.delete(id);
      this.#changed = true;
    }
  }
}
