import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Event } from '../../shared/event.ts';
import { mergeNewest } from './merge.ts';

const at = (time: number): Event => ({ cursor: `1.${time}.1`, fields: {} });
const times = (events: readonly Event[]) => events.map(({ cursor }) => Number(cursor.split('.')[1]));

test('new rows come on top, newest first', () => {
  expect(times(mergeNewest([at(4), at(5)], [at(3), at(1)], 10))).toEqual([5, 4, 3, 1]);
});

test('a late row takes its place', () => {
  expect(times(mergeNewest([at(2), at(5)], [at(4), at(3), at(1)], 10))).toEqual([5, 4, 3, 2, 1]);
});

test('the oldest leave where there are too many', () => {
  expect(times(mergeNewest([at(4)], [at(3), at(2)], 2))).toEqual([4, 3]);
});

test('whatever the order of arrival, the list is in order and whole', () => {
  const unique = fc.uniqueArray(fc.nat(10_000), { maxLength: 60 });
  fc.assert(
    fc.property(unique, fc.nat(60), (all, cut) => {
      const rows = all.slice(0, cut).sort((a, b) => b - a);
      const merged = mergeNewest(all.slice(cut).map(at), rows.map(at), 1000);
      expect(times(merged)).toEqual(all.toSorted((a, b) => b - a));
    }),
  );
});
