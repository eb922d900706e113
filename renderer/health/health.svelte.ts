import type { Console, Cost, Health } from '../../shared/console.ts';

/** What is measured of Merlon itself, while somebody looks. */
export class HealthState {
  /** undefined until the engine has said. */
  latest = $state.raw<Health | undefined>();
  cost = $state.raw<Cost | undefined>();
  /** Runs a second of each program, over the time between two answers; empty before the second. */
  rates = $state.raw<ReadonlyMap<string, number>>(new Map());
  /** Epoch milliseconds of the last answer: the right end of the charts. */
  at = $state(0);
  /** Why the engine could not say, a sentence each. */
  problem = $state<string | undefined>();
  costProblem = $state<string | undefined>();

  #asking = false;
  #before: { readonly at: number; readonly cost: Cost } | undefined;

  async refresh(api: Console): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const [health, cost] = await Promise.all([api.request('health.get', {}), api.request('health.cost', {})]);
    this.#asking = false;
    if (health.ok) {
      this.latest = health.value;
      this.at = Date.now();
      this.problem = undefined;
    } else if (health.error.code !== 'disconnected') this.problem = health.error.message;
    if (cost.ok) {
      this.#take(cost.value, performance.now());
      this.costProblem = undefined;
    } else if (cost.error.code !== 'disconnected') this.costProblem = cost.error.message;
  }

  /** Nobody looks any more: rates over the time until somebody does again would mean nothing. */
  leave(): void {
    this.#before = undefined;
    this.rates = new Map();
  }

  #take(cost: Cost, at: number): void {
    const before = this.#before;
    this.rates = before === undefined ? new Map() : ratesOf(before.cost, cost, at - before.at);
    this.#before = { at, cost };
    this.cost = cost;
  }
}

/** Of programs that were there before and have not begun to count anew. */
export function ratesOf(before: Cost, now: Cost, ms: number): ReadonlyMap<string, number> {
  const runs = new Map(before.programs.map((each) => [each.name, each.runs]));
  return new Map(
    now.programs.flatMap(({ name, runs: n }) => {
      const were = runs.get(name);
      return were === undefined || n < were || ms <= 0 ? [] : [[name, ((n - were) * 1000) / ms] as const];
    }),
  );
}
