/** A damaged database, or what is damaged of it, is put into a folder of its own; Merlon goes on with another. */
import Database from 'better-sqlite3';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BASE, event, query, sequences } from './events.builder.ts';
import { openStore, type Store, type StoredEvent, type StoreOptions } from './index.ts';
import { cataloguePath, eventsFolder, openPath, sealedPath } from './layout.ts';
import { writePartition } from './partition.builder.ts';

// The machine that runs the tests may be busy with other things.
vi.setConfig({ testTimeout: 120_000 });

let folder: string;
const stores: Store[] = [];
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'merlon-aside-')), 'data');
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(join(folder, '..'), { recursive: true, force: true });
});
async function open(options: Partial<StoreOptions> = {}): Promise<Store> {
  const store = await openStore({ folder, bootId: 'now', ...options });
  stores.push(store);
  return store;
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
/** Each has a name that comes again every ten events, and a command line of its own. */
const range = (from: number, to: number, boot = 1): StoredEvent[] =>
  numbers(from, to).map((n) =>
    event(n, { 'process.name': `name-${n % 10}`, 'process.command_line': `line ${n}` }, boot),
  );
const all = async (store: Store) => sequences(await store.page({ query: null, limit: 9999 })).reverse();
const asides = () => readdirSync(folder).filter((name) => name.startsWith('set-aside-'));
const spoil = (path: string) => writeFileSync(path, Buffer.alloc(statSync(path).size, 0x5a));
/** Partition 1 loses texts that its events have, and no other can be begun: what comes waits. */
function wedge(): void {
  const db = new Database(openPath(folder, 1));
  db.exec('DELETE FROM string WHERE id > 3');
  db.close();
  mkdirSync(openPath(folder, 2));
}
/** Two sealed partitions of an earlier boot, 1 to 9 and 10 to 19; the first is no database any more. */
async function halfDamaged(): Promise<Store> {
  mkdirSync(folder, { recursive: true });
  writePartition(folder, 1, range(1, 10), { boot: 1, bootId: 'then' });
  writePartition(folder, 2, range(10, 20), { boot: 1, bootId: 'then' });
  const before = await open();
  await vi.waitUntil(() => [1, 2].every((number) => !existsSync(openPath(folder, number))), 60_000);
  await before.append(range(1, 5, 2));
  await before.close();
  writeFileSync(sealedPath(folder, 1), 'this is not a database. '.repeat(2000));
  return open();
}

describe('everything that is set aside', () => {
  test('lies in a data folder of its own, and an empty database goes on', async () => {
    const store = await open();
    await store.append(range(1, 101));
    await store.wipe();
    await store.append(range(101, 201));
    await store.hold({ id: 'h', reason: 'Kept.', boot: 1, firstSequence: 105, lastSequence: 106 });
    const before = Date.now();
    const done = await store.setAside('everything');
    expect(done).toMatchObject({ events: 100, holds: 1 });
    expect(done.bytes).toBeGreaterThan(10_000);
    expect(asides()).toEqual([expect.stringMatching(/^set-aside-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$/)]);
    expect(done.folder).toBe(join(folder, asides()[0]!));
    expect(store.stats()).toMatchObject({ events: 0, partitions: 0, oldest: null, damaged: [] });
    expect(await all(store)).toEqual([]);

    await store.append(range(201, 301));
    expect(await all(store)).toEqual(numbers(201, 301));
    expect(await store.holds()).toEqual([]);
    const [cut, wiped] = await store.cuts();
    expect(wiped).toMatchObject({ reason: 'wiped', events: 100 });
    expect(cut).toEqual({
      ...{ reason: 'set_aside', boot: 1, events: 100, bytes: done.bytes, folder: done.folder },
      ...{ firstMs: BASE + 101, lastMs: BASE + 200, why: 'Nothing counted as damaged.' },
      atMs: expect.closeTo(before, -5) as number,
    });
    await store.close();

    const again = await open();
    expect(await all(again)).toEqual(numbers(201, 301));
    expect(again).toMatchObject({ boot: 1, last: { sequence: 300 } });
    expect(await again.cuts()).toHaveLength(2);
    const old = await open({ folder: done.folder });
    expect(await all(old)).toEqual(numbers(101, 201));
    expect(await old.holds()).toHaveLength(1);
  });

  test('keeps the number of the boot, and can be followed by another', async () => {
    const store = await halfDamaged();
    expect(store.boot).toBe(2);
    const first = await store.setAside('everything');
    expect(first).toMatchObject({ events: 23, holds: 0 });
    await store.append(range(5, 9, 2));
    const second = await store.setAside('everything');
    expect(second.folder).not.toBe(first.folder);
    await store.append(range(9, 10, 2));
    await store.close();
    const again = await open();
    expect(again).toMatchObject({ boot: 2, newest: { boot: 2, sequence: 9 } });
    const cuts = await again.cuts();
    expect(cuts.map(({ folder: at }) => at)).toEqual([second.folder, first.folder]);
    expect(cuts[1]!.why).toContain('000001.db');
  });

  test('leaves nothing out that waits, and nothing of its texts', async () => {
    const refused: (string | undefined)[] = [];
    const store = await open({ onRefused: (said) => refused.push(said) });
    await store.append(range(1, 101));
    wedge();
    const appended = [store.append(range(101, 150)), store.append(range(150, 300))];
    await vi.waitUntil(() => store.stats().refused !== undefined, 30_000);
    const done = store.setAside('everything');
    appended.push(store.append(range(300, 310)));
    await done;
    appended.push(store.append(range(310, 320)));
    await Promise.all(appended);
    expect(await all(store)).toEqual(numbers(101, 320));
    const page = await store.page({ query: query('process.command_line:line*'), limit: 9999 });
    expect(page.events.map(({ fields }) => fields['process.command_line']).reverse()).toEqual(
      numbers(101, 320).map((n) => `line ${n}`),
    );
    expect(store.stats()).toMatchObject({ events: 219, damaged: [], waiting: { events: 0, bytes: 0 } });
    expect(refused.at(-1)).toBeUndefined();
    expect((await store.check()).findings).toEqual([]);
    expect((await store.cuts())[0]!.why).toMatch(/000002/);
    expect(existsSync(openPath((await done).folder, 1))).toBe(true);
  });

  test('is taken from batches that are on their way, each stored in one of the two', async () => {
    const store = await open();
    const appended = numbers(0, 40).map((n) => store.append(range(1 + n * 20, 21 + n * 20)));
    const done = await store.setAside('everything');
    await Promise.all(appended);
    await store.append(range(801, 811));
    const now = await all(store);
    const old = await all(await open({ folder: done.folder }));
    expect([...old, ...now]).toEqual(numbers(1, 811));
    expect((await store.check()).findings).toEqual([]);
  });

  test('may have a catalogue that was spoilt while it was used', async () => {
    const store = await open();
    await store.append(range(1, 101));
    for (const suffix of ['', '-wal']) spoil(cataloguePath(folder) + suffix);
    const done = await store.setAside('everything');
    expect(done).toMatchObject({ events: null, holds: null });
    await store.append(range(101, 201));
    expect(await all(store)).toEqual(numbers(101, 201));
    expect(await store.cuts()).toMatchObject([{ reason: 'set_aside', events: null }]);
    await store.close();
    expect((await open()).stats()).toMatchObject({ events: 100, damaged: [] });
  });
});

describe('what is damaged', () => {
  test('is set aside alone; all that is sound stays', async () => {
    const store = await halfDamaged();
    await store.hold({ id: 'h', reason: 'Kept.', boot: 2, firstSequence: 1, lastSequence: 2 });
    expect(store.stats().damaged).toHaveLength(1);
    const done = await store.setAside('damaged');
    expect(done).toMatchObject({ events: 9, holds: 0 });
    expect(readFileSync(sealedPath(done.folder, 1), 'utf8')).toContain('this is not a database');
    expect(store.stats()).toMatchObject({ damaged: [], partitions: 2, events: 14 });
    await store.append(range(5, 8, 2));
    expect(await all(store)).toEqual([...numbers(10, 20), ...numbers(1, 8)]);
    expect(await store.holds()).toHaveLength(1);
    expect(await store.cuts()).toMatchObject([
      { reason: 'set_aside', events: 9, bytes: done.bytes, folder: done.folder },
    ]);
    await store.close();
    expect((await open()).stats()).toMatchObject({ damaged: [], events: 17 });
  });

  test('is also what a check has found', async () => {
    const store = await open();
    await store.close();
    writePartition(folder, 1, range(1, 2000), { boot: 1, bootId: 'then' });
    const sealing = await open();
    await vi.waitUntil(() => !existsSync(openPath(folder, 1)), 60_000);
    const bytes = readFileSync(sealedPath(folder, 1));
    bytes.fill(0x5a, bytes.length - 40_000, bytes.length - 20_000);
    writeFileSync(sealedPath(folder, 1), bytes);
    expect((await sealing.check()).findings).not.toEqual([]);
    await sealing.setAside('damaged');
    expect(readdirSync(eventsFolder(folder))).toEqual([]);
    expect(readdirSync(eventsFolder(join(folder, asides()[0]!)))).toEqual(['000001.db']);
  });

  test('is nothing: then nothing is set aside', async () => {
    const store = await open();
    await store.append(range(1, 10));
    await expect(store.setAside('damaged')).rejects.toThrow(/No file counts as damaged/);
    expect(asides()).toEqual([]);
  });
});

describe('a database that cannot be opened', () => {
  test.each<[string, (path: string) => void, RegExp]>([
    ['newer', (path) => pragma(path, 'user_version = 9999'), /written by a newer Merlon/],
    ['of another program', (path) => pragma(path, 'application_id = 7'), /not one of Merlon’s/],
  ])('(%s) is waited for, until it is set aside', async (_, harm, sentence) => {
    const before = await open({ bootId: 'then' });
    await before.append(range(1, 10));
    await before.close();
    harm(cataloguePath(folder));
    await expect(open()).rejects.toThrow(sentence);

    const store = await open({ waitUnopened: true });
    expect(store).toMatchObject({ boot: 1, newest: undefined, last: { sequence: 0 } });
    expect(store.stats()).toMatchObject({
      unopened: true,
      refused: { said: expect.stringMatching(sentence) as string },
    });
    const waiting = store.append(range(1, 50));
    expect(store.stats().waiting.events).toBe(49);
    await expect(store.page({ query: null, limit: 1 })).rejects.toThrow(sentence);
    await expect(store.cuts()).rejects.toThrow(sentence);
    await expect(store.check()).rejects.toThrow(sentence);
    await expect(store.setAside('damaged')).rejects.toThrow(sentence);

    const done = await store.setAside('everything');
    expect(done).toMatchObject({ events: null, holds: null });
    await waiting;
    expect(store.stats()).toMatchObject({ events: 49, waiting: { events: 0 } });
    expect(store.stats().unopened).toBeUndefined();
    expect(store.stats().refused).toBeUndefined();
    expect(await all(store)).toEqual(numbers(1, 50));
    expect(await store.cuts()).toMatchObject([
      { reason: 'set_aside', why: expect.stringMatching(sentence) as string },
    ]);
    expect(existsSync(openPath(done.folder, 1))).toBe(true);
  });

  test('stays as it is where another engine has taken the folder', async () => {
    await (await open()).close();
    pragma(cataloguePath(folder), 'user_version = 9999');
    const store = await open({ waitUnopened: true });
    pragma(cataloguePath(folder), 'user_version = 2');
    const other = await open();
    await expect(store.setAside('everything')).rejects.toThrow(/Another engine/);
    expect(store.stats().unopened).toBe(true);
    expect(asides()).toEqual([]);
    await other.append(range(1, 3));
    await expect(store.page({ query: null, limit: 1 })).rejects.toThrow(/newer/);
  });
});

test('what was begun before an engine ended is done by the next', async () => {
  const store = await open();
  await store.append(range(1, 101));
  const { folder: place } = await store.setAside('everything');
  await store.close();
  // As if it had ended between the two renames.
  rmSync(eventsFolder(folder), { recursive: true });
  for (const name of readdirSync(folder).filter((one) => one.startsWith('catalogue.db')))
    rmSync(join(folder, name));
  renameSync(eventsFolder(place), eventsFolder(folder));
  renameSync(place, `${place}.part`);
  mkdirSync(join(folder, 'set-aside-2020-01-01T00-00-00Z.part'));

  const again = await open();
  expect(asides().map((name) => join(folder, name))).toEqual([place]);
  expect(await all(again)).toEqual([]);
  expect(await again.cuts()).toMatchObject([{ reason: 'set_aside', events: 100, folder: place }]);
  await again.append(range(101, 103));
  expect(await all(await open({ folder: place }))).toEqual(numbers(1, 101));
});

const lockable = (() => {
  const probe = mkdtempSync(join(tmpdir(), 'merlon-lockable-'));
  const works = spawnSync('chattr', ['+i', probe]).status === 0;
  if (works) execFileSync('chattr', ['-i', probe]);
  rmSync(probe, { recursive: true });
  return works;
})();

test.skipIf(!lockable)('where the disk refuses, all is as it was, and goes on', async () => {
  const store = await open();
  await store.append(range(1, 101));
  execFileSync('chattr', ['+i', eventsFolder(folder)]);
  try {
    await expect(store.setAside('everything')).rejects.toThrow(
      /cannot write .*operation not permitted.*Make its folder writable/,
    );
  } finally {
    execFileSync('chattr', ['-i', eventsFolder(folder)]);
  }
  expect(asides()).toEqual([]);
  await store.append(range(101, 201));
  expect(await all(store)).toEqual(numbers(1, 201));
  expect(await store.cuts()).toEqual([]);
});

function pragma(path: string, said: string): void {
  const db = new Database(path);
  db.pragma(said);
  db.close();
}
