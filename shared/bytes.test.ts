import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeBytes, unescapeBytes } from './bytes.ts';

const bytes = (...parts: (string | number)[]) =>
  Uint8Array.from(parts.flatMap((p) => (typeof p === 'number' ? [p] : [...new TextEncoder().encode(p)])));

describe('escapeBytes', () => {
  test.each([
    ['plain text stays', bytes('/usr/bin/ls'), '/usr/bin/ls'],
    ['valid UTF-8 stays', bytes('café ☃ 🦊'), 'café ☃ 🦊'],
    ['a byte order mark stays', bytes(0xef, 0xbb, 0xbf, 'a'), '\ufeffa'],
    ['a stray byte is escaped', bytes('a', 0xff, 'b'), 'a\\xffb'],
    ['a cut sequence is escaped byte by byte', bytes('a', 0xe2, 0x98), 'a\\xe2\\x98'],
    ['a surrogate is not UTF-8', bytes(0xed, 0xa0, 0x80), '\\xed\\xa0\\x80'],
    ['an overlong slash is not UTF-8', bytes(0xc0, 0xaf), '\\xc0\\xaf'],
    ['a literal that looks like an escape is escaped', bytes('\\x41'), '\\x5cx41'],
    ['other backslashes stay', bytes('a\\b\\xZZ\\\\'), 'a\\b\\xZZ\\\\'],
  ])('%s', (_, input, output) => {
    expect(escapeBytes(input)).toBe(output);
    expect(unescapeBytes(output)).toEqual(input);
  });

  test('gives back every sequence of bytes exactly', () => {
    const nasty = fc.oneof(
      fc.integer({ min: 0, max: 255 }).map((b) => [b]),
      fc.constantFrom('\\', '\\x', '\\x5c', '\\xff', 'x41', 'é', '🦊').map((s) => [...bytes(s)]),
    );
    fc.assert(
      fc.property(fc.array(nasty, { maxLength: 40 }), (parts) => {
        const input = Uint8Array.from(parts.flat());
        expect(unescapeBytes(escapeBytes(input))).toEqual(input);
      }),
      { numRuns: 2000 },
    );
  });

  test('gives different bytes different text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), fc.uint8Array({ maxLength: 6 }), (a, b) => {
        expect(escapeBytes(a) === escapeBytes(b)).toBe(Buffer.compare(a, b) === 0);
      }),
      { numRuns: 2000 },
    );
  });
});
