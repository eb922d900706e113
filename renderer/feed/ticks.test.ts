import { expect, test } from 'vitest';
import type { Event } from '../../shared/event.ts';
import { parseQuery } from '../../shared/query.ts';
import { asNdjson, queryOfProcesses, Ticks } from './ticks.svelte.ts';

const event = (n: number, process = `p${n}`): Event => ({
  cursor: `1.${n}.${n}`,
  fields: { '@timestamp': n, 'process.entity_id': process, 'process.pid': n },
});
const ROWS = [5, 4, 3, 2, 1].map((n) => event(n));
const pids = (ticks: Ticks) => ticks.events.map(({ fields }) => fields['process.pid']);

test('a stretch goes from the last tick to here, whichever way', () => {
  const ticks = new Ticks();
  ticks.toggle(ROWS[3]!);
  ticks.extend(ROWS, ROWS[0]!, ROWS[1]!);
  expect(pids(ticks)).toEqual([4, 3, 2]);
  ticks.toggle(ROWS[2]!);
  expect(pids(ticks)).toEqual([4, 2]);
  ticks.clear();
  expect(ticks.count).toBe(0);
});

test('without a tick it begins at the row that was selected', () => {
  const ticks = new Ticks();
  ticks.extend(ROWS, ROWS[1]!, ROWS[2]!);
  expect(pids(ticks)).toEqual([4, 3]);
});

test('as JSON they nest by the dots, one a line', () => {
  const lines = asNdjson(ROWS.slice(0, 2)).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { process: { pid: 5 } },
    { process: { pid: 4 } },
  ]);
});

test('as a query they name their processes, each once', () => {
  expect(queryOfProcesses([event(1, 'a'), event(2, 'a')])).toBe('process.entity_id:a');
  const many = queryOfProcesses([event(1, 'a'), event(2, 'b c')])!;
  expect(many).toBe('process.entity_id:(a or "b c")');
  expect(parseQuery(many).ok).toBe(true);
  expect(queryOfProcesses([{ cursor: '1.1.1', fields: {} }])).toBeUndefined();
});
