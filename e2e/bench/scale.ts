/**
 * Ten million events of two weeks: how soon searches are answered while 20,000 events a second come in, and what that
 * takes. Answers are compared with what the events are known to have. scale/ fills and asks in processes of their own.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { engineArgv } from '../../shared/engine-argv.ts';
import { median, type Figure } from './figures.ts';
import { ROOT, say } from './machine.ts';
import { storedPast, storeFolder } from './scale/folder.ts';
import { startOver, type Started } from './scale/start.ts';

const run = promisify(execFile);
/** A plain table takes ten times as long to fill, so that it is given no more than these. */
const RIVAL_EVENTS = 1_000_000;
const STARTS = 5;

const times = { p50: v.number(), p99: v.number(), max: v.number() };
const kind = v.object({ name: v.string(), ...times });
/** As built: types take time and memory to strip. */
const ASK = join(ROOT, 'out/bench/ask.js');
const FILL = join(ROOT, 'out/bench/fill.js');
const RIVAL = join(ROOT, 'e2e/bench/scale/rival.ts');

const filled = v.object({ seconds: v.number(), bytes: v.number() });
const asked = v.object({
  kinds: v.array(v.object({ ...kind.entries, samples: v.number() })),
  streamed: v.array(
    v.object({
      query: v.string(),
      first: v.number(),
      rows: v.nullable(v.number()),
      whole: v.number(),
      longest: v.number(),
      found: v.number(),
    }),
  ),
  histogram: v.array(kind),
  story: v.object(times),
  fed: v.object({ perSecond: v.number(), waitingMiB: v.number() }),
  rss_mib: v.number(),
  partitions: v.number(),
  bytes: v.number(),
});
const rival = v.object({
  events: v.number(),
  seconds: v.number(),
  kinds: v.array(kind),
  histogram: v.object(times),
  bytes: v.number(),
  rss_mib: v.number(),
});

export interface ScaleOptions {
  readonly events: number;
  /** Where they are stored, and looked for before they are made; a temporary folder without. */
  readonly folder: string | undefined;
}

export async function scale({ events, folder }: ScaleOptions): Promise<Figure[]> {
  const place = folder === undefined ? mkdtempSync(join(tmpdir(), 'merlon-bench-scale-')) : resolve(folder);
  try {
    const figures = await fill(place, events);
    say('scale: start');
    const [cold, warm] = await startOver(storeFolder(place), STARTS);
    figures.push(...starts(cold, warm));
    figures.push(...answers(await child(asked, ASK, place), events));
    say(`scale: a plain table of ${Math.min(events, RIVAL_EVENTS)} events`);
    figures.push(...rivals(await child(rival, RIVAL, String(Math.min(events, RIVAL_EVENTS)))));
    return figures;
  } finally {
    if (folder === undefined) rmSync(place, { recursive: true, force: true });
  }
}

async function child<S extends v.GenericSchema>(
  schema: S,
  script: string,
  ...args: readonly string[]
): Promise<v.InferOutput<S>> {
  const running = run(process.execPath, engineArgv(script, args), { maxBuffer: 16 << 20 });
  running.child.stderr?.pipe(process.stderr);
  return v.parse(schema, JSON.parse((await running).stdout));
}

async function fill(folder: string, events: number): Promise<Figure[]> {
  if (storedPast(folder)?.options.events === events) {
    say(`scale: ${events} events are in ${folder}`);
    return [];
  }
  say(`scale: storing ${events} events in ${folder}`);
  const { seconds, bytes } = await child(filled, FILL, folder, String(events));
  const note = `${events} events, made meanwhile`;
  return [
    figure('filled on all cores', events / seconds, 'events/s', note),
    figure('stored', bytes / events, 'bytes per event', note),
  ];
}

function starts(cold: Started, warm: readonly Started[]): Figure[] {
  const name = 'process start of the engine to its first page';
  const times = warm.map(({ firstAnswer }) => firstAnswer);
  const most = Math.max(...warm.map(({ peak }) => peak));
  return [
    aimed(
      name,
      median(times),
      'ms',
      500,
      `median of ${times.length}; at most ${Math.max(...times).toFixed(0)}`,
    ),
    figure(`${name}, files not in memory`, cold.firstAnswer, 'ms'),
    aimed('peak memory of the engine, every partition open', most, 'MiB', 250, 'sensing, with nothing asked'),
  ];
}

function answers(all: v.InferOutput<typeof asked>, events: number): Figure[] {
  const { kinds, streamed, histogram, story, fed, rss_mib: rss, partitions } = all;
  const during = `${events} events and ${Math.round(fed.perSecond)} more a second`;
  return [
    figure('came in meanwhile', fed.perSecond, 'events/s', `at most ${fed.waitingMiB.toFixed(1)} MiB waited`),
    ...kinds.flatMap(({ name, p50, p99, max, samples }) => [
      figure(`newest page, ${name}, median`, p50, 'ms'),
      aimed(
        `newest page, ${name}, p99`,
        p99,
        'ms',
        5,
        `${samples} asked, at most ${max.toFixed(1)}; ${during}`,
      ),
    ]),
    ...streamed.map(({ query, first, rows, whole, found }) =>
      aimed(
        `first answer, ${query}`,
        first,
        'ms',
        100,
        `${rows === null ? 'no rows' : `rows after ${rows.toFixed(0)} ms`}, ${found} after ${whole.toFixed(0)} ms`,
      ),
    ),
    ...histogram.map(({ name, p50, max }) =>
      aimed(`histogram of two weeks, ${name}`, p50, 'ms', 50, `median; at most ${max.toFixed(1)}`),
    ),
    aimed('story of a process, p99', story.p99, 'ms', 20, `median ${story.p50.toFixed(1)}`),
    aimed('peak memory of the process', rss, 'MiB', 250, `${partitions} partitions`),
  ];
}

function rivals({
  events,
  seconds,
  kinds,
  histogram,
  bytes,
  rss_mib: rss,
}: v.InferOutput<typeof rival>): Figure[] {
  const note = `${events} events, nothing coming in`;
  const plain = (name: string, value: number, unit: string, more = '') =>
    figure(`a plain table: ${name}`, value, unit, note + more);
  return [
    plain('filled', events / seconds, 'events/s'),
    plain('stored', bytes / events, 'bytes per event'),
    ...kinds.map(({ name, p50, p99 }) =>
      plain(`newest page, ${name}, p99`, p99, 'ms', `; median ${p50.toFixed(2)}`),
    ),
    plain('histogram of two weeks', histogram.p50, 'ms'),
    plain('peak memory of the process', rss, 'MiB'),
  ];
}

function figure(name: string, value: number, unit: string, note?: string): Figure {
  return { bench: 'scale', name, value, unit, ...(note === undefined ? {} : { note }) };
}

function aimed(name: string, value: number, unit: string, most: number, note: string): Figure {
  return { ...figure(name, value, unit, note), aim: `≤ ${most} ${unit}`, reached: value <= most };
}
