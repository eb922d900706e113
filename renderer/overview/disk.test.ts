import { expect, test } from 'vitest';
import { daysText, growth, outlook, type Known } from './disk.ts';

const DAY = 86_400_000;
const GIB = 2 ** 30;
/** A GiB of a million events, half of them of the last day. */
const known: Known = { bytes: GIB, events: 1e6, oldest: 0, lastDay: 5e5, now: 10 * DAY };
const kept = { days: 14, bytes: 2 * GIB, free_when_full: false };
const room = (free: number) => ({ free, total: 100 * GIB });

test('growth is the pace of the last day', () => {
  expect(growth(known)).toBe(GIB / 2);
  // After six hours of life the pace is of six hours.
  expect(growth({ ...known, oldest: 9.75 * DAY })).toBe(2 * GIB);
});

test.each([
  ['nothing is stored', { oldest: null }],
  ['it is too young', { oldest: 10 * DAY - 60_000 }],
  ['nothing came in a day', { lastDay: 0 }],
])('nothing is foretold where %s', (_why, difference) => {
  expect(outlook({ ...known, ...difference }, kept, room(50 * GIB))).toEqual({ kind: 'unknown' });
});

test.each([
  ['the size is reached first', {}, kept, 50, { kind: 'size', perDay: GIB / 2, days: 2 }],
  [
    'age comes first',
    {},
    { ...kept, days: 3 },
    50,
    { kind: 'age', perDay: GIB / 2, days: 3, settles: 1.5 * GIB },
  ],
  [
    'it is at its size',
    { bytes: 1.95 * GIB, events: 1.95e6 },
    kept,
    50,
    { kind: 'at_size', perDay: GIB / 2 },
  ],
  ['the disk is full before', {}, kept, 0.25, { kind: 'disk', perDay: GIB / 2, days: 0.5 }],
])('%s', (_what, difference, retention, free, expected) => {
  expect(outlook({ ...known, ...difference }, retention, room(free * GIB))).toEqual(expected);
});

test.each([
  [0.4, 'less than a day'],
  [1.9, '1 day'],
  [23.2, '23 days'],
  [4000, 'more than a year'],
])('%d days are %s', (days, text) => expect(daysText(days)).toBe(text));
