import Database from 'better-sqlite3';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { gatheringFolder } from './backup.ts';
import { Chores } from './choring.ts';
import type { StoredEvent } from './contract.ts';
import { StoreError } from './error.ts';
import { cataloguePath, eventsFolder, openPath, sealedPath } from './layout.ts';
import { writePartition } from './partition.builder.ts';
import { RowReader } from './rows.ts';

const BOOT = { boot: 1, bootId: '6c2f3a5e-1c9b-4d57-9a47-3c1f0c5d7e21' };
const START = Date.UTC(2026, 10, 22, 10);

let top: string;
let folder: string;
let chores: Chores;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'merlon-chores-'));
  folder = join(top, 'data');
  mkdirSync(folder);
  chores = new Chores(folder);
});
afterEach(async () => {
  await chores.close();
  rmSync(top, { recursive: true, force: true });
});

const eventsOf = (count: number, from = 0): StoredEvent[] =>
  Array.from({ length: count }, (_, i) => from + i).map((n) => ({
    cursor: { boot: 1, timeNs: 1_000_000_000 + n * 10_000, sequence: n + 1 },
    fields: {
      '@timestamp': START + n / 100,
      'event.action': 'exec',
      'process.pid': n,
      'process.command_line': `/usr/bin/tool --number ${n}`,
      'process.args': ['/usr/bin/tool', '--number', String(n)],
      'process.env_vars': [`LD_PRELOAD=/tmp/${n}.so`],
    },
  }));

/** What the catalogue is told when a partition was sealed; the open file goes then. */
function tellSealed(number: number, events: number): void {
  const db = new Database(cataloguePath(folder));
  db.prepare(`UPDATE partition SET state = 'sealed', events = ? WHERE number = ?`).run(events, number);
  db.close();
  rmSync(openPath(folder, number));
}

async function sealed(number: number, count: number, from = 0): Promise<void> {
  writePartition(folder, number, eventsOf(count, from), BOOT);
  const { events } = await chores.seal({ number });
  tellSealed(number, events);
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

function unpack(file: string): string {
  const target = mkdtempSync(join(top, 'restored-'));
  const tar = spawnSync('tar', ['xf', file, '-C', target], { encoding: 'utf8' });
  expect([tar.status, tar.stderr]).toEqual([0, '']);
  return target;
}

test('partitions are sealed in a thread, one after another', async () => {
  writePartition(folder, 1, eventsOf(1000), BOOT);
  writePartition(folder, 2, eventsOf(500, 1000), BOOT);
  const facts = await Promise.all([chores.seal({ number: 1 }), chores.seal({ number: 2 })]);
  expect(facts.map(({ events }) => events)).toEqual([1000, 500]);
  expect(Buffer.isBuffer(facts[0].minutes)).toBe(true);
  expect(existsSync(sealedPath(folder, 2))).toBe(true);
});

test('the thread makes way for others, which stay as they are', async () => {
  await sealed(1, 3000);
  const begun = Promise.withResolvers<undefined>();
  const check = chores.check(() => begun.resolve(undefined));
  await begun.promise;
  const priorities = readdirSync('/proc/self/task').map((thread) => getPriority(Number(thread)));
  expect(new Set(priorities)).toEqual(new Set([getPriority(), getPriority() + 5]));
  expect(priorities.filter((nice) => nice > getPriority())).toHaveLength(1);
  await check;
});

test('a partition that is not there, or no database, fails with a sentence', async () => {
  mkdirSync(eventsFolder(folder));
  await expect(chores.seal({ number: 1 })).rejects.toThrow(StoreError);
  expect(readdirSync(eventsFolder(folder))).toEqual([]);
  writeFileSync(openPath(folder, 2), 'x'.repeat(50_000));
  await expect(chores.seal({ number: 2 })).rejects.toMatchObject({ code: 'corrupt' });
  expect(readdirSync(eventsFolder(folder))).toEqual(['000002.open.db']);
});

test('a backup, unpacked, has every event that was committed', async () => {
  await sealed(1, 2000);
  writePartition(folder, 2, eventsOf(700, 2000), BOOT);
  writePartition(folder, 3, eventsOf(30, 2700), { ...BOOT, state: 'open' });
  const file = join(top, 'merlon.tar');
  const steps: number[] = [];
  const report = await chores.backup(file, (done) => steps.push(done));
  expect(report).toEqual({ events: 2730, bytes: statSync(file).size });
  expect(steps.at(-1)).toBeGreaterThan(0.9);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const restored = unpack(file);
  expect(readdirSync(restored).sort()).toEqual(['catalogue.db', 'events']);
  expect(eventsIn(sealedPath(restored, 1))).toEqual(eventsIn(sealedPath(folder, 1)));
  for (const number of [2, 3])
    expect(eventsIn(openPath(restored, number))).toEqual(eventsIn(openPath(folder, number)));
  expect(statSync(openPath(restored, 3)).mode & 0o777).toBe(0o600);
  const there = new Chores(restored);
  expect(await there.check()).toEqual({ partitions: 3, events: 2730, findings: [] });
  expect((await there.seal({ number: 2 })).events).toBe(700);
  await there.close();
  expect(existsSync(gatheringFolder(folder))).toBe(false);
});

test('a backup goes by the files where the catalogue was not told yet', async () => {
  writePartition(folder, 1, eventsOf(900), BOOT);
  await chores.seal({ number: 1 });
  rmSync(openPath(folder, 1));
  const file = join(top, 'merlon.tar');
  expect((await chores.backup(file)).events).toBe(900);
  const db = new Database(cataloguePath(unpack(file)), { readonly: true });
  expect(db.prepare('SELECT state, events, last_sequence FROM partition').raw().all()).toEqual([
    ['sealed', 900, 900],
  ]);
  db.close();
});

test('a backup never overwrites a file, and leaves nothing behind where it cannot be written', async () => {
  writePartition(folder, 1, eventsOf(10), BOOT);
  const file = join(top, 'taken');
  writeFileSync(file, 'mine');
  await expect(chores.backup(file)).rejects.toThrow(/exists already/);
  await expect(chores.backup(join(top, 'nowhere', 'x.tar'))).rejects.toThrow(/could not be written/);
  expect(readdirSync(top).sort()).toEqual(['data', 'taken']);
  expect(existsSync(gatheringFolder(folder))).toBe(false);
});

test('a backup that is given up leaves nothing behind', async () => {
  await sealed(1, 3000);
  const stop = new AbortController();
  const file = join(top, 'merlon.tar');
  const backup = chores.backup(file, () => {}, stop.signal);
  stop.abort(new Error('enough'));
  await expect(backup).rejects.toThrow('enough');
  expect(readdirSync(top)).toEqual(['data']);
  expect(existsSync(gatheringFolder(folder))).toBe(false);
});

test('partitions are sealed while a backup or a check is under way', async () => {
  for (let i = 0; i < 12; i++) await sealed(i + 1, 1500, i * 1500);
  writePartition(folder, 13, eventsOf(100, 18_000), BOOT);
  const order: string[] = [];
  const begun = Promise.withResolvers<undefined>();
  const check = chores.check(() => begun.resolve(undefined)).then(() => order.push('check'));
  await begun.promise;
  const seal = chores.seal({ number: 13 }).then(() => order.push('seal'));
  await Promise.all([check, seal]);
  expect(order).toEqual(['seal', 'check']);
});

test('a sound store has nothing to be found', async () => {
  await sealed(1, 5000);
  writePartition(folder, 2, eventsOf(300, 5000), { ...BOOT, state: 'open' });
  expect(await chores.check()).toEqual({ partitions: 2, events: 5300, findings: [] });
});

test('what is under way is given up when the store is closed', async () => {
  for (let i = 0; i < 6; i++) await sealed(i + 1, 2000, i * 2000);
  const begun = Promise.withResolvers<undefined>();
  const check = chores.check(() => begun.resolve(undefined));
  await begun.promise;
  const outcome = expect(check).rejects.toThrow(/closed/);
  await chores.close();
  await outcome;
  await expect(chores.seal({ number: 1 })).rejects.toThrow(/closed/);
});

test('an engine that was killed in a backup does not hinder the next one', async () => {
  await sealed(1, 100);
  mkdirSync(eventsFolder(gatheringFolder(folder)), { recursive: true });
  linkSync(sealedPath(folder, 1), sealedPath(gatheringFolder(folder), 1));
  writeFileSync(join(top, 'merlon.tar.part'), 'half');
  expect((await chores.backup(join(top, 'merlon.tar'))).events).toBe(100);
  unlinkSync(sealedPath(folder, 1));
  expect(readdirSync(top).sort()).toEqual(['data', 'merlon.tar']);
});
