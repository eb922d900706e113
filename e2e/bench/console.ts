/**
 * The open feed: what the page works in each frame while events pour in and while it is scrolled, how soon it can be
 * used, how soon a key brings the completions, and whether its memory stays. In a real Chromium, without a GPU.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import * as v from 'valibot';
import type { Page } from '@playwright/test';
import { ownFolder, type EngineOptions } from '../kernel/harness.ts';
import { bareList } from './bare.ts';
import { withConsole, withLoad, type OpenConsole } from './browser.ts';
import { median, percentile, type Figure } from './figures.ts';
import { ROOT, say } from './machine.ts';
import { onDouble, pouring } from './pour.ts';
import { KEEP_FLAGS, storedPast, storeFolder, withCopy } from './scale/folder.ts';

/** Three events each: 1,000 a second. */
const EXECS_PER_S = 334;
const MANY_EVENTS_PER_S = 10_000;
/** Rows that the feed changes in one frame at most. */
const ROWS_AT_ONCE = 4;
const OPENINGS = 15;
const KEYS = 30;
const TRACED_MS = 10_000;

export interface ConsoleOptions {
  /** A folder that `scale` has filled; an empty database without. */
  readonly folder: string | undefined;
  /** How long memory is watched. */
  readonly minutes: number;
}

export async function consoleBench({ folder, minutes }: ConsoleOptions): Promise<Figure[]> {
  const flood = await flooded();
  if (folder === undefined) return [...(await openFeed({}, 0, minutes)), ...flood];
  const past = storedPast(folder);
  if (past === undefined) throw new Error(`${folder} is not filled: run scale first`);
  return withCopy(storeFolder(folder), async (data) => [
    ...(await openFeed({ data, keep: KEEP_FLAGS }, past.options.events, minutes)),
    ...flood,
  ]);
}

/** More events than programs could make beside the page; and the least that any page can take here. */
async function flooded(): Promise<Figure[]> {
  const figures: Figure[] = [];
  const folder = ownFolder();
  const socket = join(folder, 'double.sock');
  try {
    await withConsole(onDouble(socket), async (open) => {
      await open.page.goto(await open.link());
      await ready(open.page);
      await pouring(socket, MANY_EVENTS_PER_S, async () => {
        const { flowing, live } = await flow(open);
        figures.push(...frames(`${flowing} into the live feed`, live));
      });
      await open.page.close();
      const page = await open.browser.newPage({ viewport: { width: 1440, height: 900 } });
      await bareList(page, ROWS_AT_ONCE);
      const { work } = await traced({ ...open, page }, () => wait(TRACED_MS));
      const name = `a bare list of texts, ${ROWS_AT_ONCE} rows of 30 changed in each frame, p99`;
      const note = `the least that a page takes here: median ${median(work).toFixed(2)} ms`;
      figures.push({ bench: 'console', name, value: percentile(work, 99), unit: 'ms', note });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return figures;
}

async function ready(page: Page): Promise<void> {
  await page.getByRole('grid').waitFor();
  await page.getByRole('textbox', { name: 'Query' }).and(page.locator('[contenteditable]')).waitFor();
}

async function openFeed(options: EngineOptions, stored: number, minutes: number): Promise<Figure[]> {
  const figures: Figure[] = [size()];
  await withConsole(options, async (open) => {
    figures.push(usable(await openings(open), stored));
    const { page } = open;
    await ready(page);
    await page.getByRole('button', { name: /^Range: / }).click();
    await page.getByRole('button', { name: 'All time' }).click();
    say('console: scrolling');
    const scrolled = await traced(open, () => scroll(page));
    figures.push(...frames(`scrolling ${stored} events`, scrolled));
    await page.reload();
    await ready(page);
    await withLoad(EXECS_PER_S, async () => {
      const { flowing, live } = await flow(open);
      figures.push(...frames(`${flowing} into the live feed`, live));
      figures.push(completion(await keys(page), flowing));
      figures.push(...(await memory(page, minutes, flowing)));
    });
  });
  return figures;
}

async function flow(open: OpenConsole) {
  await wait(3000);
  say('console: events pour in');
  const before = await received(open);
  const begun = Date.now();
  const live = await traced(open, () => wait(TRACED_MS));
  const rate = ((await received(open)) - before) / ((Date.now() - begun) / 1000);
  return { live, flowing: `${Math.round(rate)} events/s` };
}

const received = async ({ engine }: OpenConsole) => (await engine.status()).sensor.received;

/** Everything a browser may fetch, as a server that compresses sends it; fonts are compressed already. */
function size(): Figure {
  const folder = join(ROOT, 'out/renderer');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const bytes = files.reduce(
    (sum, { parentPath, name }) => sum + gzipSync(readFileSync(join(parentPath, name)), { level: 9 }).length,
    0,
  );
  return figure(
    'built renderer, gzipped',
    bytes / 1024,
    'KiB',
    400,
    `${files.length} files, fonts among them`,
  );
}

/** From the beginning of the navigation to the frame that shows rows and takes keys, in milliseconds. */
async function openings({ page, link }: OpenConsole): Promise<number[]> {
  say(`console: opened ${OPENINGS} times`);
  const times: number[] = [];
  for (let opening = 0; opening < OPENINGS; opening++) {
    await page.goto('about:blank');
    await page.goto(await link());
    times.push(await page.evaluate(usableAt));
  }
  return times;
}

/** In the page. */
function usableAt(): Promise<number> {
  return new Promise((resolve) => {
    const look = () => {
      const rows = document.querySelectorAll('[role="grid"] [role="row"]').length;
      const query = document.querySelector('[aria-label="Query"]');
      if (rows > 1 && query !== null) requestAnimationFrame(() => resolve(performance.now()));
      else requestAnimationFrame(look);
    };
    look();
  });
}

async function scroll(page: Page): Promise<void> {
  const box = await page.getByRole('grid').boundingBox();
  if (box === null) throw new Error('the feed shows no list');
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const end = Date.now() + TRACED_MS;
  while (Date.now() < end) {
    await page.mouse.wheel(0, 240);
    await wait(12);
  }
}

const traceSchema = v.object({
  traceEvents: v.array(
    v.object({
      name: v.string(),
      ph: v.string(),
      pid: v.number(),
      tid: v.number(),
      ts: v.optional(v.number(), 0),
      /** Microseconds by the clock. */
      dur: v.optional(v.number()),
      /** Microseconds of processor time. */
      tdur: v.optional(v.number()),
    }),
  ),
});

interface Frames {
  /** Milliseconds of the page's main thread for each frame that it made: processor time, and by the clock. */
  readonly work: readonly number[];
  readonly clock: readonly number[];
  readonly perSecond: number;
}

/** Each task of the page's main thread counts for the frame that came of it: the one that is laid out next. */
async function traced({ browser, page }: OpenConsole, body: () => Promise<void>): Promise<Frames> {
  await browser.startTracing(page, {
    categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline'],
  });
  const begun = Date.now();
  await body();
  const seconds = (Date.now() - begun) / 1000;
  const trace = v.parse(traceSchema, JSON.parse((await browser.stopTracing()).toString()));
  const threads = Map.groupBy(
    trace.traceEvents.filter(({ name }) => name === 'PrePaint'),
    ({ pid, tid }) => `${pid}/${tid}`,
  );
  const [busiest] = [...threads].toSorted(([, a], [, b]) => b.length - a.length);
  if (busiest === undefined) throw new Error('the page made no frame');
  const [thread, own] = busiest;
  const painted = own.map(({ ts }) => ts).toSorted((a, b) => a - b);
  const tasks = trace.traceEvents
    .filter(({ name, pid, tid }) => name === 'RunTask' && `${pid}/${tid}` === thread)
    .toSorted((a, b) => a.ts - b.ts);
  const work: number[] = [];
  const clock: number[] = [];
  let frame = { work: 0, clock: 0 };
  let next = 0;
  for (const { ts, dur = 0, tdur = dur } of tasks) {
    frame = { work: frame.work + tdur / 1000, clock: frame.clock + dur / 1000 };
    if ((painted[next] ?? Infinity) > ts + dur) continue;
    while ((painted[next] ?? Infinity) <= ts + dur) next++;
    work.push(frame.work);
    clock.push(frame.clock);
    frame = { work: 0, clock: 0 };
  }
  return { work, clock, perSecond: work.length / seconds };
}

function frames(name: string, { work, clock, perSecond }: Frames): Figure[] {
  const note =
    `${work.length} frames, ${perSecond.toFixed(0)}/s, median ${median(work).toFixed(2)} ms; ` +
    `by the clock p99 ${percentile(clock, 99).toFixed(1)} ms`;
  return [figure(`work in a frame, ${name}, p99`, percentile(work, 99), 'ms', 4, note)];
}

/** From the key to the frame that shows the list, in milliseconds. */
async function keys(page: Page): Promise<number[]> {
  say(`console: ${KEYS} keys`);
  const query = page.getByRole('textbox', { name: 'Query' });
  const list = page.getByRole('listbox', { name: 'Completions' });
  const clear = async () => {
    await query.focus();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.press('Backspace');
    if (await list.isVisible()) await page.keyboard.press('Escape');
    // Where the list had just gone, that led out of the bar.
    await query.focus();
  };
  const times: number[] = [];
  for (let key = 0; key < KEYS; key++) {
    await clear();
    await wait(300);
    const watch = await page.evaluateHandle(watchList);
    await page.keyboard.press('p');
    const took = await watch.evaluate(({ shown }) => shown);
    if (took < 0) throw new Error('no completions were shown within 5 s');
    times.push(took);
  }
  await clear();
  return times;
}

/** In the page, from before the key is pressed; -1 after five seconds. */
function watchList(): { readonly shown: Promise<number> } {
  let pressed = Infinity;
  addEventListener('keydown', ({ timeStamp }) => (pressed = timeStamp), { capture: true, once: true });
  const end = performance.now() + 5000;
  const shown = new Promise<number>((resolve) => {
    const look = () => {
      const list = document.querySelector('[role="listbox"][aria-label="Completions"]');
      if (list !== null && pressed < Infinity) requestAnimationFrame((now) => resolve(now - pressed));
      else if (performance.now() > end) resolve(-1);
      else requestAnimationFrame(look);
    };
    look();
  });
  return { shown };
}

/** What the page keeps in memory once everything else is let go, each minute. */
async function memory(page: Page, minutes: number, flowing: string): Promise<Figure[]> {
  const session = await page.context().newCDPSession(page);
  const used = async () => {
    await session.send('HeapProfiler.collectGarbage');
    return (await session.send('Runtime.getHeapUsage')).usedSize / 2 ** 20;
  };
  // Until the list holds as many rows as it ever does.
  await wait(15_000);
  const heaps = [await used()];
  for (let minute = 1; minute <= minutes; minute++) {
    await wait(60_000);
    heaps.push(await used());
    say(`console: minute ${minute} of ${minutes}, ${heaps.at(-1)?.toFixed(1)} MiB`);
  }
  const [first = NaN, ...later] = heaps;
  const last = median(later.slice(-3));
  return [
    {
      bench: 'console',
      name: `heap after ${minutes} min of ${flowing}, as a part of that at first`,
      value: last / first,
      unit: '×',
      aim: '≤ 1.05 ×',
      reached: last / first <= 1.05,
      note: `${first.toFixed(1)} MiB at first, ${Math.max(...heaps).toFixed(1)} at most, ${last.toFixed(1)} at last`,
    },
  ];
}

function usable(times: readonly number[], stored: number): Figure {
  const note = `median of ${times.length}; at most ${Math.max(...times).toFixed(0)} ms; ${stored} events stored`;
  return figure('page opened to rows shown', median(times), 'ms', 700, note);
}

function completion(times: readonly number[], flowing: string): Figure {
  const note = `median of ${times.length}, p99 ${percentile(times, 99).toFixed(0)} ms, ${flowing}`;
  return figure('key to completions shown', median(times), 'ms', 50, note);
}

function figure(name: string, value: number, unit: string, most: number, note: string): Figure {
  return { bench: 'console', name, value, unit, aim: `≤ ${most} ${unit}`, reached: value <= most, note };
}
