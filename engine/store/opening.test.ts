import Database from 'better-sqlite3';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { EventFields } from '../../shared/event.ts';
import { openStore, StoreError, type Store, type StoredEvent } from './index.ts';
import { cataloguePath, eventsFolder, openPath, sealedPath } from './layout.ts';
import { writePartition } from './partition.builder.ts';
import { sealPartition } from './seal.ts';

// The machine that runs the tests may be busy with other things.
vi.setConfig({ testTimeout: 120_000 });

let folder: string;
const stores: Store[] = [];
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'merlon-opening-')), 'data');
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(join(folder, '..'), { recursive: true, force: true });
});
async function open(bootId = 'now'): Promise<Store> {
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

const BASE = Date.UTC(2026, 10, 22, 10);
const event = (n: number, fields: EventFields = {}, boot = 1): StoredEvent => ({
  cursor: { boot, timeNs: n * 1e6, sequence: n },
  fields: { '@timestamp': BASE + n, 'event.sequence': n, 'process.name': `name-${n}`, ...fields },
});
const range = (from: number, to: number, boot = 1) =>
  Array.from({ length: to - from }, (_, i) => event(from + i, {}, boot));
const allOf = async (store: Store) =>
  (await store.page({ query: null, limit: 9999 })).events
    .map(({ fields }) => fields['event.sequence'])
    .reverse();
const names = () => readdirSync(eventsFolder(folder)).filter((name) => !/-(wal|shm)$/.test(name));

/** Two partitions of an earlier boot: 1 to 9 and 10 to 19. */
function earlier(): void {
  mkdirSync(folder, { recursive: true });
  writePartition(folder, 1, range(1, 10), { boot: 1, bootId: 'then' });
  writePartition(folder, 2, range(10, 20), { boot: 1, bootId: 'then' });
}
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const untilSealed = async (...wanted: readonly number[]) => {
  await vi.waitUntil(() => wanted.every((number) => !existsSync(openPath(folder, number))), 60_000);
};

describe('opening', () => {
  test('a folder that is in use is refused, until it is given back', async () => {
    const store = await open();
    expect(await codeOf(open)).toBe('in_use');
    await store.close();
    expect(await codeOf(open)).toBe('no error');
  });

  test('a catalogue of a newer Merlon is refused with a sentence', async () => {
    await (await open()).close();
    const db = new Database(cataloguePath(folder));
    db.pragma('user_version = 9999');
    db.close();
    expect(await codeOf(open)).toBe('newer');
    await expect(open()).rejects.toThrow(/newer Merlon \(layout 9999; this one knows \d+\)\. .*--data DIR/);
  });

  test('a database of another program is refused and left alone', async () => {
    mkdirSync(folder, { recursive: true });
    const other = new Database(cataloguePath(folder));
    other.exec('CREATE TABLE recipes (name)');
    other.close();
    const before = readFileSync(cataloguePath(folder));
    expect(await codeOf(open)).toBe('corrupt');
    await expect(open()).rejects.toThrow(/not one of Merlon’s/);
    expect(readFileSync(cataloguePath(folder)).equals(before)).toBe(true);
  });

  test('a folder that is a file is refused', async () => {
    mkdirSync(join(folder, '..'), { recursive: true });
    writeFileSync(folder, '');
    expect(await codeOf(open)).toBe('failed');
  });
});

describe('a start', () => {
  test('seals what earlier boots left, and begins a partition of its own', async () => {
    earlier();
    const store = await open();
    expect(store).toMatchObject({ boot: 2, newest: { boot: 1, timeNs: 19e6, sequence: 19 } });
    await store.append([event(1, {}, 2)]);
    await untilSealed(1, 2);
    expect(await allOf(store)).toEqual([...numbers(1, 20), 1]);
    expect(names()).toEqual(['000001.db', '000002.db', '000003.open.db']);
    expect(store.stats()).toMatchObject({ events: 20, partitions: 3, damaged: [] });
  });

  test('goes on with the partition of its boot, and its dictionaries', async () => {
    const first = await open();
    await first.append(range(1, 300));
    await first.close();
    const second = await open();
    await second.append(range(200, 400).map((one) => event(one.cursor.sequence + 100)));
    expect(await allOf(second)).toEqual(numbers(1, 500));
    expect(names()).toEqual(['000001.open.db']);
    await second.close();
    const db = new Database(openPath(folder, 1), { readonly: true });
    expect(db.prepare('SELECT number, events FROM chunk').raw().all()).toEqual([
      ...[0, 1, 2].map((number) => [number, 128]),
      [3, 499 - 3 * 128],
    ]);
    expect(db.prepare(`SELECT count(*), count(DISTINCT value) FROM string`).raw().get()).toEqual([499, 499]);
    db.close();
  });

  test('removes what was left half done', async () => {
    earlier();
    const leftovers = ['000001.db.part', '000009.open.db-wal', '000009.open.db-shm', '000007.db.cut'];
    for (const name of leftovers) writeFileSync(join(eventsFolder(folder), name), 'half');
    writeFileSync(join(eventsFolder(folder), 'notes.txt'), 'somebody’s own');
    const store = await open();
    await untilSealed(1, 2);
    expect(await allOf(store)).toEqual(numbers(1, 20));
    expect(names()).toEqual(['000001.db', '000002.db', 'notes.txt']);
  });

  test('takes a sealed file for true where sealing was not noted, and gives back what was not cut in the end', async () => {
    earlier();
    sealPartition(folder, { number: 1 });
    const open2 = openPath(folder, 2);
    copyFileSync(open2, `${open2}.cut`);
    rmSync(open2);
    const store = await open();
    expect(names()).toContain('000001.db');
    expect(names()).not.toContain('000001.open.db');
    expect(await allOf(store)).toEqual(numbers(1, 20));
    expect(store.stats()).toMatchObject({ events: 19, damaged: [] });
  });

  test('forgets a partition that was begun and has nothing', async () => {
    earlier();
    writePartition(folder, 3, [], { boot: 1, bootId: 'then', state: 'open' });
    writeFileSync(openPath(folder, 4), '');
    const store = await open();
    expect(store.stats()).toMatchObject({ events: 19, partitions: 2, damaged: [] });
    expect(names().filter((name) => /^00000[34]/.test(name))).toEqual([]);
  });
});

describe('a lost or damaged catalogue', () => {
  test.each<[string, (path: string) => void, number]>([
    ['lost', (path) => rmSync(path), 0],
    [
      'overwritten with text',
      (path) => writeFileSync(path, 'no database, whatever its name. '.repeat(300)),
      1,
    ],
    [
      'zeros after a header',
      (path) => writeFileSync(path, Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(40_000)])),
      1,
    ],
    ['cut short', (path) => truncateSync(path, 5000), 1],
  ])('(%s) is made again from the partitions', async (_, harm, sentences) => {
    earlier();
    const before = await open();
    await untilSealed(1, 2);
    await before.append([event(1, {}, 2)]);
    await before.close();
    harm(cataloguePath(folder));
    const store = await open();
    expect(store).toMatchObject({ boot: 2, last: { sequence: 1 } });
    expect(await allOf(store)).toEqual([...numbers(1, 20), 1]);
    expect(store.stats().damaged).toHaveLength(sentences);
    if (sentences > 0) expect(store.stats().damaged[0]).toMatch(/made again from the partitions.*kept as/);
    await store.append([event(2, {}, 2)]);
    expect(store.stats()).toMatchObject({ events: 21, partitions: 3 });
  });
});

describe('a partition that cannot be read', () => {
  test.each<[string, (path: string) => void, RegExp]>([
    ['is cut short', (path) => truncateSync(path, 16_384), /has 16384 bytes and should have/],
    ['is missing', (path) => rmSync(path), /^The file 000001\.db is missing\.$/],
  ])('(it %s) is told of, and the others work', async (_, harm, sentence) => {
    earlier();
    const before = await open();
    await untilSealed(1, 2);
    await before.close();
    harm(sealedPath(folder, 1));
    const store = await open();
    expect(store.stats().damaged).toEqual([expect.stringMatching(sentence)]);
    expect(await allOf(store)).toEqual(numbers(10, 20));
    await store.append([event(1, {}, 2)]);
    expect(await allOf(store)).toEqual([...numbers(10, 20), 1]);
  });

  test.each<[string, (path: string) => void, RegExp]>([
    [
      'text',
      (path) => writeFileSync(path, 'this is not a database. '.repeat(2000)),
      /cannot be read \(.*not a database/,
    ],
    ['of another program', otherProgram, /is a database, but not one of Merlon’s/],
    ['newer', newer, /was written by a newer Merlon \(layout 99; this one knows \d+\)/],
  ])('(an open one: %s) is told of, and the others work', async (_, harm, sentence) => {
    earlier();
    const db = new Database(cataloguePath(folder));
    db.exec(`UPDATE partition SET state = 'open' WHERE number = 1`);
    db.close();
    harm(openPath(folder, 1));
    const store = await open();
    expect(store.stats().damaged).toEqual([expect.stringMatching(sentence)]);
    expect(await allOf(store)).toEqual(numbers(10, 20));
    expect(names()).toContain('000001.open.db');
  });

  test('is read again once it can be', async () => {
    earlier();
    const before = await open();
    await untilSealed(1, 2);
    await before.close();
    const path = sealedPath(folder, 1);
    copyFileSync(path, join(folder, 'kept'));
    rmSync(path);
    const without = await open();
    expect(without.stats().damaged).toHaveLength(1);
    await without.close();
    copyFileSync(join(folder, 'kept'), path);
    const store = await open();
    expect(store.stats().damaged).toEqual([]);
    expect(await allOf(store)).toEqual(numbers(1, 20));
  });
});

function otherProgram(path: string): void {
  rmSync(path);
  const db = new Database(path);
  db.exec('CREATE TABLE recipes (name)');
  db.pragma('application_id = 7');
  db.close();
}
function newer(path: string): void {
  const db = new Database(path);
  db.pragma(`user_version = 99`);
  db.close();
}
