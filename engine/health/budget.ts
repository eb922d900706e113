/**
 * Keeps what Merlon costs within a budget: while the mean of the last samples is above it, the sensor that is worth least
 * for its cost is thinned, then detached. When there is room again, what is detached comes back thinned, which shows what
 * it would cost; what is thinned comes back where that fits.
 */
import type { Budget as BudgetStatus, SensorLimit, SpareSensor } from '../../shared/console.ts';
import { SPARE } from './sensors.ts';

/** Samples whose mean counts: fifty seconds. */
export const BUDGET_SAMPLES = 10;
/** At most one step in so long. */
export const STEP_MS = 300_000;
/** A sensor that takes less than this share of what is too much is no help: the machine would be as busy, and blinder. */
const WORTH_A_STEP = 0.25;
/** Nor one that takes less than this share of the budget. */
const LEAST = 0.05;
/** So much of the budget may be used with a sensor back. */
const ROOM = 0.8;
/** What programs cost is measured from the first of these shares of the budget on, until less than the second is used. */
const TIGHT = 0.8;
const EASY = 0.6;

export interface Step {
  readonly sensor: SpareSensor;
  readonly to: SensorLimit;
  /** What the sensor took, in percent of one processor. */
  readonly percent: number;
}

export interface SpareCost {
  readonly sensor: SpareSensor;
  readonly limit: SensorLimit;
  readonly percent: number;
  /** What it would take if it were on; of one that is detached nobody knows. */
  readonly full_percent: number;
  /** The helper cannot detach it, or would not get it back: it is thinned at most. */
  readonly stays: boolean;
}

export class Budget {
  #samples: number[] = [];
  /** Samples since the last step: what it came to is judged by as many as there are in the mean. */
  #judged = 0;
  #steppedAt = -Infinity;
  #state: BudgetStatus['state'] = 'within';
  #since: number;
  #percent: number;
  #onBattery = false;
  #tight = false;

  /** @param percent of one processor. */
  constructor(percent: number, now: number) {
    this.#percent = percent;
    this.#since = now;
  }

  get status(): BudgetStatus {
    return {
      percent: this.#percent,
      on_battery: this.#onBattery,
      used_percent: this.#mean() ?? null,
      state: this.#state,
      since: this.#since,
    };
  }

  /** Whether it is time to know what each program costs. */
  get isTight(): boolean {
    const used = (this.#mean() ?? 0) / this.#percent;
    this.#tight = used > (this.#tight ? EASY : TIGHT);
    return this.#tight;
  }

  allow(percent: number, onBattery: boolean): void {
    this.#percent = percent;
    this.#onBattery = onBattery;
  }

  /** @param percent that was used since the sample before. */
  take(percent: number): void {
    this.#samples.push(percent);
    this.#judged++;
    if (this.#samples.length > BUDGET_SAMPLES) this.#samples.shift();
  }

  /** A helper began: all its sensors are on, and what it took to begin is no measure. */
  begin(): void {
    this.#samples = [];
    this.#judged = 0;
  }

  /**
   * @param now monotonic milliseconds. @param wall epoch milliseconds.
   * @returns what is to be done now, if anything.
   */
  next(costs: readonly SpareCost[], now: number, wall: number): Step | undefined {
    const mean = this.#judged < BUDGET_SAMPLES ? undefined : this.#mean();
    if (mean === undefined) return undefined;
    if (mean <= this.#percent) {
      this.#become('within', wall);
      return this.#back(costs, mean, now);
    }
    const step = this.#cheapest(costs, mean);
    this.#become(step === undefined ? 'exhausted' : 'over', wall);
    if (step === undefined || now - this.#steppedAt < STEP_MS) return undefined;
    this.#steppedAt = now;
    this.#judged = 0;
    return step;
  }

  #cheapest(costs: readonly SpareCost[], used: number): Step | undefined {
    const least = Math.max((used - this.#percent) * WORTH_A_STEP, this.#percent * LEAST);
    const worst = costs
      .filter(({ limit, stays }) => limit === 'on' || (limit === 'thinned' && !stays))
      .filter(({ percent }) => percent >= least)
      .sort((a, b) => SPARE[a.sensor].worth / a.percent - SPARE[b.sensor].worth / b.percent)[0];
    if (worst === undefined) return undefined;
    const { sensor, limit, percent } = worst;
    return { sensor, to: limit === 'on' ? 'thinned' : 'shed', percent };
  }

  /** The one that is worth most comes back first. */
  #back(costs: readonly SpareCost[], used: number, now: number): Step | undefined {
    const room = this.#percent * ROOM - used;
    if (room < 0 || now - this.#steppedAt < STEP_MS) return undefined;
    const best = costs
      .filter(({ limit, percent, full_percent: full }) =>
        limit === 'thinned' ? full - percent <= room : limit === 'shed',
      )
      .sort((a, b) => SPARE[b.sensor].worth - SPARE[a.sensor].worth)[0];
    if (best === undefined) return undefined;
    this.#steppedAt = now;
    this.#judged = 0;
    return {
      sensor: best.sensor,
      to: best.limit === 'shed' ? 'thinned' : 'on',
      percent: best.percent,
    };
  }

  #become(state: BudgetStatus['state'], wall: number): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#since = wall;
  }

  #mean(): number | undefined {
    if (this.#samples.length === 0) return undefined;
    return this.#samples.reduce((sum, each) => sum + each, 0) / this.#samples.length;
  }
}
