import Database from 'better-sqlite3';
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EventFields } from '../../shared/event.ts';
import { FIRST_CELL, TEXT_CELL } from './batch.ts';
import { COLUMNS } from './columns.ts';
import type { StoredEvent } from './contract.ts';
import { cellOfDate, dateOfCell, momentUs } from './dates.ts';
import { entityIdOf, EntityIds, entityPrefix, isSplitLine } from './derived.ts';
import { Encoder } from './encoder.ts';
import { openPath } from './layout.ts';
import { writePartition } from './partition.builder.ts';
import { RowReader } from './rows.ts';

const BOOT_ID = '6c2f3a5e-1c9b-4d57-9a47-3c1f0c5d7e21';
const PREFIX = entityPrefix(BOOT_ID);
const BASE = Date.UTC(2026, 10, 22, 10);
const START_NS = 5_000_000_000;
const TIME_NS = 6_000_000_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-encoder-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const event = (n: number, fields: EventFields): StoredEvent => ({
  cursor: { boot: 1, timeNs: TIME_NS + n, sequence: n },
  fields,
});
/** The one row's cells by column. */
function cellsOf(fields: EventFields): Record<string, number> {
  const encoder = new Encoder({ bootId: BOOT_ID, wallBaseMs: BASE });
  const { cells } = encoder.encode([event(7, fields)]);
  return Object.fromEntries(
    COLUMNS.map(({ name }, i) => [name, cells[FIRST_CELL + i]!] as const).filter(([, cell]) => cell === cell),
  );
}

describe('an event as it comes', () => {
  const id = entityIdOf(PREFIX, 42, START_NS);
  const typical: EventFields = {
    ...{ '@timestamp': BASE + 6000, 'event.sequence': 7, 'host.boot.id': BOOT_ID },
    ...{ 'process.pid': 42, 'process.vpid': 42, 'process.thread.id': 43, 'process.start': BASE + 5000.001 },
    ...{ 'process.entity_id': id, 'process.args': ['a', 'b'], 'process.args_count': 2 },
    'process.command_line': 'a b',
  };

  test('has small numbers for what its other values say', () => {
    expect(cellsOf(typical)).toEqual({
      ...{ '@timestamp': 0, 'event.sequence': 0, 'host.boot.id': 0 },
      ...{ 'process.pid': 42, 'process.vpid': 0, 'process.thread.id': 1, 'process.start': 1 },
      ...{ 'process.entity_id': TIME_NS + 7 - START_NS, 'process.args': 0, 'process.args_count': 0 },
      'process.command_line': 1,
    });
  });

  test.each<[string, EventFields, keyof EventFields, number]>([
    ['another pid', { 'process.pid': 41 }, 'process.entity_id', -1],
    [
      'another boot',
      { 'process.entity_id': entityIdOf('0123456789', 42, START_NS) },
      'process.entity_id',
      -1,
    ],
    [
      'a start after the event',
      { 'process.entity_id': entityIdOf(PREFIX, 42, 9e9) },
      'process.entity_id',
      -1,
    ],
    ['zeros in front', { 'process.entity_id': `${PREFIX}-016-1` }, 'process.entity_id', -1],
    ['capitals', { 'process.entity_id': `${PREFIX}-16-A` }, 'process.entity_id', -1],
    ['arguments with spaces', { 'process.args': ['a b'] }, 'process.args', 1],
    ['no arguments', { 'process.args': [] }, 'process.args', 1],
    ['a date far away', { '@timestamp': BASE + 1e9 }, '@timestamp', BASE + 1e9],
    ['less than a microsecond', { '@timestamp': BASE + 6000.0003 }, '@timestamp', BASE + 6000.0003],
    ['a date long ago', { '@timestamp': 0.5 }, '@timestamp', TEXT_CELL],
    ['less than nothing', { 'process.pid': -0 }, 'process.pid', TEXT_CELL],
  ])('says itself whatever cannot be derived: %s', (_, changed, name, cell) => {
    expect(cellsOf({ ...typical, ...changed })[name]).toBe(cell);
  });

  test('is refused where a value is not of its field’s kind', () => {
    const odd = (fields: object) => () => cellsOf({ ...typical, ...fields });
    expect(odd({ 'process.pid': 'x' })).toThrow(TypeError);
    expect(odd({ 'process.name': 1 })).toThrow(TypeError);
    expect(odd({ 'process.args': 'x' })).toThrow(TypeError);
    expect(odd({ 'process.interactive': 1 })).toThrow(TypeError);
  });
});

test('numbers of every size are what SQLite reads', () => {
  const edges = [7, 8, 15, 16, 23, 24, 31, 32, 47, 48, 52, 53, 62, 63, 64].flatMap((bits) =>
    [-1, 0, 1].flatMap((by) => [2 ** bits + by, -(2 ** bits) + by]),
  );
  const numbers = [...edges, 0, 1, -1, 2, 0.5, -0.5, 1e300, -1e300, Infinity, -Infinity];
  const events = numbers.map((n, i) => event(i + 1, { 'process.pid': n, 'merlon.gap.lost': n }));
  writePartition(folder, 1, events, { boot: 1, bootId: BOOT_ID });
  const db = new Database(openPath(folder, 1), { readonly: true });
  const rows = db.prepare('SELECT "process.pid", "merlon.gap.lost" FROM event ORDER BY sequence').raw().all();
  expect(rows).toEqual(numbers.map((n) => [n, n]));
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  db.close();
});

const oddNumber = fc.oneof(
  fc.double({ noNaN: true }),
  fc.maxSafeInteger(),
  fc.integer({ min: -3, max: 300 }),
  fc.integer().map((us) => (BASE * 1000 + us) / 1000),
);
const id = fc
  .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9e9 }), fc.boolean())
  .map(([pid, startNs, ours]) => entityIdOf(ours ? PREFIX : 'x', pid, startNs));
const line = fc.string({ unit: fc.constantFrom('a', ' ', 'é', '\0', '\ud83d'), maxLength: 6 });
const someFields: fc.Arbitrary<EventFields> = fc.record(
  {
    ...{ '@timestamp': oddNumber, 'process.start': oddNumber, 'event.sequence': oddNumber },
    ...{ 'process.pid': fc.oneof(fc.integer({ min: 0, max: 9 }), oddNumber), 'process.vpid': oddNumber },
    ...{ 'process.parent.pid': fc.integer({ min: 0, max: 9 }), 'process.args_count': oddNumber },
    ...{ 'process.entity_id': fc.oneof(id, line), 'process.parent.entity_id': fc.oneof(id, line) },
    ...{ 'process.command_line': line, 'host.boot.id': fc.constantFrom(BOOT_ID, 'other') },
    ...{
      'process.args': fc.oneof(
        fc.array(line),
        line.map((text) => text.split(' ')),
      ),
    },
    ...{ 'process.interactive': fc.boolean(), 'source.ip': line, message: line },
  },
  { requiredKeys: [] },
);

test('whatever comes is read back bit for bit', () => {
  fc.assert(
    fc.property(fc.array(someFields, { minLength: 1, maxLength: 40 }), fc.integer(), (all, skew) => {
      const events = all.map((fields, i) => event(i + 1, fields));
      writePartition(folder, 1, events, { boot: 1, bootId: BOOT_ID, wallBaseMs: BASE + skew / 7 });
      const db = new Database(openPath(folder, 1), { readonly: true });
      try {
        const reader = new RowReader(db);
        const rows = db.prepare(`SELECT ${reader.all.columns} FROM event ORDER BY sequence`).raw().all();
        expect(rows.map((row) => reader.all.fieldsOf(row))).toEqual(all);
      } finally {
        db.close();
        rmSync(folder, { recursive: true, force: true });
      }
    }),
    { numRuns: 150 },
  );
}, 120_000);

test('dates are exact in both directions', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), fc.nat(2 ** 31), fc.integer(), (ms, timeNs, us) => {
      const moment = momentUs(BASE + 0.3, timeNs * 1000);
      for (const date of [ms, (moment + us) / 1000, moment / 1000]) {
        const cell = cellOfDate(date, moment);
        if (cell !== undefined) expect(dateOfCell(cell, moment)).toBe(date);
      }
      expect(cellOfDate((moment + us) / 1000, moment)).toBe(us + 0);
    }),
  );
});

test('only what would be made again alike is left out', () => {
  const ids = new EntityIds(BOOT_ID);
  fc.assert(
    fc.property(fc.nat(2 ** 22), fc.maxSafeInteger().map(Math.abs), (pid, startNs) => {
      expect(ids.startOf(entityIdOf(PREFIX, pid, startNs), pid)).toBe(startNs);
    }),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 4 }), line, (list, text) => {
      const same = (one: string) => JSON.stringify(one.split(' ')) === JSON.stringify(list);
      expect(isSplitLine(list, text)).toBe(same(text));
      expect(isSplitLine(list, list.join(' '))).toBe(same(list.join(' ')));
    }),
  );
});
