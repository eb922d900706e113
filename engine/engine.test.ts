import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CapabilityReport, Console, LiveEvents, Status } from '../shared/console.ts';
import type { Event } from '../shared/event.ts';
import { EPERM, probeWith, type Changes } from './capabilities/probe.builder.ts';
import { MAX_WAITING_BYTES } from './store/contract.ts';
import { allEvents, EngineBench, PATIENCE, valueOf, type Run } from './engine.harness.ts';

vi.setConfig({ testTimeout: 60_000 });

let bench: EngineBench;
beforeEach(() => {
  bench = new EngineBench();
});
afterEach(() => bench.end());

/** All events, once one of this action is among them. */
async function until(console: Console, action: string): Promise<readonly Event[]> {
  return vi.waitFor(async () => {
    const events = await allEvents(console);
    expect(actions(events)).toContain(action);
    return events;
  }, PATIENCE);
}

function limitFiles({ child }: Run, bytes: string): void {
  execFileSync('prlimit', [`--pid=${child.pid}`, `--fsize=${bytes}:`]);
}

const actions = (events: readonly Event[]) => events.map((e) => e.fields['event.action']);

describe('the engine', () => {
  test('carries what the helper saw to a face, and ends cleanly when asked', async () => {
    const engine = await bench.start();
    expect(engine.line).toEqual({ listening: bench.socketPath, pid: engine.child.pid });
    const console = await bench.face();
    const events = await until(console, 'exit');
    expect(actions(events).filter((a) => a !== 'sensor_started')).toEqual([
      'running',
      'fork',
      'exec',
      'exit',
    ]);
    expect(JSON.stringify(events)).not.toContain('hunter2hunter2');

    const status = await vi.waitFor(async () => {
      const now = await valueOf(console.request('status.get', {}));
      expect(now.sensor.lost).toBe(0);
      return now;
    }, PATIENCE);
    expect(status).toMatchObject({
      engine: { pid: engine.child.pid },
      helper: { state: 'running' },
      sensor: { attached: ['process_exec'], received: 4 },
      store: { events: 5 },
    });
    expect(lstatSync(bench.socketPath).mode & 0o777).toBe(0o600);

    const tree = await valueOf(console.request('processes.tree', { pid: 5001 }));
    expect([tree.process.name, tree.ancestors.map((p) => p.name)]).toEqual(['true', ['sh']]);
    const { processes } = await valueOf(console.request('processes.list', {}));
    expect(processes.map((p) => p.pid)).toEqual([5000]);

    expect(await valueOf(console.request('engine.stop', {}))).toEqual({});
    expect(await engine.exited).toBe(0);
    expect(existsSync(bench.socketPath)).toBe(false);
    expect(engine.stderr()).toBe('');
  });

  test('ends on SIGTERM and goes on from what was stored', async () => {
    const first = await bench.start();
    await until(await bench.face(), 'exit');
    first.child.kill('SIGTERM');
    expect(await first.exited).toBe(0);

    await bench.start();
    const console = await bench.face();
    const events = await vi.waitFor(async () => {
      const all = await allEvents(console);
      expect(actions(all).filter((a) => a === 'exit')).toHaveLength(2);
      return all;
    }, PATIENCE);
    const sequences = events.map((e) => e.fields['event.sequence']);
    expect(new Set(sequences).size).toBe(events.length);
    expect(actions(events)).toContain('sensor_stopped');
    expect(events.map((e) => e.fields['event.reason'])).toContain('engine_away');
  });

  test('a SIGKILL in the middle loses nothing that was committed', async () => {
    const first = await bench.start();
    const before = await until(await bench.face(), 'exit');
    first.child.kill('SIGKILL');
    await first.exited;
    expect(existsSync(bench.socketPath)).toBe(true);
    await bench.start();
    const after = await allEvents(await bench.face());
    expect(after.slice(0, before.length)).toEqual(before);
  });

  test('a helper that dies in the middle of a frame is started again, and the time between is a gap', async () => {
    await bench.start('killed');
    const console = await bench.face();
    const events = await until(console, 'gap');
    const gap = events.find((e) => e.fields['event.action'] === 'gap')?.fields ?? {};
    expect(gap).toMatchObject({ 'event.reason': 'helper_lost', 'event.kind': 'state' });
    expect(gap['merlon.gap.lost']).toBeUndefined();
    expect(gap['event.end']).toBeGreaterThan(gap['event.start'] ?? Infinity);
    expect(gap.message).toMatch(/^Not sensing for /);
    expect(actions(events)).toContain('sensor_stopped');
    expect((await valueOf(console.request('status.get', {}))).helper.state).toBe('running');
  });

  test('a helper whose records do not hold together is ended, with the reason on show', async () => {
    await bench.start('malformed');
    const console = await bench.face();
    await vi.waitFor(async () => {
      const { helper, sensor } = await valueOf(console.request('status.get', {}));
      expect(helper).toMatchObject({ state: 'failed', pid: null });
      expect(helper.reason).toMatch(/records that do not hold together/);
      expect(sensor.lost).toBeNull();
    }, PATIENCE);
    expect(actions(await allEvents(console))).not.toContain('fork');
    expect(await valueOf(console.request('helper.start', {}))).toEqual({});
  });

  test('what the kernel lost is one gap with its count', async () => {
    await bench.start('lossy');
    const console = await bench.face();
    const events = await until(console, 'gap');
    const gaps = events.filter((e) => e.fields['event.action'] === 'gap');
    expect(gaps).toHaveLength(1);
    expect(gaps[0]?.fields).toMatchObject({ 'merlon.gap.lost': 6, 'event.reason': 'ring_overflow' });
    await vi.waitFor(async () => {
      const { sensor } = await valueOf(console.request('status.get', {}));
      expect([sensor.lost, sensor.lost_by_type['exec']]).toEqual([6, 6]);
    }, PATIENCE);
  });

  test('a database that refuses writes is said at once, and what waited is stored once it takes them', async () => {
    const engine = await bench.start();
    const console = await bench.face();
    await until(console, 'exit');
    const states: Status[] = [];
    console.on('status.changed', (status) => states.push(status));
    // No file of the engine may grow: what a full disk does, to this process alone.
    limitFiles(engine, '0');
    const { helper, store } = await valueOf(console.request('status.get', {}));
    process.kill(helper.pid ?? 0, 'SIGKILL');
    await vi.waitFor(() => expect(states.at(-1)?.store.problem).toBeDefined(), PATIENCE);
    expect(states.at(-1)?.store).toMatchObject({
      events: store.events,
      problem: expect.stringMatching(
        /^Events are not stored since \d\d:\d\d:\d\d\. What was stored is safe; /,
      ),
      waiting: { limit_bytes: MAX_WAITING_BYTES },
    });
    // Each state of the helper was told, although it lasted but a moment.
    expect(states.map((status) => status.helper.reason)).toContain('The helper ended by SIGKILL.');

    limitFiles(engine, 'unlimited');
    await vi.waitFor(() => expect(states.at(-1)?.store).not.toHaveProperty('problem'), PATIENCE);
    expect(actions(await until(console, 'gap'))).toContain('sensor_stopped');
  });

  test('ends in order although the database takes nothing, and says that something is not stored', async () => {
    const engine = await bench.start();
    const console = await bench.face();
    await until(console, 'exit');
    limitFiles(engine, '0');
    engine.child.kill('SIGTERM'); // its own last word, that the sensor stopped, is what cannot be stored
    expect(await engine.exited).toBe(0);
    expect(engine.stderr()).toMatch(/Events are not stored; they wait in memory\. .*\n/);
    expect(engine.stderr()).toMatch(/The last events could not be stored: /);
  });

  test('keeps as long as its flags say, for this run', async () => {
    await bench.start('well', ['--keep-days', '3', '--keep-gib', '0.5', '--free-when-full']);
    const console = await bench.face();
    expect(await valueOf(console.request('store.retention', {}))).toEqual({
      days: 3,
      bytes: 2 ** 29,
      free_when_full: true,
    });
  });

  test('live events come to whoever asked for them', async () => {
    await bench.start();
    const console = await bench.face();
    await until(console, 'exit');
    const bad = await console.request('events.subscribe', { query: 'nonsense:(' });
    expect(bad).toMatchObject({ ok: false, error: { code: 'bad_query' } });
    const live: LiveEvents[] = [];
    console.on('events.live', (value) => live.push(value));
    const { subscription, from } = await valueOf(
      console.request('events.subscribe', { query: 'event.action:sensor_stopped' }),
    );
    expect(from).toMatch(/^\d+\.\d+\.\d+$/);
    await console.request('engine.stop', {});
    await vi.waitFor(() => expect(live).toHaveLength(1), PATIENCE);
    expect(live[0]).toMatchObject({
      subscription,
      events: [{ fields: { 'event.action': 'sensor_stopped' } }],
    });
  });
});

describe('what the kernel takes', () => {
  /** An environment in which the helper finds a kernel that takes this. */
  function kernel(changes: Changes): Record<string, string> {
    const file = join(bench.folder, 'probe.json');
    writeFileSync(file, JSON.stringify(probeWith(changes)));
    return { MERLON_DOUBLE_PROBE: file };
  }
  const tried = (console: Console) =>
    vi.waitFor(async () => {
      const report = await valueOf(console.request('capabilities.get', {}));
      expect(report.privileged).toBe(true);
      return report;
    }, PATIENCE);

  test('is told where it is less than at the last look, in the feed and in the report', async () => {
    const first = await bench.start();
    await tried(await bench.face());
    first.child.kill('SIGTERM');
    await first.exited;

    await bench.start('well', [], kernel({ features: { 'prog.lsm': EPERM } }));
    const console = await bench.face();
    const report = await tried(console);
    expect(report.protections.deny_exec.state).toBe('degraded');
    expect(report.since_last?.changes.map(({ protection }) => protection)).toContain('deny_exec');
    const told = (await until(console, 'capabilities_changed')).filter(
      ({ fields }) => fields['event.action'] === 'capabilities_changed',
    );
    expect(told.map(({ fields }) => fields['event.reason'])).toContain('deny_exec: works, now degraded');
    expect(told[0]?.fields).toMatchObject({ 'event.kind': 'state', 'event.outcome': 'failure' });
  });

  test('is tried again when asked, and every face hears of it', async () => {
    await bench.start('well', [], kernel({}));
    const [asking, other] = [await bench.face(), await bench.face()];
    await tried(asking);
    const heard: CapabilityReport[] = [];
    other.on('capabilities.changed', (report) => heard.push(report));
    kernel({ features: { 'fanotify.open_perm': EPERM } });
    const report = await valueOf(asking.request('capabilities.probe', {}));
    expect(report.bpf_features['fanotify.open_perm']).toEqual(EPERM);
    await vi.waitFor(() => expect(heard.at(-1)?.bpf_features['fanotify.open_perm']).toEqual(EPERM), PATIENCE);
  });
});

describe('who comes second', () => {
  test('another engine at the same socket is told whose data runs already', async () => {
    const first = await bench.start();
    const second = bench.run(bench.flags('other'));
    expect(await second.exited).toBe(5);
    expect(second.stderr()).toContain(
      `(pid ${first.child.pid}) already runs with its data in ${join(bench.folder, 'data')}`,
    );
  });

  test('another engine on the same database is refused', async () => {
    await bench.start();
    const second = bench.run(bench.flags('data', 'b.sock'));
    expect(await second.exited).toBe(5);
    expect(second.stderr().trim().split('\n')).toHaveLength(1);
    expect(existsSync(join(bench.folder, 'b.sock'))).toBe(false);
  });

  test.each([
    [['--nonsense'], 2],
    [['--data', ''], 2],
    [['--keep-days', 'ever'], 2],
    [['--help'], 0],
  ])('%j ends with %i', async (args, code) => {
    expect(await bench.run(args).exited).toBe(code);
  });

  test('a database of a newer Merlon is left alone; what is seen waits until it is set aside', async () => {
    const engine = await bench.start();
    await until(await bench.face(), 'exit');
    engine.child.kill('SIGTERM');
    await engine.exited;
    const catalogue = new Database(join(bench.folder, 'data/catalogue.db'));
    catalogue.pragma('user_version = 999');
    catalogue.close();
    const again = await bench.start();
    expect(again.stderr()).toMatch(/catalogue\.db .*newer/);
    const face = await bench.face();
    await vi.waitUntil(async () => {
      const { store } = await valueOf(face.request('status.get', {}));
      expect(store).toMatchObject({ unopened: true, problem: expect.stringMatching(/newer/) as string });
      return (store.waiting?.events ?? 0) > 0;
    }, PATIENCE);
    expect(await face.request('events.page', { query: '', limit: 9 })).toMatchObject({ ok: false });
    const { folder } = await valueOf(face.request('store.fresh', { scope: 'everything' }));
    await until(face, 'exit');
    expect((await valueOf(face.request('status.get', {}))).store.problem).toBeUndefined();
    expect((await valueOf(face.request('store.cuts', {}))).cuts).toMatchObject([
      { reason: 'set_aside', folder },
    ]);
    again.child.kill('SIGTERM');
    expect(await again.exited).toBe(0);
  });

  test('a damaged catalogue is made again, and what was stored is there', async () => {
    const engine = await bench.start();
    const before = await until(await bench.face(), 'exit');
    engine.child.kill('SIGTERM');
    await engine.exited;
    for (const suffix of ['-wal', '-shm'])
      rmSync(join(bench.folder, `data/catalogue.db${suffix}`), { force: true });
    writeFileSync(join(bench.folder, 'data/catalogue.db'), 'this is no database '.repeat(500));
    const again = await bench.start();
    expect((await allEvents(await bench.face())).slice(0, before.length)).toEqual(before);
    expect(again.stderr()).toMatch(/catalogue/);
  });

  test('something else at the socket’s path is left alone', async () => {
    writeFileSync(bench.socketPath, 'mine');
    const engine = bench.run(bench.flags());
    expect(await engine.exited).toBe(5);
    expect(readFileSync(bench.socketPath, 'utf8')).toBe('mine');
  });
});
