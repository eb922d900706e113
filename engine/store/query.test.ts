import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatCursor, parseCursor } from '../../shared/event.ts';
import { formatQuery, toPredicate, type Query } from '../../shared/query.ts';
import { anyQuery, RANDOM_NOW } from '../../shared/query/arbitrary.ts';
import { normalPattern } from '../../shared/query/pattern.ts';
import { HistogramCount } from './histogram.ts';
import { PageSearch } from './pages.ts';
import { scan } from './scan.ts';
import { dropWorld, madeId, makeWorld, type World } from './world.double.ts';

const FOLDERS = 5;
const EVENTS = 900;
let worlds: readonly World[] = [];
beforeAll(() => {
  worlds = Array.from({ length: FOLDERS }, (_, seed) => makeWorld(seed, EVENTS));
});
afterAll(() => worlds.forEach(dropWorld));

const noPause = () => undefined;

/** Cursors of all matches, newest first, page by page. */
function searched({ partitions }: World, query: Query | null, limit: number): string[] {
  const found: string[] = [];
  let before: ReturnType<typeof parseCursor>;
  for (;;) {
    const page = new PageSearch(partitions, { query, limit, before, now: RANDOM_NOW }, noPause).run();
    partitions.end();
    found.push(...page.events.map(({ cursor }) => cursor));
    if (page.next === undefined) return found;
    before = parseCursor(page.next);
  }
}

/** The same by all that the index can tell, however much it takes, oldest first. */
function scanned({ partitions }: World, query: Query | null): string[] {
  const found: string[] = [];
  for (const entry of partitions.list()) {
    const file = partitions.use(entry);
    if (typeof file !== 'object') throw new Error('a partition is not there');
    const wanted = { query, now: RANDOM_NOW, fromMs: -Infinity, untilMs: Infinity, first: 0, last: 1e9 };
    const how = { ...wanted, newestFirst: false };
    for (const { matches } of scan(file, how, { events: Infinity }, () => Infinity, noPause)) {
      for (const match of matches) found.push(match.event().cursor);
    }
  }
  partitions.end();
  return found;
}

/** Events by minutes from within one, of an hour around the others' clock. */
const RANGE = { fromMs: RANDOM_NOW - 1_800_017.25, untilMs: RANDOM_NOW + 1_800_000, stepMs: 60_000 };

/** How many of them a histogram counts, by bucket and action. */
function counted({ partitions }: World, query: Query | null): Map<string, number> {
  const { counts } = new HistogramCount(partitions, { query, now: RANDOM_NOW, ...RANGE }, noPause).run();
  partitions.end();
  return new Map(
    Object.entries(counts).flatMap(([action, sums]) =>
      sums.flatMap((events, bucket) => (events > 0 ? [[`${bucket} ${action}`, events] as const] : [])),
    ),
  );
}

function naivelyCounted({ events }: World, query: Query | null): Map<string, number> {
  const predicate = toPredicate(query, RANDOM_NOW);
  const counts = new Map<string, number>();
  for (const { fields } of events) {
    const at = fields['@timestamp'];
    if (at === undefined || at < RANGE.fromMs || at >= RANGE.untilMs || !predicate(fields)) continue;
    const key = `${Math.floor((at - RANGE.fromMs) / RANGE.stepMs)} ${fields['event.action'] ?? ''}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function naive({ events }: World, query: Query | null): string[] {
  const predicate = toPredicate(query, RANDOM_NOW);
  return events.filter(({ fields }) => predicate(fields)).map(({ cursor }) => formatCursor(cursor));
}

const runs = Number(process.env['MERLON_FUZZ_RUNS'] ?? 50);
/** A pair is a query and an event that it selects or not: each query meets every event of every folder. */
const PAIRS = runs * FOLDERS * EVENTS;

test(
  `a search, a histogram and a naive scan select the same of ${PAIRS} pairs`,
  { timeout: 60_000 + runs * 500 },
  () => {
    let matched = 0;
    fc.assert(
      fc.property(anyQuery, fc.constantFrom(7, 100, 1000), (query, limit) => {
        for (const world of worlds) {
          const wanted = naive(world, query);
          expect(scanned(world, query), formatQuery(query)).toEqual(wanted);
          expect(searched(world, query, limit), formatQuery(query)).toEqual(wanted.reverse());
          expect(counted(world, query), formatQuery(query)).toEqual(naivelyCounted(world, query));
          matched += wanted.length;
        }
      }),
      { numRuns: runs },
    );
    // Neither all nor nothing: the property would hold for a store that ignores the query.
    expect(matched / PAIRS).toBeGreaterThan(0.05);
    expect(matched / PAIRS).toBeLessThan(0.95);
  },
);

test('every text that was stored is found by itself, its head, its tail and its middle', () => {
  for (const world of worlds) {
    for (const { cursor, fields } of world.events.slice(-60)) {
      const name = fields['process.name'];
      if (name === undefined) continue;
      const points = Array.from(name);
      const half = points.length >> 1;
      const patterns = [
        [{ literal: name }],
        [{ literal: points.slice(0, half).join('') }, { wildcard: '*' as const }],
        [{ wildcard: '*' as const }, { literal: points.slice(half).join('') }],
        points.map(() => ({ wildcard: '?' as const })),
      ];
      for (const pattern of patterns) {
        const query: Query = { type: 'match', field: 'process.name', pattern: normalPattern(pattern) };
        expect(scanned(world, query)).toContain(formatCursor(cursor));
      }
    }
  }
});

test.each(['process.entity_id', 'process.parent.entity_id'] as const)(
  'made ids are found by %s, however they are stored and written',
  (field) => {
    for (const world of worlds) {
      for (const id of [madeId(3), madeId(7).toUpperCase(), madeId(0), 'a']) {
        const query: Query = { type: 'match', field, pattern: [{ literal: id }] };
        expect(scanned(world, query)).toEqual(naive(world, query));
      }
    }
  },
);
