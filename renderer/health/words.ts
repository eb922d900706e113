/** What the page says of Merlon's own health: its words, its figures and its sentences. */
import type {
  BlindSpan,
  CanaryStatus,
  Cost,
  Health,
  HelperState,
  SensorName,
  SensorState,
  Status,
} from '../../shared/console.ts';
import { clock, count, counted, day, duration, span } from '../ui/units.ts';
import { HOUR_MS, spanOf } from './scale.ts';

const REASONS: Readonly<Record<string, string>> = {
  ring_overflow: 'the kernel’s queue was full',
  missed_runs: 'the kernel skipped runs of Merlon’s programs',
  helper_lost: 'the helper ended',
  helper_restarted: 'the helper was started again',
  engine_away: 'Merlon was not running',
  canary_missed: 'a canary did not come back',
  not_run: 'Merlon’s programs did not run',
  left_out: 'events were left out, to keep the budget',
};

/** Why nothing may have been seen, in plain words; what is not known here is told as it came. */
export const reasonWords = (reason: string): string => REASONS[reason] ?? reason.replaceAll('_', ' ');

/** How many are missing. What was left out on purpose is not lost by an accident. */
export function lostWords({ lost, reason }: Pick<BlindSpan, 'lost' | 'reason'>): string {
  if (lost === null) return 'nobody can know';
  return `${counted(lost, 'event')} ${reason === 'left_out' ? 'left out' : 'lost'}`;
}

export const SENSOR_WORDS: Readonly<Record<SensorName, string>> = {
  process: 'Programs that start and end',
  exec_failed: 'Starts that failed',
  cgroup: 'Groups of processes',
  bpf: 'BPF calls',
};

export const STATE_WORDS: Readonly<Record<SensorState, string>> = {
  on: 'on',
  off: 'off',
  thinned: 'thinned',
  shed: 'detached',
};

export const STATE_SENTENCES: Readonly<Record<SensorState, string>> = {
  on: '',
  off: 'this kernel refuses it',
  thinned: 'only some of its events are told, to keep the budget',
  shed: 'to keep the budget',
};

/** Percent of one processor: `0.06 %`, `4.2 %`, `12 %`. */
export function percent(value: number): string {
  if (value > 0 && value < 0.005) return '< 0.01 %';
  const digits = value === 0 || value >= 10 ? 0 : value >= 1 ? 1 : 2;
  return `${value.toFixed(digits)} %`;
}

/** `9.0`, `1,284` a second. */
export const rate = (value: number): string =>
  value > 0 && value < 9.95 ? (value < 0.05 ? '< 0.1' : value.toFixed(1)) : count(value);

/** `0.42 µs`, `14 µs`: of one run. */
export function micros(ns: number): string {
  const us = ns / 1000;
  return `${us < 10 ? us.toFixed(2) : us < 100 ? us.toFixed(1) : count(us)} µs`;
}

/** Clock time, with the day where it is not today's. */
export function since(ms: number, now: number): string {
  const date = day(ms, now);
  return date === 'today' ? clock(ms) : `${date} ${clock(ms)}`;
}

const AWAY: Readonly<Record<Exclude<HelperState, 'running'>, string>> = {
  unasked: 'nobody was asked for the password yet',
  authorising: 'a password dialog waits for an answer',
  starting: 'the helper is starting',
  restarting: 'the helper ended and will be started again',
  dismissed: 'the helper was not authorised',
  not_authorised: 'the helper was not authorised',
  failed: 'the helper cannot start',
  stopped: 'the helper was ended',
};

export interface Known {
  readonly status: Pick<Status, 'helper' | 'sensor' | 'canary'>;
  readonly health: Health;
  /** undefined until the engine has said. */
  readonly cost: Cost | undefined;
  readonly now: number;
}

/** One sentence or two: is everything alive, what is not, and what was not in the last hour. */
export function headline({ status, health, cost, now }: Known): string {
  const { state } = status.helper;
  const past = pastWords(health, now);
  if (state !== 'running')
    return `The engine is alive, but nothing senses: ${AWAY[state]}.${past === '' ? '' : ` ${past}`}`;
  const troubles = troublesOf({ status, health, cost, now });
  if (troubles.length > 0)
    return `Not everything is as it should be: ${troubles.join('; ')}.${past === '' ? '' : ` ${past}`}`;
  if (past !== '') return `Everything is alive. ${past}`;
  if (health.canaries.length === 0) return 'Everything runs; the first canary is on its way.';
  return `Everything is alive: each canary came back, and nothing was lost ${period(health, now)}.`;
}

function troublesOf({ status, health, cost }: Known): string[] {
  const { canary, sensor } = status;
  const troubles: string[] = [];
  if (canary !== undefined) troubles.push(...canaryTrouble(canary));
  const { tasks } = health;
  if (tasks !== null && tasks.kernel > tasks.counted)
    troubles.push(
      `of ${counted(tasks.kernel, 'process or thread', 'processes and threads')} that the kernel made, its programs counted ${count(tasks.counted)}`,
    );
  if (sensor.refused.length > 0)
    troubles.push(
      `this kernel refused ${counted(sensor.refused.length, 'of its programs', 'of its programs')}`,
    );
  const named = (state: SensorState) =>
    (cost?.sensors ?? [])
      .filter((each) => each.state === state)
      .map(({ name }) => `“${SENSOR_WORDS[name]}”`)
      .join(' and ');
  const [thinned, shed] = [named('thinned'), named('shed')];
  const out = [thinned && `thins ${thinned}`, shed && `leaves out ${shed}`].filter(Boolean);
  if (out.length > 0) troubles.push(`to keep its budget it ${out.join(' and ')}`);
  if (cost !== undefined && cost.budget.state !== 'within' && out.length === 0)
    troubles.push('it takes more than its budget');
  return troubles;
}

function canaryTrouble({ state, missing_since: missing }: CanaryStatus): string[] {
  if (state === 'missed')
    return [
      `a canary has not come back${missing == null ? '' : ` since ${clock(missing)}`}, so the sensors may be dead`,
    ];
  return state === 'not_sent' ? ['canaries cannot be executed here, so the sensors are not tested'] : [];
}

/** "In the last hour Merlon may have been blind for 12 s, and 212 events were lost." Empty where it was not. */
function pastWords({ blind, canaries, samples }: Health, now: number): string {
  if (blind.length === 0) return '';
  const lost = blind.reduce((sum, each) => sum + (each.lost ?? 0), 0);
  const when = period({ blind, canaries, samples, tasks: null }, now);
  const known = lost > 0 ? `, and ${lost === 1 ? '1 event was' : `${count(lost)} events were`} lost` : '';
  return `${when.charAt(0).toUpperCase()}${when.slice(1)} it may have been blind for ${lengthWords(blindMs(blind))}${known}.`;
}

/** "in the last hour", less where less is known. */
function period(health: Health, now: number): string {
  const ms = spanOf(health, now);
  return ms === HOUR_MS ? 'in the last hour' : `in the last ${span(ms)}`;
}

/** Together, where some overlap. */
export function blindMs(blind: Health['blind']): number {
  let [sum, end] = [0, -Infinity];
  for (const { from, until } of blind.toSorted((a, b) => a.from - b.from)) {
    sum += Math.max(0, until - Math.max(from, end));
    end = Math.max(end, until);
  }
  return sum;
}

export function lengthWords(ms: number): string {
  if (ms < 1) return 'a moment';
  return ms < 10_000 ? duration(ms * 1e6) : span(ms);
}

/** What the sentence rests on. */
export function ground({ canaries, tasks }: Health): string {
  const back = canaries.flatMap(({ ms }) => ms ?? []).sort((a, b) => a - b);
  const missed = canaries.length - back.length;
  const sent =
    canaries.length === 0
      ? 'No canary was sent yet.'
      : `${counted(canaries.length, 'canary', 'canaries')} sent, ${missed === 0 ? 'none' : count(missed)} missed${
          back.length === 0
            ? ''
            : `, median ${count(back[Math.floor(back.length / 2)] ?? 0)} ms, slowest ${count(back.at(-1) ?? 0)} ms`
        }.`;
  if (tasks === null) return sent;
  const all = tasks.counted >= tasks.kernel;
  return `${sent} The kernel made ${counted(tasks.kernel, 'process or thread', 'processes and threads')} since the sensors began; their programs counted ${all ? 'all' : count(tasks.counted)}.`;
}

/** What Merlon may cost and does. */
export function budgetSentence({ budget, sensors }: Cost, now: number): string {
  const { percent: share, used_percent: used, state } = budget;
  const may = budget.on_battery ? `${percent(share)} on battery` : percent(share);
  const from = since(budget.since, now);
  const takes = used === null ? 'is being measured' : `takes ${percent(used)} of one processor`;
  switch (state) {
    case 'within':
      return `Merlon ${takes}; it may take ${may}. ${sensors.some((each) => each.state === 'thinned' || each.state === 'shed') ? 'What is left out comes back when there is room for it.' : 'Nothing has to be left out.'}`;
    case 'over':
      return `Merlon ${takes}, and may take ${may}: it is over its budget since ${from}. If that goes on, what is least needed is left out first.`;
    case 'exhausted':
      return `Merlon ${takes}, and may take ${may}: since ${from} all that can be left out is. The rest stays, whatever it costs.`;
  }
}
