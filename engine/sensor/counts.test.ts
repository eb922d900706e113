import { describe, expect, it } from 'vitest';
import type { HelperStats, TaskCounts } from '../../shared/helper.ts';
import { Counts } from './counts.ts';

const BEFORE = 5000; // made before Merlon came

/** What the helper says once so many tasks were made, of which some are threads. */
function stats(
  made: number,
  change: Partial<TaskCounts> = {},
  missed: Record<string, number> = {},
): HelperStats {
  const kernel = BEFORE + made;
  const processes = Math.floor(made / 2);
  const tasks = { kernel_before: kernel, kernel_after: kernel, made, processes, told: processes, ...change };
  const programs = Object.entries(missed).map(([name, count]) => ({
    name,
    runs: 0,
    run_ns: 0,
    missed: count,
  }));
  return { programs, tasks, lost: [], left_out: [], received: 0, pending: 0 };
}

/** What is told after each of the looks. */
const told = (...looks: HelperStats[]) => {
  const counts = new Counts();
  return looks.map((look) => counts.take(look));
};

describe('counts that agree', () => {
  it('are no finding', () => {
    expect(told(stats(10), stats(2000), stats(2000), stats(90_000))).toEqual([0, 0, 0, 0]);
  });

  it('are none while tasks are made as they are read', () => {
    const reading = (made: number) =>
      stats(made, { kernel_before: BEFORE + made - 40, kernel_after: BEFORE + made + 40 });
    expect(told(reading(100), reading(5000), reading(9000))).toEqual([0, 0, 0]);
  });

  it('are none where a process was counted by one program a moment before the other', () => {
    const between = (made: number, late: number) => stats(made, { told: Math.floor(made / 2) - late });
    expect(told(stats(0), between(100, 2), stats(200), between(300, 1), between(400, 3), stats(500))).toEqual(
      [0, 0, 0, 0, 0, 0],
    );
  });

  it('are none where the kernel said that it skipped runs: that is told already', () => {
    const skipped = stats(1000, { made: 993 }, { task_made: 7 });
    expect(told(stats(0), skipped, skipped)).toEqual([0, 0, 0]);
  });

  it('are none where a helper says nothing of them', () => {
    const { tasks: _, ...old } = stats(10);
    expect(told(old, old)).toEqual([0, 0]);
  });
});

describe('a program that does not run', () => {
  it('is found by the kernel’s own count, and each missing task told once', () => {
    const dead = (made: number) => stats(made, { made: 100, processes: 50, told: 50 });
    expect(told(stats(100), dead(110), dead(110), dead(150))).toEqual([0, 10, 0, 40]);
  });

  it('is found by the other program, once it stays so', () => {
    const dead = (made: number) => stats(made, { told: 50 });
    expect(told(stats(100), stats(120), dead(140), dead(160), dead(180), dead(200)).at(-1)).toBeGreaterThan(
      0,
    );
    expect(told(stats(100), dead(140), dead(140), dead(140), dead(140)).reduce((sum, n) => sum + n)).toBe(20);
  });
});

describe('the totals', () => {
  it('are since the first look, and not known before', () => {
    const counts = new Counts();
    expect(counts.totals).toBeUndefined();
    counts.take(stats(100));
    counts.take(stats(1100));
    expect(counts.totals).toEqual({ kernel: 1000, counted: 1000 });
  });

  it('show what is missing', () => {
    const counts = new Counts();
    counts.take(stats(100));
    counts.take(stats(1100, { made: 1070 }));
    expect(counts.totals).toEqual({ kernel: 1000, counted: 970 });
  });
});
