/** The share of a processor that each program took, from what the kernel measured between two looks. */
import type { BpfOutput } from '../../shared/bpf.ts';

/** Whoever asks again sooner gets the same figures: a shorter span says little. */
const MIN_SPAN_NS = 900_000_000;
/** In a longer one the kernel may have measured now and then only. */
const MAX_SPAN_NS = 120_000_000_000;

type Program = BpfOutput['programs'][number];

interface Look {
  readonly atNs: number;
  readonly runNs: ReadonlyMap<string, number>;
}

export class Shares {
  #before: Look | undefined;
  #percents: ReadonlyMap<string, number> = new Map();

  /** @returns percent of one processor for a program of that look; null where it was not measured at both. */
  take({ statistics, at_ns: atNs, programs }: BpfOutput): (program: Program) => number | null {
    const before = this.#before;
    const spanNs = before === undefined ? Infinity : atNs - before.atNs;
    if (!statistics) {
      this.#before = undefined;
      this.#percents = new Map();
    } else if (spanNs < 0 || spanNs >= MIN_SPAN_NS) {
      const runNs = new Map(programs.map((program) => [keyOf(program), program.run_ns]));
      this.#percents =
        before !== undefined && spanNs > 0 && spanNs <= MAX_SPAN_NS
          ? percentsOf(before.runNs, runNs, spanNs)
          : new Map();
      this.#before = { atNs, runNs };
    }
    return (program) => this.#percents.get(keyOf(program)) ?? null;
  }
}

function percentsOf(before: Look['runNs'], after: Look['runNs'], spanNs: number): Map<string, number> {
  const percents = new Map<string, number>();
  for (const [key, runNs] of after) {
    const was = before.get(key);
    if (was !== undefined && runNs >= was) percents.set(key, ((runNs - was) / spanNs) * 100);
  }
  return percents;
}

/** Ids are used again. */
const keyOf = ({ id, loaded_ns: loadedNs, tag }: Program) => `${id} ${loadedNs} ${tag}`;
