import Database from 'better-sqlite3';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AT_EASE } from './breath.ts';
import { checkStore } from './check.ts';
import { cataloguePath, openPath, sealedPath } from './layout.ts';
import { writePartition } from './partition.builder.ts';
import { sealPartition } from './seal.ts';

const BOOT = { boot: 1, bootId: '6c2f3a5e-1c9b-4d57-9a47-3c1f0c5d7e21' };
const COUNT = 1000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-check-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A sealed partition, which is 1, and an open one. */
function makeStore(): void {
  for (const number of [1, 2]) {
    const events = Array.from({ length: COUNT }, (_, i) => (number - 1) * COUNT + i).map((n) => ({
      cursor: { boot: 1, timeNs: 1_000_000_000 + n * 10_000, sequence: n + 1 },
      fields: {
        '@timestamp': 1_795_000_000_000 + n,
        'event.action': 'exec',
        'process.pid': n,
        'process.name': `name-${n % 40}`,
        'process.command_line': `/usr/bin/tool --number ${n}`,
        'process.env_vars': [`LD_PRELOAD=/tmp/${n}.so`],
      },
    }));
    writePartition(folder, number, events, { ...BOOT, state: number === 1 ? 'full' : 'open' });
  }
  sealPartition(folder, { number: 1 });
  rmSync(openPath(folder, 1));
  change(cataloguePath(folder), `UPDATE partition SET state = 'sealed' WHERE number = 1`);
}

function change(path: string, sql: string): void {
  const db = new Database(path);
  db.unsafeMode();
  db.exec(sql);
  db.close();
}

const check = () => checkStore(folder, AT_EASE);

test('a sound store has nothing to be found, and every event is read', () => {
  makeStore();
  const steps: number[] = [];
  const report = checkStore(folder, { ...AT_EASE, progress: (done) => steps.push(done) });
  expect(report).toEqual({ partitions: 2, events: 2 * COUNT, findings: [] });
  expect(steps.toSorted((a, b) => a - b)).toEqual(steps);
});

test('an empty folder has nothing but the lack of a catalogue', () => {
  expect(check()).toMatchObject({ partitions: 0, events: 0, findings: [{ file: 'catalogue.db' }] });
});

const sealed = () => sealedPath(folder, 1);
const open = () => openPath(folder, 2);
const catalogue = () => cataloguePath(folder);

test.each<[string, () => string, string, RegExp]>([
  ['a text that is gone', sealed, 'DELETE FROM string WHERE id = 3', /^Event \d+ cannot be read whole/],
  ['a list that is gone', open, 'DELETE FROM list WHERE id = 3', /^Event \d+ cannot be read whole/],
  [
    'an event that is gone',
    sealed,
    'DELETE FROM event WHERE sequence = 17',
    /its chunks tell of 1000|not what/,
  ],
  [
    'events out of order',
    open,
    'UPDATE event SET time_ns = 5 WHERE sequence = 1500',
    /^Event 1500 is earlier/,
  ],
  [
    'a chunk that tells another time',
    sealed,
    'UPDATE chunk SET last_ms = 7 WHERE number = 2',
    /^Chunk 2 is not/,
  ],
  ['a chunk that is gone', sealed, 'DELETE FROM chunk WHERE number = 1', /^Chunk 1 is missing/],
  ['an index without a use', sealed, 'DELETE FROM use WHERE id = 4', /^The index does not know that chunk 0/],
  [
    'a chunk without uses',
    open,
    `UPDATE chunk SET uses = x'' WHERE number = 0`,
    /^The index does not know that/,
  ],
  ['a text without its hash', sealed, 'DELETE FROM string_hash', /^The index of texts does not know text 1/],
  ['a list without its hash', sealed, 'DELETE FROM list_hash', /^The index of lists does not know/],
  [
    'a text without its trigrams',
    sealed,
    `INSERT INTO string_trigram (string_trigram) VALUES ('delete-all')`,
    /^The index of parts does not know/,
  ],
  ['minutes that do not add up', sealed, 'UPDATE minute SET events = 3', /^Its minutes count 3/],
  [
    'a pack that says something else',
    sealed,
    `UPDATE pack SET cells = json_set(cells, '$[0]', json_extract(cells, '$[1]')) WHERE rows IS NOT NULL`,
    /^The pack of process\.name is not what the events of chunk 0 say/,
  ],
  ['a pack that is cut short', sealed, `UPDATE pack_rows SET cells = x'00'`, /^Its packs cannot be read/],
  [
    'moments that are not those of the events',
    sealed,
    `UPDATE moment SET us = CAST(x'02' || substr(us, 2) AS BLOB) WHERE chunk = 0`,
    /^The moments of chunk 0 are not/,
  ],
  ['another number', open, 'UPDATE partition SET number = 9', /^It calls itself partition 9/],
  ['another boot', open, `UPDATE partition SET boot_id = 'x'`, /^It is of boot 1 \(x\); the catalogue says/],
  [
    'a catalogue that counts otherwise',
    catalogue,
    'UPDATE partition SET events = 5 WHERE number = 1',
    /tells of 5/,
  ],
  ['a boot that the catalogue lacks', catalogue, 'DELETE FROM boot', /is of boot 1, which is not there/],
  ['a file of another program', sealed, 'PRAGMA application_id = 5', /not a file of Merlon/],
  ['a newer layout', sealed, 'PRAGMA user_version = 99', /written by a newer Merlon \(layout 99/],
])('%s is found', (_, path, sql, sentence) => {
  makeStore();
  change(path(), sql);
  const { findings } = check();
  expect(findings.map(({ problem }) => problem)).toContainEqual(expect.stringMatching(sentence));
  expect(new Set(findings.map(({ file }) => file)).size).toBe(1);
  expect(findings.length).toBeLessThan(12);
});

test('a file that is gone, and one that is no database, are told of', () => {
  makeStore();
  rmSync(sealed());
  for (const suffix of ['', '-wal', '-shm']) rmSync(open() + suffix, { force: true });
  writeFileSync(open(), 'x'.repeat(20_000));
  expect(check()).toMatchObject({
    partitions: 2,
    findings: [
      { file: '000001.db', problem: 'The catalogue has it, and the file is not there.', readable: 0 },
      { file: '000002.open.db', problem: expect.stringContaining('not a database'), readable: null },
    ],
  });
});

test('what was found damaged before is said again, with what can be read', () => {
  makeStore();
  change(catalogue(), `UPDATE partition SET state = 'damaged', problem = 'It broke.' WHERE number = 1`);
  expect(check().findings).toEqual([
    { file: '000001.db', problem: 'It was found damaged before: It broke.', readable: COUNT },
  ]);
});

test('a partition that the catalogue does not know is read like the others', () => {
  makeStore();
  change(catalogue(), 'DELETE FROM partition WHERE number = 2');
  expect(check()).toEqual({ partitions: 2, events: 2 * COUNT, findings: [] });
});
