/** For tests: what an engine would say of Merlon's health and cost. */
import type { Cost, Health, HealthSample, ProgramCost } from '../../shared/console.ts';

export const NOW = new Date(2026, 10, 22, 14, 31, 0).getTime();
export const MINUTE = 60_000;

export function sample(at: number, changes: Partial<HealthSample> = {}): HealthSample {
  return {
    at,
    engine_percent: 0.4,
    helper_percent: 0.1,
    rss_bytes: 100 * 2 ** 20,
    events_per_s: 10,
    ring_bytes: 0,
    waiting_bytes: 0,
    ...changes,
  };
}

export function health(changes: Partial<Health> = {}): Health {
  return {
    canaries: [
      { at: NOW - 59 * MINUTE, ms: 9 },
      { at: NOW - MINUTE, ms: 11 },
    ],
    tasks: { kernel: 18204, counted: 18204 },
    samples: [sample(NOW - 5000), sample(NOW)],
    blind: [],
    ...changes,
  };
}

export function programCost(name: string, changes: Partial<ProgramCost> = {}): ProgramCost {
  return { name, sensor: null, runs: 0, run_ns: 0, average_ns: null, cpu_percent: null, ...changes };
}

export function cost(changes: Partial<Cost> = {}): Cost {
  return {
    measuring: true,
    measured_ms: 5000,
    programs: [],
    sensors: [],
    budget: { percent: 3, on_battery: false, used_percent: 0.5, state: 'within', since: NOW - MINUTE },
    ...changes,
  };
}
