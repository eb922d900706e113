import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { completionAt } from './complete.ts';
import { parseQuery } from './parse.ts';
import { suggestionsAt } from './propose.ts';

/** The caret is where `|` stands. */
function at(marked: string) {
  const caret = marked.indexOf('|');
  return completionAt(marked.replace('|', ''), caret);
}
const texts = (marked: string) => {
  const completing = at(marked);
  return completing === undefined ? [] : suggestionsAt(completing).map(({ text }) => text);
};

describe('what is being written', () => {
  test.each([
    ['|', { at: 'term', prefix: '', after: false }],
    ['event.|', { at: 'term', prefix: 'event.', from: 0, to: 6 }],
    [
      'user.name:root and event.| and not process.name:cron',
      { at: 'term', prefix: 'event.', from: 19, to: 25 },
    ],
    ['user.name:root and (ev|', { at: 'term', prefix: 'ev', after: false }],
    ['user.name:root |', { at: 'term', after: true, closes: false }],
    ['(user.name:root |', { at: 'term', after: true, closes: true }],
    ['process.name|', { at: 'operator', field: 'process.name' }],
    ['process.name:|', { at: 'value', field: 'process.name', prefix: '', from: 13, to: 13 }],
    ['process.name:cu|', { at: 'value', field: 'process.name', prefix: 'cu', from: 13, to: 15 }],
    ['process.name:cu|rl', { at: 'value', prefix: 'cu', from: 13, to: 17 }],
    ['process.name:"a b|"', { at: 'value', prefix: 'a b', from: 13, to: 18 }],
    ['process.name:cu*|', { at: 'value', prefix: undefined }],
    ['process.exit_code>=|', { at: 'value', field: 'process.exit_code' }],
    ['user.name:(al|', { at: 'value', field: 'user.name', prefix: 'al' }],
    ['user.name:(alex or |', { at: 'value', field: 'user.name', prefix: '' }],
    ['user.name:(alex |', { at: 'term', after: true, closes: true }],
    ['user.name:alex and user.na|', { at: 'term', prefix: 'user.na' }],
  ])('%s', (marked, expected) => {
    expect(at(marked)).toMatchObject(expected);
  });

  test.each([['"a phra|'], ['user.nme:|'], ['event.duration:[1 to |']])(
    '%s: nothing is proposed',
    (marked) => {
      expect(at(marked)).toBeUndefined();
    },
  );
});

describe('values are counted among what the rest of the query leaves', () => {
  test.each([
    ['process.name:|', ''],
    ['user.name:root and process.name:cu|', 'user.name:root'],
    ['user.name:root and not process.name:cu|', 'user.name:root'],
    ['process.name:cu| and user.name:root', 'user.name:root'],
    ['user.name:root or process.name:cu|', ''],
    ['event.action:exec and (user.name:root or process.name:cu|)', 'event.action:exec'],
    ['event.action:exec and (user.name:root or process.name:|', 'event.action:exec'],
    ['event.action:exec and user.name:(root or |)', 'event.action:exec'],
    ['event.action:exec and user.name:(root or |', 'event.action:exec'],
    ['event.action:exec and user.name:(root or (|', 'event.action:exec'],
    ['event.action:exec and user.name:| and process.nme:x', 'event.action:exec'],
  ])('%s', (marked, rest) => {
    expect(at(marked)).toMatchObject({ at: 'value', rest });
  });
});

describe('proposals', () => {
  test('a term begins with a field; those that begin so come first', () => {
    expect(texts('event.|').slice(0, 3)).toEqual(['event.kind', 'event.category', 'event.type']);
    expect(texts('pid|')).toContain('process.parent.pid');
    expect(texts('|').at(-1)).toBe('not');
  });
  test('after a term comes a joining word, and the end of a group where one is open', () => {
    expect(texts('user.name:root |').slice(0, 2)).toEqual(['and', 'or']);
    expect(texts('(user.name:root |').slice(0, 3)).toEqual(['and', 'or', ')']);
    expect(texts('user.name:root o|')[0]).toBe('or');
  });
  test('numbers are compared, texts are not', () => {
    expect(texts('process.exit_code|')).toContain('>=');
    expect(texts('process.name|')).toEqual([':', ':(', ':*']);
  });
  test('values that are known are there without asking', () => {
    expect(texts('event.outcome:|')).toEqual(['success', 'failure', 'unknown']);
    expect(texts('@timestamp>now-1|')).toEqual(['now-10m', 'now-1h']);
    expect(texts('process.interactive:t|')).toEqual(['true']);
  });
});

test('wherever the caret stands, what is to be replaced lies around it and the rest is a query', () => {
  const piece = fc.constantFrom(
    'user.name',
    'process.pid',
    ':',
    '>',
    '(',
    ')',
    '[',
    '"',
    ' ',
    ' and ',
    ' or ',
    'not ',
    'a',
    '*',
    '\\',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), fc.nat(), (pieces, n) => {
      const text = pieces.join('');
      const caret = n % (text.length + 1);
      const completing = completionAt(text, caret);
      if (completing === undefined) return;
      expect(completing.from).toBeLessThanOrEqual(caret);
      expect(completing.to).toBeGreaterThanOrEqual(caret);
      suggestionsAt(completing);
      if (completing.at === 'value') expect(parseQuery(completing.rest).ok).toBe(true);
    }),
  );
});
