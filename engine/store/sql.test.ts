import Database from 'better-sqlite3';
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EventFields } from '../../shared/event.ts';
import { formatQuery, toPredicate, type Query } from '../../shared/query.ts';
import { normalPattern } from '../../shared/query/pattern.ts';
import { anyQuery, eventFields, RANDOM_NOW } from '../../shared/query/arbitrary.ts';
import { openStore, type Store } from './index.ts';
import { Pages } from './pages.ts';

let folder: string;
let store: Store;
let db: Database.Database;
let pages: Pages;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-sql-'));
  store = openStore(folder);
  db = new Database(join(folder, 'events.db'), { readonly: true });
  pages = new Pages(db);
});
afterAll(async () => {
  db.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

let stored = 0;
/** The events of a batch that SQL selects for each query, by their index. */
function selected(queries: readonly Query[], batch: readonly EventFields[]): readonly (readonly number[])[] {
  const first = ++stored;
  store.append(batch.map((fields, i) => ({ cursor: { boot: 1, timeNs: first, sequence: i }, fields })));
  const after = { boot: 1, timeNs: first - 1, sequence: 1000 };
  return queries.map((query) => {
    const page = pages.page({ query, after, limit: 1000, now: RANDOM_NOW }, () => undefined);
    return page.events.map(({ cursor }) => Number(cursor.split('.')[2]));
  });
}

const runs = Number(process.env['MERLON_FUZZ_RUNS'] ?? 200);

test('SQL and predicate select the same events', { timeout: 60_000 + runs * 100 }, () => {
  let matched = 0;
  let unmatched = 0;
  fc.assert(
    fc.property(
      fc.array(anyQuery, { minLength: 3, maxLength: 8 }),
      fc.array(eventFields, { minLength: 1, maxLength: 12 }),
      (queries, batch) => {
        const found = selected(queries, batch);
        for (const [i, query] of queries.entries()) {
          const predicate = toPredicate(query, RANDOM_NOW);
          const wanted = batch.flatMap((fields, n) => (predicate(fields) ? [n] : []));
          expect(found[i], formatQuery(query)).toEqual(wanted);
          matched += wanted.length;
          unmatched += batch.length - wanted.length;
        }
      },
    ),
    { numRuns: runs },
  );
  // Neither all nor nothing: the property would hold for a query language that ignores the query.
  expect(Math.min(matched, unmatched) / (matched + unmatched)).toBeGreaterThan(0.1);
});

test(
  'every text that was stored is found by itself, its head, its tail and its middle',
  { timeout: 120_000 },
  () => {
    fc.assert(
      fc.property(eventFields, (fields) => {
        const name = fields['process.name'];
        if (name === undefined) return;
        const points = Array.from(name);
        const half = points.length >> 1;
        const patterns = [
          [{ literal: name }],
          [{ literal: points.slice(0, half).join('') }, { wildcard: '*' as const }],
          [{ wildcard: '*' as const }, { literal: points.slice(half).join('') }],
          points.map(() => ({ wildcard: '?' as const })),
        ];
        const queries = patterns.map((pattern): Query => ({
          type: 'match',
          field: 'process.name',
          pattern: normalPattern(pattern),
        }));
        expect(selected(queries, [fields])).toEqual(queries.map(() => [0]));
      }),
      { numRuns: 100 },
    );
  },
);

test('a query with as many conditions as the language allows is answered', { timeout: 120_000 }, () => {
  const terms = Array.from({ length: 128 }, (_, i): Query => ({
    type: 'anywhere',
    pattern: [{ literal: `no${i}` }],
  }));
  const batch: EventFields[] = [{ 'process.args': ['xno127x'] }, { 'process.name': 'no' }];
  const both: Query[] = [
    { type: 'or', terms },
    { type: 'and', terms },
  ];
  expect(selected(both, batch)).toEqual([[0], []]);
});

test('the longest texts that a query can hold are looked for', { timeout: 120_000 }, () => {
  for (const letter of ['\u0001', '\\', '%', '\uffff', '\ud800', '語']) {
    const literal = letter.repeat(8190);
    const batch: EventFields[] = [{ 'process.name': literal }, { 'process.args': ['x', literal] }, {}];
    expect(selected([{ type: 'anywhere', pattern: [{ literal }] }], batch)).toEqual([[0, 1]]);
  }
});
