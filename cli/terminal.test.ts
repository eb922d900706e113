import { describe, expect, it } from 'vitest';
import { eventLine } from './event-line.ts';
import { exec } from './double.ts';
import { cell, columns, table, visible } from './terminal.ts';
import { bytes, duration, parseSince } from './time.ts';

describe('visible', () => {
  it.each([
    ['an escape sequence', '\u001b[31mred', '\\u{1b}[31mred'],
    ['a title sequence of C1', '\u009d0;x\u009c', '\\u{9d}0;x\\u{9c}'],
    ['a newline and a tab', 'a\nb\tc', 'a\\u{a}b\\u{9}c'],
    ['a bidirectional override', 'exe\u202Etxt', 'exe\\u{202e}txt'],
    ['a zero-width space', 'a\u200Bb', 'a\\u{200b}b'],
    ['a tag character', 'a\u{e0041}', 'a\\u{e0041}'],
    ['a lone surrogate', 'a\ud800b', 'a\\u{d800}b'],
    ['plain text in any language', 'naïve 日本 Ελ', 'naïve 日本 Ελ'],
  ])('shows %s as a code', (_, hostile, shown) => expect(visible(hostile)).toBe(shown));
});

it('a cell is as wide as it says, wide characters counted twice', () => {
  expect(cell('abc', 5)).toBe('abc  ');
  expect(cell('abcdef', 4)).toBe('abc…');
  expect(columns(cell('日本語日本語', 6))).toBe(6);
});

it('a table keeps one line a row, whatever the cells hold', () => {
  const text = table(
    [{ head: 'A', align: 'right' }, { head: 'B' }],
    [
      ['1', 'x\ny'],
      ['10', 'z'],
    ],
  );
  expect(text).toBe(' A  B\n 1  x\\u{a}y\n10  z\n');
});

it('an event is one line within the width', () => {
  const line = eventLine(exec(1, { 'process.command_line': `sh -c \u001b[2J${'x'.repeat(500)}` }), 100);
  expect(columns(line)).toBeLessThanOrEqual(100);
  expect(line).toContain('\\u{1b}[2J');
});

it('an event of an earlier day says which', () => {
  const at = new Date(2026, 10, 9, 14, 34, 7, 402).getTime();
  const event = exec(1, { '@timestamp': at });
  expect(eventLine(event, 100, at - 1)).toMatch(/^14:34:07\.402 /);
  expect(eventLine(event, 100, at + 1)).toMatch(/^11-09 14:34:07 /);
});

it('a failed exec names who tried what, and why not', () => {
  const failed = {
    'event.action': 'exec_failed',
    'process.name': 'bash',
    'process.executable': '/bin/bash',
    'file.path': '/srv/tput',
    'error.code': 'ENOENT',
  } as const;
  const { 'process.command_line': _, ...caller } = exec(1, failed).fields;
  expect(eventLine({ cursor: '1.1.1', fields: caller }, 200)).toContain('bash → /srv/tput  ENOENT');
});

it.each([
  ['10m', 600e3],
  ['2h30m', 9000e3],
  ['1.5s', 1500],
  ['7d', 604_800e3],
])('since %s', (text, ms) => expect(parseSince(text, 1e12)).toBe(1e12 - ms));

it.each(['', '10', 'm', '10x', 'yesterday', '2026-13-45'])('no time: ‘%s’', (text) =>
  expect(parseSince(text, 1e12)).toBeUndefined(),
);

it('units as people write them', () => {
  expect([duration(0.2), duration(11), duration(1840), duration(185e3), duration(93_600e3)]).toEqual([
    '<1 ms',
    '11 ms',
    '1.84 s',
    '3 min 5 s',
    '1 d 2 h',
  ]);
  expect([bytes(17), bytes(9626), bytes(212 << 20)]).toEqual(['17 bytes', '9.4 kiB', '212 MiB']);
});
