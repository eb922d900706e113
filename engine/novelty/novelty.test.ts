import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compareCursors, formatCursor, type Cursor } from '../../shared/event.ts';
import type { StoredEvent } from '../store/contract.ts';
import { FILE_NAME } from './file.ts';
import { LEARNING_MS, Novelty, type NoveltyOptions } from './novelty.ts';

const HOUR = LEARNING_MS;
const T0 = Date.UTC(2026, 10, 22, 10);
const exec = (n: number, executable: string): StoredEvent => ({
  cursor: { boot: 1, timeNs: n, sequence: n },
  fields: {
    '@timestamp': T0 + n,
    'event.action': 'exec',
    'process.executable': executable,
    'user.name': 'alex',
    'process.entity_id': `e${n}`,
  },
});

let folder: string;
let now: number;
let logged: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-novelty-'));
  now = T0;
  logged = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A store of these events, which answers in pages of two. */
function storeOf(events: readonly StoredEvent[]): NoveltyOptions['store'] & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    newest: events.at(-1)?.cursor,
    stats: () => ({ oldest: events[0]?.fields['@timestamp'] ?? null }),
    page: async ({ after }) => {
      asked.push(formatCursor(after!));
      const left = events.filter(({ cursor }) => compareCursors(cursor, after!) > 0);
      const page = left
        .slice(0, 2)
        .map((each) => ({ cursor: formatCursor(each.cursor), fields: each.fields }));
      return { events: page, ...(left.length > 2 ? { next: page[1]!.cursor } : {}) };
    },
  };
}

/** A run of the engine over what is stored: what it lists at its end, once it has read everything. */
async function run(stored: readonly StoredEvent[], during?: (novelty: Novelty) => void) {
  const store = storeOf(stored);
  const novelty = new Novelty({
    folder,
    store,
    log: (line) => logged.push(line),
    now: () => now,
    catchUpAfterMs: 0,
  });
  novelty.start();
  during?.(novelty);
  await expect.poll(() => novelty.newest(1).catching_up).toBe(false);
  const told = novelty.newest(10);
  await novelty.stop();
  return { told, names: told.programs.map((each) => each.executable), asked: store.asked };
}

function store(novelty: Novelty, ...events: readonly StoredEvent[]): void {
  const newest: Cursor = events.at(-1)!.cursor;
  novelty.stored(novelty.look(events), newest);
}

test('in the first hour everything is learned and nothing is news', async () => {
  const { told } = await run([], (novelty) => store(novelty, exec(1, '/usr/bin/a')));
  expect(told).toMatchObject({ programs: [], known: 1, since: T0, learning_until: T0 + HOUR });
});

test('after it a program is told with who ran it first', async () => {
  await run([], (novelty) => store(novelty, exec(1, '/usr/bin/a')));
  now = T0 + HOUR + 10;
  const { told } = await run([exec(1, '/usr/bin/a')], (novelty) =>
    store(novelty, exec(HOUR + 5, '/usr/bin/a'), exec(HOUR + 6, '/tmp/x')),
  );
  expect(told).toEqual({
    programs: [
      {
        executable: '/tmp/x',
        first_seen: T0 + HOUR + 6,
        user: 'alex',
        entity_id: `e${HOUR + 6}`,
        cursor: `1.${HOUR + 6}.${HOUR + 6}`,
      },
    ],
    known: 2,
    forgotten: 0,
    since: T0,
    catching_up: false,
  });
});

test('what was told stays told over restarts, and what was looked at is not read again', async () => {
  await run([], (novelty) => store(novelty, exec(1, '/a'), exec(HOUR + 6, '/x')));
  const { names, asked } = await run([exec(1, '/a'), exec(HOUR + 6, '/x')]);
  expect(names).toEqual(['/x']);
  expect(asked).toEqual([]);
});

test('what was stored while nobody looked is read from there on', async () => {
  await run([], (novelty) => store(novelty, exec(1, '/a'), exec(2, '/b')));
  const { names, asked } = await run([exec(1, '/a'), exec(2, '/b'), exec(HOUR + 6, '/x')]);
  expect(names).toEqual(['/x']);
  expect(asked).toEqual(['1.2.2']);
});

test('a lost file is made again from the store, while new events come', async () => {
  const stored = [exec(1, '/a'), exec(2, '/b'), exec(3, '/a'), exec(HOUR + 6, '/x'), exec(HOUR + 7, '/b')];
  await run(stored);
  rmSync(join(folder, FILE_NAME));
  const { told, names } = await run(stored, (novelty) => store(novelty, exec(HOUR + 9, '/a')));
  expect(names).toEqual(['/x']);
  expect(told).toMatchObject({ known: 3, since: T0 + 1 });
});

test.each([
  ['a torn end', (path: string) => appendFileSync(path, '["/half","')],
  ['zeros at the end', (path: string) => appendFileSync(path, '\0'.repeat(512) + '\n{"upto":"1.99.99"}\n')],
])('after a crash that left %s the rest is read from the store', async (_what, damage) => {
  await run([], (novelty) => store(novelty, exec(1, '/a')));
  damage(join(folder, FILE_NAME));
  const { names } = await run([exec(1, '/a'), exec(HOUR + 6, '/x')]);
  expect(names).toEqual(['/x']);
  expect(readFileSync(join(folder, FILE_NAME), 'utf8')).not.toMatch(/half|\0/);
});

test('the mark of another database is not believed', async () => {
  await run([], (novelty) => store(novelty, exec(HOUR * 9, '/a')));
  const { asked } = await run([exec(HOUR + 6, '/x')]);
  expect(asked).toEqual(['0.0.0']);
});

test('what is no file of ours is not taken for one', async () => {
  writeFileSync(join(folder, FILE_NAME), 'hello\n');
  const { told } = await run([exec(1, '/a')]);
  expect(told.known).toBe(1);
});

test('when every event is deleted, what was learned from them goes too, and learning begins anew', async () => {
  const { told } = await run([], (novelty) => {
    store(novelty, exec(1, '/secret-name'));
    now = T0 + 2 * HOUR;
    void novelty.forget();
  });
  expect(told).toMatchObject({ known: 0, since: T0 + 2 * HOUR, learning_until: T0 + 3 * HOUR });
  expect(readFileSync(join(folder, FILE_NAME), 'utf8')).not.toContain('secret-name');
});

test('a file that cannot be written is said once and holds nothing up', async () => {
  rmSync(folder, { recursive: true });
  const { told } = await run([], (novelty) => store(novelty, exec(1, '/a')));
  expect(told.known).toBe(1);
  expect(logged).toEqual([expect.stringContaining('cannot be written')]);
});
