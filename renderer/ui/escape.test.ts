import { expect, test } from 'vitest';
import { escapePieces, escapeText } from './escape.ts';

test('plain text stays whole', () => {
  expect(escapePieces('/usr/bin/naïve 漢字 файл')).toEqual([{ text: '/usr/bin/naïve 漢字 файл' }]);
});

test('markup is text', () => {
  expect(escapePieces('<img src=x onerror=alert(1)>')).toEqual([{ text: '<img src=x onerror=alert(1)>' }]);
});

test.each([
  ['right-to-left override', 'invoice\u202efdp', 'invoiceU+202Efdp'],
  ['line feed', 'a\nb', 'aU+000Ab'],
  ['escape sequence', '\x1b[31mred', 'U+001B[31mred'],
  ['C1 control', 'a\x9bb', 'aU+009Bb'],
  ['zero-width space', 'pass\u200bwd', 'passU+200Bwd'],
  ['no-break space', 'ls\u00a0-l', 'lsU+00A0-l'],
  ['line separator', 'a\u2028b', 'aU+2028b'],
  ['lone surrogate', 'a\ud800b', 'aU+D800b'],
  ['tag character', 'a\u{e0041}b', 'aU+E0041b'],
  ['private use', 'a\ue000b', 'aU+E000b'],
  ['isolate', '\u2066x\u2069', 'U+2066xU+2069'],
])('a %s shows as its code', (_what, text, shown) => {
  expect(escapeText(text)).toBe(shown);
  const pieces = escapePieces(text);
  expect(pieces.map((piece) => piece.text).join('')).toBe(shown);
  expect(pieces.some((piece) => piece.about !== undefined)).toBe(true);
});

test('ordinary spaces are not marked', () => {
  expect(escapePieces('a b')).toEqual([{ text: 'a b' }]);
});
