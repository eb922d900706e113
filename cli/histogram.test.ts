import { afterEach, beforeEach, expect, it } from 'vitest';
import { ok } from '../shared/result.ts';
import { atTerminal, engineDouble, merlon, type EngineDouble } from './double.ts';
import { spanOf } from './histogram.ts';

let engine: EngineDouble;
beforeEach(async () => {
  engine = await engineDouble();
});
afterEach(() => engine.close());

const HOUR = 3600e3;

/** Counts an exec each minute and a fork each half hour, and loses patience every `reach` ms of the span. */
function counting(reach: number): void {
  engine.answer('events.histogram', (input) => {
    const { from, until, step_ms: step } = input as { from: number; until: number; step_ms: number };
    const counted = Math.max(from, until - reach);
    const count = (every: number) =>
      Array.from({ length: Math.ceil((until - from) / step) }, (_, i) => {
        const begin = Math.max(counted, from + i * step);
        const end = Math.min(until, from + (i + 1) * step);
        return begin >= end ? 0 : Math.ceil(end / every) - Math.ceil(begin / every);
      });
    const counts = { exec: count(60e3), fork: count(1800e3) };
    return ok({ counts, ...(counted > from ? { counted_from: counted } : {}) });
  });
}

const lines = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { '@timestamp': string; events: number; actions: object });

it.each([
  ['at once', Infinity],
  ['in pieces, of which none is a whole step', 47 * 60e3],
])('counts are whole, whether the engine counts %s', async (_, reach) => {
  counting(reach);
  const { stdout, code } = await merlon(['histogram', '--since', '6h', '--step', '1h'], engine.socket);
  expect(code).toBe(0);
  const buckets = lines(stdout);
  expect(buckets).toHaveLength(7);
  for (const bucket of buckets) expect(bucket).toMatchObject({ events: 62, actions: { exec: 60, fork: 2 } });
});

it('asks with more patience where none of it was enough for anything', async () => {
  const patience: unknown[] = [];
  engine.answer('events.histogram', (input) => {
    const { until, patience_ms: given } = input as { until: number; patience_ms?: number };
    patience.push(given);
    return ok({
      counts: { exec: [given === undefined ? 1 : 0] },
      ...(given === undefined ? {} : { counted_from: until }),
    });
  });
  const { stdout } = await merlon(['histogram', '--since', '30s', '--step', '1m'], engine.socket);
  expect(patience).toEqual([500, 5000, undefined]);
  expect(lines(stdout)[0]?.events).toBe(1);
});

it('draws bars on a terminal', async () => {
  engine.answer('events.histogram', () => ok({ counts: { exec: [1000, 0, 1], fork: [1000] } }));
  const terminal = atTerminal(['histogram', '--since', '3h', '--step', '2h'], engine.socket);
  const { text, code } = await terminal.ended;
  expect(code).toBe(0);
  const rows = text.split('\r\n');
  expect(rows[0]).toMatch(/^FROM +EVENTS/);
  expect(rows[1]).toMatch(/:00:00 +2,000 +█{40}$/);
  expect(rows[2]).toMatch(/:00:00 +0$/);
});

it('steps begin where the local clock’s do, and fit a screen unless one is given', () => {
  const now = new Date(2026, 10, 24, 14, 34, 7).getTime();
  const day = spanOf('24h', undefined, now);
  expect(day).toEqual({
    from: new Date(2026, 10, 23, 14, 30).getTime(),
    until: new Date(2026, 10, 24, 15, 0).getTime(),
    step: HOUR / 2,
  });
  expect(spanOf('14d', '1d', now).from).toBe(new Date(2026, 10, 10).getTime());
});
