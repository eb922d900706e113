/** Events of the last hour, minute by minute, a lane for each kind; and where in that hour nothing was seen. */
import { EVENT_ACTIONS, type Event } from '../../shared/event.ts';

export const MINUTE_MS = 60_000;
export const MINUTES = 60;

export interface Hour {
  /** Epoch milliseconds of whole minutes; `until` ends the minute that is not over. */
  readonly from: number;
  readonly until: number;
}

/** The hour that ends with this minute. */
export function hourOf(now: number): Hour {
  const until = (Math.floor(now / MINUTE_MS) + 1) * MINUTE_MS;
  return { from: until - MINUTES * MINUTE_MS, until };
}

export interface Lane {
  readonly action: string;
  readonly label: string;
  /** The last is not over. */
  readonly minutes: readonly number[];
  readonly total: number;
  readonly highest: number;
}

const LABELS: Readonly<Record<string, string>> = {
  exec: 'Programs started',
  exec_failed: 'Failed starts',
  fork: 'Processes created',
  exit: 'Processes ended',
  running: 'Found running',
  bpf_loaded: 'BPF loaded',
  bpf_refused: 'BPF refused',
  bpf_attached: 'BPF attached',
  bpf_detached: 'BPF detached',
  bpf_pinned: 'BPF pinned',
};
/** What Merlon says of itself has its own place on the page. */
const OWN: ReadonlySet<string> = new Set([
  'gap',
  'sensor_started',
  'sensor_stopped',
  'clock_stepped',
  'capabilities_changed',
  'canary_missed',
  'canary_returned',
  'tampered',
  'foreign_bpf',
  'sensor_limited',
  'sensor_restored',
  'budget_exceeded',
]);
const rank = (action: string) => {
  const at = EVENT_ACTIONS.findIndex((each) => each === action);
  return at < 0 ? EVENT_ACTIONS.length : at;
};

/** Kinds that occurred, each in its place; starts of programs always. */
export function lanesOf(counts: Readonly<Record<string, readonly number[]>>): readonly Lane[] {
  const none: readonly number[] = new Array<number>(MINUTES).fill(0);
  return Object.entries({ exec: none, ...counts })
    .filter(([action]) => !OWN.has(action))
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(([action, minutes]) => ({
      action,
      label: LABELS[action] ?? action,
      minutes,
      total: minutes.reduce((sum, n) => sum + n, 0),
      highest: Math.max(0, ...minutes),
    }));
}

/** All events of the hour, Merlon's own left out. */
export const totalOf = (lanes: readonly Lane[]) => lanes.reduce((sum, lane) => sum + lane.total, 0);

/** Bars as one path, in a box as many units wide as there are minutes and `height` high. */
export function barsPath({ minutes, highest }: Lane, height: number): string {
  if (highest === 0) return '';
  return minutes
    .map((n, at) => {
      if (n === 0) return '';
      // Something is never drawn as nothing.
      const high = Math.max(1, (n / highest) * height);
      return `M${at + 0.12} ${height}v${(-high).toFixed(2)}h.76V${height}z`;
    })
    .join('');
}

/** A stretch of the hour, in shares of its width. */
export interface Stretch {
  readonly left: number;
  readonly width: number;
}

/** Thinner, and nobody would see it. */
const THINNEST = 0.004;

/** @param spans in epoch milliseconds; those outside the hour are left out. */
export function stretches(
  spans: readonly { readonly from: number; readonly until: number }[],
  hour: Hour,
): readonly Stretch[] {
  const length = hour.until - hour.from;
  return spans.flatMap(({ from, until }) => {
    if (until <= hour.from || from >= hour.until) return [];
    const left = Math.max(0, (from - hour.from) / length);
    const right = Math.min(1, (until - hour.from) / length);
    const width = Math.max(right - left, THINNEST);
    return [{ left: Math.min(left, 1 - width), width }];
  });
}

/** The span of a gap event; a moment where it tells no more. */
export function spanOf({ fields }: Event): { readonly from: number; readonly until: number } {
  const until = fields['event.end'] ?? fields['@timestamp'] ?? 0;
  return { from: fields['event.start'] ?? until, until };
}
