import { describe, expect, test } from 'vitest';
import {
  axisMarks,
  LASTS,
  rangeWords,
  readLocal,
  spanOf,
  stepOf,
  wholeBars,
  widened,
  writeLocal,
} from './range.ts';

const NOW = new Date(2026, 10, 22, 14, 34, 40).getTime();
const MINUTE = 60_000;

describe('bars', () => {
  test.each([
    [15 * MINUTE, 5000],
    [60 * MINUTE, 20_000],
    [24 * 60 * MINUTE, 10 * MINUTE],
    [14 * 24 * 60 * MINUTE, 2 * 60 * MINUTE],
  ])('of %d ms stand for round times, and are no more than fit', (length, step) => {
    const span = { from: NOW - length, until: NOW };
    expect(stepOf(span)).toBe(step);
    expect(length / step).toBeLessThanOrEqual(180);
  });
  test('begin and end at whole ones', () => {
    expect(wholeBars({ from: 1, until: 9999 }, 5000)).toEqual({ from: 0, until: 10_000 });
    expect(wholeBars({ from: 5000, until: 5000 }, 5000)).toEqual({ from: 5000, until: 10_000 });
  });
});

test('everything goes back to the oldest event', () => {
  expect(spanOf({ kind: 'all' }, NOW, NOW - 1e9)).toEqual({ from: NOW - 1e9, until: NOW });
});

test('a range can be widened until it is all time', () => {
  let range = widened({ kind: 'last', ms: 15 * MINUTE });
  for (let step = 0; step < LASTS.length; step++) range = widened(range);
  expect(range).toEqual({ kind: 'all' });
  const own = widened({ kind: 'own', from: NOW - MINUTE, until: NOW });
  expect(own).toEqual({ kind: 'own', from: NOW - 8 * MINUTE, until: NOW + 7 * MINUTE });
});

test('a range is said in the words of its choice, an own one by its ends', () => {
  expect(rangeWords({ kind: 'last', ms: 15 * MINUTE }, NOW)).toBe('Last 15 minutes');
  expect(rangeWords({ kind: 'own', from: NOW - 150_000, until: NOW }, NOW)).toBe('14:32:10 – 14:34:40');
  const yesterday = NOW - 24 * 60 * MINUTE;
  expect(rangeWords({ kind: 'own', from: yesterday, until: yesterday + MINUTE }, NOW)).toBe(
    '2026-11-21 14:34 – 14:35',
  );
});

test('marks of the axis are round, within the span, and no more than asked for', () => {
  const span = { from: NOW - 15 * MINUTE, until: NOW };
  const marks = axisMarks(span, 8);
  expect(marks.length).toBeGreaterThan(3);
  expect(marks.length).toBeLessThanOrEqual(8);
  for (const at of marks) expect(at % (2 * MINUTE)).toBe(0);
});

test('what is typed is read back', () => {
  expect(readLocal(writeLocal(NOW))).toBe(NOW);
  expect(readLocal('')).toBeUndefined();
});
