import type { HistogramRequest } from './contract.ts';
import { StoreError } from './error.ts';

const MOST_BUCKETS = 2000;

/** The buckets of a histogram. */
export class Buckets {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly length: number;
  readonly #stepMs: number;

  /** @throws StoreError where there are no or too many buckets. */
  constructor({ fromMs, untilMs, stepMs }: Pick<HistogramRequest, 'fromMs' | 'untilMs' | 'stepMs'>) {
    this.fromMs = fromMs;
    this.untilMs = untilMs;
    this.#stepMs = stepMs;
    this.length = Math.max(0, Math.ceil((untilMs - fromMs) / stepMs));
    if (!(stepMs > 0) || !(this.length <= MOST_BUCKETS))
      throw new StoreError(
        'failed',
        `A histogram has at most ${MOST_BUCKETS} buckets: choose a longer step.`,
      );
  }

  /** The bucket of epoch milliseconds, as if there were more of them on both sides. */
  of(ms: number): number {
    const bucket = Math.floor((ms - this.fromMs) / this.#stepMs);
    // The division is rounded: the edges decide.
    if (ms < this.startOf(bucket)) return bucket - 1;
    return ms >= this.startOf(bucket + 1) ? bucket + 1 : bucket;
  }

  startOf(bucket: number): number {
    return this.fromMs + bucket * this.#stepMs;
  }

  /** Whether everything from `firstMs` to `lastMs`, both included, lies in one bucket. */
  holdsAll(firstMs: number, lastMs: number): boolean {
    return firstMs >= this.fromMs && lastMs < this.untilMs && this.of(firstMs) === this.of(lastMs);
  }
}

/** Counts of events: a number for each bucket by action. */
export class Sums {
  readonly #byAction = new Map<string, Float64Array>();
  readonly #buckets: number;

  constructor(buckets: number) {
    this.#buckets = buckets;
  }

  add(action: string, bucket: number, events: number): void {
    this.#of(action)[bucket]! += events;
  }

  addAll(other: Sums): void {
    for (const [action, sums] of other.#byAction) {
      const known = this.#of(action);
      for (let bucket = 0; bucket < sums.length; bucket++) known[bucket]! += sums[bucket]!;
    }
  }

  /** By action; those that never occur are left out. */
  counts(): Readonly<Record<string, readonly number[]>> {
    return Object.fromEntries([...this.#byAction].map(([action, sums]) => [action, [...sums]]));
  }

  #of(action: string): Float64Array {
    let sums = this.#byAction.get(action);
    if (sums === undefined) this.#byAction.set(action, (sums = new Float64Array(this.#buckets)));
    return sums;
  }
}
