/** In which rows ids are: what the index says, and that files without it are read as before. */
import Database from 'better-sqlite3';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { event, query, sequences } from './events.builder.ts';
import { openStore } from './index.ts';
import { CHUNK_EVENTS, columnNumbers, LAYOUT, openPath, sealedPath } from './layout.ts';
import { writePartition } from './partition.builder.ts';
import { sealInCatalogue } from './sealed.builder.ts';
import { numberOf, SEVERAL, spotOf, withSpot } from './spots.ts';
import { decodeChunks, decodeUses } from './uses.ts';
import { VarintWriter } from './varint.ts';

vi.setConfig({ testTimeout: 120_000 });
const BOOT = { boot: 1, bootId: 'then' };
const EVENTS = 1000;

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'merlon-spots-')), 'data');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

/** Names that come again at once, after a while, seldom, and never. */
const nameOf = (n: number) =>
  n % 50 === 0
    ? `one ${n}`
    : n % 50 < 3
      ? `pair ${Math.floor(n / 50)}`
      : n % 211 === 0
        ? 'seldom'
        : `often ${n % 7}`;
const past = Array.from({ length: EVENTS }, (_, i) =>
  event(i + 1, {
    'process.name': nameOf(i + 1),
    'process.pid': 1000 + ((i * 7) % 400),
    'user.name': `u${i % 2}`,
  }),
);

function writeSealed(events: typeof past): void {
  writePartition(folder, 1, events, BOOT);
  sealInCatalogue(folder, 1);
}

function edit(path: string, change: (db: Database.Database) => void): void {
  const db = new Database(path);
  db.transaction(() => change(db))();
  db.close();
}

const QUERIES = [
  'process.name:"one 150"',
  'process.name:one*',
  'process.name:"pair 7"',
  'process.name:seldom',
  'process.name:seldom and user.name:u0',
  'process.name:seldom or process.name:"one 400"',
  'process.name:seldom and not user.name:u0',
  'process.pid:1003',
  'process.name:"often 3"',
  'nothing',
  'seldom',
];

/** What the store answers, and what is true. */
async function compare(): Promise<void> {
  const store = await openStore({ folder, bootId: 'now' });
  try {
    for (const text of QUERIES) {
      const wanted = past.filter(({ fields }) => matches(text, fields)).map(({ cursor }) => cursor.sequence);
      const newest = await store.page({ query: query(text), limit: 9999 });
      expect(sequences(newest), text).toEqual(wanted.toReversed());
      const oldest = await store.page({ query: query(text), limit: 3, after: past[99]!.cursor });
      expect(sequences(oldest), text).toEqual(wanted.filter((n) => n > 100).slice(0, 3));
    }
  } finally {
    await store.close();
  }
}

function matches(text: string, fields: (typeof past)[number]['fields']): boolean {
  const name = fields['process.name']!;
  const user = fields['user.name'];
  switch (text) {
    case 'process.name:one*':
      return name.startsWith('one');
    case 'process.name:seldom and user.name:u0':
      return name === 'seldom' && user === 'u0';
    case 'process.name:seldom or process.name:"one 400"':
      return name === 'seldom' || name === 'one 400';
    case 'process.name:seldom and not user.name:u0':
      return name === 'seldom' && user !== 'u0';
    case 'process.pid:1003':
      return fields['process.pid'] === 1003;
    case 'nothing':
      return false;
    case 'seldom':
      return name === 'seldom';
    default:
      return name === /"?([^":]+)"?$/.exec(text)?.[1];
  }
}

test('ids that are in one row of each chunk are told with it, others without', () => {
  writeSealed(past);
  const db = new Database(sealedPath(folder, 1), { readonly: true });
  const column = columnNumbers.get('process.name')!;
  const stored = db
    .prepare<[number], { value: string; chunks: Buffer }>(
      'SELECT value, chunks FROM use JOIN string ON string.id = use.id WHERE "column" = ?',
    )
    .all(column);
  db.close();
  for (const { value, chunks } of stored) {
    const rows = past.flatMap(({ fields }, i) => (fields['process.name'] === value ? [i] : []));
    const byChunk = Map.groupBy(rows, (row) => Math.floor(row / CHUNK_EVENTS));
    const single = [...byChunk.values()].every((list) => list.length === 1);
    const expected = [...byChunk].map(([chunk, [row = 0]]) =>
      withSpot(chunk, single ? (row % CHUNK_EVENTS) + 1 : SEVERAL),
    );
    expect(decodeChunks(chunks, LAYOUT), value).toEqual(expected);
  }
  expect(stored.map(({ value }) => value)).toEqual(expect.arrayContaining(['one 150', 'pair 7', 'seldom']));
});

test.each([true, false])('what is found is what is there (sealed: %s)', async (sealed) => {
  if (sealed) writeSealed(past);
  else writePartition(folder, 1, past, { ...BOOT, state: 'open' });
  await compare();
});

test('rows are not guessed where sequences are missing', async () => {
  const some = past.filter(({ cursor }) => cursor.sequence % 3 !== 0);
  writeSealed(some);
  const store = await openStore({ folder, bootId: 'now' });
  const page = await store.page({ query: query('process.name:one*'), limit: 999 });
  await store.close();
  expect(sequences(page).reverse()).toEqual(
    some
      .filter(({ fields }) => fields['process.name']!.startsWith('one'))
      .map(({ cursor }) => cursor.sequence),
  );
});

test('a sealed file of layout 1 is read', async () => {
  writeSealed(past);
  edit(sealedPath(folder, 1), (db) => {
    const put = db.prepare('UPDATE use SET chunks = ? WHERE id = ? AND "column" = ?');
    for (const { id, column, chunks } of db
      .prepare<[], { id: number; column: number; chunks: Buffer }>('SELECT * FROM use')
      .all()) {
      const writer = new VarintWriter();
      let before = 0;
      for (const chunk of decodeChunks(chunks, LAYOUT).map(numberOf)) {
        writer.write(chunk - before);
        before = chunk;
      }
      put.run(writer.take(), id, column);
    }
    db.pragma('user_version = 1');
  });
  await compare();
});

test('an open file of layout 1 is read, sealed, and not gone on with', async () => {
  writePartition(folder, 1, past, { ...BOOT, state: 'open' });
  edit(openPath(folder, 1), (db) => {
    const put = db.prepare('UPDATE chunk SET uses = ? WHERE number = ?');
    for (const { number, uses } of db
      .prepare<[], { number: number; uses: Buffer }>('SELECT number, uses FROM chunk')
      .all())
      put.run(withoutSpots(uses), number);
    db.pragma('user_version = 1');
  });
  await compare();
  const store = await openStore({ folder, bootId: BOOT.bootId });
  await store.append([event(EVENTS + 1, { 'process.name': 'later' })]);
  await vi.waitUntil(() => store.stats().partitions === 2, 30_000);
  expect(sequences(await store.page({ query: query('process.name:later'), limit: 9 }))).toEqual([EVENTS + 1]);
  await store.close();
  await compare();
});

function withoutSpots(uses: Buffer): Buffer {
  const writer = new VarintWriter();
  for (const [column, ids] of decodeUses(uses, LAYOUT)) {
    writer.write(column);
    writer.write(ids.length);
    expect(ids.every((id) => spotOf(id) <= CHUNK_EVENTS)).toBe(true);
    const numbers = ids.map(numberOf);
    numbers.forEach((id, i) =>
      writer.write(i === 0 ? (id < 0 ? -2 * id - 1 : 2 * id) : id - numbers[i - 1]!),
    );
  }
  return writer.take();
}
