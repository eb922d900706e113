import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Processes } from './processes.ts';
import { Usage } from './usage.ts';

const TICK = 10_000_000;
const SECOND = 1e9;

let proc: string;
let now: number;
let table: Processes;
let usage: Usage;
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'merlon-proc-'));
  now = 1000 * SECOND;
  table = new Processes('8a79902f-7c1c-4054-aabd-7b20a8950778');
  usage = new Usage(table, { proc, clock: { bootNs: () => now } });
});
afterEach(() => rmSync(proc, { recursive: true, force: true }));

function run(pid: number, startNs: number) {
  const task = { pid, start_ns: startNs, ppid: 1, parent_start_ns: 1, uid: 0, comm: 'x' };
  return table.forked({ task, cgroupId: '1' });
}

/** As the kernel writes proc_pid_stat(5): ticks of user and system time, pages. */
function stat(pid: number, startNs: number, { ppid = 1, user = 0, system = 0, pages = 0 } = {}) {
  const fields = Array.from({ length: 50 }, () => '0');
  fields[0] = 'S';
  fields[1] = String(ppid);
  fields[11] = String(user);
  fields[12] = String(system);
  fields[19] = String(Math.floor(startNs / TICK));
  fields[21] = String(pages);
  mkdirSync(join(proc, String(pid)), { recursive: true });
  writeFileSync(join(proc, String(pid), 'stat'), `${pid} (a) S 9 (b) ${fields.join(' ')}\n`);
  writeFileSync(join(proc, String(pid), 'status'), 'Name:\tx\nVmHWM:\t    2048 kB\n');
}

test('a share of one processor is measured between two looks, of all threads together', async () => {
  const one = run(50, 5 * SECOND + 7);
  stat(50, one.startNs, { user: 100, system: 20, pages: 3 });
  expect(await usage.all()).toEqual([
    { entity_id: one.entityId, cpu_time_ns: 1.2 * SECOND, cpu_percent: null, rss_bytes: 3 * 4096, ppid: 1 },
  ]);
  now += 2 * SECOND;
  stat(50, one.startNs, { user: 350, system: 20, pages: 4, ppid: 7 });
  expect(await usage.all()).toEqual([
    { entity_id: one.entityId, cpu_time_ns: 3.7 * SECOND, cpu_percent: 125, rss_bytes: 4 * 4096, ppid: 7 },
  ]);
});

test('whoever asks again at once gets the same figures', async () => {
  const one = run(50, 5 * SECOND);
  stat(50, one.startNs);
  await usage.all();
  now += 2 * SECOND;
  stat(50, one.startNs, { user: 100 });
  await usage.all();
  now += 10_000_000;
  stat(50, one.startNs, { user: 101 });
  expect(usage.of([one.entityId])).toMatchObject([{ cpu_percent: 50, peak_rss_bytes: 2 << 20 }]);
});

test('a process younger than the last look is measured since its start', async () => {
  await usage.all();
  now += 2 * SECOND;
  const young = run(60, now - SECOND);
  stat(60, young.startNs, { user: 30 });
  expect(await usage.all()).toMatchObject([{ cpu_percent: 30 }]);
});

test('a pid that another process has by now is unknown, and so is what cannot be read', async () => {
  const reused = run(70, 5 * SECOND);
  const hidden = run(71, 6 * SECOND);
  stat(70, 900 * SECOND, { user: 100, pages: 9 });
  const unknown = { cpu_time_ns: null, cpu_percent: null, rss_bytes: null, ppid: null };
  expect(await usage.all()).toEqual([
    { entity_id: reused.entityId, ...unknown },
    { entity_id: hidden.entityId, ...unknown },
  ]);
  expect(usage.of([reused.entityId])).toMatchObject([{ peak_rss_bytes: null }]);
});

test('who has ended is left out, and an average over a long time is not told', async () => {
  const gone = run(80, 5 * SECOND);
  const stays = run(81, 5 * SECOND);
  stat(80, gone.startNs);
  stat(81, stays.startNs);
  await usage.all();
  table.exited({ task: { ...gone, start_ns: gone.startNs, parent_start_ns: 1 }, cgroupId: '1' }, 0, now);
  now += 100 * SECOND;
  expect(await usage.all()).toMatchObject([{ entity_id: stays.entityId, cpu_percent: null }]);
  expect(usage.of([gone.entityId, 'no such'])).toEqual([]);
});

test('thousands are read in slices, and whoever asks meanwhile shares the look', async () => {
  for (let pid = 100; pid < 400; pid++) stat(pid, run(pid, pid * SECOND).startNs);
  const [first, second] = [usage.all(), usage.all()];
  expect(await first).toBe(await second);
  expect(await first).toHaveLength(300);
});

test('reads this very process from the real /proc', async () => {
  const text = readFileSync('/proc/self/stat', 'latin1');
  const ticks = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
  const self = run(process.pid, ticks * TICK + 5);
  const [own] = new Usage(table, { clock: { bootNs: () => now } }).of([self.entityId]);
  expect(own?.ppid).toBe(process.ppid);
  expect(own?.rss_bytes).toBeGreaterThan(1 << 20);
  expect(own?.peak_rss_bytes).toBeGreaterThanOrEqual(1 << 20);
});
