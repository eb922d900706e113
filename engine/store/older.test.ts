/** Partitions that were written before there were columns for BPF. */
import Database from 'better-sqlite3';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FIELDS } from '../../shared/event.ts';
import { columnSql } from './columns.ts';
import { event, query, sequences } from './events.builder.ts';
import { openStore } from './index.ts';
import { openPath, sealedPath } from './layout.ts';
import { writePartition } from './partition.builder.ts';
import { sealInCatalogue } from './sealed.builder.ts';

vi.setConfig({ testTimeout: 60_000 });
const BOOT = { boot: 1, bootId: 'then' };
const EVENTS = 300;
const NEW = Object.keys(FIELDS).filter((name) => name.startsWith('merlon.bpf.')) as (keyof typeof FIELDS)[];

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'merlon-older-')), 'data');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

const past = Array.from({ length: EVENTS }, (_, i) =>
  event(i + 1, { 'event.action': 'exec', 'process.name': `p${i % 7}`, 'file.path': `/f/${i}` }),
);
const loaded = event(EVENTS + 1, {
  'event.action': 'bpf_loaded',
  'process.name': 'p1',
  'merlon.bpf.command': 'prog_load',
  'merlon.bpf.program.id': 41,
  'merlon.bpf.program.name': 'guard',
});

/** Makes a file what layout 3 was. */
function age(path: string): void {
  const db = new Database(path);
  for (const name of NEW) db.exec(`ALTER TABLE event DROP COLUMN ${columnSql(name)}`);
  db.pragma('user_version = 3');
  db.close();
}

test('there are such columns', () => {
  expect(NEW).toHaveLength(8);
});

test.each(['open', 'full', 'sealed'])(
  'one that is %s is read, searched, and not gone on with',
  async (state) => {
    writePartition(folder, 1, past, { ...BOOT, state: state === 'open' ? 'open' : 'full' });
    if (state === 'sealed') sealInCatalogue(folder, 1);
    age(state === 'sealed' ? sealedPath(folder, 1) : openPath(folder, 1));
    const store = await openStore({ folder, bootId: BOOT.bootId });
    const find = async (text: string) => sequences(await store.page({ query: query(text), limit: 999 }));
    const all = await store.page({ query: null, limit: 999 });
    expect(all.events.map(({ fields }) => fields).reverse()).toEqual(past.map(({ fields }) => fields));
    for (const text of ['merlon.bpf.program.id:41', 'merlon.bpf.program.name:guard', 'merlon.bpf.command:*'])
      expect(await find(text), text).toEqual([]);
    expect(await find('not merlon.bpf.program.id:41')).toHaveLength(EVENTS);

    await store.append([loaded]);
    await vi.waitUntil(() => store.stats().partitions === 2, 30_000);
    for (const text of [
      'merlon.bpf.program.id:41',
      'merlon.bpf.program.name:guard',
      'merlon.bpf.command:prog_*',
    ])
      expect(await find(text), text).toEqual([EVENTS + 1]);
    expect(await find('process.name:p1')).toHaveLength(Math.ceil((EVENTS - 1) / 7) + 1);
    expect(await store.get(loaded.cursor)).toMatchObject({ fields: loaded.fields });
    await store.close();
  },
);

test('an older one that is sealed now keeps the columns that it has, and is read', async () => {
  writePartition(folder, 1, past, BOOT);
  age(openPath(folder, 1));
  sealInCatalogue(folder, 1);
  const db = new Database(sealedPath(folder, 1), { readonly: true });
  const columns = db.prepare(`SELECT name FROM pragma_table_info('event')`).pluck().all();
  db.close();
  expect(columns).not.toContain('merlon.bpf.command');
  const store = await openStore({ folder, bootId: 'now' });
  expect((await store.page({ query: null, limit: 999 })).events).toHaveLength(EVENTS);
  expect(sequences(await store.page({ query: query('merlon.bpf.program.id:41'), limit: 9 }))).toEqual([]);
  expect(await store.check()).toMatchObject({ events: EVENTS, findings: [] });
  await store.close();
});
