import Database from 'better-sqlite3';
import { mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { StoredEvent } from './contract.ts';
import { cataloguePath, sealedPath } from './layout.ts';
import { PageSearch } from './pages.ts';
import { writePartition } from './partition.builder.ts';
import { Partitions } from './partitions.ts';
import { Reading } from './reading.ts';
import { sealInCatalogue } from './sealed.builder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-reading-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const PER = 300;
const eventsOf = (number: number): StoredEvent[] =>
  Array.from({ length: PER }, (_, i) => {
    const sequence = number * PER + i;
    return {
      cursor: { boot: 1, timeNs: sequence * 10, sequence },
      fields: { '@timestamp': sequence, 'process.name': `p${sequence % 7}`, 'process.pid': sequence },
    };
  });
const write = (number: number, state: 'open' | 'full' = 'full') =>
  writePartition(folder, number, eventsOf(number), { boot: 1, bootId: 'boot', state });
const sequences = (events: readonly { readonly cursor: string }[]) =>
  events.map(({ cursor }) => Number(cursor.split('.')[2]));
const allOf = (...numbers: number[]) =>
  numbers.flatMap((number) => eventsOf(number).map(({ cursor }) => cursor.sequence)).reverse();

test('partitions that are sealed between pages are read on, without a gap or an event told twice', () => {
  [1, 2, 3].forEach((number) => write(number));
  const partitions = new Partitions(folder, (_, problem) => expect(problem).toBe(''));
  const found: number[] = [];
  let before: StoredEvent['cursor'] | undefined;
  for (let step = 0; ; step++) {
    const page = new PageSearch(
      partitions,
      { query: null, before, limit: 97, now: 0 },
      () => undefined,
    ).run();
    partitions.end();
    found.push(...sequences(page.events));
    if (page.next === undefined) break;
    const [boot, timeNs, sequence] = page.next.split('.').map(Number);
    before = { boot: boot!, timeNs: timeNs!, sequence: sequence! };
    if (step % 3 === 0 && step < 9) sealInCatalogue(folder, 3 - step / 3);
  }
  partitions.close();
  expect(found).toEqual(allOf(1, 2, 3));
});

test('a partition that is sealed while a page is searched is read once', () => {
  [1, 2, 3].forEach((number) => write(number));
  const partitions = new Partitions(folder, (_, problem) => expect(problem).toBe(''));
  let looks = 0;
  const sealing = () => {
    if (++looks === 3) [1, 2, 3].forEach((number) => sealInCatalogue(folder, number));
  };
  const page = new PageSearch(partitions, { query: null, limit: 1000, now: 0 }, sealing).run();
  partitions.close();
  expect(sequences(page.events)).toEqual(allOf(1, 2, 3));
});

test('a list that was read before a partition was sealed is looked at again, and nothing is taken for damage', () => {
  write(1);
  const partitions = new Partitions(folder, (_, problem) => expect(problem).toBe(''));
  const [old] = partitions.list();
  sealInCatalogue(folder, 1);
  const [now] = partitions.list();
  expect(partitions.use(old!)).toBe('changed');
  expect(partitions.use(now!)).toBeTypeOf('object');
  partitions.close();
});

test('a sound file that cannot be opened just now fails the question instead of leaving its events out', async () => {
  [1, 2].forEach((number) => {
    write(number);
    sealInCatalogue(folder, number);
  });
  const path = sealedPath(folder, 1);
  renameSync(path, `${path}.away`);
  mkdirSync(path);
  const damaged: number[] = [];
  const reading = new Reading(folder, { onDamaged: (number) => damaged.push(number) });
  const question = { ask: 'page', request: { query: null, limit: 1000, now: 0 } } as const;
  await expect(reading.ask(question)).rejects.toThrow('could not be');
  rmSync(path, { recursive: true });
  renameSync(`${path}.away`, path);
  expect(sequences((await reading.ask(question)).events)).toEqual(allOf(1, 2));
  expect(damaged).toEqual([]);
  await reading.close();
});

test('what is cut from under the reader is gone, and the rest is there', () => {
  [1, 2].forEach((number) => {
    write(number);
    sealInCatalogue(folder, number);
  });
  const partitions = new Partitions(folder, (_, problem) => expect(problem).toBe(''));
  const all = () => {
    const page = new PageSearch(partitions, { query: null, limit: 1000, now: 0 }, () => undefined).run();
    partitions.end();
    return sequences(page.events);
  };
  expect(all()).toEqual(allOf(1, 2));
  const db = new Database(cataloguePath(folder));
  db.prepare('DELETE FROM partition WHERE number = 1').run();
  db.close();
  rmSync(sealedPath(folder, 1));
  expect(all()).toEqual(allOf(2));
  partitions.close();
});

test.each([
  ['cut short', (path: string) => truncateSync(path, 40_000)],
  ['no database', (path: string) => writeFileSync(path, 'what is this?'.repeat(5000))],
  ['missing', (path: string) => rmSync(path)],
])('a damaged partition (%s) is told of and left out', async (_, damage) => {
  [1, 2, 3].forEach((number) => {
    write(number);
    sealInCatalogue(folder, number);
  });
  damage(sealedPath(folder, 2));
  const damaged: number[] = [];
  const reading = new Reading(folder, { onDamaged: (number) => damaged.push(number) });
  const page = await reading.ask({ ask: 'page', request: { query: null, limit: 1000, now: 0 } });
  expect(sequences(page.events).filter((sequence) => Math.floor(sequence / PER) !== 2)).toEqual(allOf(1, 3));
  expect(damaged).toEqual([2]);
  const again = await reading.ask({ ask: 'page', request: { query: null, limit: 1000, now: 0 } });
  expect(sequences(again.events)).toEqual(allOf(1, 3));
  await reading.close();
});

test('a question that is given up rejects with its reason, and the next one is answered', async () => {
  write(1, 'open');
  const reading = new Reading(folder);
  const giveUp = new AbortController();
  const request = { query: null, limit: 10, now: 0 };
  const given = reading.ask({ ask: 'page', request }, giveUp.signal);
  giveUp.abort(new Error('no longer wanted'));
  await expect(given).rejects.toThrow('no longer wanted');
  const { events } = await reading.ask({ ask: 'page', request });
  expect(sequences(events)).toEqual(allOf(1).slice(0, 10));
  await reading.close();
  await expect(reading.ask({ ask: 'page', request })).rejects.toThrow('closed');
});

test('an open partition without a file yet holds nothing', () => {
  write(1);
  const db = new Database(cataloguePath(folder));
  db.prepare(`INSERT INTO partition (number, boot, state) VALUES (2, 1, 'open')`).run();
  db.close();
  const partitions = new Partitions(folder, (_, problem) => expect(problem).toBe(''));
  const page = new PageSearch(partitions, { query: null, limit: 1000, now: 0 }, () => undefined).run();
  partitions.close();
  expect(sequences(page.events)).toEqual(allOf(1));
});
