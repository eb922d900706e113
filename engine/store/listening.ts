import type { StoreOptions } from './contract.ts';
import type { FullPartition } from './seal.ts';
import type { Beginning, Standing, WritingListener } from './writing.ts';

/** What the writer tells, kept for `stats`. */
export class Listening implements WritingListener {
  standing: Standing | undefined;
  refused: { readonly said: string; readonly sinceMs: number } | undefined;
  /** Who seals: told of every full partition. */
  seal: ((full: FullPartition) => void) | undefined;
  /** Who encodes: asked what a partition begins with that goes on for a broken one. */
  moveOn: ((broken: number) => Beginning | undefined) | undefined;
  /** Who marks partitions: told of one that cannot be read. */
  damaged: ((number: number, said: string) => void) | undefined;
  /** Who reads: told that partitions are there no more. */
  cut: (() => void) | undefined;
  readonly log: (line: string) => void;
  readonly #onRefused: ((said: string | undefined) => void) | undefined;

  constructor(options: StoreOptions) {
    this.log = options.log ?? (() => undefined);
    this.#onRefused = options.onRefused;
  }

  onStanding(standing: Standing): void {
    const before = this.standing?.partitions ?? 0;
    this.standing = standing;
    if (standing.partitions < before) this.cut?.();
  }

  onRefused(said: string | undefined): void {
    this.refused = said === undefined ? undefined : { said, sinceMs: this.refused?.sinceMs ?? Date.now() };
    this.#onRefused?.(said);
  }

  onBroken(number: number): Beginning | undefined {
    return this.moveOn?.(number);
  }

  onFull(full: FullPartition): void {
    this.seal?.(full);
  }
}
