import Database from 'better-sqlite3';
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openStore } from './index.ts';
import { eventsFolder, PARTITION_PAGE_BYTES, sealedPath } from './layout.ts';

const CHILD = new URL('./crash.child.ts', import.meta.url).pathname;
const isRoot = process.getuid?.() === 0;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-crash-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Appends in a child until it is killed, so long after its first batch. @returns the last sequence it called stored. */
async function appendUntilKilled(afterMs: number): Promise<number> {
  const child = spawn(process.execPath, [CHILD, 'loop', folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let reported = 0;
  let timer: NodeJS.Timeout | undefined;
  const ended = new Promise((resolve) => child.once('close', resolve));
  createInterface(child.stdout).on('line', (line) => {
    reported = Number(line);
    timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs);
  });
  await ended;
  expect(child.signalCode).toBe('SIGKILL');
  return reported;
}

/** What SQLite finds in the files themselves. */
function countFiles(): { events: number; last: number; broken: unknown[] } {
  const found = { events: 0, last: 0, broken: [] as unknown[] };
  for (const name of readdirSync(eventsFolder(folder)).filter((file) => file.endsWith('.db'))) {
    const db = new Database(join(eventsFolder(folder), name), { readonly: true });
    const missing = `SELECT count(*) FROM event LEFT JOIN string ON string.id = "process.name"
      LEFT JOIN list ON list.id = "process.args" WHERE string.id IS NULL OR list.id IS NULL`;
    found.broken.push(db.prepare(missing).pluck().get(), db.pragma('integrity_check', { simple: true }));
    const [events, last] = db
      .prepare<[], [number, number]>('SELECT count(*), max(sequence) FROM event')
      .raw()
      .get() ?? [0, 0];
    found.events += events;
    found.last = Math.max(found.last, last);
    db.close();
  }
  return found;
}

test(
  'an engine killed at any moment loses no batch that it called stored, and half of none',
  { timeout: 240_000 },
  async () => {
    for (let round = 0; round < 12; round++) {
      const reported = await appendUntilKilled(Math.random() * 400);
      const store = await openStore({ folder, bootId: 'boot' });
      const { events, damaged } = store.stats();
      const last = store.last.sequence;
      await store.close();
      expect(last).toBeGreaterThanOrEqual(reported);
      expect(last % 500).toBe(0);
      expect({ events, damaged }).toEqual({ events: last, damaged: [] });
      const { broken, ...counted } = countFiles();
      expect(counted).toEqual({ events: last, last });
      expect(new Set(broken)).toEqual(new Set([0, 'ok']));
    }
    const store = await openStore({ folder, bootId: 'boot' });
    const { partitions } = store.stats();
    expect(partitions).toBeGreaterThan(1);
    expect((await store.check()).findings).toEqual([]);
    await store.close();
  },
);

test('two engines never share a folder, and a killed one leaves no lock', { timeout: 60_000 }, async () => {
  const store = await openStore({ folder, bootId: 'boot' });
  const refused = spawnSync(process.execPath, [CHILD, 'once', folder], { encoding: 'utf8' });
  expect(refused.stdout).toBe('in_use\n');
  await store.close();
  await appendUntilKilled(0);
  expect(spawnSync(process.execPath, [CHILD, 'once', folder], { encoding: 'utf8' }).stdout).toBe('stored\n');
});

/** Runs the child in a file system of its own that has so much room. */
function runInRoom(megabytes: number, task: string): readonly string[] {
  const script = `mount -t tmpfs -o size=${megabytes}m tmpfs "$1" && exec "$2" "$3" ${task} "$1"`;
  const run = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', folder, process.execPath, CHILD], {
    encoding: 'utf8',
    timeout: 100_000,
  });
  expect(run.stderr).toBe('');
  return run.stdout.trim().split('\n');
}

test.skipIf(!isRoot)(
  'on a full disk events wait, and are stored once there is room',
  { timeout: 120_000 },
  () => {
    const [sentence, ...rest] = runInRoom(10, 'fill');
    expect(sentence).toMatch(/^There is no space left for the database .*Free some space/);
    expect(rest).toEqual(['true 500', 'true 0 undefined', 'there', '[]']);
  },
);

test.skipIf(!isRoot)(
  'on a full disk the oldest events make room where they may',
  { timeout: 120_000 },
  () => {
    expect(runInRoom(70, 'free')).toEqual(['true true', 'true', 'true 0']);
  },
);

test.skipIf(!isRoot)(
  'a folder that cannot be written is refused with a sentence',
  { timeout: 60_000 },
  () => {
    const run = (path: string) =>
      spawnSync(process.execPath, [CHILD, 'once', path], {
        encoding: 'utf8',
        uid: 65534,
        gid: 65534,
        cwd: '/',
      });
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o755 });
    expect(run(closed).stdout).toBe('read_only\n');
    expect(run(join(closed, 'below')).stdout).toBe('read_only\n');
  },
);

test(
  'damage is told of by whatever meets it, and the sound partitions stay readable',
  { timeout: 120_000 },
  async () => {
    spawnSync(process.execPath, [CHILD, 'partitions', folder]);
    const path = sealedPath(folder, 2);
    const pages = statSync(path).size / PARTITION_PAGE_BYTES;
    const file = openSync(path, 'r+');
    for (let page = 12; page < pages; page++)
      writeSync(
        file,
        Buffer.alloc(PARTITION_PAGE_BYTES, 0x5a),
        0,
        PARTITION_PAGE_BYTES,
        page * PARTITION_PAGE_BYTES,
      );
    closeSync(file);
    const store = await openStore({ folder, bootId: 'boot' });
    try {
      const { events } = store.stats();
      const page = await store.page({ query: null, limit: 1_000_000 });
      await vi.waitUntil(() => store.stats().damaged.length > 0, 10_000);
      expect(store.stats().damaged).toEqual([
        expect.stringMatching(/^Partition 2 cannot be read whole \(.*malformed/),
      ]);
      const pids = page.events.map(({ fields }) => fields['process.pid']);
      expect(pids[0]).toBe(events);
      expect(pids.at(-1)).toBe(1);
      await store.append([]);
    } finally {
      await store.close();
    }
  },
);
