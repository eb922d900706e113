import Database from 'better-sqlite3';
import { spawn, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore, StoreError } from './index.ts';

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

function sentenceOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof StoreError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'no error';
}

test(
  'an engine killed at any moment loses no batch that it called stored, and half of none',
  { timeout: 240_000 },
  async () => {
    for (let round = 0; round < 20; round++) {
      const reported = await appendUntilKilled(Math.random() * 120);
      const store = openStore(folder);
      const { events } = store.stats();
      const last = store.lastSequence(1);
      await store.close();
      const db = new Database(join(folder, 'events.db'), { readonly: true });
      const counted = db
        .prepare('SELECT count(*), max(sequence), count("process.name") FROM event')
        .raw()
        .get();
      const broken = db
        .prepare(
          'SELECT count(*) FROM event LEFT JOIN string ON string.id = "process.name" WHERE string.id IS NULL',
        )
        .pluck()
        .get();
      expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
      db.close();
      expect(last).toBeGreaterThanOrEqual(reported);
      expect(last % 500).toBe(0);
      expect(counted).toEqual([last, last, last]);
      expect(events).toBe(last);
      expect(broken).toBe(0);
    }
  },
);

test('two engines never share a folder, and a killed one leaves no lock', { timeout: 60_000 }, async () => {
  const store = openStore(folder);
  const refused = spawnSync(process.execPath, [CHILD, 'once', folder], { encoding: 'utf8' });
  expect(refused.stdout).toBe('in_use\n');
  await store.close();
  await appendUntilKilled(0);
  expect(spawnSync(process.execPath, [CHILD, 'once', folder], { encoding: 'utf8' }).stdout).toBe('stored\n');
});

test.skipIf(!isRoot)('a full disk fails the batch, says so, and is survived', { timeout: 60_000 }, () => {
  const script = `mount -t tmpfs -o size=6m tmpfs "$1" && exec "$2" "$3" fill "$1"`;
  const run = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', folder, process.execPath, CHILD], {
    encoding: 'utf8',
  });
  expect(run.stderr).toBe('');
  const [failure, before, after, check] = run.stdout.trim().split('\n');
  expect(failure).toMatch(/^failed: There is no space left for the database .*Free some space/);
  expect(Number(before)).toBeGreaterThan(0);
  expect(Number(after)).toBe(Number(before) + 1);
  expect(check).toBe('ok');
});

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

async function readEverything(): Promise<void> {
  const store = openStore(folder);
  try {
    await store.page({ query: null, limit: 1_000_000 });
  } finally {
    await store.close();
  }
}

test('a damaged database is reported as such by whatever meets the damage', { timeout: 60_000 }, async () => {
  spawnSync(process.execPath, [CHILD, 'fill-some', folder]);
  const path = join(folder, 'events.db');
  const pages = statSync(path).size / 16_384;
  const file = openSync(path, 'r+');
  for (let page = 12; page < pages; page++)
    writeSync(file, Buffer.alloc(16_384, 0x5a), 0, 16_384, page * 16_384);
  closeSync(file);
  await expect(readEverything()).rejects.toThrow(/is damaged .*move the file away/);
  await expect(readEverything()).rejects.toHaveProperty('code', 'corrupt');
  truncateSync(path, 16_384);
  expect(sentenceOf(() => openStore(folder))).toMatch(/^corrupt: .*is damaged/);
});
