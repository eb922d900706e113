/** The engine as a process of its own, with a helper that plays its part on real pipes. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeClient } from '../shared/client.ts';
import { MAX_REPLY_BYTES, MAX_REQUEST_BYTES, type Console, type LiveEvents } from '../shared/console.ts';
import type { Event } from '../shared/event.ts';
import { controlFrame, FRAME_CONTROL, frameHeader, FrameReader } from '../shared/frames.ts';

/** The machine may be busy with other tests; a wait ends as soon as what it waits for is there. */
const PATIENCE = { timeout: 30_000, interval: 50 };
vi.setConfig({ testTimeout: 60_000 });

const ENTRY = join(import.meta.dirname, 'index.ts');
const DOUBLE = join(import.meta.dirname, 'helper.double.ts');

let folder: string;
const children: ChildProcess[] = [];
const sockets: Socket[] = [];

/** Whether tests share an engine: then it stays between them. */
let shared = false;

function makeFolder(): void {
  folder = mkdtempSync(join(tmpdir(), 'merlon-engine-'));
}

async function endAll(): Promise<void> {
  await Promise.all(
    children.splice(0).map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
    }),
  );
  rmSync(folder, { recursive: true, force: true });
}

beforeEach(() => {
  if (!shared) makeFolder();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  if (!shared) await endAll();
});

interface Run {
  readonly child: ChildProcess;
  readonly stderr: () => string;
  readonly exited: Promise<number | null>;
}

function run(args: readonly string[], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [ENTRY, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, MERLON_DOUBLE_MARK: join(folder, 'mark'), ...env },
  });
  children.push(child);
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  return { child, stderr: () => stderr, exited };
}

const socketPath = () => join(folder, 'merlon.sock');
const flags = () => ['--data', join(folder, 'data'), '--socket', socketPath(), '--helper', DOUBLE];

/** Starts an engine. @returns once it listens. */
async function start(behaviour = 'well', args = flags()): Promise<Run> {
  const engine = run(args, { MERLON_DOUBLE: behaviour });
  const line = await new Promise<string>((resolve, reject) => {
    engine.child.stdout?.once('data', (data: Buffer) => resolve(data.toString()));
    void engine.exited.then((code) => reject(new Error(`the engine ended with ${code}: ${engine.stderr()}`)));
  });
  expect(JSON.parse(line)).toEqual({ listening: socketPath(), pid: engine.child.pid });
  return engine;
}

async function rawSocket(): Promise<Socket> {
  const socket = connect(socketPath());
  sockets.push(socket);
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

async function face(): Promise<Console> {
  const socket = await rawSocket();
  const reader = new FrameReader(new Map([[FRAME_CONTROL, MAX_REPLY_BYTES]]));
  return makeClient({
    send: (message) => void socket.write(controlFrame(message)),
    onMessage: (listener) =>
      void socket.on('data', (chunk: Buffer) => {
        for (const { payload } of reader.push(chunk)) listener(JSON.parse(Buffer.from(payload).toString()));
      }),
    onClose: (listener) => void socket.on('close', listener),
  });
}

async function value<T>(
  reply: Promise<{ ok: true; value: T } | { ok: false; error: { message: string } }>,
): Promise<T> {
  const settled = await reply;
  if (!settled.ok) throw new Error(settled.error.message);
  return settled.value;
}

const page = async (console: Console, query = '') =>
  (await value(console.request('events.page', { query, limit: 1000, after: '0.0.0' }))).events;

/** All events, once one of these actions is among them. */
async function until(console: Console, action: string): Promise<readonly Event[]> {
  return vi.waitFor(async () => {
    const events = await page(console);
    expect(events.map((e) => e.fields['event.action'])).toContain(action);
    return events;
  }, PATIENCE);
}

const actions = (events: readonly Event[]) => events.map((e) => e.fields['event.action']);

describe('the engine', () => {
  test('carries what the helper saw to a face, and ends cleanly when asked', async () => {
    const engine = await start();
    const console = await face();
    const events = await until(console, 'exit');
    expect(actions(events).filter((a) => a !== 'sensor_started')).toEqual([
      'running',
      'fork',
      'exec',
      'exit',
    ]);
    expect(JSON.stringify(events)).not.toContain('hunter2hunter2');

    const status = await vi.waitFor(async () => {
      const now = await value(console.request('status.get', {}));
      expect(now.sensor.lost).toBe(0);
      return now;
    }, PATIENCE);
    expect(status).toMatchObject({
      engine: { pid: engine.child.pid },
      helper: { state: 'running' },
      sensor: { attached: ['process_exec'], received: 4 },
      store: { events: 5 },
    });
    expect(lstatSync(socketPath()).mode & 0o777).toBe(0o600);

    const tree = await value(console.request('processes.tree', { pid: 5001 }));
    expect([tree.process.name, tree.ancestors.map((p) => p.name)]).toEqual(['true', ['sh']]);
    const { processes } = await value(console.request('processes.list', {}));
    expect(processes.map((p) => p.pid)).toEqual([5000]);

    expect(await value(console.request('engine.stop', {}))).toEqual({});
    expect(await engine.exited).toBe(0);
    expect(existsSync(socketPath())).toBe(false);
    expect(engine.stderr()).toBe('');
  });

  test('ends on SIGTERM and goes on from what was stored', async () => {
    const first = await start();
    await until(await face(), 'exit');
    first.child.kill('SIGTERM');
    expect(await first.exited).toBe(0);

    await start();
    const console = await face();
    const events = await vi.waitFor(async () => {
      const all = await page(console);
      expect(actions(all).filter((a) => a === 'exit')).toHaveLength(2);
      return all;
    }, PATIENCE);
    const sequences = events.map((e) => e.fields['event.sequence']);
    expect(new Set(sequences).size).toBe(events.length);
    expect(actions(events)).toContain('sensor_stopped');
    expect(events.map((e) => e.fields['event.reason'])).toContain('engine_away');
  });

  test('a SIGKILL in the middle loses nothing that was committed', async () => {
    const first = await start();
    const before = await until(await face(), 'exit');
    first.child.kill('SIGKILL');
    await first.exited;
    expect(existsSync(socketPath())).toBe(true);
    await start();
    const after = await page(await face());
    expect(after.slice(0, before.length)).toEqual(before);
  });

  test('a helper that dies in the middle of a frame is started again, and the time between is a gap', async () => {
    await start('killed');
    const console = await face();
    const events = await until(console, 'gap');
    const gap = events.find((e) => e.fields['event.action'] === 'gap')?.fields ?? {};
    expect(gap).toMatchObject({ 'event.reason': 'helper_lost', 'event.kind': 'state' });
    expect(gap['merlon.gap.lost']).toBeUndefined();
    expect(gap['event.end']).toBeGreaterThan(gap['event.start'] ?? Infinity);
    expect(gap.message).toMatch(/^Not sensing for /);
    expect(actions(events)).toContain('sensor_stopped');
    expect((await value(console.request('status.get', {}))).helper.state).toBe('running');
  });

  test('a helper whose records do not hold together is ended, with the reason on show', async () => {
    await start('malformed');
    const console = await face();
    await vi.waitFor(async () => {
      const { helper, sensor } = await value(console.request('status.get', {}));
      expect(helper).toMatchObject({ state: 'failed', pid: null });
      expect(helper.reason).toMatch(/records that do not hold together/);
      expect(sensor.lost).toBeNull();
    }, PATIENCE);
    expect(actions(await page(console))).not.toContain('fork');
    expect(await value(console.request('helper.start', {}))).toEqual({});
  });

  test('what the kernel lost is one gap with its count', async () => {
    await start('lossy');
    const console = await face();
    const events = await until(console, 'gap');
    const gaps = events.filter((e) => e.fields['event.action'] === 'gap');
    expect(gaps).toHaveLength(1);
    expect(gaps[0]?.fields).toMatchObject({ 'merlon.gap.lost': 6, 'event.reason': 'ring_overflow' });
    await vi.waitFor(async () => {
      const { sensor } = await value(console.request('status.get', {}));
      expect([sensor.lost, sensor.lost_by_type['exec']]).toEqual([6, 6]);
    }, PATIENCE);
  });

  test('live events come to whoever asked for them', async () => {
    await start();
    const console = await face();
    await until(console, 'exit');
    const bad = await console.request('events.subscribe', { query: 'nonsense:(' });
    expect(bad).toMatchObject({ ok: false, error: { code: 'bad_query' } });
    const live: LiveEvents[] = [];
    console.on('events.live', (value) => live.push(value));
    const { subscription, from } = await value(
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

describe('who comes second', () => {
  test('another engine at the same socket is told whose data runs already', async () => {
    const first = await start();
    const second = run(['--data', join(folder, 'other'), '--socket', socketPath(), '--helper', DOUBLE]);
    expect(await second.exited).toBe(5);
    expect(second.stderr()).toContain(
      `(pid ${first.child.pid}) already runs with its data in ${join(folder, 'data')}`,
    );
  });

  test('another engine on the same database is refused', async () => {
    await start();
    const second = run([
      '--data',
      join(folder, 'data'),
      '--socket',
      join(folder, 'b.sock'),
      '--helper',
      DOUBLE,
    ]);
    expect(await second.exited).toBe(5);
    expect(second.stderr().trim().split('\n')).toHaveLength(1);
    expect(existsSync(join(folder, 'b.sock'))).toBe(false);
  });

  test.each([
    [['--nonsense'], 2],
    [['--data', ''], 2],
    [['--help'], 0],
  ])('%j ends with %i', async (args, code) => {
    expect(await run(args).exited).toBe(code);
  });

  test('a database that is none is named, with exit code 6', async () => {
    const engine = await start();
    engine.child.kill('SIGTERM');
    await engine.exited;
    for (const suffix of ['-wal', '-shm']) rmSync(join(folder, `data/events.db${suffix}`), { force: true });
    writeFileSync(
      join(folder, 'data/events.db'),
      'this is no database, but long enough to be looked at '.repeat(100),
    );
    const again = run(flags());
    expect(await again.exited).toBe(6);
    expect(again.stderr()).toMatch(/events\.db is damaged/);
  });

  test('something else at the socket’s path is left alone', async () => {
    writeFileSync(socketPath(), 'mine');
    const engine = run(flags());
    expect(await engine.exited).toBe(5);
    expect(readFileSync(socketPath(), 'utf8')).toBe('mine');
  });
});

describe('clients that misbehave', () => {
  // One engine for all of them: that it serves on is the point.
  beforeAll(async () => {
    shared = true;
    makeFolder();
    await start();
  });
  afterAll(async () => {
    shared = false;
    await endAll();
  });

  test.each([
    ['garbage', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a frame beyond the limit', Buffer.from(frameHeader(FRAME_CONTROL, MAX_REQUEST_BYTES + 1))],
    ['a frame of another kind', Buffer.from(frameHeader(2, 0))],
    ['a request without an id', Buffer.from(controlFrame({ request: 'status.get', input: {} }))],
    ['no JSON', Buffer.concat([frameHeader(FRAME_CONTROL, 2), Buffer.from('{]')])],
    ['no UTF-8', Buffer.concat([frameHeader(FRAME_CONTROL, 2), Buffer.of(0xff, 0xfe)])],
  ])('%s ends that connection and no other', async (_, bytes) => {
    const good = await face();
    const bad = await rawSocket();
    bad.resume();
    const closed = new Promise((resolve) => bad.once('close', resolve));
    bad.write(bytes);
    await closed;
    expect((await good.request('status.get', {})).ok).toBe(true);
  });

  test('half a frame waits; its end ends nothing else', async () => {
    const half = await rawSocket();
    half.write(controlFrame({ id: 1, request: 'status.get', input: {} }).subarray(0, 9));
    const good = await face();
    expect((await good.request('status.get', {})).ok).toBe(true);
    half.destroy();
    expect((await good.request('status.get', {})).ok).toBe(true);
  });

  test('wrong names and inputs are answered', async () => {
    const socket = await rawSocket();
    const reader = new FrameReader(new Map([[FRAME_CONTROL, MAX_REPLY_BYTES]]));
    const replies: { id: number; error?: { code: string } }[] = [];
    socket.on('data', (chunk: Buffer) => {
      for (const { payload } of reader.push(chunk)) {
        const message = JSON.parse(Buffer.from(payload).toString()) as (typeof replies)[number];
        if ('id' in message) replies.push(message);
      }
    });
    const send = (id: number, request: string, input: unknown) =>
      socket.write(controlFrame({ id, request, input }));
    send(1, '__proto__', {});
    send(2, 'status.changed', {});
    send(3, 'events.page', { query: '', limit: 1e9 });
    send(4, 'events.page', { query: '', limit: 5, before: 'x' });
    send(5, 'processes.tree', { pid: 1, entity_id: 'a' });
    send(6, 'processes.tree', { entity_id: "'; drop table event" });
    send(7, 'console.announce', { url: 'http://127.0.0.1.evil.example:80' });
    send(8, 'console.link', {});
    send(9, 'console.redeem', { token: 'x' });
    send(10, 'events.get', { cursor: '1.2.999999' });
    await vi.waitFor(() => expect(replies).toHaveLength(10), PATIENCE);
    const codes = Object.fromEntries(replies.map(({ id, error }) => [id, error?.code]));
    expect(codes).toEqual({
      1: 'bad_request',
      2: 'bad_request',
      3: 'bad_request',
      4: 'bad_cursor',
      5: 'bad_request',
      6: 'not_found',
      7: 'bad_url',
      8: 'no_face',
      9: 'bad_token',
      10: 'not_found',
    });
  });

  test('a flood of requests is answered “busy” and leaves room for others', async () => {
    const flood = await rawSocket();
    let told = '';
    flood.on('data', (chunk: Buffer) => (told = (told + chunk.toString('latin1')).slice(-2000)));
    const frame = controlFrame({ id: 1, request: 'events.page', input: { query: 'nothing', limit: 1000 } });
    const many = Buffer.concat(Array.from({ length: 2000 }, () => frame));
    for (let i = 0; i < 50; i++) flood.write(many);
    const good = await face();
    const begin = performance.now();
    expect((await good.request('status.get', {})).ok).toBe(true);
    expect(performance.now() - begin).toBeLessThan(3000);
    await vi.waitFor(() => expect(told).toContain('"code":"busy"'), PATIENCE);
  });

  test('a web face’s link works once, and only while that face is there', async () => {
    const web = await face();
    const cli = await face();
    expect(await value(web.request('console.announce', { url: 'http://127.0.0.1:7411' }))).toEqual({});
    const { url } = await value(cli.request('console.link', {}));
    const token = /^http:\/\/127\.0\.0\.1:7411\/\?token=([\w-]{43})$/.exec(url)?.[1] ?? '';
    expect((await web.request('console.redeem', { token })).ok).toBe(true);
    expect(await web.request('console.redeem', { token })).toMatchObject({ error: { code: 'bad_token' } });
    sockets[0]?.destroy();
    await vi.waitFor(async () => {
      expect(await cli.request('console.link', {})).toMatchObject({ error: { code: 'no_face' } });
    }, PATIENCE);
  });
});
