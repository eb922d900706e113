/** On the real kernel: needs `make -C bpf native` first, and root. */
import { execFileSync, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { Sensor, type SensorOptions } from './index.ts';

const isRoot = process.getuid?.() === 0;
const MODULE = new URL('./index.ts', import.meta.url).href;
const RING_BYTES = 1 << 20;

const sensors: Sensor[] = [];
function makeSensor(): Sensor {
  const sensor = new Sensor();
  sensors.push(sensor);
  return sensor;
}
afterEach(() => {
  for (const sensor of sensors.splice(0)) sensor.stop();
});

/** (type, pid) of each record: bpf/events.h, merlon_header and merlon_task. */
function recordsIn(batch: Uint8Array): { type: number; pid: number }[] {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  const records = [];
  for (let at = 0; at < batch.length; at += view.getUint32(at, true))
    records.push({ type: view.getUint16(at + 4, true), pid: view.getUint32(at + 24, true) });
  return records;
}

function options(onBatch: SensorOptions['onBatch'], ringBytes = RING_BYTES): SensorOptions {
  const onError = (error: Error) => expect.unreachable(error.message);
  return { ringBytes, onBatch, onError };
}
const ignore = options((_, release) => release());

const codeOf = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
  return 'nothing thrown';
};

describe('without privilege', () => {
  it('knows its layout', () => {
    expect(makeSensor().layoutHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('refuses counters and snapshots before it is started, and may be stopped', async () => {
    const sensor = makeSensor();
    expect(codeOf(() => sensor.stats())).toBe('not_started');
    await expect(sensor.snapshot()).rejects.toMatchObject({ code: 'not_started' });
    sensor.stop();
    sensor.stop();
  });

  it('refuses a ring whose size is no power of two', () => {
    expect(() => makeSensor().start({ ...ignore, ringBytes: 5000 })).toThrow(RangeError);
  });

  it.runIf(isRoot)('says that it is not permitted, and which capabilities are missing', () => {
    const code = `const { Sensor } = await import(${JSON.stringify(MODULE)});
      try { new Sensor().start({ ringBytes: 65536, onBatch() {}, onError() {} }); }
      catch ({ code, errno, message }) { console.log(JSON.stringify({ code, errno, message })); }`;
    // An ordinary user's lack, by a capability set rather than a uid: the clone may not be readable by others.
    const { stdout, stderr } = spawnSync(
      'setpriv',
      ['--bounding-set=-bpf,-perfmon,-sys_admin', process.execPath, '--input-type=module', '-e', code],
      { encoding: 'utf8' },
    );
    expect(stdout, stderr).not.toBe('');
    expect(JSON.parse(stdout)).toEqual({
      code: 'not_permitted',
      errno: 1,
      message: 'The helper lacks CAP_BPF or CAP_PERFMON.',
    });
  });
});

describe.runIf(isRoot)('on this kernel', () => {
  it('hands over the records of a program that was run', async () => {
    const seen: { type: number; pid: number }[] = [];
    const sensor = makeSensor();
    const arrived = Promise.withResolvers<void>();
    let pid = 0;
    const reply = sensor.start(
      options((batch, release) => {
        seen.push(...recordsIn(batch));
        release();
        if (seen.some((record) => record.pid === pid && record.type === 4)) arrived.resolve();
      }),
    );
    expect(reply.attached).toEqual(expect.arrayContaining(['process_exec', 'process_fork', 'process_exit']));
    pid = spawnSync('/bin/true').pid;
    await arrived.promise;
    expect(seen.filter((record) => record.pid === pid).map((record) => record.type)).toEqual([3, 1, 4]);
    expect(sensor.stats().received).toBeGreaterThanOrEqual(3);
  });

  it('wakes for one event after a silence, at once', async () => {
    const sensor = makeSensor();
    let onRecord = (_pid: number) => {};
    sensor.start(
      options((batch, release) => {
        for (const record of recordsIn(batch)) onRecord(record.pid);
        release();
      }),
    );
    await sleep(400);
    const { promise, resolve } = Promise.withResolvers<number>();
    const pids = new Set<number>();
    onRecord = (pid) => pids.add(pid) && resolve(performance.now());
    const before = performance.now();
    execFileSync('/bin/true');
    expect((await promise) - before).toBeLessThan(1000);
  });

  it('refuses a second start and goes on with the first', () => {
    const sensor = makeSensor();
    sensor.start(ignore);
    expect(codeOf(() => sensor.start(ignore))).toBe('already_started');
    expect(sensor.stats().lost.length).toBeGreaterThan(0);
  });

  it('starts again after a stop', () => {
    const sensor = makeSensor();
    sensor.start(ignore);
    sensor.stop();
    sensor.stop();
    expect(codeOf(() => sensor.stats())).toBe('not_started');
    expect(sensor.start(ignore).attached).toContain('process_exec');
  });

  it('streams what already runs, each process once', async () => {
    const sensor = makeSensor();
    const running: number[] = [];
    sensor.start(
      options((batch, release) => {
        for (const { type, pid } of recordsIn(batch)) if (type === 5) running.push(pid);
        release();
      }),
    );
    const first = sensor.snapshot();
    await expect(sensor.snapshot()).rejects.toMatchObject({ code: 'already_started' });
    expect(await first).toBe(running.length);
    expect(new Set(running).size).toBe(running.length);
    expect(running).toContain(process.pid);
    expect(running).toContain(process.ppid);
  });

  it('rejects a snapshot that a stop cuts off', async () => {
    const sensor = makeSensor();
    sensor.start(ignore);
    const snapshot = sensor.snapshot();
    sensor.stop();
    await expect(snapshot).rejects.toMatchObject({ code: 'not_started' });
  });

  it('lets the ring fill while batches are lent out, counts what is lost, and goes on', async () => {
    const sensor = makeSensor();
    const kept: (() => void)[] = [];
    let hold = true;
    sensor.start(options((_, release) => (hold ? kept.push(release) : release()), 1 << 16));
    const lost = () =>
      sensor
        .stats()
        .lost.flat()
        .reduce((sum, count) => sum + count, 0);
    while (lost() === 0) {
      execFileSync('/bin/sh', ['-c', 'for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true; done']);
      await sleep(10);
    }
    expect(kept).toHaveLength(8);
    const { received, pending } = sensor.stats();
    expect(pending).toBeGreaterThan(0);
    hold = false;
    for (const release of kept) {
      release();
      release(); // a second release of the same batch is nothing
    }
    execFileSync('/bin/true');
    await expect.poll(() => sensor.stats().received).toBeGreaterThan(received);
  });

  it('survives the end of its thread mid-stream', async () => {
    const code = `import(${JSON.stringify(MODULE)}).then(({ Sensor }) => {
      new Sensor().start({ ringBytes: 65536, onBatch() { port.postMessage('batch'); }, onError() {} });
    });
    const port = require('node:worker_threads').parentPort;`;
    const worker = new Worker(code, { eval: true });
    const batch = new Promise((resolve) => worker.once('message', resolve));
    const noise = setInterval(() => execFileSync('/bin/true'), 20);
    try {
      expect(await batch).toBe('batch');
      await worker.terminate();
    } finally {
      clearInterval(noise);
    }
    expect(makeSensor().start(ignore).attached).toContain('process_exec');
  });

  it('survives the end of its thread in the middle of a callback', () => {
    // In a process of its own: what goes wrong here is an abort of the process, not an error.
    const stream = `const { Sensor } = await import(${JSON.stringify(MODULE)});
      const { parentPort } = await import('node:worker_threads');
      const onBatch = (batch, release) => {
        parentPort.postMessage('batch');
        for (const end = Date.now() + 50; Date.now() < end; );
        release();
      };
      new Sensor().start({ ringBytes: 65536, onBatch, onError() {} });
      parentPort.postMessage('started');`;
    const code = `const { Worker } = await import('node:worker_threads');
      const { execFileSync } = await import('node:child_process');
      for (let round = 0; round < 10; round++) {
        const worker = new Worker(${JSON.stringify(stream)}, { eval: true });
        const said = (word) => new Promise((resolve) => worker.on('message', (got) => got === word && resolve()));
        const batch = said('batch');
        await said('started');
        execFileSync('/bin/true');
        await batch;
        await worker.terminate();
      }`;
    const { status, signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
    });
    expect({ status, signal }, stderr).toEqual({ status: 0, signal: null });
  });

  it('leaves nothing behind when the process ends mid-stream', () => {
    const code = `const { Sensor } = await import(${JSON.stringify(MODULE)});
      new Sensor().start({ ringBytes: 65536, onBatch() { process.exit(7); }, onError() {} });
      (await import('node:child_process')).execFileSync('/bin/true');`;
    const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', code]);
    expect(status).toBe(7);
  });
});
