/** The page's one sentence: what is true now, since when, and the next step. */
import type { CanaryStatus, Status } from '../../shared/console.ts';
import type { Absence } from '../api.ts';
import { clock, counted, day, span } from '../ui/units.ts';

export interface Situation {
  readonly status: Status;
  /** Why there is no connection; undefined while there is one. */
  readonly absent: Absence | undefined;
  /** Epoch milliseconds since when there is none. */
  readonly absentSince: number;
  /** Epoch milliseconds since when nothing is seen, where something was seen before. */
  readonly blindSince: number | undefined;
  /** Gaps of the last 24 hours, and events known to be lost in them; undefined until it was asked. */
  readonly gaps: { readonly count: number; readonly lost: number } | undefined;
  readonly now: number;
}

export type Verb = 'start' | 'retry';

export interface Headline {
  readonly text: string;
  /** Something needs a person. */
  readonly trouble: boolean;
  readonly verb?: { readonly does: Verb; readonly label: string };
}

/** `14:34:07`, of another day `9 Nov 14:34:07`. */
export function since(ms: number, now: number): string {
  const date = day(ms, now);
  return date === 'today' ? clock(ms) : `${date} ${clock(ms)}`;
}

export function headlineOf(situation: Situation): Headline {
  const { status, absent, absentSince, now } = situation;
  if (absent === 'session') {
    const text = 'This browser’s session has ended. Get a new link with npm start; what is below was true';
    return { text: `${text} at ${since(absentSince, now)}.`, trouble: true };
  }
  if (absent === 'engine') {
    const text = `Not connected since ${since(absentSince, now)}; what is below was true then.`;
    return { text, trouble: true, verb: { does: 'retry', label: 'Try now' } };
  }
  const sensing = sensingOf(situation);
  const { problem, damaged } = status.store;
  const unread = damaged.length === 0 ? undefined : `${counted(damaged.length, 'file')} cannot be read.`;
  const trouble = [problem, unread].filter((each) => each !== undefined);
  if (trouble.length === 0) return sensing;
  return { ...sensing, text: [sensing.text, ...trouble].join(' '), trouble: true };
}

function sensingOf({ status, blindSince, gaps, now }: Situation): Headline {
  const { helper, sensor } = status;
  const at = since(blindSince ?? helper.since, now);
  const reason = helper.reason === undefined ? '' : ` ${helper.reason}`;
  const start = (label: string) => ({ does: 'start', label }) as const;
  switch (helper.state) {
    case 'running': {
      if (status.canary?.state === 'missed') return unproven(status.canary, now);
      const refused = sensor.refused.map(({ name }) => name).join(', ');
      const part = refused === '' ? '' : ` Not everything is seen: this kernel refused ${refused}.`;
      const text = `Sensing since ${since(helper.since, now)}${missed(gaps)}.${part}`;
      return { text, trouble: refused !== '' };
    }
    case 'starting':
      return blindSince === undefined
        ? { text: 'Not sensing yet. The helper attaches its programs.', trouble: false }
        : { text: `Blind since ${at}. The helper is being started again.`, trouble: true };
    case 'authorising':
      return { text: 'Not sensing. A password dialog waits for an answer.', trouble: true };
    case 'restarting': {
      const left = helper.next_start === undefined ? 0 : helper.next_start - now;
      const next = left > 0 ? ` Next start in ${span(left + 999)}.` : '';
      const text = `Blind since ${at}.${reason}${next}`;
      return { text, trouble: true, verb: start('Start now') };
    }
    case 'unasked':
      return {
        text: 'Not sensing yet. Merlon asks for a password when you say so.',
        trouble: true,
        verb: start('Ask for the password'),
      };
    case 'dismissed':
    case 'not_authorised':
      return { text: `Not sensing since ${at}.${reason}`, trouble: true, verb: start('Ask again') };
    default: // failed, stopped, and whatever else only a person ends
      return { text: `Not sensing since ${at}.${reason}`, trouble: true, verb: start('Start the helper') };
  }
}

function unproven({ missing_since: since_ }: CanaryStatus, now: number): Headline {
  const at = since(since_ ?? now, now);
  const text = `Perhaps blind since ${at}. Merlon started a program to test itself, and its own sensors have not told of it: they may be dead, held up, or tampered with.`;
  return { text, trouble: true };
}

function missed(gaps: Situation['gaps']): string {
  if (gaps === undefined) return '';
  if (gaps.count === 0) return '; nothing was missed in the last 24 hours';
  const lost = gaps.lost === 0 ? '' : `, and ${counted(gaps.lost, 'event')} are known to be lost`;
  return `; ${counted(gaps.count, 'gap')} in the last 24 hours${lost}`;
}
