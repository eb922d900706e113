/** Events that Merlon makes of its own doing: the sensor began or ended, something was lost, the clock was set. */
import { PROTECTION_STATES, type CapabilityChange } from '../../shared/capabilities.ts';
import type { EventFields } from '../../shared/event.ts';
import type { Clock, ClockStep } from '../clock.ts';
import type { Returned } from '../liveness/canaries.ts';
import type { Finding } from '../liveness/guard.ts';
import { gapSentence, spanText, type Gap } from './gaps.ts';

export interface NoticeContext {
  readonly bootId: string;
  readonly clock: Pick<Clock, 'wallOf'>;
}

const HOST = ['host'];

/** What every event of Merlon's own doing has. */
export function base(
  context: NoticeContext,
  atNs: number,
  sequence: number,
  type: 'info' | 'start' | 'end' | 'change',
) {
  return {
    '@timestamp': context.clock.wallOf(atNs),
    'event.kind': 'state',
    'event.category': HOST,
    'event.type': [type],
    'event.sequence': sequence,
    'host.boot.id': context.bootId,
  } as const;
}

export function gapEvent(context: NoticeContext, gap: Gap, sequence: number): EventFields {
  const fields: EventFields = {
    ...base(context, gap.endNs, sequence, 'info'),
    'event.action': 'gap',
    'event.outcome': 'unknown',
    'event.reason': gap.reason,
    'event.start': context.clock.wallOf(gap.beginNs),
    'event.end': context.clock.wallOf(gap.endNs),
    'event.duration': Math.max(0, Math.round(gap.endNs - gap.beginNs)),
    message: gapSentence(gap),
  };
  if (gap.lost !== undefined) fields['merlon.gap.lost'] = gap.lost;
  return fields;
}

export function sensorStarted(
  context: NoticeContext,
  atNs: number,
  sequence: number,
  programs: number,
): EventFields {
  return {
    ...base(context, atNs, sequence, 'start'),
    'event.action': 'sensor_started',
    'event.outcome': 'success',
    message: `The sensor was attached with ${programs} programs.`,
  };
}

/** @param reason the sentence that the helper's ending gave. */
export function sensorStopped(
  context: NoticeContext,
  atNs: number,
  sequence: number,
  reason: string,
): EventFields {
  return {
    ...base(context, atNs, sequence, 'end'),
    'event.action': 'sensor_stopped',
    'event.outcome': 'success',
    'event.reason': reason,
    message: `The sensor was detached. ${reason}`,
  };
}

export function clockStepped(
  context: NoticeContext,
  atNs: number,
  sequence: number,
  step: ClockStep,
): EventFields {
  const direction = step.byMs < 0 ? 'back' : 'forward';
  return {
    ...base(context, atNs, sequence, 'change'),
    'event.action': 'clock_stepped',
    'event.outcome': 'success',
    'event.duration': Math.abs(step.byMs) * 1_000_000,
    message: `The wall clock was set ${direction} by ${spanText(Math.abs(step.byMs) * 1e6)}. The order of events is not touched.`,
  };
}

/** @param sentNs when the canary was executed that has not come back. */
export function canaryMissed(
  context: NoticeContext,
  atNs: number,
  sequence: number,
  sentNs: number,
): EventFields {
  return {
    ...base(context, atNs, sequence, 'info'),
    'event.action': 'canary_missed',
    'event.outcome': 'failure',
    'event.start': context.clock.wallOf(sentNs),
    'event.duration': Math.max(0, Math.round(atNs - sentNs)),
    message: `Merlon started a program to test itself, and its own sensors have not told of it for ${spanText(atNs - sentNs)}: they may be dead, held up, or tampered with.`,
  };
}

export function canaryReturned(
  context: NoticeContext,
  atNs: number,
  sequence: number,
  { sinceNs, untilNs, late }: Returned,
): EventFields {
  const span = spanText(untilNs - sinceNs);
  return {
    ...base(context, atNs, sequence, 'info'),
    'event.action': 'canary_returned',
    'event.outcome': late ? 'success' : 'failure',
    'event.start': context.clock.wallOf(sinceNs),
    'event.end': context.clock.wallOf(untilNs),
    'event.duration': Math.max(0, Math.round(untilNs - sinceNs)),
    message: late
      ? `The sensors tell again of what Merlon starts, after ${span}. What happened meanwhile came late, and nothing of it is missing.`
      : `The sensors tell again of what Merlon starts, after ${span}. What happened meanwhile may not have been seen.`,
  };
}

/** @param title of the protection, as reports name it. */
export function capabilitiesChanged(
  context: NoticeContext,
  atNs: number,
  sequence: number,
  change: CapabilityChange & { readonly title: string },
): EventFields {
  const { title, before, after, rungs } = change;
  const worse = PROTECTION_STATES.indexOf(after) > PROTECTION_STATES.indexOf(before);
  const [from, to] = rungs.map((rung) => rung ?? 'nothing');
  return {
    ...base(context, atNs, sequence, 'change'),
    'event.action': 'capabilities_changed',
    'event.outcome': worse ? 'failure' : 'success',
    'event.reason': `${change.protection}: ${before}, now ${after}`,
    message: `“${title}” was ${before} (${from}) and is ${after} now (${to}): what was tried on this kernel came out differently than the last time.`,
  };
}

const HANDS_ON: Readonly<Record<Finding['what'], string>> = {
  program: 'of Merlon’s own programs',
  database: 'of Merlon’s database',
  socket: 'that Merlon listens on',
};

/** Somebody else laid hands on what is Merlon's. */
export function tampered(
  context: NoticeContext,
  atNs: number,
  sequence: number,
  { what, how, paths, count }: Finding,
): EventFields {
  const files = count === 1 ? 'A file' : `${count} files`;
  const verb =
    how === 'gone' ? (count === 1 ? 'is gone' : 'are gone') : count === 1 ? 'was changed' : 'were changed';
  const more = count > paths.length ? `, and ${count - paths.length} more` : '';
  return {
    ...base(context, atNs, sequence, 'change'),
    'event.action': 'tampered',
    'event.outcome': 'failure',
    'event.reason': `${what}_${how}`,
    'file.path': paths[0] ?? '',
    message: `${files} ${HANDS_ON[what]} ${verb}, and not by this engine: ${paths.join(', ')}${more}.${what === 'program' ? ' Where Merlon was built or updated, start it again.' : ''}`,
  };
}
