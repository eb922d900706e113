/** What each program costs, by the kernel's own measuring, which is on only while somebody wants to know. */
import type { ProgramCost } from '../../shared/console.ts';
import type { HelperStats } from '../../shared/helper.ts';
import { sensorOf } from '../../shared/sensors.ts';

/** Whoever asks is taken to look for so long. */
const WANTED_MS = 20_000;
/** Shares stand for the last so many looks, a second apart. */
const LOOKS = 10;

interface Look {
  readonly atMs: number;
  readonly programs: ReadonlyMap<string, { readonly runs: number; readonly runNs: number }>;
}

export class Meter {
  #looks: Look[] = [];
  #wantedUntil = -Infinity;

  /** @param now monotonic milliseconds, as everywhere here. */
  want(now: number): void {
    this.#wantedUntil = now + WANTED_MS;
  }

  wanted(now: number): boolean {
    return now < this.#wantedUntil;
  }

  /** What was measured before is no longer true: measuring ended, or the helper did. */
  forget(): void {
    this.#looks = [];
  }

  /** While the kernel measures. */
  take(stats: HelperStats, now: number): void {
    const programs = new Map(
      stats.programs.map(({ name, runs, run_ns }) => [name, { runs, runNs: run_ns }] as const),
    );
    this.#looks.push({ atMs: now, programs });
    if (this.#looks.length > LOOKS) this.#looks.shift();
  }

  get measuredMs(): number {
    return (this.#looks.at(-1)?.atMs ?? 0) - (this.#looks[0]?.atMs ?? 0);
  }

  get programs(): readonly ProgramCost[] {
    const [first, last] = [this.#looks[0], this.#looks.at(-1)];
    if (first === undefined || last === undefined) return [];
    const ms = last.atMs - first.atMs;
    return [...last.programs].map(([name, { runs, runNs }]) => {
      const before = first.programs.get(name) ?? { runs: 0, runNs: 0 };
      return {
        name,
        sensor: sensorOf(name),
        runs,
        run_ns: runNs,
        average_ns: runs > 0 ? runNs / runs : null,
        cpu_percent: ms > 0 ? (Math.max(0, runNs - before.runNs) / 1e6 / ms) * 100 : null,
      };
    });
  }
}
