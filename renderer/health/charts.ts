/** The charts of the last hour: what each shows, in which words. Pure. */
import { HEALTH_SAMPLE_MS, type Cost, type Health } from '../../shared/health.ts';
import { bytes, count, counted } from '../ui/units.ts';
import { nearest, roundBelow, totalOf, type Point } from './scale.ts';
import { percent, rate } from './words.ts';

export interface Series {
  readonly label: string;
  /** A few words more, where there are several. */
  readonly short: string;
}

export interface Chart {
  readonly id: 'canaries' | 'events' | 'cpu' | 'memory' | 'queues';
  readonly title: string;
  /** After the figure, where the figure itself has none. */
  readonly unit: string;
  /** From the lowest up. */
  readonly series: readonly Series[];
  /** Oldest first. */
  readonly points: readonly Point[];
  /** Moments at which something did not come back. */
  readonly missed: readonly number[];
  /** What stands at the top. */
  readonly highest: number;
  /** A round figure to read heights by; 0 where there is none. */
  readonly round: number;
  readonly roundText: string;
  /** A height that means something. */
  readonly limit?: { readonly value: number; readonly label: string };
  /** How far from a moment a figure still stands for it. */
  readonly reach: number;
  readonly breakMs: number;
  readonly format: (value: number) => string;
  /** Its text for those who do not see it. */
  readonly about: string;
}

const CANARY_REACH_MS = 60_000;
const CANARY_BREAK_MS = 180_000;
const SAMPLE_BREAK_MS = 3 * HEALTH_SAMPLE_MS;

/** `3 %`, not `3.0 %`. */
const short = (share: number) => `${Number(share.toFixed(2))} %`;

export function chartsOf(health: Health, budget: Cost['budget'] | undefined): readonly Chart[] {
  const { samples } = health;
  const sampled = { reach: 1.5 * HEALTH_SAMPLE_MS, breakMs: SAMPLE_BREAK_MS, missed: [] };
  const canaries = health.canaries.map(({ at, ms }) => ({ at, values: [ms] }));
  const missed = health.canaries.filter(({ ms }) => ms === null).map(({ at }) => at);
  const limit = budget && { value: budget.percent, label: `budget ${short(budget.percent)}` };
  return [
    chart({
      id: 'canaries',
      title: 'Canaries',
      unit: '',
      series: [{ label: 'until it was told of', short: '' }],
      points: canaries,
      missed,
      reach: CANARY_REACH_MS,
      breakMs: CANARY_BREAK_MS,
      format: (ms) => `${count(ms)} ms`,
      more: `, ${missed.length === 0 ? 'none' : count(missed.length)} missed`,
    }),
    chart({
      ...sampled,
      id: 'events',
      title: 'Events',
      unit: 'a second',
      series: [{ label: 'from the kernel', short: '' }],
      points: samples.map(({ at, events_per_s: events }) => ({ at, values: [events] })),
      format: rate,
    }),
    chart({
      ...sampled,
      id: 'cpu',
      title: 'Processor',
      unit: 'of one',
      series: [
        { label: 'helper', short: 'helper' },
        { label: 'engine', short: 'engine' },
      ],
      points: samples.map(({ at, engine_percent, helper_percent }) => ({
        at,
        values: [helper_percent, engine_percent],
      })),
      ...(limit === undefined ? {} : { limit }),
      format: percent,
    }),
    chart({
      ...sampled,
      id: 'memory',
      title: 'Memory',
      unit: '',
      series: [{ label: 'engine and helper', short: '' }],
      points: samples.map(({ at, rss_bytes: rss }) => ({ at, values: [rss] })),
      inBytes: true,
      format: bytes,
    }),
    chart({
      ...sampled,
      id: 'queues',
      title: 'Waiting',
      unit: '',
      series: [
        { label: 'in the kernel', short: 'kernel' },
        { label: 'to be stored', short: 'to store' },
      ],
      points: samples.map(({ at, ring_bytes: ring, waiting_bytes: waiting }) => ({
        at,
        values: [ring, waiting],
      })),
      inBytes: true,
      format: bytes,
    }),
  ];
}

type Given = Omit<Chart, 'highest' | 'round' | 'roundText' | 'about'> & { inBytes?: boolean; more?: string };

function chart({ inBytes = false, more = '', ...given }: Given): Chart {
  const totals = given.points.flatMap((point) => totalOf(point) ?? []);
  const most = totals.length === 0 ? 0 : totals.reduce((a, b) => Math.max(a, b));
  const highest = Math.max(most, (given.limit?.value ?? 0) * 1.1) || 1;
  const least = totals.reduce((a, b) => Math.min(a, b), most);
  const last = totals.at(-1);
  const { format, unit, title } = given;
  const round = roundOf(most, highest, given.limit?.value, inBytes);
  const figure = (value: number) => `${format(value)}${unit === '' ? '' : ` ${unit}`}`;
  return {
    ...given,
    highest: highest * 1.05,
    round,
    roundText: given.id === 'cpu' ? short(round) : format(round),
    about:
      last === undefined
        ? `${title}: nothing was measured yet`
        : `${title} in the time shown: from ${figure(least)} to ${figure(most)}, last ${figure(last)}${more}`,
  };
}

/** Nothing where it would be written over the limit, or too low to help. */
function roundOf(most: number, highest: number, limit: number | undefined, inBytes: boolean): number {
  const round = roundBelow(most, inBytes);
  const low = round < highest * 0.25;
  return low || (limit !== undefined && Math.abs(limit - round) < highest * 0.25) ? 0 : round;
}

/** The figures at a moment; undefined: those of now. */
export function valuesAt(chart: Chart, at: number | undefined): Point | undefined {
  if (at === undefined) return chart.points.at(-1);
  return nearest(chart.points, at, chart.reach);
}

/** The chart's figure in words: `11 ms`, `missed`, `—` where nothing was measured. */
export function figureText(chart: Chart, point: Point | undefined): string {
  if (point === undefined) return '—';
  const total = totalOf(point);
  if (total !== null) return chart.format(total);
  return chart.id === 'canaries' ? 'missed' : 'unknown';
}

/** All charts at a moment, as one would read them out. */
export function readOut(charts: readonly Chart[], at: number): string {
  return charts
    .map((chart) => {
      const text = figureText(chart, valuesAt(chart, at));
      return `${chart.title} ${text === '—' ? 'not measured' : text}${chart.unit === '' || text === '—' ? '' : ` ${chart.unit}`}`;
    })
    .join(', ');
}

/** A minute of it, for the table. */
export interface MinuteRow {
  readonly from: number;
  readonly canary: string;
  readonly figures: readonly string[];
}

const MINUTE_MS = 60_000;

/** Newest first; minutes of which nothing is known are left out. */
export function minutesOf(charts: readonly Chart[], from: number, until: number): readonly MinuteRow[] {
  const rows: MinuteRow[] = [];
  for (let at = Math.floor(until / MINUTE_MS) * MINUTE_MS; at > from - MINUTE_MS; at -= MINUTE_MS) {
    const inside = charts.map(({ points }) =>
      points.filter((point) => point.at >= at && point.at < at + MINUTE_MS),
    );
    if (inside.every((points) => points.length === 0)) continue;
    const [canaries, ...others] = charts.map((chart, n) => minuteText(chart, inside[n] ?? []));
    rows.push({ from: at, canary: canaries ?? '', figures: others });
  }
  return rows;
}

/** Of canaries the slowest, and how many did not come back; of all else the mean. */
function minuteText(chart: Chart, points: readonly Point[]): string {
  const totals = points.flatMap((point) => totalOf(point) ?? []);
  if (chart.id !== 'canaries') {
    if (totals.length === 0) return '—';
    return chart.format(totals.reduce((sum, each) => sum + each, 0) / totals.length);
  }
  const missed = points.length - totals.length;
  const slowest = totals.length === 0 ? '' : chart.format(Math.max(...totals));
  const lack = missed === 0 ? '' : counted(missed, 'missed', 'missed');
  return [slowest, lack].filter(Boolean).join(', ') || '—';
}
