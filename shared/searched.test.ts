import { expect, test } from 'vitest';
import { roughly, searchedSoFar, searchedWords, whenAbout } from './searched.ts';

const page = (events: number, of: number, reached?: number) => ({
  events: [],
  searched: { events, of, ...(reached === undefined ? {} : { reached }) },
});

test('progress over pages is measured by what the first one left', () => {
  const first = searchedSoFar(undefined, page(300, 1000, 5));
  expect(first).toEqual({ events: 300, of: 1000, reached: 5 });
  const full = searchedSoFar(first, { events: [] }); // a page that was full tells nothing
  expect(full).toEqual(first);
  expect(searchedSoFar(full, page(400, 600))).toEqual({ events: 800, of: 1000, reached: 5 });
});

test('progress never goes back', () => {
  expect(searchedSoFar({ events: 500, of: 1000 }, page(10, 600))).toEqual({ events: 500, of: 1000 });
});

test('a search that was not ended has no progress', () => {
  expect(searchedSoFar(undefined, { events: [] })).toBeUndefined();
});

test.each([
  [0, '0'],
  [9999, '9,999'],
  [10_000, '10 k'],
  [999_499, '999 k'],
  [999_500, '1 M'],
  [3_240_000, '3.2 M'],
  [10_000_000, '10 M'],
])('%d is roughly %s', (count, words) => expect(roughly(count)).toBe(words));

const NOW = new Date(2026, 10, 24, 15, 0).getTime(); // a Tuesday

test.each([
  [new Date(2026, 10, 24, 0, 5), '00:05'],
  [new Date(2026, 10, 23, 14, 2), 'Mon 14:02'],
  [new Date(2026, 10, 17, 14, 2), '2026-11-17 14:02'],
  [new Date(2026, 10, 25, 14, 2), '2026-11-25 14:02'],
])('%s reads %s', (at, words) => expect(whenAbout(at.getTime(), NOW)).toBe(words));

test('says how far, and back to when where that is known', () => {
  expect(searchedWords({ events: 3_200_000, of: 10_000_000 }, NOW)).toBe('Searched 3.2 M of 10 M events');
  const reached = new Date(2026, 10, 23, 14, 2).getTime();
  expect(searchedWords({ events: 1, of: 2, reached }, NOW)).toBe('Searched 1 of 2 events, back to Mon 14:02');
});
