/**
 * Asks a stored past, in a process of its own as the engine is one: `node ask.ts FOLDER`. Prints JSON.
 */
import assert from 'node:assert/strict';
import type { Page, Store } from '../../../engine/store/contract.ts';
import { openStore } from '../../../engine/store/index.ts';
import { parseCursor } from '../../../shared/event.ts';
import { parseQuery, type Query } from '../../../shared/query.ts';
import { percentile } from '../figures.ts';
import { peakRssMiB, say } from '../machine.ts';
import { Feeder } from './feeder.ts';
import { KEEP_ALL, storedPast, storeFolder } from './folder.ts';
import { indexed, others, type Kind, type Search } from './searches.ts';
import { numberOf, PAGE, verifyHistogram, verifyHits, verifyNewest, verifyStory } from './verify.ts';

const PER_SECOND = 20_000;
/** What a face lets a search take before it shows what there is. */
const PATIENCE_MS = 60;
const STORIES = 200;
const HISTOGRAMS = 20;
const STEP_MS = 20 * 60_000;

interface Times {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}
const times = (values: readonly number[]): Times => ({
  p50: percentile(values, 50),
  p99: percentile(values, 99),
  max: percentile(values, 100),
});

async function timed<T>(ask: () => Promise<T>): Promise<readonly [number, T]> {
  const begun = performance.now();
  const answer = await ask();
  return [performance.now() - begun, answer];
}

function parsed(text: string): Query | null {
  const query = parseQuery(text);
  assert.ok(query.ok, text);
  return query.value;
}

const [folder = ''] = process.argv.slice(2);
const past = storedPast(folder);
if (past === undefined) throw new Error(`no past is stored in ${folder}`);
const { events, boots } = past.options;

const store = await openStore({
  folder: storeFolder(folder),
  bootId: past.bootId(boots),
  retention: KEEP_ALL,
});
const firstPage = await store.page({ query: null, limit: PAGE });
assert.equal(firstPage.events.length, PAGE);

/** Later runs find what earlier ones let come in. */
const stored = past.first(boots) + store.last.sequence;
assert.equal(store.stats().events, stored, 'events in the store');
assert.equal(numberOf(past, firstPage.events[0]!), stored - 1);

const feeder = new Feeder(store, past, stored, PER_SECOND);
const kinds = [];
for (const kind of indexed(past)) kinds.push(await pages(store, feeder, kind));
const streamed = [];
for (const search of others(past)) streamed.push(await stream(store, feeder, search));
const histogram = await histograms(store);
const story = await stories(store);
const fed = feeder.stop();
const rss = peakRssMiB(process.pid);
const { partitions, bytes } = store.stats();
await store.close();
console.log(JSON.stringify({ kinds, streamed, histogram, story, fed, rss_mib: rss, partitions, bytes }));

async function pages(from: Store, feeder: Feeder, { name, searches }: Kind) {
  say(`scale: ${name}`);
  const took: number[] = [];
  for (const search of searches) {
    const query = parsed(search.query);
    await feeder.caughtUp();
    const { committed } = feeder;
    const [ms, page] = await timed(() => from.page({ query, limit: PAGE }));
    took.push(ms);
    verifyNewest(past!, search, page, committed, feeder.given);
  }
  return { name, ...times(took), samples: took.length };
}

/** As a face does it: what was found so far, and on from there. Events that came in later are no part of it. */
async function stream(from: Store, feeder: Feeder, search: Search) {
  say(`scale: ${search.query}`);
  const query = parsed(search.query);
  await feeder.caughtUp();
  const [newest = -1] = search.hits(feeder.committed - 1);
  const begun = performance.now();
  const found: Page['events'][number][] = [];
  let first: number | undefined;
  let rows: number | undefined;
  let longest = 0;
  let before: string | undefined;
  do {
    const cursor = before === undefined ? undefined : parseCursor(before);
    const limit = PAGE - found.length;
    const request = { query, limit, before: cursor, patienceMs: PATIENCE_MS };
    const [ms, page] = await timed(() => from.page(request));
    const at = performance.now() - begun;
    first ??= at;
    longest = Math.max(longest, ms);
    found.push(...page.events);
    if (page.events.length > 0) rows ??= at;
    before = page.next;
  } while (before !== undefined && found.length < PAGE);
  const whole = performance.now() - begun;
  verifyHits(past!, search, found);
  const [top] = found;
  assert.ok(
    newest <= (top === undefined ? -1 : numberOf(past!, top)),
    `${search.query}: ${newest} is missing`,
  );
  return { query: search.query, first, rows: rows ?? null, whole, longest, found: found.length };
}

async function histograms(from: Store) {
  const fromMs = past!.options.firstMs;
  // What comes in now is later.
  const untilMs = Math.floor(past!.wallMs(events - 1) / 60_000) * 60_000;
  const curl = parsed('process.name:curl');
  const cases = [
    { name: 'every event', query: null, fromMs, fits: () => true },
    { name: 'every event, from within a minute', query: null, fromMs: fromMs + 17_321.5, fits: () => true },
    { name: 'process.name:curl', query: curl, fromMs, fits: (n: number) => past!.isCurl(n) },
  ];
  const results = [];
  for (const { name, query, fits, fromMs: begin } of cases) {
    say(`scale: histogram of ${name}`);
    const took: number[] = [];
    const range = { fromMs: begin, untilMs, stepMs: STEP_MS };
    for (let i = 0; i < HISTOGRAMS; i++) {
      const [ms, counts] = await timed(() => from.histogram({ query, ...range }));
      took.push(ms);
      if (i === 0) verifyHistogram(past!, counts, range, fits);
    }
    results.push({ name, ...times(took), samples: took.length });
  }
  return results;
}

async function stories(from: Store) {
  say('scale: stories');
  const took: number[] = [];
  const lives = Math.floor(events / 192) * 64;
  for (let i = 0; i < STORIES; i++) {
    const life = Math.floor((lives / STORIES) * (i + 0.37));
    const [ms, story] = await timed(() => from.story(past!.entityId(life), 1000));
    took.push(ms);
    verifyStory(past!, life, story);
  }
  return { ...times(took), samples: took.length };
}
