/** What the page says of a report: its words and its sentences. */
import type {
  CapabilityReport,
  Feature,
  FeatureState,
  KernelForecast,
  Protection,
  ProtectionState,
  Repair,
} from '../../shared/capabilities.ts';
import type { Status } from '../../shared/console.ts';
import { clock, counted, day, duration } from '../ui/units.ts';

export const STATE_WORDS: Readonly<Record<ProtectionState, string>> = {
  works: 'works',
  degraded: 'degraded',
  impossible: 'impossible',
  unknown: 'not tried',
};

export const FEATURE_WORDS: Readonly<Record<FeatureState, string>> = {
  works: 'works',
  refused: 'refused',
  untried: 'not tried',
};

export const KERNEL_WORDS: Readonly<Record<KernelForecast['state'], string>> = {
  fits: 'fits',
  partly: 'fits in part',
  not: 'does not fit',
  unknown: 'not known',
};

/** What a repair changes, and when that counts. */
export const REPAIR_WORDS: Readonly<Record<Repair['kind'], string>> = {
  boot: 'Changes how the system boots; counts from the next boot on.',
  sysctl: 'Changes a setting of the kernel; counts at once.',
  package: 'Installs a package.',
  kernel: 'Needs another kernel; counts from the next boot on.',
  mount: 'Mounts a file system; counts at once.',
};

/** The way that is in use, as it stands beside a title: "fanotify, rung 2 of 3". */
export function rungWords({ state, rung, rungs }: Protection): string {
  if (rung === null) return state === 'impossible' ? 'none' : '';
  const name = rungs[rung]?.name ?? '';
  return rung === 0 ? name : `${name}, rung ${rung + 1} of ${rungs.length}`;
}

export interface Tried {
  readonly works: number;
  readonly refused: number;
  readonly untried: number;
}

export function countTried(features: readonly Feature[]): Tried {
  const of = (state: FeatureState) => features.filter((each) => each.state === state).length;
  return { works: of('works'), refused: of('refused'), untried: of('untried') };
}

/** `14:31:02`, of another day `9 Nov 14:31:02`. */
export function since(ms: number, now: number): string {
  const date = day(ms, now);
  return date === 'today' ? clock(ms) : `${date} ${clock(ms)}`;
}

/** "41 of 49 work, 8 were refused" */
export function triedWords({ works, refused, untried }: Tried): string {
  const parts = [
    `${works} of ${works + refused} work`,
    refused > 0 && `${refused} ${refused === 1 ? 'was' : 'were'} refused`,
    untried > 0 && `${untried} ${untried === 1 ? 'was' : 'were'} not tried`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** Without the kernel's name, which is foreign text: ", tried 14:31:02 in 0.8 s: 41 of 49 work, 8 were refused." */
export function triedSentence(report: CapabilityReport, now: number): string {
  const features = Object.values(report.bpf_features);
  const tried = countTried(features);
  const at = since(report.made, now);
  if (!report.privileged)
    return `, looked at ${at} without root: ${tried.untried} of ${features.length} were not tried.`;
  const took =
    report.took_ms >= 100 ? `${(report.took_ms / 1000).toFixed(1)} s` : duration(report.took_ms * 1e6);
  return `, tried ${at} in ${took}: ${triedWords(tried)}.`;
}

/** "Same as the last boot." */
export function sinceSentence({ since_last: last }: CapabilityReport): string {
  if (last === null) return '';
  const what = last.same_boot ? 'the last time' : 'the last boot';
  if (last.changes.length === 0) return `Same as ${what}.`;
  return `${counted(last.changes.length, 'change')} since ${what}.`;
}

/** "31 of 31 programs fit." */
export function fitWords({ state, programs, fitting }: KernelForecast): string {
  if (state === 'unknown') return '';
  return `${fitting} of ${counted(programs, 'sensor program')} ${programs === 1 ? 'fits' : 'fit'}.`;
}

/** Why nothing could be tried, and what a person can do about it. */
export interface NotTried {
  readonly text: string;
  readonly verb?: { readonly does: 'start' | 'probe'; readonly label: string };
}

/** A probe that has not answered by then does not any more. */
const PROBE_MS = 30_000;

export function notTried(whyNot: string | null, helper: Status['helper'], now: number): NotTried {
  const why = whyNot ?? 'Trying what this kernel takes needs root.';
  // While nobody was asked, the reason is that, and how to.
  const told = helper.state === 'unasked' ? '' : (helper.reason ?? '');
  const reason = told === '' || why.includes(told) ? '' : ` ${told}`;
  const text = why + reason;
  const start = (label: string) => ({ text, verb: { does: 'start', label } as const });
  switch (helper.state) {
    case 'unasked':
      return start('Ask for the password');
    case 'dismissed':
    case 'not_authorised':
      return start('Ask again');
    case 'restarting':
      return start('Start now');
    case 'failed':
    case 'stopped':
      return start('Start the helper');
    case 'authorising':
      return { text: `${why} A password dialog waits for an answer.` };
    case 'starting':
      return { text: `${why} The helper is starting.` };
    case 'running':
      return now - helper.since < PROBE_MS
        ? { text: 'The kernel is being tried right now.' }
        : { text, verb: { does: 'probe', label: 'Probe now' } };
  }
}

/** What errno(3) names mean, for a person. */
const ERRNO: Readonly<Record<string, string>> = {
  EACCES: 'the kernel’s verifier did not accept it',
  EBUSY: 'something else holds it',
  EINVAL: 'this kernel does not know it',
  ENODEV: 'there is no such device',
  ENOENT: 'there is no such thing on this kernel',
  ENOMEM: 'there was no memory for it',
  ENOSYS: 'this kernel has no such call',
  ENOTSUP: 'not supported here',
  ENOTSUPP: 'not supported here',
  EOPNOTSUPP: 'not supported here',
  EPERM: 'the kernel does not permit it',
  ESRCH: 'there is no such function in this kernel',
};

export const errnoWords = (name: string): string | undefined =>
  Object.hasOwn(ERRNO, name) ? ERRNO[name] : undefined;

/** The same as `merlon capabilities --json` prints. */
export const exportText = (report: CapabilityReport): string => `${JSON.stringify(report, null, 2)}\n`;

/** `merlon-capabilities-20261122-143102.json`, sortable. */
export function exportName({ made }: CapabilityReport): string {
  const stamp = new Date(made).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  return `merlon-capabilities-${stamp}.json`;
}
