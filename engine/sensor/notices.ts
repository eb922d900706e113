/** Events that Merlon makes of its own doing: the sensor began or ended, something was lost, the clock was set. */
import type { EventFields } from '../../shared/event.ts';
import type { Clock, ClockStep } from '../clock.ts';
import { gapSentence, spanText, type Gap } from './gaps.ts';

export interface NoticeContext {
  readonly bootId: string;
  readonly clock: Pick<Clock, 'wallOf'>;
}

const HOST = ['host'];

function base(
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
