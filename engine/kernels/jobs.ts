/** What the sensor programs are for, which of them stand in for one another, and what a person loses without them. */
import { ROOT_PROGRAMS } from '../../shared/root.ts';
import type { Fit, Misses } from './fit.ts';

/** native/programs.cc, kMandatory: without these there is no process sensor. */
const MANDATORY = ['process_exec', 'process_fork', 'process_exit'];
/** native/programs.cc, kCallEnds: the others do without them. `is` is what nobody sees then. */
const EXTRAS = [
  {
    of: 'fexit_exec',
    names: ['fexit_exec32', 'fexit_execat32'],
    is: 'an attempt of a 32-bit program to start another that the kernel turned down',
  },
  { of: 'fexit_bpf', names: ['fexit_bpf32'], is: 'a 32-bit program that loads programs into the kernel' },
];
const EXTRA_NAMES = EXTRAS.flatMap(({ names }) => names);
/** native/programs.cc, kSnapshotPlain and kCallEnds: whom a program stands in for, and what that costs. */
const STAND_INS: Readonly<Record<string, { readonly for: string; readonly costs: string }>> = {
  snapshot_plain: {
    for: 'snapshot',
    costs: 'The arguments of what runs already are read from /proc, where a program may have changed them',
  },
  exec_failed: {
    for: 'fexit_exec',
    costs:
      'Attempts to start a program that the kernel turns down are seen at tracepoints, which makes every system call ' +
      'slower and misses 32-bit programs',
  },
  execveat_failed: { for: 'fexit_execat', costs: '' },
  bpf_called: {
    for: 'fexit_bpf',
    costs: 'Who loads programs into the kernel is seen at a tracepoint, which misses 32-bit programs',
  },
};

export interface Job {
  /** "a program that starts" */
  readonly tells: string;
  readonly mandatory: boolean;
  readonly programs: readonly string[];
  /** They do the same where any of `programs` cannot. */
  readonly standIns: readonly string[];
}

/** Of everything that is loaded (shared/root.ts): what is listed there only as a stand-in makes no job of its own. */
export const JOBS: readonly Job[] = ROOT_PROGRAMS.flatMap(({ names, tells }) => {
  const programs = names.filter((name) => STAND_INS[name] === undefined && !EXTRA_NAMES.includes(name));
  if (programs.length === 0) return [];
  const standIns = Object.keys(STAND_INS).filter((name) => programs.includes(STAND_INS[name]!.for));
  return [{ tells, mandatory: programs.some((name) => MANDATORY.includes(name)), programs, standIns }];
});

export interface Outlook {
  readonly state: 'fits' | 'partly' | 'not';
  readonly fitting: number;
  readonly findings: readonly string[];
}

/** @param fitOf what a program by this name would do on the kernel. */
export function outlook(fitOf: (name: string) => Fit): Outlook {
  const lost: { readonly tells: string; readonly why: string; readonly mandatory: boolean }[] = [];
  const findings: string[] = [];
  for (const { tells, mandatory, programs, standIns } of JOBS) {
    const why = whyNone(programs, fitOf);
    if (why === undefined) {
      for (const extra of EXTRAS.filter(({ of }) => programs.includes(of))) {
        const missed = extra.names.map(fitOf).find(isMissed);
        if (missed) findings.push(`Merlon will not see ${extra.is}: this kernel ${missed.why}.`);
      }
    } else if (standIns.length > 0 && whyNone(standIns, fitOf) === undefined) {
      findings.push(`${STAND_INS[standIns[0]!]!.costs}: this kernel ${why}.`);
    } else lost.push({ tells, why, mandatory });
  }
  const sentences = [...Map.groupBy(lost, ({ why }) => why)].map(
    ([why, jobs]) => `Merlon will not see ${listed(jobs.map(({ tells }) => tells))}: this kernel ${why}.`,
  );
  return {
    state: lost.some(({ mandatory }) => mandatory) ? 'not' : lost.length > 0 ? 'partly' : 'fits',
    fitting: JOBS.length - lost.length,
    findings: [...sentences, ...findings],
  };
}

/** Why they cannot do it all together; undefined where they can. */
function whyNone(programs: readonly string[], fitOf: (name: string) => Fit): string | undefined {
  for (const program of programs) {
    const fit = fitOf(program);
    if (!fit.fits) return fit.why;
  }
  return undefined;
}

/** A kernel that runs no 32-bit programs has no function for them: nothing is missed there. */
const isMissed = (fit: Fit): fit is Misses => !fit.fits && fit.target !== 'missing';

/** "a, b or c" */
function listed(texts: readonly string[]): string {
  const last = texts.at(-1) ?? '';
  return texts.length < 2 ? last : `${texts.slice(0, -1).join(', ')} or ${last}`;
}
