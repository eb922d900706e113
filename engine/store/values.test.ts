import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FIELDS, isFieldName, type FieldName } from '../../shared/event.ts';
import { formatQuery, parseQuery, toPredicate, type Query } from '../../shared/query.ts';
import { anyQuery, RANDOM_NOW as NOW } from '../../shared/query/arbitrary.ts';
import type { Values, ValuesRequest } from './contract.ts';
import { foldText } from './terms.ts';
import { textOf, ValuesCount } from './values.ts';
import { dropWorld, makeWorld, type World } from './world.double.ts';

const EVENTS = 900;
let worlds: readonly World[] = [];
beforeAll(() => {
  worlds = [0, 1, 2].map((seed) => makeWorld(seed, EVENTS));
});
afterAll(() => worlds.forEach(dropWorld));

type Asked = Omit<ValuesRequest, 'now' | 'limit'>;

function counted({ partitions }: World, asked: Asked, limit = 10_000): Values {
  const values = new ValuesCount(partitions, { ...asked, limit, now: NOW }, () => undefined).run();
  partitions.end();
  return values;
}

function naive({ events }: World, { field, prefix = '', query, fromMs, untilMs }: Asked) {
  const predicate = toPredicate(query, NOW);
  const timed = fromMs !== undefined || untilMs !== undefined;
  const counts = new Map<string, number>();
  for (const { fields } of events) {
    const at = fields['@timestamp'];
    if (timed && !(at !== undefined && at >= (fromMs ?? -Infinity) && at < (untilMs ?? Infinity))) continue;
    const value = fields[field];
    if (value === undefined || Number.isNaN(value) || !predicate(fields)) continue;
    for (const member of typeof value === 'object' ? new Set(value) : [textOf(field, value)]) {
      if (!foldText(member).startsWith(foldText(prefix))) continue;
      counts.set(member, (counts.get(member) ?? 0) + 1);
    }
  }
  return counts;
}

const asMap = ({ values }: Values) => new Map(values.map(({ value, events }) => [value, events]));

const someField = fc.constantFrom(
  ...Object.keys(FIELDS).filter(isFieldName),
  // What is asked for most.
  ...(['process.args', 'event.action', 'process.command_line', 'process.pid'] as const),
);
const moment = fc.integer({ min: -3_600_000, max: 3_600_000 }).map((ms) => NOW + ms / 4);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

test('values are counted as a naive count does, whatever the query, the range and the prefix', () => {
  const asked = fc.record({
    field: someField,
    prefix: maybe(fc.constantFrom('', 'a', 'A', '%', '1')),
    query: fc.option(anyQuery),
    fromMs: maybe(moment),
    untilMs: maybe(moment),
  });
  fc.assert(
    fc.property(asked, fc.constantFrom(0, 1, 2), (request, n) => {
      const found = counted(worlds[n]!, request);
      expect(found.countedFromMs).toBeUndefined();
      expect(asMap(found), formatQuery(request.query)).toEqual(naive(worlds[n]!, request));
      expect(found.distinct).toBe(found.values.length);
    }),
    { numRuns: 300 },
  );
});

test('the most frequent come first, and as many as were asked for', () => {
  const asked: Asked = { field: 'event.action', query: null };
  const all = counted(worlds[0]!, asked).values;
  expect(all.length).toBeGreaterThan(3);
  expect(all.map(({ events }) => events)).toEqual(all.map(({ events }) => events).sort((a, b) => b - a));
  const some = counted(worlds[0]!, asked, 2);
  expect(some.values).toEqual(all.slice(0, 2));
  expect(some.distinct).toBe(all.length);
});

test.each<[string, Asked]>([
  ['everything', { field: 'event.action', query: null }],
  ['a query', { field: 'process.command_line', query: absent('user.id') }],
  ['a range', { field: 'event.action', query: null, fromMs: NOW - 900_000, untilMs: NOW + 900_000 }],
])('counts of %s that patience ends have all from where they say on, and nothing twice', (_, asked) => {
  const world = worlds[0]!;
  const found = counted(world, { ...asked, patienceMs: 0 });
  expect(found.countedFromMs).toBeDefined();
  const all = naive(world, asked);
  const late = naive(world, { ...asked, fromMs: Math.max(asked.fromMs ?? 0, found.countedFromMs!) });
  const counts = asMap(found);
  expect(sum(counts)).toBeLessThan(sum(all));
  for (const [value, events] of late) expect(counts.get(value) ?? 0).toBeGreaterThanOrEqual(events);
  for (const [value, events] of counts) expect(events).toBeLessThanOrEqual(all.get(value) ?? 0);
});

const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((a, b) => a + b, 0);

function absent(field: FieldName): Query {
  const parsed = parseQuery(`not ${field}:*`);
  if (!parsed.ok || parsed.value === null) throw new Error(field);
  return parsed.value;
}
