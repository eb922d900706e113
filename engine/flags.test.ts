import { expect, test } from 'vitest';
import { runSettings } from './flags.ts';

test.each([
  [{}, []],
  [{ 'keep-days': '30' }, [['retention.days', 30]]],
  [
    { 'keep-days': '0.5', 'keep-gib': '0.25' },
    [
      ['retention.days', 0.5],
      ['retention.size', 2 ** 28],
    ],
  ],
  [{ 'free-when-full': true }, [['retention.free_when_full', true]]],
  [
    { set: ['console.port=7411', 'sensing.ask_at_start=always'] },
    [
      ['console.port', 7411],
      ['sensing.ask_at_start', 'always'],
    ],
  ],
])('%j holds for this run', (flags, settings) => {
  expect([...runSettings(flags)]).toEqual(settings);
});

test.each([
  [{ 'keep-days': '0' }, /^--keep-days: Takes a number of days above 0/],
  [{ 'keep-days': '-1' }, /--keep-days/],
  [{ 'keep-days': '' }, /--keep-days/],
  [{ 'keep-days': 'Infinity' }, /--keep-days/],
  [{ 'keep-gib': '0.01' }, /--keep-gib: Takes a size .* from 64 MiB/],
  [{ 'keep-gib': '2GiB' }, /--keep-gib/],
  [{ set: ['console.prot=1'] }, /There is no setting console.prot. Did you mean console.port\?/],
  [{ set: ['console.port'] }, /--set console.port: Takes a whole number/],
])('%j is refused with a sentence', (flags, sentence) => {
  expect(runSettings(flags)).toMatch(sentence);
});
