import { expect, test } from 'vitest';
import { retentionOf } from './flags.ts';

test.each([
  [{}, {}],
  [{ 'keep-days': '30' }, { days: 30 }],
  [
    { 'keep-days': '0.5', 'keep-gib': '0.25' },
    { days: 0.5, bytes: 2 ** 28 },
  ],
  [{ 'free-when-full': true }, { freeWhenFull: true }],
])('%j keeps %j', (flags, retention) => {
  expect(retentionOf(flags)).toEqual(retention);
});

test.each([
  [{ 'keep-days': '0' }, /^--keep-days 0 is no number of days/],
  [{ 'keep-days': '-1' }, /--keep-days/],
  [{ 'keep-days': '' }, /--keep-days/],
  [{ 'keep-days': 'Infinity' }, /--keep-days/],
  [{ 'keep-gib': '0.01' }, /--keep-gib 0\.01 is no number of GiB/],
  [{ 'keep-gib': '2GiB' }, /--keep-gib/],
])('%j is refused with a sentence', (flags, sentence) => {
  expect(retentionOf(flags)).toMatch(sentence);
});
