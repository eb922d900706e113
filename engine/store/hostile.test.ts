import { afterEach, expect, test } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventFields } from '../../shared/event.ts';
import type { Query } from '../../shared/query.ts';
import { PageSearch } from './pages.ts';
import { writePartition } from './partition.builder.ts';
import { Partitions } from './partitions.ts';
import { sealInCatalogue } from './sealed.builder.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Which events of a partition, by their index, each query selects. */
function selected(queries: readonly Query[], batch: readonly EventFields[], sealed: boolean): number[][] {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-hostile-'));
  folders.push(folder);
  const events = batch.map((fields, sequence) => ({ cursor: { boot: 1, timeNs: 1000, sequence }, fields }));
  writePartition(folder, 1, events, { boot: 1, bootId: 'boot' });
  if (sealed) sealInCatalogue(folder, 1);
  const partitions = new Partitions(folder, (_, problem) => {
    throw new Error(problem);
  });
  const after = { boot: 0, timeNs: 0, sequence: 0 };
  const found = queries.map((query) => {
    const page = new PageSearch(partitions, { query, after, limit: 1000, now: 0 }, () => undefined).run();
    return page.events.map(({ cursor }) => Number(cursor.split('.')[2]));
  });
  partitions.close();
  return found;
}

test.each([true, false])(
  'a query with as many conditions as the language allows is answered, sealed: %s',
  (sealed) => {
    const terms = Array.from({ length: 128 }, (_, i): Query => ({
      type: 'anywhere',
      pattern: [{ literal: `no${i}` }],
    }));
    const batch: EventFields[] = [{ 'process.args': ['xno127x'] }, { 'process.name': 'no' }];
    const both: Query[] = [
      { type: 'or', terms },
      { type: 'and', terms },
    ];
    expect(selected(both, batch, sealed)).toEqual([[0], []]);
  },
);

test.each([true, false])('the longest texts that a query can hold are looked for, sealed: %s', (sealed) => {
  for (const letter of ['\u0001', '\\', '%', '"', '\uffff', '\ud800', '語', '😀']) {
    const literal = letter.repeat(4090);
    const batch: EventFields[] = [{ 'process.name': literal }, { 'process.args': ['x', literal] }, {}];
    const exact: Query = { type: 'match', field: 'process.name', pattern: [{ literal }] };
    const free: Query = { type: 'anywhere', pattern: [{ literal }] };
    expect(selected([free, exact], batch, sealed)).toEqual([[0, 1], [0]]);
  }
});

test.each([true, false])('letters beyond A to Z are not folded, sealed: %s', (sealed) => {
  const batch = ['KELVIN', '\u212aelvin', 'kelvin', 'İstanbul', 'istanbul', 'ÉCOLE', 'école'].map(
    (name): EventFields => ({ 'process.name': name }),
  );
  const word = (literal: string): Query => ({ type: 'anywhere', pattern: [{ literal }] });
  const words = ['kelvin', '\u212aelvin', 'istanbul', 'École', 'école'].map(word);
  expect(selected(words, batch, sealed)).toEqual([[0, 2], [1], [4], [5], [6]]);
});
