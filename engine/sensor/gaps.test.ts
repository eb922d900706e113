import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gapSentence, Gaps, spanText } from './gaps.ts';

const MS = 1_000_000;
const stats = (lost: number[], missed = 0) => ({
  programs: [{ name: 'process_exec', runs: 0, run_ns: 0, missed }],
  lost: [[0, 0], lost],
  left_out: [],
  received: 0,
  pending: 0,
});

describe('Gaps', () => {
  test('a jump in a CPU’s sequence is a gap between two known times', () => {
    const gaps = new Gaps(0);
    gaps.record(0, 1, 10 * MS);
    gaps.record(1, 1, 11 * MS);
    gaps.record(0, 1206, 48 * MS);
    expect(gaps.settled(50 * MS)).toBeUndefined();
    const gap = gaps.settled(200 * MS);
    expect(gap).toEqual({ reason: 'ring_overflow', beginNs: 10 * MS, endNs: 48 * MS, lost: 1204 });
    expect(gapSentence(gap!)).toBe('1,204 events were lost in 38 ms: the kernel queue was full.');
    expect(gaps.settled(400 * MS)).toBeUndefined();
  });

  test('records that overtake one another are no loss, nor are those of the snapshot', () => {
    const gaps = new Gaps(0);
    for (const seq of [1, 3, 2, 6, 4, 5, 0, 0, 7]) gaps.record(0, seq, MS);
    expect(gaps.settled(1000 * MS)).toBeUndefined();
  });

  test('what was lost before the first record counts', () => {
    const gaps = new Gaps(5 * MS);
    gaps.record(0, 4, 9 * MS);
    expect(gaps.settled(1000 * MS)).toMatchObject({ beginNs: 5 * MS, endNs: 9 * MS, lost: 3 });
  });

  test('a loss after which nothing came is told from the counters at the second look, and only once', () => {
    const gaps = new Gaps(0);
    gaps.record(1, 1, 10 * MS);
    expect(gaps.stats(stats([0, 5]), 1000 * MS)).toEqual([]);
    expect(gaps.stats(stats([0, 5]), 2000 * MS)).toEqual([
      { reason: 'ring_overflow', beginNs: 10 * MS, endNs: 2000 * MS, lost: 5 },
    ]);
    gaps.record(1, 7, 3000 * MS);
    expect(gaps.settled(9000 * MS)).toBeUndefined();
    expect(gaps.stats(stats([0, 5]), 9000 * MS)).toEqual([]);
  });

  test('runs that the kernel skipped are a gap of their own', () => {
    const gaps = new Gaps(0);
    gaps.stats(stats([0, 0], 2), 1000 * MS);
    expect(gaps.stats(stats([0, 0], 3), 2000 * MS)).toEqual([
      { reason: 'missed_runs', beginNs: 1000 * MS, endNs: 2000 * MS, lost: 1 },
    ]);
  });

  test('tells exactly what was lost, whatever was lost and whenever the counters are read', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.boolean(), fc.boolean()), { maxLength: 200 }),
        (steps) => {
          const gaps = new Gaps(0);
          const seq = [0, 0];
          const lost = [0, 0];
          let told = 0;
          let now = 0;
          const tell = (gap: { lost: number | undefined } | undefined) => (told += gap?.lost ?? 0);
          for (const [cpu, isLost, poll] of steps) {
            now += 60 * MS;
            seq[cpu]!++;
            if (isLost) lost[cpu]!++;
            else gaps.record(cpu, seq[cpu]!, now);
            tell(gaps.settled(now));
            if (poll) gaps.stats(stats([...lost]), now).forEach(tell);
          }
          for (let i = 0; i < 2; i++) {
            now += 1000 * MS;
            tell(gaps.settled(now));
            gaps.stats(stats([...lost]), now).forEach(tell);
          }
          expect(told).toBe(lost[0]! + lost[1]!);
        },
      ),
    );
  });

  test('an overflow of any length takes bounded memory', () => {
    const gaps = new Gaps(0);
    for (let i = 1; i <= 20_000; i++) gaps.record(0, 2 * i, i);
    expect(gaps.settled(1e12)?.lost).toBe(20_000);
  });
});

test.each([
  [38 * MS, '38 ms'],
  [1_840 * MS, '1.84 s'],
  [200_000 * MS, '3 min 20 s'],
  [400, '0 µs'],
])('%i ns read %s', (ns, text) => expect(spanText(ns)).toBe(text));
