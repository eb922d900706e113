import { expect, test } from 'vitest';
import type { ProcessSummary, ProcessUsage } from '../../shared/console.ts';
import { familyNow } from './family.ts';

function world(...list: readonly (readonly [pid: number, ppid: number | null, ended?: 'ended'])[]) {
  const processes = new Map<string, ProcessSummary>();
  const usages = new Map<string, ProcessUsage>();
  for (const [pid, ppid, ended] of list) {
    const id = `e${pid}`;
    processes.set(id, {
      entity_id: id,
      pid,
      ppid: 99,
      parent_entity_id: 'e99',
      name: id,
      executable: null,
      command_line: null,
      user: null,
      start: pid,
      end: ended ? 5 : null,
      exit_code: null,
      signal: null,
      container: null,
      unit: null,
    });
    const nothing = { cpu_time_ns: null, cpu_percent: null, rss_bytes: null };
    if (!ended) usages.set(id, { entity_id: id, ppid, ...nothing });
  }
  return { processes, usages };
}

test('goes by the parents of now, up and down', () => {
  const { processes, usages } = world([1, 0], [20, 1], [30, 20], [31, 30], [32, 31], [40, 1]);
  const family = familyNow('e30', processes, usages);
  expect(family?.ancestors.map(({ pid }) => pid)).toEqual([1, 20]);
  expect(family?.descendants.map(({ pid }) => pid)).toEqual([31, 32]);
});

test('is unknown of who has ended, and of who cannot be looked at', () => {
  const { processes, usages } = world([1, 0], [20, 1, 'ended'], [30, null]);
  expect(familyNow('e20', processes, usages)).toBeUndefined();
  expect(familyNow('e30', processes, usages)).toBeUndefined();
  expect(familyNow('e77', processes, usages)).toBeUndefined();
});

test('a circle ends', () => {
  const { processes, usages } = world([20, 30], [30, 20]);
  const family = familyNow('e30', processes, usages);
  expect(family?.ancestors.map(({ pid }) => pid)).toEqual([20]);
  expect(family?.descendants.map(({ pid }) => pid)).toEqual([20]);
});
