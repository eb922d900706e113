import { beforeEach, describe, expect, test } from 'vitest';
import { MAX_BUCKETS, MAX_PATIENCE_MS, requestParser } from '../shared/console.ts';
import type { Event, EventFields } from '../shared/event.ts';
import { toPredicate } from '../shared/query.ts';
import { ApiBench, whenAborted } from './api.double.ts';
import type { Story } from './store/contract.ts';

let bench: ApiBench;
beforeEach(() => {
  bench = new ApiBench();
});

const event = (sequence: number): Event => ({ cursor: `1.${sequence}.${sequence}`, fields: {} });

describe('events.page', () => {
  test('passes on what was asked, and how far the search came', async () => {
    const asked: unknown[] = [];
    const page = { events: [], next: '1.2.3', searched: { events: 5, of: 9 } };
    const ask = bench.over({
      page: async (request) => {
        asked.push(request);
        if (request.patienceMs !== undefined) return page;
        return { events: [{ cursor: '1.3.4', fields: { '@timestamp': 77 } }] };
      },
    });
    const input = { query: '', after: '0.0.0', since: 1, until: 2, limit: 3, patience_ms: 250 };
    expect(await ask('events.page', input)).toEqual({
      ok: true,
      value: { ...page, searched: { events: 5, of: 9, reached: 77 } },
    });
    expect(asked).toEqual([
      {
        query: null,
        after: { boot: 0, timeNs: 0, sequence: 0 },
        before: undefined,
        sinceMs: 1,
        untilMs: 2,
        limit: 3,
        patienceMs: 250,
      },
      { query: null, limit: 1, after: { boot: 1, timeNs: 2, sequence: 3 } },
    ]);
  });

  test.each([
    ['a patience beyond the limit', { query: '', limit: 1, patience_ms: MAX_PATIENCE_MS + 1 }],
    ['a time that is none', { query: '', limit: 1, until: Infinity }],
    ['an unknown field', { query: '', limit: 1, patience: 1 }],
  ])('%s is not understood', (_, input) => {
    expect(() => requestParser('events.page')(input)).toThrow();
  });

  test('is cut to what a reply can carry', async () => {
    const big = (n: number): Event => ({ ...event(n), fields: { message: 'x'.repeat(6 << 20) } });
    const ask = bench.over({ page: async () => ({ events: [big(3), big(2), big(1)] }) });
    expect(await ask('events.page', { query: '', limit: 3 })).toMatchObject({
      value: { events: [{ cursor: '1.3.3' }, { cursor: '1.2.2' }], next: '1.2.2' },
    });
  });

  test('is given up when the face goes away', async () => {
    const reply = bench.over({ page: (_, signal) => whenAborted(signal) })('events.page', {
      query: '',
      limit: 1,
    });
    bench.face.hangUp();
    expect(await reply).toMatchObject({ error: { code: 'cancelled' } });
    expect(bench.logged).toEqual([]);
  });

  test('of a store that fails says so, and the log has its words', async () => {
    const ask = bench.over({ page: () => Promise.reject(new Error('disk I/O error')) });
    expect(await ask('events.page', { query: '', limit: 1 })).toMatchObject({
      error: { code: 'store_failed', detail: 'disk I/O error' },
    });
    expect(bench.logged.join()).toContain('disk I/O error');
  });
});

describe('events.histogram', () => {
  test('counts by action, and says from when on where patience ended', async () => {
    const ask = bench.over({ histogram: async () => ({ counts: { exec: [1, 2] }, countedFromMs: 60_000 }) });
    const input = { query: '', from: 0, until: 120_000, step_ms: 60_000, patience_ms: 100 };
    expect(await ask('events.histogram', input)).toEqual({
      ok: true,
      value: { counts: { exec: [1, 2] }, counted_from: 60_000 },
    });
  });

  test.each([
    ['too many buckets', { from: 0, until: MAX_BUCKETS + 1, step_ms: 1 }],
    ['a span that ends before it begins', { from: 5, until: 5, step_ms: 1 }],
    ['a step of nothing', { from: 0, until: 5, step_ms: 0 }],
  ])('%s is not understood', (_, span) => {
    expect(() => requestParser('events.histogram')({ query: '', ...span })).toThrow();
  });

  test('a query that is none is told where it ends', async () => {
    const ask = bench.over({});
    expect(await ask('events.histogram', { query: 'a:(', from: 0, until: 1, step_ms: 1 })).toMatchObject({
      error: { code: 'bad_query' },
    });
  });
});

describe('events.values', () => {
  test('gives the counts, and says from when on where patience ended', async () => {
    const values = [{ value: 'root', events: 3 }];
    const ask = bench.over({ values: async () => ({ values, distinct: 7, countedFromMs: 60_000 }) });
    expect(await ask('events.values', { field: 'user.name', query: '', limit: 1 })).toEqual({
      ok: true,
      value: { values, distinct: 7, counted_from: 60_000 },
    });
  });

  test('a field that is none is not understood', () => {
    const input = { field: 'user.nme', query: '', limit: 1 };
    expect(() => requestParser('events.values')(input)).toThrow('no such field');
  });
});

describe('a process that has left the table', () => {
  const stored = (id: string, parent: string, pid: number): EventFields => ({
    'process.entity_id': id,
    'process.parent.entity_id': parent,
    'process.pid': pid,
    'process.name': id,
    'process.start': pid,
  });
  const story: Story = {
    process: stored('me', 'father', 30),
    ancestors: [stored('father', 'init', 20), stored('init', '', 1)],
    descendants: [
      stored('son', 'me', 40),
      stored('daughter', 'me', 50),
      stored('grandson', 'son', 60),
      stored('stranger', 'elsewhere', 70),
    ],
    events: [event(1), event(2)],
  };
  const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

  test('has its ancestors and descendants in its tree', async () => {
    const reply = await bench.over({ story: async () => story })('processes.tree', { entity_id: 'me' });
    if (!reply.ok) throw new Error(reply.error.message);
    expect(names(reply.value.ancestors)).toEqual(['init', 'father']);
    expect(reply.value.process).toMatchObject({ name: 'me', pid: 30, parent_entity_id: 'father' });
    expect(names(reply.value.descendants)).toEqual(['son', 'grandson', 'daughter']);
  });

  test('is found by its pid, too: the newest that had it', async () => {
    const asked: unknown[] = [];
    const ask = bench.over({
      page: async ({ query, limit }) => {
        const matches = query === null ? () => true : toPredicate(query);
        const events = [stored('thread', '', 31), stored('me', 'father', 30)].map((fields) => ({
          ...event(1),
          fields,
        }));
        return { events: events.filter(({ fields }) => matches(fields)).slice(0, limit) };
      },
      story: async (id) => {
        asked.push(id);
        return story;
      },
    });
    expect(await ask('processes.tree', { pid: 30 })).toMatchObject({ value: { process: { name: 'me' } } });
    expect(asked).toEqual(['me']);
    expect(await ask('processes.tree', { pid: 32 })).toMatchObject({ error: { code: 'not_found' } });
  });

  test('has its events in its story', async () => {
    const asked: unknown[] = [];
    const ask = bench.over({
      story: async (id, limit) => {
        asked.push([id, limit]);
        return story;
      },
    });
    const reply = await ask('processes.story', { entity_id: 'me', limit: 2 });
    expect(reply).toMatchObject({ value: { process: { name: 'me' }, events: story.events } });
    expect(reply.ok && names(reply.value.descendants)).toEqual(['son', 'grandson']);
    expect(asked).toEqual([['me', 2]]);
  });

  test('is as the table knows it where it is still there, with what the store does not know yet', async () => {
    const facts = (pid: number, startNs: number, ppid: number, parentStartNs: number) => ({
      task: { pid, start_ns: startNs, ppid, parent_start_ns: parentStartNs, uid: 0, comm: `c${pid}` },
      cgroupId: '1',
    });
    const image = (name: string) => ({
      name,
      executable: `/bin/${name}`,
      args: [name],
      commandLine: name,
      weight: 1,
    });
    const father = bench.processes.executed(facts(20, 200, 0, 0), image('father'));
    const me = bench.processes.executed(facts(30, 300, 20, 200), image('me'));
    bench.processes.forked(facts(31, 310, 30, 300));
    const ask = bench.over({
      story: async () => ({
        ...story,
        process: { ...story.process, 'process.entity_id': me.entityId },
        ancestors: [stored(father.entityId, 'init', 20), stored('init', '', 1)],
        descendants: [stored('son', me.entityId, 40)],
      }),
    });
    const reply = await ask('processes.story', { entity_id: me.entityId, limit: 9 });
    if (!reply.ok) throw new Error(reply.error.message);
    expect(names(reply.value.ancestors)).toEqual(['init', 'father']);
    expect(reply.value.process).toMatchObject({ name: 'me', end: null, command_line: 'me' });
    expect(names(reply.value.descendants)).toEqual(['son', 'me']);
  });

  test.each(['processes.tree', 'processes.story'] as const)(
    'is not found by %s where nobody knows it',
    async (name) => {
      const ask = bench.over({ story: async () => undefined });
      const input = { entity_id: 'x', limit: 1 };
      const reply = await (name === 'processes.tree' ? ask(name, { entity_id: 'x' }) : ask(name, input));
      expect(reply).toMatchObject({ error: { code: 'not_found' } });
    },
  );

  test('a circle of parents ends', async () => {
    const circle = {
      ...story,
      descendants: [stored('a', 'me', 1), stored('me', 'a', 2), stored('a', 'me', 3)],
    };
    const reply = await bench.over({ story: async () => circle })('processes.tree', { entity_id: 'me' });
    expect(reply.ok && names(reply.value.descendants)).toEqual(['a']);
  });
});
