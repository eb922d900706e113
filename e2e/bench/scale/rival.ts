/** The same of a plain table (plain.ts), filled and asked in one process: `node rival.ts EVENTS`. Prints JSON. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { percentile } from '../figures.ts';
import { peakRssMiB } from '../machine.ts';
import { seldomMark, seldomPath, SELDOM } from '../past.ts';
import { PlainStore } from '../plain.ts';
import { newPast } from './folder.ts';

const BATCH = 4096;
const events = Number(process.argv[2]);
const past = newPast(events);
const programs = 'bash sh curl gcc cc1 as ld make sed grep node git cat python3'.split(' ');
const parts = ['inc', 'ncl', 'usr', 'pro', 'roj', 'oje', 'jec', 'art', 'url', 'gre', 'pyt', 'ode'];
const few = Array.from({ length: SELDOM }, (_, i) => i);
const seldomHits = Math.min(100, Math.floor(events / 2000 / SELDOM));

const folder = mkdtempSync(join(tmpdir(), 'merlon-bench-plain-'));
try {
  const store = new PlainStore(join(folder, 'plain.db'));
  const begun = performance.now();
  for (let n = 0; n < events; n += BATCH) {
    store.append(Array.from({ length: Math.min(BATCH, events - n) }, (_, i) => past.event(n + i)));
  }
  const seconds = (performance.now() - begun) / 1000;
  const kinds = [
    kind('an exact common term', programs, 100, (name) => store.newestWith('process.name', name)),
    kind('an exact rare term', few, seldomHits, (i) => store.newestWith('process.executable', seldomPath(i))),
    kind('an exact absent term', few, 0, (i) => store.newestWith('process.executable', `/opt/none/${i}`)),
    kind('three characters, common', parts, 100, (part) => store.newestContaining(part)),
    kind('three characters, rare', few, seldomHits, (i) => store.newestContaining(seldomMark(i))),
    kind('three characters, absent', few, 0, (i) => store.newestContaining(`~${i + 10}`)),
  ];
  const { firstMs } = past.options;
  const histogram = times(
    Array.from({ length: 3 }, () => () => store.histogram(firstMs, Date.now(), 20 * 60_000)),
  );
  const bytes = store.close();
  console.log(JSON.stringify({ events, seconds, kinds, histogram, bytes, rss_mib: peakRssMiB(process.pid) }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function kind<T>(name: string, terms: readonly T[], hits: number, ask: (term: T) => readonly number[]) {
  const asked = [...terms, ...terms].map((term) => () => {
    assert.equal(ask(term).length, hits, `${name}: ${String(term)}`);
  });
  return { name, ...times(asked) };
}

function times(asked: readonly (() => unknown)[]) {
  const took = asked.map((ask) => {
    const begun = performance.now();
    ask();
    return performance.now() - begun;
  });
  return { p50: percentile(took, 50), p99: percentile(took, 99), max: percentile(took, 100) };
}
