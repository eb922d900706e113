import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CataloguedPartition } from './catalogue.ts';
import type { Hold } from './contract.ts';
import { dueCuts, oldestUnheld } from './retention.ts';

const DAY = 86_400_000;
const NOW = 1000 * DAY;

/** Partition n has sequences n·100 to n·100+99, 10 bytes, and ended (10 − n) days ago. */
const partition = (number: number, changed: Partial<CataloguedPartition> = {}): CataloguedPartition => ({
  ...{ number, boot: 1, state: 'sealed', problem: null, events: 100, bytes: 10 },
  ...{ firstSequence: number * 100, lastSequence: number * 100 + 99, firstTimeNs: 0, lastTimeNs: 0 },
  ...{ firstMs: NOW - (10 - number) * DAY - 1000, lastMs: NOW - (10 - number) * DAY },
  ...changed,
});
const hold = (firstSequence: number, lastSequence: number, boot = 1): Hold => ({
  ...{ id: 'h', reason: 'An incident.', boot, firstSequence, lastSequence },
});
const numbers = (due: ReturnType<typeof dueCuts>) =>
  due.map((cut) => `${cut.partition.number} ${cut.reason}`);
const five = [1, 2, 3, 4, 5].map((n) => partition(n));
const KEEP = { days: 100, bytes: 1000 };

describe('what is due', () => {
  test.each<[string, Parameters<typeof dueCuts>[2], readonly Hold[], number, string[]]>([
    ['nothing, where all is young and small', KEEP, [], 50, []],
    ['what ended too long ago', { ...KEEP, days: 7.5 }, [], 50, ['1 age', '2 age']],
    ['the oldest, while there is too much', { ...KEEP, bytes: 35 }, [], 50, ['1 size', '2 size']],
    ['both', { days: 8.5, bytes: 35 }, [], 50, ['1 age', '2 size']],
    ['never what is held', { ...KEEP, bytes: 0 }, [hold(199, 300)], 50, ['4 size', '5 size']],
    ['what is held of another boot', { ...KEEP, bytes: 40 }, [hold(0, 999, 2)], 50, ['1 size']],
    ['enough for what else takes room', { ...KEEP, bytes: 50 }, [], 75, ['1 size', '2 size', '3 size']],
  ])('is %s', (_, retention, holds, bytes, expected) => {
    expect(numbers(dueCuts(five, holds, retention, { nowMs: NOW, bytes }))).toEqual(expected);
  });

  test('is never a partition that is open or full', () => {
    const busy = [partition(1, { state: 'open' }), partition(2, { state: 'full' }), partition(3)];
    expect(numbers(dueCuts(busy, [], { days: 0, bytes: 0 }, { nowMs: NOW, bytes: 99 }))).toEqual(['3 age']);
    expect(oldestUnheld(busy, [])?.number).toBe(3);
  });

  test('is a full partition where the disk is full and nothing else can make room', () => {
    const busy = [
      partition(1, { state: 'full' }),
      partition(2, { state: 'full' }),
      partition(3, { state: 'open' }),
    ];
    expect(oldestUnheld(busy, [])?.number).toBe(1);
    expect(oldestUnheld(busy, [hold(100, 100)])?.number).toBe(2);
    expect(oldestUnheld(busy, [hold(0, 999)])).toBeUndefined();
  });

  test('is not known by age where no event has a time, but by size', () => {
    const timeless = [partition(1, { firstMs: null, lastMs: null })];
    expect(numbers(dueCuts(timeless, [], { days: 0, bytes: 10 }, { nowMs: NOW, bytes: 10 }))).toEqual([]);
    expect(numbers(dueCuts(timeless, [], { days: 0, bytes: 9 }, { nowMs: NOW, bytes: 10 }))).toEqual([
      '1 size',
    ]);
  });

  test('spares a damaged partition of unknown sequences while anything of its boot is held', () => {
    const damaged = [partition(1, { state: 'damaged', firstSequence: null, lastSequence: null })];
    expect(dueCuts(damaged, [hold(5000, 5001)], { days: 0, bytes: 0 }, { nowMs: NOW, bytes: 9 })).toEqual([]);
    expect(oldestUnheld(damaged, [hold(5000, 5001)])).toBeUndefined();
    expect(oldestUnheld(damaged, [])?.number).toBe(1);
  });

  test('leaves no more than asked for where nothing is held, and not less than needed', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 })), fc.nat(500), (sizes, limit) => {
        const all = sizes.map((bytes, n) => partition(n, { bytes, lastMs: NOW }));
        const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
        const due = dueCuts(all, [], { days: 1, bytes: limit }, { nowMs: NOW, bytes: total });
        const left = (cuts: typeof due) => total - cuts.reduce((sum, cut) => sum + cut.partition.bytes, 0);
        expect(left(due)).toBeLessThanOrEqual(limit);
        if (due.length > 0) expect(left(due.slice(0, -1))).toBeGreaterThan(limit);
        expect(due.map((cut) => cut.partition.number)).toEqual(due.map((_, n) => n));
      }),
    );
  });
});
