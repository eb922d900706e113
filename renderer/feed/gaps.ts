/** Blind intervals and losses, as the histogram draws them. */
import type { Event } from '../../shared/event.ts';
import { count, span } from '../ui/units.ts';
import type { Span } from './range.ts';

export interface Gap extends Span {
  readonly key: string;
  /** A few words over the bars: `blind 20 s`, `212 lost`. */
  readonly label: string;
  /** The whole sentence. */
  readonly about: string;
}

const REASONS: Readonly<Record<string, string>> = {
  helper_lost: 'helper ended',
  helper_restarted: 'helper restarted',
  engine_away: 'Merlon was not running',
  canary_missed: 'canary missed',
  not_run: 'programs did not run',
  left_out: 'left out for the budget',
};

/** @returns undefined where the event does not say when. */
export function gapOf({ cursor, fields }: Event): Gap | undefined {
  const until = fields['event.end'] ?? fields['@timestamp'];
  const from = fields['event.start'] ?? until;
  if (from === undefined || until === undefined) return undefined;
  const lost = fields['merlon.gap.lost'];
  const blind = `blind ${until - from < 1000 ? 'for a moment' : span(until - from)}`;
  const why = REASONS[fields['event.reason'] ?? ''];
  const label = lost !== undefined ? `${count(lost)} lost` : why === undefined ? blind : `${blind}: ${why}`;
  return { key: cursor, from, until, label, about: fields['message'] ?? label };
}
