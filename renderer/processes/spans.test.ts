import { describe, expect, test } from 'vitest';
import type { ProcessSummary } from '../../shared/console.ts';
import { axisFor, lifeOn, lifeRows, stretchOn } from './spans.ts';

const T = new Date(2026, 10, 22, 14, 34, 0).getTime();

function life(pid: number, parent: number, start: number, end: number | null = null): ProcessSummary {
  return {
    entity_id: `e${pid}`,
    pid,
    ppid: parent,
    parent_entity_id: `e${parent}`,
    name: `p${pid}`,
    executable: null,
    command_line: null,
    user: null,
    start: T + start,
    end: end === null ? null : T + end,
    exit_code: null,
    signal: null,
    container: null,
    unit: null,
  };
}

const rounded = (n: number) => Math.round(n * 1000) / 1000;

describe('the axis', () => {
  test('ends a little after what has ended, and has no now', () => {
    const axis = axisFor(life(9, 1, 0, 1000), [], [life(10, 9, 200, 900)], T + 3_600_000);
    expect(axis.now).toBeUndefined();
    expect(axis.cut).toBeUndefined();
    const at = lifeOn(axis, life(9, 1, 0, 1000));
    expect([rounded(at.from), rounded(at.until), at.before, at.alive]).toEqual([0.043, 0.913, false, false]);
    expect(axis.ticks.map(({ label }) => label)).toEqual([
      '14:34:00.000',
      '14:34:00.200',
      '14:34:00.400',
      '14:34:00.600',
      '14:34:00.800',
      '14:34:01.000',
    ]);
  });

  test('a young parent is to scale; a much older one begins left of it', () => {
    const process = life(9, 8, 7400, 8100);
    const [old, npm, sh] = [life(2, 1, -9e6), life(7, 2, 2100, 8600), life(8, 7, 6900, 8000)];
    const axis = axisFor(process, [old, npm, sh], [], T + 9000);
    expect(rounded(lifeOn(axis, npm).from)).toBeGreaterThan(0);
    expect(lifeOn(axis, npm).before).toBe(false);
    expect(lifeOn(axis, old)).toMatchObject({ from: 0, until: 1, before: true, alive: true });
  });

  test('a long quiet time is cut out, and now stands behind the cut', () => {
    const axis = axisFor(life(9, 1, 0), [], [life(10, 9, 500, 1000)], T + 860_000);
    expect(axis.now).toBe(0.94);
    expect(axis.cut).toMatchObject({ at: 0.87, until: T + 860_000 });
    expect(axis.place(T + 1000)).toBeLessThan(0.87);
    expect(lifeOn(axis, life(9, 1, 0))).toMatchObject({ until: 0.94, alive: true });
  });

  test('a process that only runs has its whole life to scale', () => {
    const axis = axisFor(life(9, 1, 0), [], [], T + 860_000);
    expect(axis.cut).toBeUndefined();
    expect(rounded(axis.place(T + 860_000))).toBe(0.94);
    expect(axis.ticks.every(({ at }) => at < 0.87)).toBe(true);
  });

  test.each([1, 37, 5000, 90_000, 7.2e6, 9e8, 4e10])('%d ms give a readable number of ticks', (span) => {
    const { ticks } = axisFor(life(9, 1, 0, span), [], [], T);
    expect(ticks.length).toBeGreaterThanOrEqual(2);
    expect(ticks.length).toBeLessThanOrEqual(9);
    expect(new Set(ticks.map(({ label }) => label)).size).toBe(ticks.length);
  });

  test('a blind stretch is drawn as far as it lies on it', () => {
    const axis = axisFor(life(9, 1, 0, 1000), [], [], T + 5000);
    expect(stretchOn(axis, { from: T - 9000, until: T - 8000 })).toBeUndefined();
    const at = stretchOn(axis, { from: T - 9000, until: T + 500 });
    expect(at?.from).toBe(0);
    expect(rounded(at?.until ?? 0)).toBe(0.478);
  });
});

test('rows go from the eldest down, siblings by birth, each once even in a circle', () => {
  const all = [life(9, 8, 30), life(8, 7, 20), life(7, 6, 10), life(11, 8, 25), life(12, 9, 40)];
  const rows = lifeRows(all, ({ parent_entity_id: parent }) => parent);
  expect(rows.map(({ process, level, guides }) => [process.pid, level, guides])).toEqual([
    [7, 1, []],
    [8, 2, [false]],
    [11, 3, [false, false]],
    [9, 3, [false, false]],
    [12, 4, [false, false, false]],
  ]);
  const circle = lifeRows(all, ({ pid }) => (pid === 8 ? 'e9' : pid === 9 ? 'e8' : null));
  expect(circle.map(({ process }) => process.pid).sort()).toEqual([11, 12, 7]);
});
