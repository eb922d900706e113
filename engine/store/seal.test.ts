import Database from 'better-sqlite3';
import { spawn, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EventFields } from '../../shared/event.ts';
import type { StoredEvent } from './contract.ts';
import { Encoder } from './encoder.ts';
import { hashText } from './hash.ts';
import { APPLICATION_ID, columnNumbers, eventsFolder, LAYOUT, openPath, sealedPath } from './layout.ts';
import { MinuteCounter } from './minute-counter.ts';
import { decodeMinutes } from './minutes.ts';
import { writePartition } from './partition.builder.ts';
import { sealPartition } from './seal.ts';
import { numberOf } from './spots.ts';
import { decodeChunks, decodeUses } from './uses.ts';

const CHILD = new URL('./seal.child.ts', import.meta.url).pathname;
const BOOT = { boot: 3, bootId: '6c2f3a5e-1c9b-4d57-9a47-3c1f0c5d7e21' };
const START = Date.UTC(2026, 10, 22, 10);
const ODD = ['', 'a\0b', '\ud800x', '\uffff', '🏰 ÄÖ', '%_\'"\\', '‮gpj.exe', 'x'.repeat(40_000)];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-seal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function eventOf(n: number, fields: EventFields = {}): StoredEvent {
  return {
    cursor: { boot: BOOT.boot, timeNs: 1_000_000_000 + n * 10_000_000, sequence: n + 1 },
    fields: {
      '@timestamp': START + n * 10,
      'event.action': (['fork', 'exec', 'exit'] as const)[n % 3]!,
      'event.category': ['process'],
      'process.pid': 100 + (n % 700),
      'process.name': `Name-${n % 90}`,
      'process.command_line': `/usr/bin/tool --input /srv/${n}`,
      'merlon.process.flags': n % 5 === 0 ? [ODD[n % ODD.length]!, 'memfd', 'Memfd'] : [],
      ...fields,
    },
  };
}
const eventsOf = (count: number, fieldsOf: (n: number) => EventFields = () => ({})) =>
  Array.from({ length: count }, (_, n) => eventOf(n, fieldsOf(n)));

function read<T>(path: string, use: (db: Database.Database) => T): T {
  const db = new Database(path, { readonly: true });
  try {
    return use(db);
  } finally {
    db.close();
  }
}
const rowsOf = (path: string, sql: string) => read(path, (db) => db.prepare(sql).raw().all());

test('a sealed partition has every row of the open one, and says what it holds', () => {
  const totals = writePartition(folder, 7, eventsOf(1000), BOOT);
  const facts = sealPartition(folder, { number: 7 });
  expect(facts).toMatchObject(totals);
  expect(facts).toMatchObject({ events: 1000, firstSequence: 1, lastSequence: 1000, firstMs: START });
  for (const table of ['event', 'string', 'list', 'partition']) {
    const sql = `SELECT * FROM "${table}" ORDER BY 1`;
    expect(rowsOf(sealedPath(folder, 7), sql)).toEqual(rowsOf(openPath(folder, 7), sql));
  }
  const chunks = 'SELECT number, events, first_sequence, last_time_ns, first_ms, last_ms FROM chunk';
  expect(rowsOf(sealedPath(folder, 7), chunks)).toEqual(rowsOf(openPath(folder, 7), chunks));
  expect(rowsOf(sealedPath(folder, 7), 'SELECT count(uses) FROM chunk')).toEqual([[0]]);
});

test('a sealed file is sound, Merlon’s, for its owner alone, and needs no other file', () => {
  writePartition(folder, 1, eventsOf(300), BOOT);
  const { bytes } = sealPartition(folder, { number: 1 });
  read(sealedPath(folder, 1), (db) => {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(db.pragma('journal_mode', { simple: true })).toBe('delete');
    expect(db.pragma('application_id', { simple: true })).toBe(APPLICATION_ID);
    expect(db.pragma('user_version', { simple: true })).toBe(LAYOUT);
    expect(db.pragma('page_size', { simple: true })).toBe(16_384);
  });
  const stat = statSync(sealedPath(folder, 1));
  expect([stat.size, stat.mode & 0o777]).toEqual([bytes, 0o600]);
  expect(readdirSync(eventsFolder(folder)).filter((name) => !name.includes('.open.db'))).toEqual([
    '000001.db',
  ]);
});

test('the index of uses says of each id in which chunks it is, as the chunks said', () => {
  writePartition(folder, 1, eventsOf(2000), BOOT);
  sealPartition(folder, { number: 1 });
  const told = read(openPath(folder, 1), (db) =>
    db
      .prepare<[], { number: number; uses: Buffer }>('SELECT number, uses FROM chunk')
      .all()
      .flatMap(({ number, uses }) =>
        [...decodeUses(uses, LAYOUT)].flatMap(([column, ids]) =>
          ids.map((id) => `${numberOf(id)} ${column} ${number}`),
        ),
      ),
  );
  const found = read(sealedPath(folder, 1), (db) =>
    db
      .prepare<[], { id: number; column: number; chunks: Buffer }>('SELECT * FROM use')
      .all()
      .flatMap(({ id, column, chunks }) =>
        decodeChunks(chunks, LAYOUT).map((chunk) => `${id} ${column} ${numberOf(chunk)}`),
      ),
  );
  expect(told.length).toBeGreaterThan(2000);
  expect(found.toSorted()).toEqual(told.toSorted());
  const pid = columnNumbers.get('process.pid');
  expect(found).toContain(`100 ${pid} 0`);
});

test('texts and members of lists are found by their hash, whatever their case', () => {
  writePartition(folder, 1, eventsOf(200), BOOT);
  sealPartition(folder, { number: 1 });
  read(sealedPath(folder, 1), (db) => {
    const texts = db.prepare<[number]>('SELECT value FROM string_hash JOIN string USING (id) WHERE hash = ?');
    expect(texts.pluck().all(hashText('nAME-89'))).toEqual(['Name-89']);
    expect(texts.pluck().all(hashText('nobody'))).toEqual([]);
    const lists = db.prepare<[number]>('SELECT value FROM list_hash JOIN list USING (id) WHERE hash = ?');
    for (const text of ODD.slice(0, 6).filter((_, i) => i !== 5)) {
      const found = lists.pluck().all(hashText(text)).map(String);
      expect(found.some((json) => (JSON.parse(json) as string[]).includes(text))).toBe(true);
    }
    expect(lists.pluck().all(hashText('memfd')).length).toBe(ODD.length);
  });
});

test('parts of texts are found by their trigrams; odd texts are not among them', () => {
  writePartition(
    folder,
    1,
    eventsOf(ODD.length, (n) => ({ message: ODD[n]! })),
    BOOT,
  );
  sealPartition(folder, { number: 1 });
  read(sealedPath(folder, 1), (db) => {
    const match = db.prepare<[string]>(
      'SELECT value FROM string WHERE id IN (SELECT rowid FROM string_trigram WHERE string_trigram MATCH ?)',
    );
    expect(match.pluck().all('"xxx"')).toEqual(['x'.repeat(40_000)]);
    expect(match.pluck().all('"TOO"')).toHaveLength(ODD.length);
    expect(match.pluck().all('"zzz"')).toEqual([]);
    const indexed = "SELECT count(*) FROM string WHERE typeof(value) = 'blob'";
    expect(db.prepare(indexed).pluck().get()).toBe(3);
  });
});

test('minutes are counted by action, and add up to all events', () => {
  const events = eventsOf(20_000, (n) => (n % 1001 === 0 ? { '@timestamp': 1.5 } : {})).map(
    ({ cursor, fields: { '@timestamp': ms, 'event.action': action, ...rest } }, n) => ({
      cursor,
      fields: {
        ...rest,
        ...(ms === undefined || n % 1000 === 0 ? {} : { '@timestamp': ms }),
        ...(action === undefined || n % 77 === 0 ? {} : { 'event.action': action }),
      },
    }),
  );
  writePartition(folder, 1, events, BOOT);
  const { minutes } = sealPartition(folder, { number: 1 });
  const expected = new Map<string, number>();
  for (const { fields } of events) {
    const ms = fields['@timestamp'];
    const key = `${ms === undefined ? null : Math.floor(ms / 60_000)} ${fields['event.action'] ?? ''}`;
    expected.set(key, (expected.get(key) ?? 0) + 1);
  }
  const counted = decodeMinutes(minutes);
  expect(new Map(counted.map(({ minute, action, events: n }) => [`${minute} ${action}`, n]))).toEqual(
    expected,
  );
  expect(rowsOf(sealedPath(folder, 1), 'SELECT * FROM minute')).toEqual(
    counted.map(({ minute, action, events: n }) => [minute, action, n]),
  );
});

test('the writer counts the minutes of its batches as sealing finds them in the file', () => {
  const moments = fc.oneof(
    fc.integer({ min: START - 1e6, max: START + 1e6 }),
    fc.constantFrom(-1e15, 1e300, -0.5, 59_999.999),
  );
  const action = fc.oneof(fc.constantFrom('fork', 'exec', '', 'x\0y'), fc.string());
  const some = fc.record({ '@timestamp': moments, 'event.action': action }, { requiredKeys: [] });
  let number = 0;
  fc.assert(
    fc.property(
      fc.array(some, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 60 }),
      (list, cut) => {
        const events = list.map((given, n) => ({ cursor: eventOf(n).cursor, fields: given }));
        const wallBaseMs = START;
        writePartition(folder, ++number, events, { ...BOOT, wallBaseMs });
        const encoder = new Encoder({ bootId: BOOT.bootId, wallBaseMs });
        const counter = new MinuteCounter();
        for (const batch of [events.slice(0, cut), events.slice(cut)]) counter.add(encoder.encode(batch));
        const texts = encoder.dictionaries().strings;
        const counted = counter.list((id) => texts[id - 1]!);
        expect(counted).toEqual(decodeMinutes(sealPartition(folder, { number }).minutes));
      },
    ),
    { numRuns: 40 },
  );
});

test('one event is enough for a partition', () => {
  writePartition(folder, 1, eventsOf(1), BOOT);
  expect(sealPartition(folder, { number: 1 })).toMatchObject({
    events: 1,
    firstSequence: 1,
    lastSequence: 1,
  });
  expect(rowsOf(sealedPath(folder, 1), 'SELECT sequence FROM event')).toEqual([[1]]);
});

const text = fc.oneof(fc.constantFrom(...ODD), fc.string({ unit: 'binary' }), fc.string());
const fields: fc.Arbitrary<EventFields> = fc.record(
  {
    '@timestamp': fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: START, max: START + 1e7 })),
    'event.action': text,
    'process.name': text,
    'process.args': fc.array(text),
    'process.pid': fc.maxSafeInteger(),
    'process.entity_id': text,
    'host.boot.id': fc.constantFrom(BOOT.bootId, 'another'),
  },
  { requiredKeys: [] },
);

test('whatever was appended is sealed', () => {
  let number = 0;
  fc.assert(
    fc.property(fc.array(fields, { minLength: 1, maxLength: 300 }), (list) => {
      number++;
      writePartition(
        folder,
        number,
        list.map((one, n) => ({ cursor: eventOf(n).cursor, fields: one })),
        BOOT,
      );
      expect(sealPartition(folder, { number }).events).toBe(list.length);
      const all = 'SELECT * FROM event ORDER BY sequence';
      expect(rowsOf(sealedPath(folder, number), all)).toEqual(rowsOf(openPath(folder, number), all));
    }),
    { numRuns: 40 },
  );
});

test('what was left of an attempt is void, and the next one succeeds', () => {
  writePartition(folder, 1, eventsOf(500), BOOT);
  let calls = 0;
  const stop = () => {
    if (++calls === 9) throw new Error('stop');
  };
  expect(() => sealPartition(folder, { number: 1 }, stop)).toThrow('stop');
  expect(existsSync(sealedPath(folder, 1))).toBe(false);
  expect(existsSync(`${sealedPath(folder, 1)}.part`)).toBe(false);
  expect(sealPartition(folder, { number: 1 }).events).toBe(500);
});

test('a damaged partition is not sealed, and stays as it is', () => {
  writePartition(folder, 1, eventsOf(3000), BOOT);
  const path = openPath(folder, 1);
  truncateSync(path, 5 * 16_384);
  const before = readFileSync(path);
  expect(() => sealPartition(folder, { number: 1 })).toThrow(/malformed|damaged/);
  expect(existsSync(sealedPath(folder, 1))).toBe(false);
  expect(readFileSync(path).equals(before)).toBe(true);
});

/** Kills a process so long after it has begun to seal. */
async function killWhileSealing(afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [CHILD, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), afterMs));
  child.stdout.resume();
  await ended;
  expect(child.signalCode).toBe('SIGKILL');
}

test(
  'killed at any moment, it leaves the open partition whole and no sealed one that is not',
  { timeout: 120_000 },
  async () => {
    writePartition(folder, 1, eventsOf(8000), BOOT);
    const sql = 'SELECT * FROM event ORDER BY sequence';
    const whole = rowsOf(openPath(folder, 1), sql);
    for (let round = 0; round < 12; round++) {
      await killWhileSealing(Math.random() * 150);
      expect(rowsOf(openPath(folder, 1), sql)).toEqual(whole);
      if (!existsSync(sealedPath(folder, 1))) continue;
      expect(rowsOf(sealedPath(folder, 1), 'PRAGMA integrity_check')).toEqual([['ok']]);
      expect(rowsOf(sealedPath(folder, 1), sql)).toEqual(whole);
      expect(rowsOf(sealedPath(folder, 1), 'SELECT sum(events) FROM minute')).toEqual([[8000]]);
    }
    expect(sealPartition(folder, { number: 1 }).events).toBe(8000);
  },
);

test.skipIf(process.getuid?.() !== 0)('a full disk leaves the open partition, and nothing else', () => {
  writePartition(folder, 1, eventsOf(5000), BOOT);
  const script = `mount -t tmpfs -o size=1500k tmpfs "$1/small" && mkdir "$1/small/events" &&
    cp "$1/events/000001.open.db" "$1/small/events/" && ! "$2" "$3" "$1/small" 2>"$1/said" && ls "$1/small/events"`;
  mkdirSync(join(folder, 'small'));
  const run = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', folder, process.execPath, CHILD], {
    encoding: 'utf8',
  });
  expect(run.stderr).toBe('');
  expect(run.stdout).toMatch(/^begin\n000001\.open\.db\n(000001\.open\.db-(shm|wal)\n)*$/);
  expect(readFileSync(join(folder, 'said'), 'utf8')).toMatch(/disk is full|ENOSPC/);
});
