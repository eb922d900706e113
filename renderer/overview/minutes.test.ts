import { expect, test } from 'vitest';
import { barsPath, hourOf, lanesOf, MINUTES, spanOf, stretches, totalOf } from './minutes.ts';

const minutes = (...last: number[]) => [...new Array<number>(MINUTES - last.length).fill(0), ...last];
const hour = { from: 0, until: 3_600_000 };

test('the hour is of whole minutes and ends with the present one', () => {
  expect(hourOf(3_661_000)).toEqual({ from: 120_000, until: 3_720_000 });
});

test('each kind has its lane and its place; starts are told even where there were none', () => {
  const lanes = lanesOf({ exit: minutes(1, 2), gap: minutes(1), fork: minutes(3), made_up: minutes(1) });
  expect(lanes.map(({ action, total, highest }) => [action, total, highest])).toEqual([
    ['exec', 0, 0],
    ['fork', 3, 3],
    ['exit', 3, 2],
    ['made_up', 1, 1],
  ]);
  expect(totalOf(lanes)).toBe(7);
});

test('one of many is still drawn, none is not', () => {
  const [lane] = lanesOf({ exec: minutes(1, 0, 10_000) });
  expect(barsPath(lane!, 28)).toBe('M57.12 28v-1.00h.76V28zM59.12 28v-28.00h.76V28z');
  expect(barsPath(lanesOf({})[0]!, 28)).toBe('');
});

test.each([
  [[-10, -5], []],
  [[3_600_000, 3_700_000], []],
  [[-1000, 900_000], [{ left: 0, width: 0.25 }]],
  [[1_800_000, 9_000_000], [{ left: 0.5, width: 0.5 }]],
  // A moment is drawn as thin as can be seen, and stays inside.
  [[1_800_000, 1_800_001], [{ left: 0.5, width: 0.004 }]],
  [[3_599_999, 3_600_000], [{ left: 0.996, width: 0.004 }]],
])('the span %j is %j of the hour', ([from = 0, until = 0], expected) => {
  expect(stretches([{ from, until }], hour)).toEqual(expected);
});

test('a gap without a span is a moment', () => {
  expect(spanOf({ cursor: '1.1.1', fields: { '@timestamp': 5 } })).toEqual({ from: 5, until: 5 });
});
