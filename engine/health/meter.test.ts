import { describe, expect, it } from 'vitest';
import type { HelperStats } from '../../shared/helper.ts';
import { Meter } from './meter.ts';

const stats = (runs: number, ns: number): HelperStats => ({
  programs: [{ name: 'process_exec', runs, run_ns: ns, missed: 0 }],
  lost: [],
  left_out: [],
  received: 0,
  pending: 0,
});

describe('the meter', () => {
  it('has no shares before the second look', () => {
    const meter = new Meter();
    meter.take(stats(4, 8000), 0);
    expect(meter.programs).toEqual([
      {
        name: 'process_exec',
        sensor: 'process',
        runs: 4,
        run_ns: 8000,
        average_ns: 2000,
        cpu_percent: null,
      },
    ]);
    expect(meter.measuredMs).toBe(0);
  });

  it('gives shares of one processor between its looks, of the last ten alone', () => {
    const meter = new Meter();
    meter.take(stats(0, 0), 0);
    for (let second = 1; second <= 20; second++)
      meter.take(stats(second, second * 20_000_000), second * 1000);
    expect(meter.programs[0]?.cpu_percent).toBeCloseTo(2);
    expect(meter.measuredMs).toBe(9000);
  });

  it('says nothing of an average where nothing ran', () => {
    const meter = new Meter();
    meter.take(stats(0, 0), 0);
    expect(meter.programs[0]?.average_ns).toBeNull();
  });

  it('is wanted for a while after it was asked', () => {
    const meter = new Meter();
    expect(meter.wanted(0)).toBe(false);
    meter.want(1000);
    expect([meter.wanted(2000), meter.wanted(60_000)]).toEqual([true, false]);
  });

  it('forgets what was measured while measuring was off', () => {
    const meter = new Meter();
    meter.take(stats(0, 0), 0);
    meter.forget();
    expect(meter.programs).toEqual([]);
  });
});
