import { expect, test } from 'vitest';
import type { Console } from '../../shared/console.ts';
import { fail, ok, type Result } from '../../shared/result.ts';
import { cost, health, programCost } from './health.double.ts';
import { HealthState, ratesOf } from './health.svelte.ts';

function engine(answers: Record<string, Result<unknown, string>>) {
  const asked: string[] = [];
  const api = {
    request: (name: string) => {
      asked.push(name);
      return Promise.resolve(answers[name]);
    },
  } as unknown as Console;
  return { api, asked, answers };
}

const costs = (runs: number) => cost({ programs: [programCost('a', { runs })] });

test('rates need two answers', async () => {
  const { api, answers } = engine({ 'health.get': ok(health()), 'health.cost': ok(costs(10)) });
  const state = new HealthState();
  await state.refresh(api);
  expect(state.latest).toEqual(health());
  expect(state.rates.size).toBe(0);
  answers['health.cost'] = ok(costs(30));
  await state.refresh(api);
  expect(state.rates.get('a')).toBeGreaterThan(0);
  state.leave();
  expect(state.rates.size).toBe(0);
});

test('is asked once at a time', async () => {
  const { api, asked } = engine({ 'health.get': ok(health()), 'health.cost': ok(cost()) });
  const state = new HealthState();
  await Promise.all([state.refresh(api), state.refresh(api)]);
  expect(asked).toEqual(['health.get', 'health.cost']);
});

test('one that fails leaves the other, and what was known', async () => {
  const { api, answers } = engine({ 'health.get': ok(health()), 'health.cost': fail('failed', 'No.') });
  const state = new HealthState();
  await state.refresh(api);
  expect(state.latest).toEqual(health());
  expect([state.problem, state.costProblem]).toEqual([undefined, 'No.']);
  answers['health.get'] = fail('failed', 'Not now.');
  await state.refresh(api);
  expect(state.latest).toEqual(health());
  expect(state.problem).toBe('Not now.');
  answers['health.get'] = fail('disconnected', 'Gone.');
  await state.refresh(api);
  expect(state.problem).toBe('Not now.');
});

test('runs a second are those between two answers', () => {
  const before = cost({ programs: [programCost('a', { runs: 10 }), programCost('b', { runs: 50 })] });
  const now = cost({
    programs: [programCost('a', { runs: 40 }), programCost('b', { runs: 3 }), programCost('c', { runs: 9 })],
  });
  expect([...ratesOf(before, now, 5000)]).toEqual([['a', 6]]);
});
