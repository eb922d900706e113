import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { requestParser } from '../../shared/console.ts';
import { ApiBench, whenAborted } from '../api.double.ts';

const STATS = {
  path: '',
  bytes: 0,
  events: 7,
  oldest: null,
  partitions: 1,
  damaged: [],
  damagedPartitions: 0,
  waiting: { events: 0, bytes: 0 },
};

let bench: ApiBench;
beforeEach(() => {
  bench = new ApiBench();
});

describe('looking after the store', () => {
  test('cuts and holds are told in the contract’s words', async () => {
    const span = { boot: 2, events: 3, bytes: 4, firstMs: 5, lastMs: null };
    const cut = { atMs: 1, reason: 'age', ...span, folder: null, why: null } as const;
    const aside = { atMs: 2, reason: 'set_aside', ...span, events: null, folder: '/a', why: 'So.' } as const;
    const hold = { id: 'i', reason: 'r', boot: 1, firstSequence: 2, lastSequence: 3 };
    const held: unknown[] = [];
    const ask = bench.over({
      cuts: async () => [aside, cut],
      holds: async () => [hold],
      hold: async (given) => void held.push(given),
      release: async (id) => void held.push(id),
    });
    expect(await ask('store.cuts', {})).toEqual({
      ok: true,
      value: {
        cuts: [
          ...[
            {
              at: 2,
              reason: 'set_aside',
              boot: 2,
              events: null,
              bytes: 4,
              first: 5,
              last: null,
              folder: '/a',
              why: 'So.',
            },
          ],
          ...[{ at: 1, reason: 'age', boot: 2, events: 3, bytes: 4, first: 5, last: null }],
        ],
      },
    });
    const wire = { id: 'i', reason: 'r', boot: 1, first_sequence: 2, last_sequence: 3 };
    expect(await ask('store.holds', {})).toEqual({ ok: true, value: { holds: [wire] } });
    await ask('store.hold', wire);
    await ask('store.release', { id: 'i' });
    expect(held).toEqual([hold, 'i']);
  });

  test('retention changes by what is given, is kept, and is told', async () => {
    const given: unknown[] = [];
    let now = { days: 14, bytes: 2 << 30, freeWhenFull: false };
    const ask = bench.over(
      { retain: async (retention) => void given.push(retention) },
      {
        get now() {
          return now;
        },
        keep: (retention) => (now = retention),
      },
    );
    expect(await ask('store.retain', { days: 3 })).toMatchObject({
      value: { days: 3, free_when_full: false },
    });
    await ask('store.retain', { free_when_full: true });
    expect(given).toEqual([
      { days: 3, bytes: 2 << 30, freeWhenFull: false },
      { days: 3, bytes: 2 << 30, freeWhenFull: true },
    ]);
    expect(await ask('store.retention', {})).toEqual({
      ok: true,
      value: { days: 3, bytes: 2 << 30, free_when_full: true },
    });
  });

  test.each([
    ['store.wipe', {}],
    ['store.wipe', { confirm: 'yes' }],
    ['store.retain', { days: 0 }],
    ['store.retain', { bytes: 1000 }],
    ['store.backup', { file: 'relative.tar' }],
    ['store.hold', { id: 'i', reason: 'r', boot: 1, first_sequence: 3, last_sequence: 2 }],
    ['store.cancel', { task: 'salvage' }],
    ['store.fresh', {}],
    ['store.fresh', { scope: 'some' }],
  ] as const)('%s is not understood with %j', (name, input) => {
    expect(() => requestParser(name)(input)).toThrow();
  });

  test('wiping tells how much there was, and every face that it is gone', async () => {
    let wiped = 0;
    const ask = bench.over({
      wipe: async () => void wiped++,
      stats: () => STATS,
    });
    expect(await ask('store.wipe', { confirm: 'every event' })).toEqual({ ok: true, value: { events: 7 } });
    expect([wiped, bench.replaced]).toEqual([1, 1]);
  });

  test('setting aside tells where it lies, and every face that it is gone', async () => {
    const aside = { folder: '/data/set-aside-now', bytes: 5, events: null, holds: 2 };
    const ask = bench.over({ setAside: async (scope) => ({ ...aside, folder: `${aside.folder} ${scope}` }) });
    expect(await ask('store.fresh', { scope: 'damaged' })).toEqual({
      ok: true,
      value: { ...aside, folder: '/data/set-aside-now damaged' },
    });
    expect(bench.replaced).toBe(1);
  });

  test('nothing is set aside while a task is under way, nor begun while something is set aside', async () => {
    const { promise, resolve } = Promise.withResolvers<never>();
    const ask = bench.over({ check: (_, signal) => whenAborted(signal), setAside: () => promise });
    const check = ask('store.check', {});
    expect(await ask('store.fresh', { scope: 'everything' })).toMatchObject({
      error: { code: 'busy', message: expect.stringContaining('A check is under way') as string },
    });
    await ask('store.cancel', { task: 'check' });
    await check;
    const fresh = ask('store.fresh', { scope: 'everything' });
    expect(await ask('store.check', {})).toMatchObject({ error: { code: 'busy' } });
    expect(await ask('store.fresh', { scope: 'everything' })).toMatchObject({ error: { code: 'busy' } });
    resolve({ folder: '/a', bytes: 1, events: 1, holds: 0 } as never);
    expect(await fresh).toMatchObject({ ok: true });
  });

  test('a refusal to set aside is told in the store’s own sentence, and nothing else', async () => {
    const ask = bench.over({ setAside: () => Promise.reject(new Error('The disk is read-only.')) });
    expect(await ask('store.fresh', { scope: 'everything' })).toMatchObject({
      error: { code: 'store_failed', message: 'The disk is read-only.' },
    });
    expect(bench.replaced).toBe(0);
  });

  test('tells what the disk of the store has room for', async () => {
    const ask = bench.over({ stats: () => ({ ...STATS, path: join(tmpdir(), 'catalogue.db') }) });
    const room = await ask('store.room', {});
    const { free, total } = room.ok ? room.value : { free: 0, total: 0 };
    expect(free).toBeGreaterThan(0);
    expect(total).toBeGreaterThanOrEqual(free);
  });

  test('a task tells who asked how far it is, and its end', async () => {
    const report = { partitions: 2, events: 9, findings: [] };
    const ask = bench.over({
      check: async (progress) => {
        for (let i = 0; i < 1000; i++) progress?.(i / 1000);
        return report;
      },
    });
    expect(await ask('store.check', {})).toEqual({ ok: true, value: report });
    expect(bench.face.told.length).toBeGreaterThan(1);
    expect(bench.face.told.length).toBeLessThan(100);
    expect(bench.face.told.at(-1)).toEqual({ notice: 'store.progress', value: { task: 'check', done: 1 } });
  });

  test('a task is under way once, can be cancelled, and then begun again', async () => {
    const ask = bench.over({ check: (_, signal) => whenAborted(signal) });
    expect(await ask('store.cancel', { task: 'check' })).toMatchObject({ error: { code: 'not_found' } });
    const first = ask('store.check', {});
    expect(await ask('store.check', {})).toMatchObject({ error: { code: 'busy' } });
    expect(await ask('store.cancel', { task: 'check' })).toEqual({ ok: true, value: {} });
    expect(await first).toMatchObject({ error: { code: 'cancelled' } });
    const again = ask('store.check', {});
    bench.face.hangUp();
    expect(await again).toMatchObject({ error: { code: 'cancelled' } });
  });

  test('a failure is told in the store’s own sentence', async () => {
    const ask = bench.over({ salvage: () => Promise.reject(new Error('There is no space left.')) });
    expect(await ask('store.salvage', {})).toMatchObject({
      error: { code: 'store_failed', message: 'There is no space left.' },
    });
  });

  describe('a backup', () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'merlon-api-'));
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    test('is written where nothing is yet', async () => {
      const ask = bench.over({ backup: async (file) => ({ bytes: file.length, events: 3 }) });
      const file = join(folder, 'b.tar');
      expect(await ask('store.backup', { file })).toEqual({
        ok: true,
        value: { bytes: file.length, events: 3 },
      });
    });

    test('overwrites nothing, and makes no folder', async () => {
      const ask = bench.over({});
      const taken = join(folder, 'taken');
      writeFileSync(taken, '');
      for (const file of [taken, folder, join(folder, 'no', 'b.tar')]) {
        expect(await ask('store.backup', { file })).toMatchObject({ error: { code: 'bad_file' } });
      }
    });
  });
});
