/** A partition that breaks while it is written to: what comes, and what waits for it, goes to another file. */
import Database from 'better-sqlite3';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { event, query, sequences } from './events.builder.ts';
import { openStore, type Store, type StoredEvent } from './index.ts';
import { openPath } from './layout.ts';

vi.setConfig({ testTimeout: 120_000 });

let folder: string;
let store: Store;
let refused: (string | undefined)[];
beforeEach(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'merlon-broken-')), 'data');
  refused = [];
  store = await openStore({ folder, bootId: 'now', onRefused: (said) => refused.push(said) });
});
afterEach(async () => {
  await store.close();
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

/** Each has a name that comes again every ten events, and a command line of its own. */
const range = (from: number, to: number): StoredEvent[] =>
  Array.from({ length: to - from }, (_, i) =>
    event(from + i, {
      'process.name': `name-${(from + i) % 10}`,
      'process.command_line': `line ${from + i}`,
      'process.env_vars': [`E=${(from + i) % 10}`],
    }),
  );
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const all = async () => sequences(await store.page({ query: null, limit: 9999 })).reverse();

/** The pages that lie in the log are no pages any more; what the writer has in memory still is. */
function ruin(number: number): void {
  const log = `${openPath(folder, number)}-wal`;
  const bytes = readFileSync(log);
  bytes.fill(0x5a, 32);
  writeFileSync(log, bytes);
}

/** Texts vanish from the file. */
function forgetTexts(number: number): void {
  const db = new Database(openPath(folder, number));
  db.exec('DELETE FROM string WHERE id > 3');
  db.close();
}

test('what a search finds damaged is written to no more, and what comes is stored and found', async () => {
  await store.append(range(1, 101));
  ruin(1);
  await store.page({ query: null, limit: 10 });
  await vi.waitUntil(() => store.stats().damaged.length === 1, 30_000);
  await store.append(range(101, 201));
  expect(await all()).toEqual(numbers(101, 201));
  const named = await store.page({
    query: query('process.name:name-7 and process.env_vars:E=7'),
    limit: 100,
  });
  expect(sequences(named).reverse()).toEqual(numbers(101, 201).filter((n) => n % 10 === 7));
  expect(named.events.map(({ fields }) => fields['process.command_line'])).toContain('line 197');
  expect(existsSync(openPath(folder, 1)), 'the damaged file is kept').toBe(true);
  expect(refused).toEqual([]);
});

test('what waits for a file that broke is stored in another one, with all its texts', async () => {
  await store.append(range(1, 101));
  forgetTexts(1);
  const appended = [range(101, 150), range(150, 300), range(300, 301)].map((events) => store.append(events));
  await Promise.all(appended);
  expect(await all()).toEqual(numbers(101, 301));
  const page = await store.page({ query: query('process.command_line:line*'), limit: 9999 });
  expect(page.events.map(({ fields }) => fields['process.command_line']).reverse()).toEqual(
    numbers(101, 301).map((n) => `line ${n}`),
  );
  expect(
    page.events.every(({ fields }) => fields['process.name'] === `name-${fields['event.sequence']! % 10}`),
  ).toBe(true);
  expect(store.stats().damaged).toEqual([
    expect.stringMatching(/^Partition 1 cannot be written to any more/),
  ]);
});

test('after a start both files are what they were said to be', async () => {
  await store.append(range(1, 101));
  forgetTexts(1);
  await store.append(range(101, 201));
  await store.close();
  store = await openStore({ folder, bootId: 'now' });
  expect(store.last.sequence).toBe(200);
  await store.append(range(201, 251));
  expect(await all()).toEqual(numbers(101, 251));
  expect(store.stats().damaged).toHaveLength(1);
});

test('a store that is wiped in the meantime has neither the broken file nor its events', async () => {
  await store.append(range(1, 101));
  forgetTexts(1);
  const broken = store.append(range(101, 201));
  await store.wipe();
  await broken;
  await store.append(range(201, 251));
  expect(await all()).toEqual(numbers(201, 251));
  expect(store.stats()).toMatchObject({ damaged: [], events: 50 });
});

test('a partition whose dictionary lacks a text is written to its end, and the next one begun', async () => {
  await store.append([event(1, { 'event.action': 'exec' }), event(2, { 'event.action': 'exit' })]);
  const db = new Database(openPath(folder, 1));
  db.exec(`DELETE FROM string WHERE value = 'exec'`);
  db.close();
  const long = (n: number) => event(n, { 'process.command_line': `${n} ${'x'.repeat(500_000)}` });
  for (const n of numbers(3, 43)) await store.append([long(n)]);
  expect(store.stats().partitions).toBeGreaterThan(1);
  await vi.waitUntil(() => store.stats().damaged.length === 1, 60_000);
  expect(refused).toEqual([]);
  expect(sequences(await store.page({ query: null, limit: 1 }))).toEqual([42]);
});
