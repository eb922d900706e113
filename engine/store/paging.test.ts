import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { formatCursor, parseCursor } from '../../shared/event.ts';
import { BASE, event, events, query, sequences } from './events.builder.ts';
import { openStore, type Store } from './index.ts';

// The machine that runs the tests may be busy with other things.
vi.setConfig({ testTimeout: 120_000 });

let folder: string;
const stores: Store[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-paging-'));
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(folder, { recursive: true, force: true });
});
async function open(bootId = 'a'): Promise<Store> {
  const store = await openStore({ folder, bootId });
  stores.push(store);
  return store;
}

test('is newest first, and leads on to the end', async () => {
  const store = await open();
  await store.append(events(1, 26));
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
  expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => 25 - i));
});

test('is oldest first after a place', async () => {
  const store = await open();
  await store.append(events(1, 25));
  const page = await store.page({ query: null, after: event(20).cursor, limit: 3 });
  expect([sequences(page), page.next]).toEqual([[21, 22, 23], formatCursor(event(23).cursor)]);
  expect(await store.page({ query: null, after: event(23).cursor, limit: 1 })).not.toHaveProperty('next');
});

test('reaches across partitions and boots, while they are sealed', async () => {
  const first = await open('a');
  // Two and a half partitions: whole batches go into one.
  for (let n = 1; n < 600_000; n += 100_000) {
    await first.append(
      events(n, n + 100_000).map((one) =>
        one.cursor.sequence === 7 ? event(7, { 'process.name': 'rare' }) : one,
      ),
    );
  }
  expect(first.stats()).toMatchObject({ events: 600_000, partitions: 3 });
  await first.close();
  const store = await open('b');
  await store.append([event(1, {}, 2)]);
  const rare = query('process.name:rare');
  expect(sequences(await store.page({ query: null, limit: 4 }))).toEqual([1, 600_000, 599_999, 599_998]);
  expect(sequences(await store.page({ query: rare, limit: 4 }))).toEqual([7]);
  expect(sequences(await store.page({ query: rare, after: event(1).cursor, limit: 4 }))).toEqual([7]);
  const end = await store.page({ query: null, after: event(599_999).cursor, limit: 4 });
  expect(sequences(end)).toEqual([600_000, 1]);
  const border = await store.page({ query: null, before: event(200_002).cursor, limit: 3 });
  expect(sequences(border)).toEqual([200_001, 200_000, 199_999]);
  expect(sequences(await store.page({ query: null, before: event(3).cursor, limit: 4 }))).toEqual([2, 1]);
});

test('since a moment leaves earlier events out, also where the clock was stepped back', async () => {
  const store = await open();
  await store.append(events(1, 10));
  await store.append([
    event(10, { '@timestamp': BASE - 5000 }),
    event(11),
    { ...event(12), fields: { 'event.sequence': 12 } },
  ]);
  expect(sequences(await store.page({ query: null, sinceMs: BASE + 8, limit: 9 }))).toEqual([11, 9, 8]);
  expect(sequences(await store.page({ query: null, untilMs: BASE + 2, limit: 9 }))).toEqual([10, 1]);
  expect(sequences(await store.page({ query: query('@timestamp<2026-11-22T10:00'), limit: 9 }))).toEqual([
    10,
  ]);
  const now = BASE + 10;
  expect(sequences(await store.page({ query: query('@timestamp>now-3ms'), now, limit: 9 }))).toEqual([
    11, 9, 8,
  ]);
  expect((await store.page({ query: null, sinceMs: BASE + 60_000, limit: 9 })).events).toEqual([]);
});

test('sees events that came after its term was first looked up', async () => {
  const store = await open();
  const request = { query: query('process.name:fresh* or brandnew'), limit: 9 };
  expect(sequences(await store.page(request))).toEqual([]);
  await store.append([
    event(1, { 'process.name': 'freshly' }),
    event(2, { 'process.args': ['a brandnew one'] }),
  ]);
  expect(sequences(await store.page(request))).toEqual([2, 1]);
  await store.append([event(3, { 'process.name': 'freshest' })]);
  expect(sequences(await store.page(request))).toEqual([3, 2, 1]);
});

test('answers many terms at once', async () => {
  const store = await open();
  await store.append([event(1, { 'process.name': 'w127' })]);
  const words = Array.from({ length: 128 }, (_, i) => `w${i}`).join(' or ');
  expect(sequences(await store.page({ query: query(words), limit: 9 }))).toEqual([1]);
  expect(sequences(await store.page({ query: query(words.replaceAll('w', 'v')), limit: 9 }))).toEqual([]);
  expect(sequences(await store.page({ query: query(words), limit: 9 }))).toEqual([1]);
});

test('is given up when its signal says so, queued or under way', async () => {
  const store = await open();
  await store.append(events(1, 20_000));
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
