/** A face at a real engine with a real store: what only both together can show. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Console } from '../../shared/console.ts';
import { allEvents, EngineBench, PATIENCE, valueOf } from '../engine.harness.ts';

vi.setConfig({ testTimeout: 60_000 });

let bench: EngineBench;
beforeEach(() => {
  bench = new EngineBench();
});
afterEach(() => bench.end());

/** An engine with the life of a process in its store, and a face. */
async function withEvents() {
  const engine = await bench.start();
  const face = await bench.face();
  const events = await vi.waitFor(async () => {
    const all = await allEvents(face);
    expect(all.map(({ fields }) => fields['event.action'])).toContain('exit');
    return all;
  }, PATIENCE);
  return { engine, face, events };
}

test('counts add up to the events, and pages keep to their span', async () => {
  const { face, events } = await withEvents();
  const times = events.flatMap(({ fields }) => fields['@timestamp'] ?? []);
  const [from, last] = [Math.floor(Math.min(...times)), Math.max(...times)];
  const { counts } = await valueOf(
    face.request('events.histogram', { query: '', from, until: last + 1, step_ms: 1000 }),
  );
  const sums = Object.values(counts).map((each) => each.reduce((sum, n) => sum + n, 0));
  expect(sums.reduce((sum, n) => sum + n, 0)).toBe(times.length);
  const page = await valueOf(
    face.request('events.page', { query: '', since: from, until: last, limit: 1000, patience_ms: 5000 }),
  );
  expect(page.events).toHaveLength(times.filter((time) => time < last).length);
  expect(page.next).toBeUndefined();
});

test('an ended process has its story after a restart, by its id and by its pid', async () => {
  const { engine, face, events } = await withEvents();
  const exit = events.find(({ fields }) => fields['event.action'] === 'exit');
  const id = exit?.fields['process.entity_id'] ?? '';
  expect(await valueOf(face.request('engine.stop', {}))).toEqual({});
  await engine.exited;

  // There is no helper: the table stays empty, and the store alone can tell.
  const alone = bench.run([...bench.flags(), '--helper', join(bench.folder, 'none')]);
  await new Promise((resolve) => alone.child.stdout?.once('data', resolve));
  const later = await bench.face();
  const story = await valueOf(later.request('processes.story', { entity_id: id, limit: 100 }));
  expect((await valueOf(later.request('processes.list', {}))).processes).toEqual([]);
  expect(story.process).toMatchObject({ entity_id: id, pid: 5001, name: 'true' });
  expect(story.ancestors.map(({ pid }) => pid)).toEqual([5000]);
  expect(story.events.at(-1)?.cursor).toBe(exit?.cursor);
  const tree = await valueOf(later.request('processes.tree', { pid: 5000 }));
  expect(tree.descendants.map(({ pid }) => pid)).toContain(5001);
});

test('a backup is a file of its own, and everything else says that all is sound', async () => {
  const { face } = await withEvents();
  const file = join(bench.folder, 'backup.tar');
  const done: number[] = [];
  face.on('store.progress', (told) => done.push(told.done));
  const written = await valueOf(face.request('store.backup', { file }));
  expect(written.bytes).toBe(statSync(file).size);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(done.at(-1)).toBe(1);
  expect(await valueOf(face.request('store.check', {}))).toMatchObject({ findings: [] });
  expect(await face.request('store.backup', { file })).toMatchObject({ error: { code: 'bad_file' } });
});

/** How many programs are known; each was learned from an event. */
const known = async (face: Console) => (await valueOf(face.request('programs.newest', { limit: 1 }))).known;

test('what is wiped is gone for every face, and told; what was chosen to be kept holds after a restart', async () => {
  const { engine, face, events } = await withEvents();
  await valueOf(face.request('store.retain', { days: 3, free_when_full: true }));
  expect(await known(face)).toBeGreaterThan(0);
  const { events: wiped } = await valueOf(face.request('store.wipe', { confirm: 'every event' }));
  expect(wiped).toBeGreaterThanOrEqual(events.length);
  const old = new Set(events.map(({ cursor }) => cursor));
  expect((await allEvents(await bench.face())).filter(({ cursor }) => old.has(cursor))).toEqual([]);
  expect(await known(face)).toBe(0);
  await valueOf(face.request('engine.stop', {}));
  await engine.exited;

  await bench.start();
  const later = await bench.face();
  const { cuts } = await valueOf(later.request('store.cuts', {}));
  expect(cuts).toMatchObject([{ reason: 'wiped', events: wiped }]);
  expect(await valueOf(later.request('store.retention', {}))).toMatchObject({
    days: 3,
    free_when_full: true,
  });
  expect(existsSync(join(bench.folder, 'config', 'merlon', 'merlon.yaml'))).toBe(true);
});
