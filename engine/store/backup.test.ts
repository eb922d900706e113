import Database from 'better-sqlite3';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseQuery } from '../../shared/query.ts';
import { backUp, gatheringFolder } from './backup.ts';
import { AT_EASE } from './breath.ts';
import type { StoredEvent } from './contract.ts';
import { openStore } from './index.ts';
import { eventsFolder, openPath, PARTITION_PAGE_BYTES, sealedPath } from './layout.ts';
import { writePartition } from './partition.builder.ts';
import { sealPartition } from './seal.ts';

const CHILD = new URL('./backup.child.ts', import.meta.url).pathname;
const BOOT_ID = '6c2f3a5e-1c9b-4d57-9a47-3c1f0c5d7e21';
const START = Date.UTC(2026, 10, 22, 10);
const isRoot = process.getuid?.() === 0;

let top: string;
let folder: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'merlon-backup-'));
  folder = join(top, 'data');
  mkdirSync(folder);
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

const eventsOf = (boot: number, from: number, count: number): StoredEvent[] =>
  Array.from({ length: count }, (_, i) => from + i).map((n) => ({
    cursor: { boot, timeNs: 1_000_000_000 + n * 10_000, sequence: n },
    fields: {
      '@timestamp': START + n / 100,
      'event.action': (['fork', 'exec', 'exit'] as const)[n % 3]!,
      'process.pid': n % 500,
      'process.name': `name-${n % 40}`,
      'process.command_line': `/usr/bin/tool --number ${n}`,
    },
  }));

const open = (path: string) => openStore({ folder: path, bootId: BOOT_ID });

function unpack(file: string): string {
  const target = join(top, 'restored');
  mkdirSync(target);
  const tar = spawnSync('tar', ['xf', file, '-C', target], { encoding: 'utf8' });
  expect([tar.status, tar.stderr]).toEqual([0, '']);
  return target;
}

test(
  'a backup made while events come in is a store with all that was committed',
  { timeout: 60_000 },
  async () => {
    const store = await open(folder);
    const file = join(top, 'merlon.tar');
    await store.append(eventsOf(store.boot, 1, 5000));
    const backup = store.backup(file);
    let next = 5001;
    let going = true;
    const feeding = (async () => {
      for (; going; next += 500) await store.append(eventsOf(store.boot, next, 500));
    })();
    const { events } = await backup;
    going = false;
    await feeding;
    expect(events).toBeGreaterThanOrEqual(5000);
    expect(events % 500).toBe(0);

    const copy = await open(unpack(file));
    expect(copy.stats()).toMatchObject({ events, damaged: [] });
    expect(copy.last.sequence).toBe(events);
    const before = { boot: copy.boot, timeNs: copy.last.timeNs, sequence: copy.last.sequence };
    for (const text of ['process.name:name-7', 'number', 'process.pid:3 and event.action:exec']) {
      const query = parsed(text);
      const request = { query, before, limit: 200 };
      const [there, here] = [await copy.page(request), await store.page(request)];
      expect(there.events.length).toBeGreaterThan(0);
      expect(there.events).toEqual(here.events);
    }
    await copy.append(eventsOf(copy.boot, events + 1, 10));
    expect(copy.stats().events).toBe(events + 10);
    expect((await copy.check()).findings).toEqual([]);
    await copy.close();
    await store.close();
  },
);

function parsed(text: string) {
  const result = parseQuery(text);
  if (!result.ok) throw new Error(text);
  return result.value;
}

test(
  'damage that a check finds is salvaged, and the rest is answered as before',
  { timeout: 60_000 },
  async () => {
    for (const number of [1, 2]) {
      writePartition(folder, number, eventsOf(1, 1 + (number - 1) * 3000, 3000), {
        boot: 1,
        bootId: BOOT_ID,
      });
    }
    let store = await open(folder); // seals them
    const sealed = [1, 2].map((number) => sealedPath(folder, number));
    await expect.poll(() => sealed.every((path) => existsSync(path)), { timeout: 20_000 }).toBe(true);
    await store.close();
    overwriteLastEvents(sealed[0]!);
    store = await open(folder);
    const { findings } = await store.check();
    expect(new Set(findings.map(({ file }) => file))).toEqual(new Set(['000001.db']));
    const saved = await store.salvage();
    expect(saved).toBeGreaterThan(1000);
    expect(saved).toBeLessThan(3000);
    expect((await store.check()).findings).toEqual([]);
    expect(store.stats()).toMatchObject({ events: saved + 3000, damaged: [] });
    const page = await store.page({ query: null, limit: 10_000 });
    expect(page.events).toHaveLength(saved + 3000);
    await store.close();
  },
);

/** Destroys a page of the table `event`. */
function overwriteLastEvents(path: string): void {
  const db = new Database(path, { readonly: true });
  const page = db.prepare(`SELECT max(pageno) FROM dbstat WHERE name = 'event'`).pluck().get();
  db.close();
  const file = openSync(path, 'r+');
  const bytes = Buffer.alloc(PARTITION_PAGE_BYTES, 0x5a);
  writeSync(file, bytes, 0, bytes.length, (Number(page) - 1) * PARTITION_PAGE_BYTES);
  closeSync(file);
}

test('partitions that are cut while a backup is written are in it nevertheless', () => {
  for (const number of [1, 2, 3]) {
    writePartition(folder, number, eventsOf(1, 1 + number * 1000, 1000), { boot: 1, bootId: BOOT_ID });
    sealPartition(folder, { number });
    rmSync(openPath(folder, number));
  }
  const file = join(top, 'merlon.tar');
  let turns = 0;
  const turn = () => {
    if (++turns > 1) rmSync(sealedPath(folder, 3), { force: true });
  };
  expect(backUp(folder, file, { ...AT_EASE, turn }).events).toBe(3000);
  expect(existsSync(sealedPath(folder, 3))).toBe(false);
  expect(readdirSync(eventsFolder(unpack(file)))).toEqual(['000001.db', '000002.db', '000003.db']);
});

test('a catalogue that is a moment behind its files is asked again', () => {
  for (const number of [1, 2])
    writePartition(folder, number, eventsOf(1, 1 + number * 1000, 1000), { boot: 1, bootId: BOOT_ID });
  const partition = openPath(folder, 1);
  const elsewhere = join(top, 'elsewhere');
  mkdirSync(eventsFolder(elsewhere), { recursive: true });
  spawnSync('mv', [partition, openPath(elsewhere, 1)]);
  let turns = 0;
  const turn = () => {
    if (++turns === 2) spawnSync('mv', [openPath(elsewhere, 1), partition]);
  };
  expect(backUp(folder, join(top, 'merlon.tar'), { ...AT_EASE, turn }).events).toBe(2000);
  expect(turns).toBeGreaterThan(2);
});

test.skipIf(!isRoot)('a disk without enough space is said to be one', { timeout: 60_000 }, () => {
  writePartition(folder, 1, eventsOf(1, 1, 20_000), { boot: 1, bootId: BOOT_ID });
  const disk = join(top, 'disk');
  mkdirSync(disk);
  const script = 'mount -t tmpfs -o size=1m tmpfs "$1" && "$2" "$3" "$4" "$1/merlon.tar" && ls -A "$1"';
  const args = ['-m', 'sh', '-c', script, 'sh', disk, process.execPath, CHILD, folder];
  const run = spawnSync('unshare', args, { encoding: 'utf8' });
  expect(run.stderr).toBe('');
  expect(run.stdout).toMatch(
    /^failed: There is no space for the backup .*: it takes \d+ MiB, and 1 MiB are free\. Choose another disk\.\n$/,
  );
  expect(existsSync(gatheringFolder(folder))).toBe(false);
});
