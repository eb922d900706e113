import Database from 'better-sqlite3';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FIELDS, formatCursor, parseCursor, type EventFields } from '../../shared/event.ts';
import { MAX_QUERY_LENGTH, parseQuery, type Query } from '../../shared/query.ts';
import { openStore, StoreError, type Store, type StoredEvent } from './index.ts';

// The machine that runs the tests may be busy with other things.
vi.setConfig({ testTimeout: 120_000 });

let folder: string;
const stores: Store[] = [];
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'merlon-store-')), 'data');
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(join(folder, '..'), { recursive: true, force: true });
});
function open(): Store {
  const store = openStore(folder);
  stores.push(store);
  return store;
}

const BASE = Date.UTC(2026, 10, 22, 10);
/** The nth event of boot 1: one each millisecond. */
const event = (n: number, fields: EventFields = {}, boot = 1): StoredEvent => ({
  cursor: { boot, timeNs: n * 1e6, sequence: n },
  fields: { '@timestamp': BASE + n, 'event.sequence': n, ...fields },
});
const events = (from: number, to: number, fields: EventFields = {}) =>
  Array.from({ length: to - from }, (_, i) => event(from + i, fields));
function query(text: string): Query | null {
  const parsed = parseQuery(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}
const sequences = (page: { events: readonly { fields: EventFields }[] }) =>
  page.events.map(({ fields }) => fields['event.sequence']);
function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof StoreError) return error.code;
    throw error;
  }
  return 'no error';
}

describe('what is stored', () => {
  test('comes back as it was, whatever the strings and numbers', async () => {
    const hostile = [
      ...[
        '',
        '\0',
        'a\0b',
        '\ud83d',
        '\ude00x',
        '😀',
        '\ufffd\ufffe\uffff',
        '\u202e%_\\*?[]"\'',
        'null',
        '["a"]',
      ],
      ...['x'.repeat(4096), '\u001b[31m', '\\ud800', '\\', 'é'.repeat(30_000), 'y'.repeat(200_000)],
    ];
    const numbers = [
      0,
      1,
      -1,
      2,
      127,
      128,
      -128,
      -129,
      32767,
      32768,
      8388607,
      8388608,
      -8388609,
      2 ** 31 - 1,
      2 ** 31,
    ].concat([
      -(2 ** 31) - 1,
      2 ** 47,
      2 ** 48 + 1,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
      0.5,
      -1e300,
    ]);
    const batch = [
      ...hostile.map((text, i) =>
        event(i, { 'process.name': text, 'process.args': [text, 'b'], 'source.ip': text }),
      ),
      ...numbers.map((n, i) =>
        event(100 + i, { 'process.pid': n, 'process.start': n, 'process.interactive': n > 0 }),
      ),
      event(200, { 'process.args': [] }),
    ];
    const store = open();
    store.append(batch);
    const { events: stored } = await store.page({
      query: null,
      after: { boot: 0, timeNs: 0, sequence: 0 },
      limit: 999,
    });
    expect(stored.map(({ fields }) => fields)).toEqual(batch.map(({ fields }) => fields));
    expect(stored.map(({ cursor }) => parseCursor(cursor))).toEqual(batch.map(({ cursor }) => cursor));
    for (const [i, text] of hostile.entries()) {
      if (text.length > MAX_QUERY_LENGTH) continue;
      const exact: Query = { type: 'match', field: 'process.name', pattern: [{ literal: text }] };
      const list: Query = { type: 'match', field: 'process.args', pattern: [{ literal: text }] };
      expect(sequences(await store.page({ query: exact, limit: 9 }))).toEqual([i]);
      expect(sequences(await store.page({ query: list, limit: 9 }))).toEqual([i]);
    }
  });

  test('has a column for every field, and no other', () => {
    open();
    const db = new Database(join(folder, 'events.db'), { readonly: true });
    const columns = db.prepare(`SELECT name, type FROM pragma_table_info('event')`).all();
    db.close();
    const typeOf = (kind: string) => (kind === 'date' ? 'REAL' : 'INTEGER');
    const wanted = Object.entries(FIELDS).map(([name, { kind }]) => ({ name, type: typeOf(kind) }));
    const key = ['boot', 'time_ns', 'sequence'].map((name) => ({ name, type: 'INTEGER' }));
    expect(new Set(columns)).toEqual(new Set([...key, ...wanted]));
  });

  test('is there after reopening, counted', async () => {
    const first = open();
    expect(first.stats()).toMatchObject({ events: 0, oldest: null });
    first.append(events(10, 20));
    first.append([event(5)]);
    expect(first.stats()).toMatchObject({ events: 11, oldest: BASE + 5, path: join(folder, 'events.db') });
    expect(first.stats().bytes).toBeGreaterThan(0);
    await first.close();
    const second = open();
    expect(second.stats()).toMatchObject({ events: 11, oldest: BASE + 5 });
    second.append(events(20, 30));
    expect(second.stats().events).toBe(21);
    expect((await second.page({ query: null, limit: 100 })).events).toHaveLength(21);
  });

  test('is found again by its place', async () => {
    const store = open();
    store.append([event(7, { 'process.name': 'x' })]);
    const found = await store.get(event(7).cursor);
    expect(found).toEqual({
      cursor: formatCursor(event(7).cursor),
      fields: event(7, { 'process.name': 'x' }).fields,
    });
    expect(await store.get({ boot: 1, timeNs: 1, sequence: 1 })).toBeUndefined();
  });

  test('is readable by its owner only', async () => {
    const store = open();
    store.append([event(1)]);
    await store.page({ query: null, limit: 1 });
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder).sort()).toEqual([
      ...['events.db', 'events.db-shm', 'events.db-wal', 'lock.db', 'stage.db'],
    ]);
    for (const name of readdirSync(folder))
      expect([name, statSync(join(folder, name)).mode & 0o777]).toEqual([name, 0o600]);
  });
});

describe('boots', () => {
  test('are numbered in the order of first sight, for good', async () => {
    const store = open();
    expect([store.bootNumber('b'), store.bootNumber('a'), store.bootNumber('b')]).toEqual([1, 2, 1]);
    await store.close();
    expect(open().bootNumber('a')).toBe(2);
  });

  test('have a last sequence each', () => {
    const store = open();
    store.append([event(3), event(9), event(4, {}, 2)]);
    expect([1, 2, 3].map((boot) => store.lastSequence(boot))).toEqual([9, 4, 0]);
  });
});

describe('a page', () => {
  test('is newest first, and leads on to the end', async () => {
    const store = open();
    store.append(events(0, 25));
    const seen: (number | undefined)[] = [];
    let before: string | undefined;
    do {
      const page = await store.page({
        query: null,
        limit: 10,
        before: before === undefined ? undefined : parseCursor(before),
      });
      seen.push(...sequences(page));
      before = page.next;
    } while (before !== undefined);
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => 24 - i));
  });

  test('after a place is oldest first', async () => {
    const store = open();
    store.append(events(0, 25));
    const page = await store.page({ query: null, after: event(20).cursor, limit: 3 });
    expect([sequences(page), page.next]).toEqual([[21, 22, 23], formatCursor(event(23).cursor)]);
    expect(await store.page({ query: null, after: event(23).cursor, limit: 1 })).not.toHaveProperty('next');
  });

  test('reaches across stretches and boots, with batches out of order', async () => {
    const store = open();
    store.append(Array.from({ length: 70_000 }, (_, i) => event(i * 2)));
    store.append(
      Array.from({ length: 70_000 }, (_, i) => event(i * 2 + 1, { 'process.name': i === 3 ? 'rare' : 'b' })),
    );
    store.append([event(1, {}, 2)]);
    expect(store.stats().events).toBe(140_001);
    expect(sequences(await store.page({ query: null, limit: 4 }))).toEqual([1, 139_999, 139_998, 139_997]);
    expect(sequences(await store.page({ query: query('process.name:rare'), limit: 4 }))).toEqual([7]);
    expect(
      sequences(await store.page({ query: query('process.name:rare'), after: event(0).cursor, limit: 4 })),
    ).toEqual([7]);
    expect(sequences(await store.page({ query: null, after: event(139_998).cursor, limit: 4 }))).toEqual([
      139_999, 1,
    ]);
    expect(sequences(await store.page({ query: null, before: event(2).cursor, limit: 4 }))).toEqual([1, 0]);
  });

  test('since a moment leaves earlier events out, also where the clock was stepped back', async () => {
    const store = open();
    store.append(events(0, 10));
    store.append([
      event(10, { '@timestamp': BASE - 5000 }),
      event(11),
      { ...event(12), fields: { 'event.sequence': 12 } },
    ]);
    expect(sequences(await store.page({ query: null, sinceMs: BASE + 8, limit: 9 }))).toEqual([11, 9, 8]);
    expect(sequences(await store.page({ query: query('@timestamp<2026-11-22T10:00'), limit: 9 }))).toEqual([
      10,
    ]);
    const now = BASE + 10;
    expect(sequences(await store.page({ query: query('@timestamp>now-3ms'), now, limit: 9 }))).toEqual([
      11, 9, 8,
    ]);
    expect(await store.page({ query: null, sinceMs: BASE + 60_000, limit: 9 })).toEqual({ events: [] });
  });

  test('sees events that came after its term was first looked up', async () => {
    const store = open();
    const request = { query: query('process.name:fresh* or brandnew'), limit: 9 };
    expect(sequences(await store.page(request))).toEqual([]);
    store.append([event(1, { 'process.name': 'freshly' }), event(2, { 'process.args': ['a brandnew one'] })]);
    expect(sequences(await store.page(request))).toEqual([2, 1]);
  });

  test('answers more terms than are kept between queries', async () => {
    const store = open();
    store.append([event(1, { 'process.name': 'w127' })]);
    const words = Array.from({ length: 128 }, (_, i) => `w${i}`).join(' or ');
    expect(sequences(await store.page({ query: query(words), limit: 9 }))).toEqual([1]);
    expect(sequences(await store.page({ query: query(words.replaceAll('w', 'v')), limit: 9 }))).toEqual([]);
    expect(sequences(await store.page({ query: query(words), limit: 9 }))).toEqual([1]);
  });

  test('is given up when its signal says so, queued or under way', async () => {
    const store = open();
    store.append(events(0, 20_000));
    const gone = new AbortController();
    const pages = Array.from({ length: 20 }, () =>
      store.page({ query: query('process.pid:1'), limit: 9 }, gone.signal),
    );
    const other = store.page({ query: null, limit: 1 });
    gone.abort();
    const outcomes = await Promise.allSettled(pages);
    expect(outcomes.filter(({ status }) => status === 'rejected').length).toBe(20);
    expect(sequences(await other)).toEqual([19_999]);
    await expect(store.page({ query: null, limit: 1 }, gone.signal)).rejects.toThrow('aborted');
  });
});

describe('a process', () => {
  test('is what its events say, the newest first', async () => {
    const store = open();
    store.append([
      event(1, { 'process.entity_id': 'p1', 'process.name': 'sh', 'process.pid': 5 }),
      event(2, { 'process.entity_id': 'p1', 'process.name': 'curl', 'process.args': ['curl'] }),
      event(3, { 'process.entity_id': 'P1', 'process.name': 'other' }),
      event(4, { 'process.entity_id': 'p1', 'process.exit_code': 1 }),
    ]);
    expect(await store.process('p1')).toMatchObject({
      'process.name': 'curl',
      'process.pid': 5,
      'process.args': ['curl'],
      'process.exit_code': 1,
      'event.sequence': 4,
    });
    expect(await store.process('p*')).toBeUndefined();
  });
});

describe('a batch', () => {
  test('that fails is not stored at all, and the next one is', async () => {
    const store = open();
    store.append([event(1, { 'process.name': 'one' })]);
    const fresh = { 'process.name': 'two', 'process.args': ['two'] };
    expect(codeOf(() => store.append([event(2, fresh), event(3, fresh), event(1)]))).toBe('failed');
    expect(store.stats().events).toBe(1);
    store.append([event(4, fresh)]);
    const page = await store.page({ query: query('two'), limit: 9 });
    expect(sequences(page)).toEqual([4]);
    expect(page.events[0]?.fields).toMatchObject(fresh);
    expect(sequences(await store.page({ query: null, limit: 9 }))).toEqual([4, 1]);
  });

  test('may be of any size', async () => {
    const store = open();
    store.append([]);
    let next = 0;
    for (const size of [1, 2, 1000, 40_000, 1]) {
      store.append(events(next, next + size, { 'process.name': 'x' }));
      next += size;
    }
    expect(store.stats().events).toBe(next);
    expect(codeOf(() => store.append(Array.from({ length: 262_145 }, (_, i) => event(next + i))))).toBe(
      'failed',
    );
    store.append([event(next)]);
    expect(sequences(await store.page({ query: null, limit: 1 }))).toEqual([next]);
  });
});

describe('opening', () => {
  test('a database that is in use is refused, until it is given back', async () => {
    const store = open();
    expect(codeOf(open)).toBe('in_use');
    await store.close();
    expect(codeOf(open)).toBe('no error');
  });

  test('a database of a newer Merlon is refused with a sentence', async () => {
    await open().close();
    const db = new Database(join(folder, 'events.db'));
    db.pragma('user_version = 9999');
    db.close();
    expect(codeOf(open)).toBe('newer');
    expect(open).toThrow(/newer Merlon \(layout 9999; this one knows \d+\)\. .*--data DIR/);
  });

  test.each<[string, string | Buffer]>([
    ['text', 'this is not a database, whatever its name says. '.repeat(200)],
    ['zeros after a header', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(40_000)])],
  ])('a file of %s is refused as damaged', (_, content) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'events.db'), content);
    expect(codeOf(open)).toBe('corrupt');
    expect(open).toThrow(/move the file away/i);
  });

  test('a database of another program is refused and left alone', () => {
    mkdirSync(folder, { recursive: true });
    const other = new Database(join(folder, 'events.db'));
    other.exec('CREATE TABLE recipes (name)');
    other.close();
    expect(codeOf(open)).toBe('corrupt');
    expect(open).toThrow(/not one of Merlon’s/);
  });

  test('a folder that is a file is refused', () => {
    mkdirSync(join(folder, '..'), { recursive: true });
    writeFileSync(folder, '');
    expect(codeOf(open)).toBe('failed');
  });
});

test('a closed store says so', async () => {
  const store = open();
  await store.close();
  await store.close();
  expect(codeOf(() => store.append([event(1)]))).toBe('failed');
  await expect(store.page({ query: null, limit: 1 })).rejects.toThrow('closed');
});
