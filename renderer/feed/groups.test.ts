import { expect, test } from 'vitest';
import type { Event } from '../../shared/event.ts';
import { actionsOf, groupByProcess, lengthOf, type FeedRow } from './groups.ts';

const event = (n: number, process: string | undefined, action = 'exec'): Event => ({
  cursor: `1.${n}.${n}`,
  fields: {
    '@timestamp': n * 1000,
    'event.action': action,
    ...(process === undefined ? {} : { 'process.entity_id': process }),
  },
});
const keys = (rows: readonly FeedRow[]) => rows.map(({ key }) => key);

const EVENTS = [
  event(6, 'b'),
  event(5, 'a', 'exit'),
  event(4, undefined),
  event(3, 'a', 'fork'),
  event(2, 'a', 'fork'),
  event(1, 'a'),
];

test('each process is one row, where its newest event stands', () => {
  expect(keys(groupByProcess(EVENTS, new Set()))).toEqual(['1.6.6', 'group-a', '1.4.4']);
});

test('an unfolded one has its events below it', () => {
  const rows = groupByProcess(EVENTS, new Set(['a']));
  expect(keys(rows)).toEqual(['1.6.6', 'group-a', '1.5.5', '1.3.3', '1.2.2', '1.1.1', '1.4.4']);
});

test('a group says what happened and over how long', () => {
  const [, row] = groupByProcess(EVENTS, new Set());
  if (row?.of !== 'group') throw new Error('no group');
  expect(actionsOf(row.group)).toBe('exec, 2 fork, exit');
  expect(lengthOf(row.group)).toBe(4000);
});
