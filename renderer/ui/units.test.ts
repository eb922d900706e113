import { expect, test } from 'vitest';
import { bytes, countdown, counted, dayAndMinute, duration, span } from './units.ts';

test.each([
  [740_000, '740 µs'],
  [11_000_000, '11 ms'],
  [1_840_000_000, '1.84 s'],
  [125_000_000_000, '2 min 5 s'],
  [120_000_000_000, '2 min'],
  [11_520_000_000_000, '3 h 12 min'],
])('%d ns reads %s', (ns, text) => expect(duration(ns)).toBe(text));

test.each([
  [6_999, '6 s'],
  [-5, '0 s'],
  [352_800_000, '4 d 2 h'],
])('%d ms reads %s', (ms, text) => expect(span(ms)).toBe(text));

test.each([
  [612, '612 B'],
  [9.1 * 1024 ** 2, '9.10 MiB'],
  [212 * 1024 ** 2, '212 MiB'],
  [1.12 * 1024 ** 3, '1.12 GiB'],
])('%d bytes read %s', (n, text) => expect(bytes(n)).toBe(text));

test.each([
  [43_000, '0:43'],
  [42_001, '0:43'],
  [725_000, '12:05'],
  [-5, '0:00'],
])('%d ms to go read %s', (ms, text) => expect(countdown(ms)).toBe(text));

test('a count takes its noun', () => {
  expect([counted(1, 'event'), counted(1284, 'event'), counted(2, 'process', 'processes')]).toEqual([
    '1 event',
    '1,284 events',
    '2 processes',
  ]);
});

test.each([
  [new Date(2026, 10, 9, 14, 34, 7), '9 Nov 14:34'],
  [new Date(2025, 10, 9, 14, 34, 7), '2025-11-09'],
])('%s reads %s where it is not today', (at, text) =>
  expect(dayAndMinute(at.getTime(), new Date(2026, 10, 24).getTime())).toBe(text),
);
