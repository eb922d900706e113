import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  compareCursors,
  formatCursor,
  parseCursor,
  type Cursor,
  type EventFields,
} from '../../shared/event.ts';
import { formatQuery, parseQuery, toPredicate, type Query } from '../../shared/query.ts';
import { anyQuery, RANDOM_NOW } from '../../shared/query/arbitrary.ts';
import type { PageRequest, StoredEvent } from './contract.ts';
import { HistogramCount } from './histogram.ts';
import { PageSearch } from './pages.ts';
import { Stories } from './story.ts';
import { dropWorld, madeId, makeWorld, type World } from './world.double.ts';

const EVENTS = 900;
let worlds: readonly World[] = [];
/** Its events follow one another so closely that many chunks lie in one minute. */
let close: World;
beforeAll(() => {
  worlds = [0, 1, 2].map((seed) => makeWorld(seed, EVENTS));
  close = makeWorld(4, 9000, 30);
});
afterAll(() => [...worlds, close].forEach(dropWorld));

const noPause = () => undefined;
const NOW = RANDOM_NOW;

function pageOf({ partitions }: World, request: Omit<PageRequest, 'now'>) {
  const page = new PageSearch(partitions, { now: NOW, ...request }, noPause).run();
  partitions.end();
  return page;
}

const cursor: fc.Arbitrary<Cursor> = fc.record({
  boot: fc.integer({ min: 0, max: 3 }),
  timeNs: fc.integer({ min: 900, max: 1000 + EVENTS * 5 + 100 }),
  sequence: fc.integer({ min: 0, max: 2 * EVENTS }),
});
const moment = fc.integer({ min: -3_600_000, max: 3_600_000 }).map((ms) => NOW + ms / 4);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

describe('a page', () => {
  test('has what lies between its places and times, in its order, wherever they are', () => {
    const request = fc.record({
      query: fc.option(anyQuery),
      before: maybe(cursor),
      after: maybe(cursor),
      sinceMs: maybe(moment),
      untilMs: maybe(moment),
      limit: fc.integer({ min: 1, max: 60 }),
    });
    fc.assert(
      fc.property(request, fc.constantFrom(0, 1, 2), (asked, n) => {
        const world = worlds[n]!;
        const { before, after, sinceMs = -Infinity, untilMs = Infinity, query, limit } = asked;
        const predicate = toPredicate(query, NOW);
        const timed = asked.sinceMs !== undefined || asked.untilMs !== undefined;
        const wanted = world.events.filter(({ cursor: at, fields }) => {
          const ms = fields['@timestamp'];
          return (
            (before === undefined || compareCursors(at, before) < 0) &&
            (after === undefined || compareCursors(at, after) > 0) &&
            (!timed || (ms !== undefined && ms >= sinceMs && ms < untilMs)) &&
            predicate(fields)
          );
        });
        if (after === undefined) wanted.reverse();
        const page = pageOf(world, asked);
        const found = page.events.map((event) => event.cursor);
        expect(found).toEqual(wanted.slice(0, limit).map((event) => formatCursor(event.cursor)));
        if (wanted.length > limit) expect(page.next).toBe(found.at(-1));
        if (wanted.length < limit) expect(page.next).toBeUndefined();
      }),
      { numRuns: 400 },
    );
  });

  test('gives every event back as it was appended', () => {
    for (const world of worlds) {
      const { events } = pageOf(world, {
        query: null,
        after: { boot: 0, timeNs: 0, sequence: 0 },
        limit: 2000,
      });
      const stored = world.events.map((event) => ({
        cursor: formatCursor(event.cursor),
        fields: event.fields,
      }));
      expect(events).toEqual(stored);
    }
  });

  test.each([false, true])('that patience ends goes on where it was, oldest first: %s', (oldestFirst) => {
    for (const world of worlds) {
      const query: Query = { type: 'match', field: 'process.name', pattern: [{ literal: 'a' }] };
      const found: string[] = [];
      let place: Cursor | undefined = oldestFirst ? { boot: 0, timeNs: 0, sequence: 0 } : undefined;
      let parts = 0;
      for (;;) {
        const page = pageOf(world, {
          query,
          limit: 1000,
          patienceMs: 0,
          ...(oldestFirst ? { after: place } : { before: place }),
        });
        parts++;
        found.push(...page.events.map((event) => event.cursor));
        if (page.next === undefined) break;
        expect(page.searched!.events).toBeGreaterThan(0);
        expect(page.searched!.of).toBeGreaterThanOrEqual(page.searched!.events);
        place = parseCursor(page.next);
      }
      expect(parts).toBeGreaterThan(2);
      const predicate = toPredicate(query);
      const wanted = world.events
        .filter(({ fields }) => predicate(fields))
        .map((event) => formatCursor(event.cursor));
      expect(found).toEqual(oldestFirst ? wanted : wanted.reverse());
    }
  });
});

test('an event is got by its place, and no other', () => {
  for (const world of worlds) {
    const stories = new Stories(world.partitions, noPause);
    for (const { cursor: at, fields } of world.events.filter((_, i) => i % 37 === 0)) {
      expect(stories.get(at)).toEqual({ cursor: formatCursor(at), fields });
      expect(stories.get({ ...at, timeNs: at.timeNs + 1 })).toBeUndefined();
      expect(stories.get({ ...at, boot: 3 })).toBeUndefined();
    }
    world.partitions.end();
  }
});

describe('a histogram', () => {
  const counted = (world: World, query: Query | null, fromMs: number, untilMs: number, stepMs: number) => {
    const predicate = toPredicate(query, NOW);
    const counts: Record<string, number[]> = {};
    for (const { fields } of world.events) {
      const at = fields['@timestamp'];
      if (at === undefined || at < fromMs || at >= untilMs || !predicate(fields)) continue;
      let bucket = 0;
      while (at >= fromMs + (bucket + 1) * stepMs) bucket++;
      const action = fields['event.action'] ?? '';
      counts[action] ??= Array<number>(Math.ceil((untilMs - fromMs) / stepMs)).fill(0);
      counts[action][bucket]!++;
    }
    return counts;
  };
  const actions = [
    '',
    'event.action:exec',
    'not event.action:f*',
    'event.action:*',
    'event.action:(exit or fork)',
  ];
  const someQuery = fc.oneof(
    anyQuery,
    fc.constantFrom(...actions).map((text) => {
      const parsed = parseQuery(text);
      if (!parsed.ok) throw new Error(text);
      return parsed.value;
    }),
  );

  test('counts each event once, whether its edges are whole minutes or not', () => {
    const minute = fc
      .integer({ min: -70, max: 70 })
      .map((minutes) => Math.floor(NOW / 60_000 + minutes) * 60_000);
    const from = fc.oneof(minute, moment);
    const step = fc.constantFrom(60_000, 300_000, 3_600_000, 61_234, 7777.5);
    fc.assert(
      fc.property(
        someQuery,
        from,
        step,
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(0, 1, 2, 3, 3),
        (query, fromMs, stepMs, buckets, n) => {
          const world = worlds[n] ?? close;
          const untilMs = fromMs + (buckets - 0.5 * (buckets % 2)) * stepMs;
          const request = { query, fromMs, untilMs, stepMs, now: NOW };
          const { counts, countedFromMs } = new HistogramCount(world.partitions, request, noPause).run();
          world.partitions.end();
          expect(countedFromMs).toBeUndefined();
          expect(nonZero(counts), formatQuery(query)).toEqual(
            nonZero(counted(world, query, fromMs, untilMs, stepMs)),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  test('that patience ends is right from where it says on', () => {
    const world = worlds[0]!;
    const query: Query = { type: 'not', term: { type: 'present', field: 'user.id' } };
    const fromMs = NOW - 3_600_000;
    const untilMs = NOW + 3_600_000;
    const request = { query, fromMs, untilMs, stepMs: 60_000, now: NOW, patienceMs: 0 };
    const { counts, countedFromMs } = new HistogramCount(world.partitions, request, noPause).run();
    world.partitions.end();
    expect(countedFromMs).toBeGreaterThan(fromMs);
    const first = Math.ceil((countedFromMs! - fromMs) / 60_000);
    const late = (all: Readonly<Record<string, readonly number[]>>) =>
      nonZero(Object.fromEntries(Object.entries(all).map(([name, sums]) => [name, sums.slice(first)])));
    expect(late(counts)).toEqual(late(counted(world, query, fromMs, untilMs, 60_000)));
  });

  test('of too many buckets is refused with a sentence', () => {
    const request = { query: null, fromMs: 0, untilMs: 1e9, stepMs: 1, now: NOW };
    expect(() => new HistogramCount(worlds[0]!.partitions, request, noPause)).toThrow(/at most 2000 buckets/);
  });
});

const nonZero = (counts: Readonly<Record<string, readonly number[]>>) =>
  Object.fromEntries(Object.entries(counts).filter(([, sums]) => sums.some((sum) => sum > 0)));

describe('a story', () => {
  const id = (pid: number) => madeId(pid);
  const ofProcess = (events: readonly StoredEvent[], entityId: string) =>
    events.filter(({ fields }) => fields['process.entity_id'] === entityId);

  test('has what happened to a process that no chance has made', () => {
    for (const world of worlds) {
      const stories = new Stories(world.partitions, noPause);
      for (const name of ['a', 'b', 'A', '']) {
        const own = ofProcess(world.events, name);
        const story = stories.story(name, 10_000);
        world.partitions.end();
        if (own.length === 0) {
          expect(story).toBeUndefined();
          continue;
        }
        expect(story!.events.map((event) => event.cursor)).toEqual(
          own.map((event) => formatCursor(event.cursor)),
        );
        const lived = own.filter(({ fields }) => fields['event.action'] !== 'exec_failed');
        const merged = (lived.length > 0 ? lived : own).reduce<EventFields>(
          (all, { fields }) => ({ ...all, ...fields }),
          {},
        );
        expect(story!.process).toEqual(merged);
      }
    }
  });

  test('goes up to the first ancestor and down to every descendant', () => {
    const world = worlds[0]!;
    const stories = new Stories(world.partitions, noPause);
    const story = stories.story(id(5), 1000);
    world.partitions.end();
    const names = (all: readonly EventFields[]) => all.map((fields) => fields['process.entity_id']);
    expect(names(story!.ancestors).slice(0, 2)).toEqual([id(2), id(1)]);
    // Made by halving: 5 has 10 and 11, which have 20 to 23, and they 40.
    expect(names(story!.descendants)).toEqual(
      expect.arrayContaining([id(10), id(11), id(20), id(21), id(22), id(23)]),
    );
    expect(names(stories.story(id(5), 2)!.descendants)).toHaveLength(2);
    world.partitions.end();
  });
});
