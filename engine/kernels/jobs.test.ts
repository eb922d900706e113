import { expect, it } from 'vitest';
import { ROOT_PROGRAMS } from '../../shared/root.ts';
import type { Fit } from './fit.ts';
import { JOBS, outlook } from './jobs.ts';

/** Everything fits but these, each for the reason given. */
const without = (reasons: Readonly<Record<string, string>>, target?: 'missing') =>
  outlook((name): Fit => {
    const why = reasons[name];
    if (why === undefined) return { fits: true };
    return target === undefined ? { fits: false, why } : { fits: false, why, target };
  });
const FEXIT = { fexit_exec: 'has no fexit', fexit_execat: 'has no fexit' };

it('makes a job of every program that is loaded, but for stand-ins and the 32-bit ones', () => {
  const jobs = JOBS.flatMap(({ programs, standIns }) => [...programs, ...standIns]);
  const all = ROOT_PROGRAMS.flatMap(({ names }) => names);
  expect(all.filter((name) => !jobs.includes(name))).toEqual([
    'fexit_exec32',
    'fexit_execat32',
    'fexit_bpf32',
  ]);
  expect(jobs.filter((name) => !all.includes(name))).toEqual([]);
});

it('fits where all programs do, and has nothing to say', () => {
  expect(without({})).toEqual({ state: 'fits', fitting: JOBS.length, findings: [] });
});

it('does not fit without a program that the sensor cannot do without', () => {
  expect(without({ process_fork: 'has no fork' })).toEqual({
    state: 'not',
    fitting: JOBS.length - 1,
    findings: ['Merlon will not see a process that is made: this kernel has no fork.'],
  });
});

it('fits partly without another', () => {
  expect(without({ cgroup_made: 'has no cgroups' })).toMatchObject({
    state: 'partly',
    fitting: JOBS.length - 1,
  });
});

it('says once what several jobs lack', () => {
  const why = 'is built without events';
  const { findings } = without({ process_exec: why, process_fork: why, cgroup_made: why });
  expect(findings).toEqual([
    'Merlon will not see a program that starts, a process that is made or a container or service that is made: ' +
      'this kernel is built without events.',
  ]);
});

it('fits where a stand-in does the job, and says what that costs', () => {
  const { state, findings } = without({ ...FEXIT, snapshot: 'is too old' });
  expect(state).toBe('fits');
  expect(findings).toEqual([expect.stringContaining('is too old'), expect.stringContaining('has no fexit')]);
});

it('loses the job where the stand-ins do not fit either', () => {
  expect(without({ ...FEXIT, exec_failed: 'has no tracepoints' })).toMatchObject({ state: 'partly' });
});

it('misses the attempts of 32-bit programs only on kernels that run such', () => {
  expect(without({ fexit_exec32: 'is odd' }).findings).toEqual([expect.stringContaining('32-bit')]);
  expect(without({ fexit_exec32: 'has no function' }, 'missing').findings).toEqual([]);
});
