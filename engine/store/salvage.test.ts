import Database from 'better-sqlite3';
import fc from 'fast-check';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AT_EASE } from './breath.ts';
import { checkStore } from './check.ts';
import type { StoredEvent } from './contract.ts';
import { cataloguePath, eventsFolder, openPath, PARTITION_PAGE_BYTES, sealedPath } from './layout.ts';
import { writePartition } from './partition.builder.ts';
import { RowReader } from './rows.ts';
import { salvageFolder, salvagePartitions } from './salvage.ts';
import { sealPartition } from './seal.ts';

const BOOT = { boot: 1, bootId: '6c2f3a5e-1c9b-4d57-9a47-3c1f0c5d7e21' };
const START = Date.UTC(2026, 10, 22, 10);
const COUNT = 2500;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-salvage-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const events: readonly StoredEvent[] = Array.from({ length: COUNT }, (_, n) => ({
  cursor: { boot: 1, timeNs: 1_000_000_000 + n * 10_000, sequence: n + 1 },
  fields: {
    '@timestamp': START + n / 100,
    'event.action': (['fork', 'exec', 'exit'] as const)[n % 3]!,
    'process.pid': n,
    'process.name': `name-${n % 40}`,
    'process.command_line': `/usr/bin/tool --number ${n} ${'x'.repeat(60)}`,
    'process.env_vars': [`LD_PRELOAD=/tmp/${n % 900}.so`],
  },
}));

function made(sealed: boolean): string {
  writePartition(folder, 1, events, BOOT);
  if (!sealed) return openPath(folder, 1);
  sealPartition(folder, { number: 1 });
  rmSync(openPath(folder, 1));
  const db = new Database(cataloguePath(folder));
  db.prepare(`UPDATE partition SET state = 'sealed' WHERE number = 1`).run();
  db.close();
  return sealedPath(folder, 1);
}

function overwrite(path: string, page: number, fill = 0x5a): void {
  const file = openSync(path, 'r+');
  writeSync(
    file,
    Buffer.alloc(PARTITION_PAGE_BYTES, fill),
    0,
    PARTITION_PAGE_BYTES,
    (page - 1) * PARTITION_PAGE_BYTES,
  );
  closeSync(file);
}

/** Pages of a table, its root first. */
function pagesOf(path: string, table: string): number[] {
  const db = new Database(path, { readonly: true });
  try {
    const sql = 'SELECT pageno FROM dbstat WHERE name = ? ORDER BY path';
    return db.prepare<[string], number>(sql).pluck().all(table);
  } finally {
    db.close();
  }
}

function eventsIn(path: string) {
  const db = new Database(path, { readonly: true });
  try {
    const rows = new RowReader(db);
    return db
      .prepare(`SELECT ${rows.all.columns} FROM event ORDER BY sequence`)
      .raw()
      .all()
      .map((row) => rows.eventOf(row));
  } finally {
    db.close();
  }
}

const problemsOf = () => checkStore(folder, AT_EASE).findings.map(({ problem }) => problem);
const salvage = () => salvagePartitions(folder, [1], AT_EASE)[0]!;

test.each([true, false])('events on sound pages are saved, and are what they were (sealed: %s)', (sealed) => {
  const path = made(sealed);
  const whole = new Map(eventsIn(path).map((event) => [event.cursor, event]));
  const pages = pagesOf(path, 'event');
  overwrite(path, pages[3]!);
  overwrite(path, pages[4]!);
  const before = readFileSync(path);
  const { saved, lost, dropped, facts } = salvage();
  expect(saved + (lost ?? 0)).toBe(COUNT);
  expect(lost).toBeGreaterThan(0);
  expect(saved).toBeGreaterThan(COUNT / 2);
  expect(dropped).toBe(0);
  expect(facts?.events).toBe(saved);
  const kept = eventsIn(sealedPath(folder, 1));
  expect(kept).toHaveLength(saved);
  for (const event of kept) expect(event).toEqual(whole.get(event.cursor));
  expect(readdirSync(eventsFolder(folder)).filter((name) => !/-(shm|wal)$/.test(name))).toEqual([
    '000001.db',
    '000001.db.damaged',
  ]);
  expect(readFileSync(`${sealedPath(folder, 1)}.damaged`).equals(before)).toBe(true);
  const db = new Database(sealedPath(folder, 1), { readonly: true });
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  db.close();
});

test('values whose texts are lost are absent, and counted', () => {
  const path = made(true);
  const whole = new Map(eventsIn(path).map((event) => [event.cursor, event]));
  overwrite(path, pagesOf(path, 'string')[2]!);
  const { saved, lost, dropped } = salvage();
  expect([saved, lost]).toEqual([COUNT, 0]);
  expect(dropped).toBeGreaterThan(10);
  let missing = 0;
  for (const { cursor, fields } of eventsIn(sealedPath(folder, 1))) {
    const was = whole.get(cursor)!.fields;
    for (const name of Object.keys(was) as (keyof typeof was)[]) {
      if (fields[name] === undefined) missing++;
      else expect(fields[name]).toEqual(was[name]);
    }
  }
  expect(missing).toBe(dropped);
});

test('a file that was cut short gives what is left of it', () => {
  const path = made(false);
  truncateSync(path, statSync(path).size - 6 * PARTITION_PAGE_BYTES);
  const { saved, lost } = salvage();
  expect(saved).toBeGreaterThan(100);
  expect(saved + (lost ?? 0)).toBe(COUNT);
  expect(existsSync(salvageFolder(folder))).toBe(false);
});

test.each([true, false])('a file without its beginning gives everything else (sealed: %s)', (sealed) => {
  const path = made(sealed);
  const whole = eventsIn(path);
  overwrite(path, 1, 0xff);
  expect(problemsOf()).toEqual([expect.stringContaining('not a database')]);
  expect(salvage()).toMatchObject({ saved: COUNT, lost: 0, dropped: 0 });
  expect(eventsIn(sealedPath(folder, 1))).toEqual(whole);
});

test('where nothing can be read, all stays as it is', () => {
  const path = made(true);
  writeFileSync(path, Buffer.alloc(100_000, 0x5a));
  expect(salvage()).toEqual({ number: 1, saved: 0, lost: COUNT, dropped: 0, facts: null });
  expect(readdirSync(eventsFolder(folder))).toEqual(['000001.db']);
});

test('what a newer Merlon wrote is left to that one', () => {
  const path = made(true);
  const db = new Database(path);
  db.pragma('user_version = 99');
  db.close();
  expect(salvage()).toMatchObject({ saved: 0, facts: null });
  expect(readdirSync(eventsFolder(folder))).toEqual(['000001.db']);
});

test('whatever page is destroyed, nothing is made up, and the check tells of it', { timeout: 60_000 }, () => {
  const path = made(true);
  const whole = new Map(eventsIn(path).map((event) => [event.cursor, event]));
  const sound = readFileSync(path);
  const pages = sound.length / PARTITION_PAGE_BYTES;
  expect(problemsOf()).toEqual([]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: pages }), fc.constantFrom(0, 0x5a, 0xff), (page, fill) => {
      for (const name of readdirSync(eventsFolder(folder))) rmSync(join(eventsFolder(folder), name));
      writeFileSync(path, sound);
      overwrite(path, page, fill);
      expect(problemsOf().length).toBeGreaterThan(0);
      const { facts, saved } = salvage();
      if (facts === null) return;
      const kept = eventsIn(sealedPath(folder, 1));
      expect(kept).toHaveLength(saved);
      for (const { cursor, fields } of kept) expect(whole.get(cursor)?.fields).toMatchObject(fields);
    }),
    { numRuns: 8 },
  );
});
