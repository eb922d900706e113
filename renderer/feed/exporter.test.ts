import { expect, test } from 'vitest';
import type { Console } from '../../shared/console.ts';
import type { Event } from '../../shared/event.ts';
import { Exporter, withGaps, type Export } from './exporter.svelte.ts';

const EVENTS: readonly Event[] = Array.from({ length: 2500 }, (_, i) => {
  const n = 2500 - i;
  const fields = n % 1000 === 0 ? { 'event.action': 'gap' as const } : { 'process.pid': n };
  return { cursor: `1.${n}.${n}`, fields };
});
const ORDER: Export = {
  format: 'ndjson',
  fields: [],
  query: 'user.name:root',
  from: 5,
  until: 9,
  limit: Infinity,
};

function engine(onpage: () => void = () => undefined) {
  const asked: Record<string, unknown>[] = [];
  const request = async (_: string, input: Record<string, unknown>) => {
    asked.push(input);
    onpage();
    const start = Number(input['before'] ?? 0);
    const events = EVENTS.slice(start, start + Number(input['limit']));
    const next = start + events.length;
    return { ok: true, value: { events, ...(next < EVENTS.length ? { next: String(next) } : {}) } };
  };
  return { api: { request } as unknown as Console, asked };
}

test('a result is read page by page to its end, with its gaps', async () => {
  const { api, asked } = engine();
  const written = await new Exporter().write(api, ORDER);
  expect(written).toMatchObject({ events: 2500, gaps: 2 });
  expect(written!.name).toMatch(/^merlon-events-\d{8}-\d{6}\.ndjson$/);
  const lines = (await written!.blob.text()).trimEnd().split('\n');
  expect(JSON.parse(lines[1]!)).toEqual({ process: { pid: 2499 } });
  expect(lines).toHaveLength(2500);
  expect(asked).toHaveLength(3);
  expect(asked[0]).toMatchObject({ query: '(user.name:root) or event.action:gap', since: 5, until: 9 });
});

test('no more than was asked for is read', async () => {
  const { api, asked } = engine();
  expect(await new Exporter().write(api, { ...ORDER, limit: 1200 })).toMatchObject({ events: 1200 });
  expect(asked.map(({ limit }) => limit)).toEqual([1000, 200]);
});

test('cancelled, there is no file', async () => {
  const exporter = new Exporter();
  const { api, asked } = engine(() => exporter.cancel());
  expect(await exporter.write(api, ORDER)).toBeUndefined();
  expect(asked).toHaveLength(1);
  expect(exporter.running).toBe(false);
});

test('cancelling waits for no answer', async () => {
  const exporter = new Exporter();
  const api = { request: () => new Promise(() => undefined) } as unknown as Console;
  const written = exporter.write(api, ORDER);
  exporter.cancel();
  expect(await written).toBeUndefined();
  expect(exporter).toMatchObject({ running: false, problem: '' });
});

test('what fails is said', async () => {
  const error = { code: 'store_failed', message: 'The database could not be read.' };
  const api = { request: async () => ({ ok: false, error }) } as unknown as Console;
  const exporter = new Exporter();
  expect(await exporter.write(api, ORDER)).toBeUndefined();
  expect(exporter.problem).toBe('The database could not be read.');
});

test('ticked events are written in their order, without asking', async () => {
  const events = [EVENTS[5]!, EVENTS[3]!];
  const written = await new Exporter().write(undefined, {
    ...ORDER,
    format: 'csv',
    fields: ['process.pid'],
    events,
  });
  const text = await written!.blob.text();
  expect(
    text
      .split('\r\n')
      .slice(1, 3)
      .map((line) => line.split(',')[2]),
  ).toEqual(['2497', '2495']);
});

test('an empty query has the gaps already', () => {
  expect(withGaps(' ')).toBe('');
});
