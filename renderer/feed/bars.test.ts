import { expect, test } from 'vitest';
import { emptyBars, movedTo, sumOf, untilOf, withCounts } from './bars.ts';

const BARS = withCounts(
  emptyBars({ from: 100, until: 150 }, 10),
  { exec: [1, 2, 3, 4, 5], exit: [0, 0, 1, 0, 0] },
  100,
  100,
  150,
);

test('totals are the sum of all actions', () => {
  expect(BARS.totals).toEqual([1, 2, 4, 4, 5]);
  expect(sumOf(BARS)).toBe(16);
  expect(sumOf(BARS, { from: 110, until: 130 })).toBe(6);
  expect(untilOf(BARS)).toBe(150);
});

test('bars that move on keep what stays in view', () => {
  const moved = movedTo(BARS, { from: 120, until: 170 });
  expect(moved.totals).toEqual([4, 4, 5, 0, 0]);
  expect(moved.counts['exit']).toEqual([1, 0, 0, 0, 0]);
});

test('newer counts take the place of old ones from a bar on, and leave the others', () => {
  const counted = withCounts(BARS, { exec: [9, 7] }, 130, 130, 150);
  expect(counted.totals).toEqual([1, 2, 4, 9, 7]);
  // What patience left uncounted is not taken over.
  expect(withCounts(BARS, { exec: [9, 7] }, 130, 140, 150).totals).toEqual([1, 2, 4, 4, 7]);
});

test('actions that are nowhere any more are left out', () => {
  expect(Object.keys(withCounts(BARS, { exec: [1, 1, 1, 1, 1] }, 100, 100, 150).counts)).toEqual(['exec']);
});
