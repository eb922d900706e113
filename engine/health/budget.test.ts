import { describe, expect, it } from 'vitest';
import type { SpareCost, Step } from './budget.ts';
import { Budget, BUDGET_SAMPLES, STEP_MS } from './budget.ts';

const cost =
  (sensor: SpareCost['sensor']) =>
  (percent: number, limit: SpareCost['limit'] = 'on', full = percent): SpareCost => ({
    ...{ sensor, limit, percent, full_percent: full, stays: false },
  });
const failed = cost('exec_failed');
const bpf = cost('bpf');

/** A budget of 3 % of which so much is used all the time. */
function used(percent: number, budget = new Budget(3, 0)): Budget {
  for (let i = 0; i < BUDGET_SAMPLES; i++) budget.take(percent);
  return budget;
}

describe('the budget', () => {
  it('asks for nothing before there are ten samples, however high', () => {
    const budget = new Budget(3, 0);
    for (let i = 1; i < BUDGET_SAMPLES; i++) budget.take(90);
    expect(budget.next([failed(50)], 0, 0)).toBeUndefined();
  });

  it('asks for nothing within it', () => {
    const budget = used(2.9);
    expect(budget.next([failed(2)], 0, 0)).toBeUndefined();
    expect(budget.status.state).toBe('within');
  });

  it('thins the sensor that is worth least for its cost', () => {
    const budget = used(9);
    expect(budget.next([bpf(3), failed(3)], 0, 7)).toEqual({
      sensor: 'exec_failed',
      to: 'thinned',
      percent: 3,
    });
    expect(budget.status).toMatchObject({ state: 'over', since: 7, used_percent: 9 });
  });

  it('thins one that costs much more, although it is worth more', () => {
    expect(used(9).next([bpf(8), failed(1)], 0, 0)).toMatchObject({ sensor: 'bpf' });
  });

  it('detaches what is thinned already, and no sooner than five minutes after the step before', () => {
    const budget = used(9);
    budget.next([failed(5)], 0, 0);
    used(9, budget);
    expect(budget.next([failed(4, 'thinned')], STEP_MS - 1, 0)).toBeUndefined();
    expect(budget.next([failed(4, 'thinned')], STEP_MS, 0)).toMatchObject({ to: 'shed' });
  });

  it('leaves nothing out that would not help', () => {
    const budget = used(9);
    expect(budget.next([failed(1.4), bpf(0)], 0, 3)).toBeUndefined();
    expect(budget.status).toMatchObject({ state: 'exhausted', since: 3 });
  });

  it.each<[string, number, SpareCost, Partial<Step> | undefined]>([
    ['brings what is detached back in part, to see what it costs', 2, failed(0, 'shed'), { to: 'thinned' }],
    ['leaves it detached where there is no room', 2.5, failed(0, 'shed'), undefined],
    ['tells all again where that fits', 1, failed(0.2, 'thinned', 1), { to: 'on' }],
    ['goes on telling a part where it does not', 1, failed(0.2, 'thinned', 5), undefined],
  ])('%s', (_, percent, now, expected) => {
    const budget = used(9);
    budget.next([failed(5)], 0, 0);
    used(percent, budget);
    expect(budget.next([now], STEP_MS - 1, 0)).toBeUndefined();
    const step = budget.next([now], STEP_MS, 0);
    if (expected === undefined) expect(step).toBeUndefined();
    else expect(step).toMatchObject(expected);
  });

  it('brings back first what is worth most', () => {
    const budget = used(9);
    budget.next([failed(1), bpf(0)], 0, 0);
    used(0.5, budget);
    expect(budget.next([failed(0, 'thinned'), bpf(0, 'thinned')], STEP_MS, 0)).toMatchObject({
      sensor: 'bpf',
      to: 'on',
    });
  });

  it('forgets with a new helper what the one before it took', () => {
    const budget = used(9);
    budget.begin();
    expect(budget.status.used_percent).toBeNull();
    expect(budget.next([failed(5)], 0, 0)).toBeUndefined();
  });

  it('is the smaller one on battery', () => {
    const budget = used(2);
    budget.allow(1, true);
    expect(budget.next([failed(1)], 0, 0)).toMatchObject({ to: 'thinned' });
    expect(budget.status).toMatchObject({ on_battery: true, percent: 1 });
  });
});
