import { describe, expect, it, test } from 'vitest';
import { health, MINUTE, NOW, sample } from './health.double.ts';
import { draw, HOUR_MS, nearest, roundBelow, spanOf, ticksOf, xOf, type Frame, type Point } from './scale.ts';

const frame: Frame = { from: 0, until: 100, width: 200, height: 50 };
const points = (...values: (number | null)[]): Point[] =>
  values.map((value, at) => ({ at: at * 10, values: [value] }));

test.each([
  [2, 5],
  [6, 15],
  [59, 60],
  [90, 60],
])('%d minutes are shown in %d', (known, shown) => {
  const young = health({ canaries: [], samples: [sample(NOW - known * MINUTE)] });
  expect(spanOf(young, NOW)).toBe(shown * MINUTE);
});

test('an hour has marks at each ten minutes of the wall’s clock', () => {
  const ticks = ticksOf({ from: NOW - HOUR_MS, until: NOW });
  expect(ticks.map((at) => new Date(at).getMinutes())).toEqual([40, 50, 0, 10, 20, 30]);
});

test('x goes from the left end to the right one', () =>
  expect([0, 50, 100].map((at) => xOf(frame, at))).toEqual([0, 100, 200]));

test.each([
  [0, false, 0],
  [0.07, false, 0.05],
  [19, false, 10],
  [38, false, 20],
  [700, false, 500],
  [1_500_000, true, 1_048_576],
])('the round figure of %d (bytes: %s) is %d', (highest, inBytes, round) =>
  expect(roundBelow(highest, inBytes)).toBeCloseTo(round),
);

describe('a line', () => {
  it('has its figures at their heights', () =>
    expect(draw(points(0, 5, 10), frame, 10, 15).lines).toEqual(['M0 50L20 25L40 0']));

  it('breaks where nothing was measured', () =>
    expect(draw(points(0, null, 10, 10), frame, 10, 15).lines).toEqual(['M0 50h2M40 0L60 0']));

  it('breaks where figures are too far apart', () =>
    expect(draw([...points(10), { at: 50, values: [10] }], frame, 10, 15).lines).toEqual(['M0 0h2M100 0h2']));

  it('stands on the one below it; what is missing of one is no hole in the other', () => {
    const both = [
      { at: 0, values: [2, 3] },
      { at: 10, values: [null, 5] },
    ];
    expect(draw(both, frame, 10, 15)).toEqual({
      lines: ['M0 40L20 50', 'M0 25L20 25'],
      areas: ['M0 40L20 50L20 50L0 50Z', 'M0 25L20 25L20 50L0 40Z'],
    });
  });

  it('is nothing where there is nothing', () =>
    expect(draw([], frame, 1, 15)).toEqual({ lines: [], areas: [] }));
});

test('the nearest figure is found, where there is one', () => {
  const all = points(1, 2, 3);
  expect(nearest(all, 14, 6)?.at).toBe(10);
  expect(nearest(all, 16, 6)?.at).toBe(20);
  expect(nearest(all, -3, 6)?.at).toBe(0);
  expect(nearest(all, 40, 6)).toBeUndefined();
  expect(nearest([], 0, 6)).toBeUndefined();
});
