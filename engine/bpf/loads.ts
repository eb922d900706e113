/** Who was seen to load which program: of those that are there, and of the newest 4,096 at most. */
import type { BpfOutput, BpfProcess } from '../../shared/bpf.ts';

const MAX_LOADS = 4096;

interface Load {
  readonly tag: string;
  readonly loader: BpfProcess;
  /** Boot-clock nanoseconds when it was heard of. */
  readonly heardNs: number;
}

export class Loads {
  readonly #loads = new Map<number, Load>();

  add(programId: number, load: Load): void {
    this.#loads.delete(programId);
    this.#loads.set(programId, load);
    if (this.#loads.size <= MAX_LOADS) return;
    const [oldest] = this.#loads.keys();
    if (oldest !== undefined) this.#loads.delete(oldest);
  }

  /** @returns null where nobody saw it: a program with another tag has only taken the id. */
  of({ id, tag }: { readonly id: number; readonly tag: string }): BpfProcess | null {
    const load = this.#loads.get(id);
    return load?.tag.toLowerCase() === tag.toLowerCase() ? load.loader : null;
  }

  /** Forgets what is gone, but not what was loaded while that look was taken, or after it. */
  keepOnly({ programs, at_ns: atNs, taken_ms: takenMs }: BpfOutput): void {
    const there = new Set(programs.map(({ id }) => id));
    const begunNs = atNs - takenMs * 1e6;
    for (const [id, { heardNs }] of this.#loads)
      if (!there.has(id) && heardNs < begunNs) this.#loads.delete(id);
  }
}
