import { expect, test } from 'vitest';
import { chartsOf, figureText, minutesOf, readOut, valuesAt, type Chart } from './charts.ts';
import { cost, health, MINUTE, NOW, sample } from './health.double.ts';

const HOUR = 60 * MINUTE;
const all = (changes = {}) => chartsOf(health(changes), cost().budget);
const one = (id: Chart['id'], changes = {}): Chart => {
  const chart = all(changes).find((each) => each.id === id);
  if (chart === undefined) throw new Error(id);
  return chart;
};

test('what is shown is the last figure, or that of a moment', () => {
  const chart = one('events', { samples: [sample(NOW - 5000, { events_per_s: 3 }), sample(NOW)] });
  expect(figureText(chart, valuesAt(chart, undefined))).toBe('10');
  expect(figureText(chart, valuesAt(chart, NOW - 4000))).toBe('3.0');
  expect(figureText(chart, valuesAt(chart, NOW - MINUTE))).toBe('—');
});

test('a processor’s share is that of both, and of one where the other is not there', () => {
  const chart = one('cpu', { samples: [sample(NOW - 5000), sample(NOW, { helper_percent: null })] });
  expect(figureText(chart, valuesAt(chart, NOW - 5000))).toBe('0.50 %');
  expect(figureText(chart, valuesAt(chart, NOW))).toBe('0.40 %');
  expect(chart.limit).toEqual({ value: 3, label: 'budget 3 %' });
  expect(chart.highest).toBeGreaterThan(3);
});

test('a canary that did not come back is said to be missed, at its time', () => {
  const canaries = [
    { at: NOW - 3 * MINUTE, ms: 9 },
    { at: NOW - MINUTE, ms: null },
  ];
  const chart = one('canaries', { canaries });
  expect(chart.missed).toEqual([NOW - MINUTE]);
  expect(figureText(chart, valuesAt(chart, NOW))).toBe('missed');
  expect(chart.about).toBe('Canaries in the time shown: from 9 ms to 9 ms, last 9 ms, 1 missed');
});

test('a chart without figures says so', () => {
  expect(one('memory', { samples: [] }).about).toBe('Memory: nothing was measured yet');
  expect(one('memory', { samples: [] }).round).toBe(0);
});

test('a moment is read out in one sentence', () => {
  expect(readOut(all(), NOW)).toBe(
    'Canaries 11 ms, Events 10 a second, Processor 0.50 % of one, Memory 100 MiB, Waiting 0 B',
  );
  expect(readOut(all({ samples: [] }), NOW)).toContain('Events not measured, Processor not measured');
});

test('the table has a line for each minute of which something is known, the newest first', () => {
  const samples = [
    sample(NOW - 2 * MINUTE),
    sample(NOW - 2 * MINUTE + 5000, { events_per_s: 30 }),
    sample(NOW),
  ];
  const canaries = [
    { at: NOW - 2 * MINUTE + 1, ms: 9 },
    { at: NOW - 2 * MINUTE + 2, ms: 12 },
    { at: NOW - 2 * MINUTE + 3, ms: null },
  ];
  const rows = minutesOf(all({ samples, canaries }), NOW - HOUR, NOW);
  expect(rows.map(({ from }) => from)).toEqual([NOW, NOW - 2 * MINUTE]);
  expect(rows[1]?.canary).toBe('12 ms, 1 missed');
  expect(rows[1]?.figures[0]).toBe('20');
  expect(rows[0]?.canary).toBe('—');
});
