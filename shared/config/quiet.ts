/** Whether notifications are held back at a moment, by the two settings that say so. */
import type { Config } from '../config.ts';

type Settings = Pick<
  Config,
  'notifications.enabled' | 'notifications.do_not_disturb' | 'notifications.quiet_hours'
>;

export interface Quiet {
  readonly why: 'switched_off' | 'do_not_disturb' | 'quiet_hours';
  /** Epoch milliseconds of its end; undefined where it has none. */
  readonly until?: number;
}

/** @returns why notifications are held back at `now` (epoch milliseconds); undefined where they are shown. */
export function quietAt(settings: Settings, now: number): Quiet | undefined {
  if (!settings['notifications.enabled']) return { why: 'switched_off' };
  const pause = settings['notifications.do_not_disturb'];
  if (pause === 'on') return { why: 'do_not_disturb' };
  const until = pause === 'off' ? NaN : Date.parse(pause);
  if (until > now) return { why: 'do_not_disturb', until };
  const end = endOfHours(settings['notifications.quiet_hours'], now);
  return end === undefined ? undefined : { why: 'quiet_hours', until: end };
}

/** When the span that `now` lies in ends; undefined where it lies in none. */
function endOfHours(span: string, now: number): number | undefined {
  const [from, until] = span.split('-').map(minutesOf);
  if (from === undefined || until === undefined) return undefined;
  const at = new Date(now);
  const minute = at.getHours() * 60 + at.getMinutes();
  const inside = from < until ? minute >= from && minute < until : minute >= from || minute < until;
  if (!inside) return undefined;
  const end = new Date(now);
  end.setHours(Math.floor(until / 60), until % 60, 0, 0);
  if (end.getTime() <= now) end.setDate(end.getDate() + 1);
  return end.getTime();
}

function minutesOf(text: string): number | undefined {
  const match = /^(\d\d):(\d\d)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * 60 + Number(match[2]);
}
