import Database from 'better-sqlite3';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FIELDS, formatCursor, parseCursor } from '../../shared/event.ts';
import { MAX_QUERY_LENGTH, type Query } from '../../shared/query.ts';
import { BASE, event, events, query, sequences } from './events.builder.ts';
import { openStore, StoreError, type Store } from './index.ts';
import { MAX_BATCH_EVENTS } from './batch.ts';
import { cataloguePath, openPath } from './layout.ts';

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
async function open(bootId = 'a'): Promise<Store> {
  const store = await openStore({ folder, bootId });
  stores.push(store);
  return store;
}

async function codeOf(act: () => Promise<unknown>): Promise<string> {
  try {
    await act();
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
      ...[
        -0,
        Infinity,
        -Infinity,
        -Number.MAX_VALUE,
        1e-7,
        BASE + 0.001,
        BASE + 0.0005,
        1e11,
        99_999_999_999,
      ],
    ]);
    const batch = [
      ...hostile.map((text, i) =>
        event(1 + i, { 'process.name': text, 'process.args': [text, 'b'], 'source.ip': text }),
      ),
      ...numbers.map((n, i) =>
        event(100 + i, {
          ...{ 'process.pid': n, 'process.vpid': n, 'process.start': n, 'process.interactive': n > 0 },
          ...{ 'event.sequence': n, '@timestamp': n, 'process.args_count': n, 'event.duration': n },
        }),
      ),
      event(200, { 'process.args': [] }),
    ];
    const store = await open();
    await store.append(batch);
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
      expect(sequences(await store.page({ query: exact, limit: 9 }))).toEqual([1 + i]);
      expect(sequences(await store.page({ query: list, limit: 9 }))).toEqual([1 + i]);
    }
  });

  test('has a column for every field, and no other', async () => {
    const store = await open();
    await store.append([event(1)]);
    const db = new Database(openPath(folder, 1), { readonly: true });
    const columns = db.prepare(`SELECT name, type FROM pragma_table_info('event')`).all();
    db.close();
    const wanted = Object.keys(FIELDS).map((name) => ({ name, type: '' }));
    const key = ['time_ns', 'sequence'].map((name) => ({ name, type: 'INTEGER' }));
    expect(new Set(columns)).toEqual(new Set([...key, ...wanted]));
  });

  test('is there after reopening, counted', async () => {
    const first = await open();
    expect(first.stats()).toMatchObject({ events: 0, oldest: null });
    await first.append(events(10, 20));
    await first.append([event(20, { '@timestamp': BASE + 5 })]);
    expect(first.stats()).toMatchObject({ events: 11, oldest: BASE + 5, path: cataloguePath(folder) });
    expect(first.stats().bytes).toBeGreaterThan(0);
    await first.close();
    const second = await open();
    expect(second.stats()).toMatchObject({ events: 11, oldest: BASE + 5 });
    await second.append(events(21, 31));
    expect(second.stats().events).toBe(21);
    expect((await second.page({ query: null, limit: 100 })).events).toHaveLength(21);
  });

  test('is found again by its place', async () => {
    const store = await open();
    await store.append([event(7, { 'process.name': 'x' })]);
    const found = await store.get(event(7).cursor);
    expect(found).toEqual({
      cursor: formatCursor(event(7).cursor),
      fields: event(7, { 'process.name': 'x' }).fields,
    });
    expect(await store.get({ boot: 1, timeNs: 1, sequence: 1 })).toBeUndefined();
  });

  test('is readable by its owner only', async () => {
    const store = await open();
    await store.append([event(1)]);
    await store.page({ query: null, limit: 1 });
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const names = files.map(({ name }) => name).sort();
    expect(names).toEqual([
      ...['000001.open.db', '000001.open.db-shm', '000001.open.db-wal'],
      ...['catalogue.db', 'catalogue.db-shm', 'catalogue.db-wal', 'lock.db', 'reserve', 'stage.db'],
    ]);
    for (const { name, parentPath } of files)
      expect([name, statSync(join(parentPath, name)).mode & 0o777]).toEqual([name, 0o600]);
  });
});

describe('boots', () => {
  test('are numbered in the order of first sight, for good', async () => {
    const numbers: number[] = [];
    for (const bootId of ['b', 'a', 'b']) {
      const store = await open(bootId);
      numbers.push(store.boot);
      await store.close();
    }
    expect(numbers).toEqual([1, 2, 1]);
  });

  test('have a last sequence each, and the store has a newest event', async () => {
    const first = await open('a');
    expect([first.last, first.newest]).toEqual([{ sequence: 0, timeNs: 0 }, undefined]);
    await first.append([event(3), event(9)]);
    expect(first.last).toMatchObject({ sequence: 9, timeNs: 9e6 });
    await first.close();
    const second = await open('b');
    expect([second.last, second.newest]).toEqual([{ sequence: 0, timeNs: 0 }, event(9).cursor]);
    await second.append([event(4, {}, 2)]);
    await second.close();
    const third = await open('a');
    expect([third.last, third.newest]).toEqual([{ sequence: 9, timeNs: 9e6 }, event(4, {}, 2).cursor]);
  });
});

describe('a process', () => {
  test('is what its events say, the newest first', async () => {
    const store = await open();
    await store.append([
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
  test('that cannot be stored is refused whole, and the next one is stored', async () => {
    const store = await open();
    await store.append([event(1, { 'process.name': 'one' })]);
    const fresh = { 'process.name': 'two', 'process.args': ['two'] };
    expect(await codeOf(() => store.append([event(2, fresh), event(3, fresh), event(1)]))).toBe('failed');
    // A value of another kind, as only a bug could give it.
    const odd = { ...event(3), fields: Object.fromEntries([['process.pid', 'x']]) };
    expect(await codeOf(() => store.append([event(2, fresh), odd]))).toBe('failed');
    expect(await codeOf(() => store.append([event(4, {}, 2)]))).toBe('failed');
    expect(store.stats()).toMatchObject({ events: 1, waiting: { events: 0, bytes: 0 } });
    await store.append([event(4, fresh)]);
    const page = await store.page({ query: query('two'), limit: 9 });
    expect(sequences(page)).toEqual([4]);
    expect(page.events[0]?.fields).toMatchObject(fresh);
    expect(sequences(await store.page({ query: null, limit: 9 }))).toEqual([4, 1]);
  });

  test('may be of any size', async () => {
    const store = await open();
    await store.append([]);
    let next = 1;
    for (const size of [1, 2, 1000, 40_000, 1]) {
      await store.append(events(next, next + size, { 'process.name': 'x' }));
      next += size;
    }
    expect(store.stats().events).toBe(next - 1);
    const many = Array.from({ length: MAX_BATCH_EVENTS + 1 }, (_, i) => event(next + i));
    expect(await codeOf(() => store.append(many))).toBe('failed');
    await store.append([event(next)]);
    expect(sequences(await store.page({ query: null, limit: 1 }))).toEqual([next]);
  });

  test('waits for those before it, and counts as waiting until it is stored', async () => {
    const store = await open();
    const done: number[] = [];
    const all = [1, 2, 3].map(async (n) => {
      await store.append([event(n)]);
      done.push(n);
    });
    expect(store.stats().waiting.events).toBe(3);
    expect(store.stats().waiting.bytes).toBeGreaterThan(0);
    await Promise.all(all);
    expect(done).toEqual([1, 2, 3]);
    expect(store.stats().waiting).toEqual({ events: 0, bytes: 0 });
  });

  test('is stored when the store is closed right after it', async () => {
    const store = await open();
    const stored = Promise.all([store.append(events(1, 5000)), store.append(events(5000, 9000))]);
    await store.close();
    await stored;
    expect((await open()).stats().events).toBe(8999);
  });
});

describe('what is wiped', () => {
  test('is gone, and told; what comes afterwards is stored', async () => {
    const store = await open();
    await store.append(events(1, 100, { 'process.name': 'old' }));
    await store.hold({ id: 'h', reason: 'Kept.', boot: 1, firstSequence: 5, lastSequence: 6 });
    void store.append(events(100, 200));
    await store.wipe();
    await store.append([event(200, { 'process.name': 'new' })]);
    expect(sequences(await store.page({ query: null, limit: 9 }))).toEqual([200]);
    expect(store.stats()).toMatchObject({ events: 1, partitions: 1, oldest: BASE + 200 });
    expect(await store.cuts()).toMatchObject([
      { reason: 'wiped', boot: 1, events: 199, firstMs: BASE + 1, lastMs: BASE + 199 },
    ]);
    await store.close();
    expect((await open()).stats()).toMatchObject({ events: 1, damaged: [] });
    expect(readdirSync(join(folder, 'events'))).toContain('000002.open.db');
    expect(readdirSync(join(folder, 'events'))).not.toContain('000001.open.db');
  });
});

test('holds are kept until they are released', async () => {
  const hold = { id: 'i', reason: 'An incident.', boot: 1, firstSequence: 5, lastSequence: 6 };
  const first = await open();
  await first.hold(hold);
  await first.hold({ ...hold, id: 'j' });
  await first.close();
  const second = await open();
  await second.release('j');
  expect(await second.holds()).toEqual([hold]);
  expect(await second.cuts()).toEqual([]);
});

test('a closed store says so', async () => {
  const store = await open();
  await store.close();
  await store.close();
  expect(await codeOf(() => store.append([event(1)]))).toBe('failed');
  await expect(store.page({ query: null, limit: 1 })).rejects.toThrow('closed');
  await expect(store.cuts()).rejects.toThrow('closed');
});
