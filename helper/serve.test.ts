import { PassThrough } from 'node:stream';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { SensorOptions } from '../native/index.ts';
import { controlFrame, FRAME_CONTROL, FRAME_RECORDS, frameHeader, FrameReader } from '../shared/frames.ts';
import { HELPER_PROTOCOL, MAX_COMMAND_BYTES, MAX_CONTROL_BYTES } from '../shared/helper.ts';
import type { SensorLimit, SpareSensor } from '../shared/sensors.ts';
import { ProbeError } from './probe.ts';
import { serve, type SensorPort } from './serve.ts';
import { frameOutput } from './stream.ts';

const LAYOUT = 'a'.repeat(64);
const START = { command: 'start', protocol: HELPER_PROTOCOL, layout: LAYOUT, ringBytes: 65536 };

/** A sensor that attaches one program, counts its stops, and can be told to fail. */
class SensorDouble implements SensorPort {
  readonly layoutHash = LAYOUT;
  stops = 0;
  readonly limits: unknown[] = [];
  options: SensorOptions | undefined;
  startError: Error | undefined;
  snapshotResult: Promise<number> = Promise.resolve(12);
  probed: Promise<unknown> = Promise.resolve({ probe: 1 });
  readonly measured: boolean[] = [];
  readonly inventory = {
    take: (): Promise<unknown> => Promise.resolve({ programs: [] }),
    measure: (on: boolean): Promise<void> => {
      this.measured.push(on);
      return Promise.resolve();
    },
  };

  start(options: SensorOptions) {
    if (this.startError !== undefined) throw this.startError;
    this.options = options;
    return { attached: ['process_exec'], refused: [] };
  }
  snapshot() {
    return this.snapshotResult;
  }
  stats() {
    return { programs: [], lost: [[0]], left_out: [0], received: 3, pending: 0 };
  }
  limit(sensor: SpareSensor, to: SensorLimit) {
    this.limits.push([sensor, to]);
  }
  stop() {
    this.stops++;
  }
}

function fromJson(payload: Uint8Array): Record<string, unknown> {
  return v.parse(v.record(v.string(), v.unknown()), JSON.parse(payload.toString()));
}

function setUp() {
  const sensor = new SensorDouble();
  const input = new PassThrough();
  const socket = new PassThrough({ highWaterMark: 1 << 20 });
  const reader = new FrameReader(
    new Map([
      [FRAME_CONTROL, MAX_CONTROL_BYTES],
      [FRAME_RECORDS, 4 << 20],
    ]),
  );
  const messages: Record<string, unknown>[] = [];
  const logged: string[] = [];
  socket.on('data', (chunk: Buffer) => {
    for (const { kind, payload } of reader.push(chunk))
      messages.push(kind === FRAME_CONTROL ? fromJson(payload) : { records: [...payload] });
  });
  const broken = Promise.withResolvers<string>();
  const output = frameOutput(socket, broken.resolve);
  const log = (line: string) => void logged.push(line);
  const probed = () => sensor.probed;
  const { inventory } = sensor;
  const capabilities = ['CAP_BPF'];
  const ended = serve({ input, output, sensor, probed, inventory, version: '1', capabilities, log });
  const ask = async (id: number, command: object) => {
    input.write(controlFrame({ id, ...command }));
    return await expect.poll(() => messages.find((each) => each['id'] === id)).toBeDefined();
  };
  const answer = (id: number) => messages.find((each) => each['id'] === id);
  return { sensor, input, socket, messages, logged, output, broken: broken.promise, ended, ask, answer };
}

describe('the service, asked what the kernel takes', () => {
  it('passes on what the probe said, and serves meanwhile', async () => {
    const { sensor, ask, answer, input, ended } = setUp();
    const probed = Promise.withResolvers<unknown>();
    sensor.probed = probed.promise;
    input.write(controlFrame({ id: 1, command: 'capabilities' }));
    await ask(2, { command: 'stats' });
    expect(answer(1)).toBeUndefined();
    probed.resolve({ probe: 1, features: {} });
    await expect.poll(() => answer(1)).toEqual({ id: 1, ok: true, value: { probe: 1, features: {} } });
    input.end();
    await ended;
  });

  it('says why there is nothing to pass on', async () => {
    const { sensor, ask, answer, input, ended } = setUp();
    sensor.probed = Promise.reject(new ProbeError('The probe ended without a word.'));
    sensor.probed.catch(() => {});
    await ask(1, { command: 'capabilities' });
    expect(answer(1)).toEqual({
      id: 1,
      ok: false,
      error: { code: 'failed', message: 'The probe ended without a word.' },
    });
    input.end();
    await ended;
  });
});

describe('the service', () => {
  it('says hello before anything is asked', async () => {
    const { messages, input, ended } = setUp();
    await expect
      .poll(() => messages[0])
      .toEqual({
        notice: 'hello',
        protocol: HELPER_PROTOCOL,
        layout: LAYOUT,
        version: '1',
        pid: process.pid,
        capabilities: ['CAP_BPF'],
      });
    input.end();
    await ended;
  });

  it('starts, tells the end of the snapshot, streams batches and releases them', async () => {
    const { ask, answer, messages, sensor } = setUp();
    await ask(1, START);
    expect(answer(1)).toMatchObject({ ok: true, value: { attached: ['process_exec'] } });
    await expect.poll(() => messages.at(-1)).toEqual({ notice: 'snapshot_done', processes: 12 });
    const released = new Promise<void>((resolve) => sensor.options?.onBatch(Uint8Array.of(1, 2, 3), resolve));
    await released;
    await expect.poll(() => messages.at(-1)).toEqual({ records: [1, 2, 3] });
  });

  it('says 0 processes, and why in the log, where there is no snapshot', async () => {
    const { ask, messages, sensor, logged } = setUp();
    sensor.snapshotResult = Promise.reject(new Error('no iterator'));
    await ask(1, START);
    await expect.poll(() => messages.at(-1)).toEqual({ notice: 'snapshot_done', processes: 0 });
    expect(logged).toEqual(['no snapshot: no iterator']);
  });

  it.each([
    ['another layout', { layout: 'b'.repeat(64) }],
    ['another protocol', { protocol: HELPER_PROTOCOL + 1 }],
  ])('refuses %s', async (_, part) => {
    const { ask, answer, sensor } = setUp();
    await ask(1, { ...START, ...part });
    expect(answer(1)).toMatchObject({ ok: false, error: { code: 'layout_mismatch' } });
    expect(sensor.options).toBeUndefined();
  });

  it.each([
    ['an unknown command', { command: 'exec', path: '/bin/sh' }],
    ['an unknown field', { command: 'stats', verbose: true }],
    ['a ring that is no power of two', { ...START, ringBytes: 5000 }],
  ])('refuses %s, and serves on', async (_, command) => {
    const { ask, answer } = setUp();
    await ask(1, command);
    expect(answer(1)).toMatchObject({ ok: false, error: { code: 'bad_command' } });
    await ask(2, { command: 'stats' });
    expect(answer(2)).toMatchObject({ ok: true, value: { received: 3 } });
  });

  it('passes the addon’s refusal on, with its log', async () => {
    const { ask, answer, sensor } = setUp();
    sensor.startError = Object.assign(new Error('refused'), {
      code: 'rejected',
      errno: 22,
      detail: 'R0 !read_ok',
    });
    await ask(1, START);
    expect(answer(1)).toEqual({
      id: 1,
      ok: false,
      error: { code: 'rejected', message: 'refused', detail: 'R0 !read_ok' },
    });
  });

  it.each([
    ['a frame of another kind', frameHeader(FRAME_RECORDS, 1)],
    ['an oversized frame', frameHeader(FRAME_CONTROL, MAX_COMMAND_BYTES + 1)],
    ['what is not JSON', Uint8Array.of(...frameHeader(FRAME_CONTROL, 1), 0x7b)],
    ['what is not UTF-8', Uint8Array.of(...frameHeader(FRAME_CONTROL, 1), 0xff)],
    ['a command without an id', controlFrame({ command: 'stats' })],
  ])('ends, detached, on %s', async (_, bytes) => {
    const { input, ended, sensor } = setUp();
    input.write(bytes);
    expect(await ended).toMatch(/broke the protocol/);
    expect(sensor.stops).toBe(1);
  });

  it('ends, detached, with its stdin', async () => {
    const { input, ended, sensor } = setUp();
    input.end();
    expect(await ended).toBe('the engine has gone');
    expect(sensor.stops).toBe(1);
  });

  it('answers stop, and ends', async () => {
    const { ask, answer, ended } = setUp();
    await ask(1, { command: 'stop' });
    expect(answer(1)).toEqual({ id: 1, ok: true, value: {} });
    expect(await ended).toBe('the engine asked for it');
  });

  it('ends by a bug’s own error', async () => {
    const { input, ended, sensor } = setUp();
    sensor.startError = new TypeError('a bug');
    input.write(controlFrame({ id: 1, ...START }));
    await expect(ended).rejects.toThrow('a bug');
  });
});

describe('the output', () => {
  it('holds a batch until the kernel has taken it', async () => {
    const socket = new PassThrough({ highWaterMark: 16 });
    const output = frameOutput(socket, () => {});
    let released = 0;
    for (let i = 0; i < 3; i++) output.records(new Uint8Array(64), () => released++);
    await new Promise((resolve) => setImmediate(resolve));
    expect(released).toBeLessThan(3);
    socket.resume();
    await output.flush();
    expect(released).toBe(3);
  });

  it('breaks off with an engine that asks and never reads', async () => {
    const socket = new PassThrough({ highWaterMark: 1 });
    const broken = Promise.withResolvers<string>();
    const output = frameOutput(socket, broken.resolve);
    for (let i = 1; i < 100; i++) void output.control({ id: i, ok: true, value: {} });
    expect(await broken.promise).toMatch(/left 64 replies unread/);
  });

  it('says once that nobody reads any more, and gives batches back', async () => {
    const socket = new PassThrough();
    const reasons: string[] = [];
    const output = frameOutput(socket, (reason) => void reasons.push(reason));
    socket.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await new Promise<void>((resolve) => socket.once('close', resolve));
    let released = false;
    output.records(new Uint8Array(1), () => (released = true));
    expect({ reasons, released }).toEqual({ reasons: ['EPIPE'], released: true });
  });
});
