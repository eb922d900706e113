/** The built helper as a process: when it ends, and that nothing of it stays. Needs root and `npm run build`. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LAYOUT_HASH } from '../../engine/sensor/records.generated.ts';
import { controlFrame, FRAME_CONTROL, FRAME_RECORDS, FrameReader } from '../../shared/frames.ts';
import {
  HELPER_PROTOCOL,
  MAX_CONTROL_BYTES,
  MAX_RECORDS_BYTES,
  type HelperCommand,
} from '../../shared/helper.ts';

const HELPER =
  process.env['MERLON_HELPER'] ?? fileURLToPath(new URL('../../out/helper/merlon-helper', import.meta.url));
const skip = process.getuid?.() === 0 ? false : 'needs root';
const START: HelperCommand = {
  id: 1,
  command: 'start',
  protocol: HELPER_PROTOCOL,
  layout: LAYOUT_HASH,
  ringBytes: 1 << 20,
};

type Helper = ChildProcessByStdio<Writable, Readable, null>;

/** Started, with its snapshot read. */
async function streaming(): Promise<Helper> {
  assert.ok(existsSync(HELPER), `${HELPER} is missing: npm run build`);
  const helper = spawn(HELPER, [], { stdio: ['pipe', 'pipe', 'ignore'] });
  const reader = new FrameReader(
    new Map([
      [FRAME_CONTROL, MAX_CONTROL_BYTES],
      [FRAME_RECORDS, MAX_RECORDS_BYTES],
    ]),
  );
  const ready = Promise.withResolvers<void>();
  helper.once('exit', (code) => ready.reject(new Error(`the helper ended with ${code}`)));
  helper.stdout.on('data', (chunk: Buffer) => {
    for (const { kind, payload } of reader.push(chunk))
      if (kind === FRAME_CONTROL && payload.toString().includes('snapshot_done')) ready.resolve();
  });
  helper.stdin.on('error', () => {});
  helper.stdin.write(controlFrame(START));
  await ready.promise;
  return helper;
}

/** Its exit code, or its signal; fails after three seconds, the engine's patience. */
async function endOf(helper: Helper): Promise<unknown> {
  if (helper.exitCode !== null) return helper.exitCode;
  const late = sleep(3000, undefined, { ref: false }).then(() => {
    helper.kill('SIGKILL');
    throw new Error('it did not end within 3 s');
  });
  const [code, signal] = (await Promise.race([once(helper, 'exit'), late])) as [number | null, string | null];
  return signal ?? code;
}

const isGone = (pid: number | undefined) => !existsSync(`/proc/${pid}`);

test('the helper ends with its stdin', { skip }, async () => {
  const helper = await streaming();
  helper.stdin.end();
  assert.equal(await endOf(helper), 0);
});

test('the helper ends although the engine does not read any more', { skip }, async () => {
  const helper = await streaming();
  helper.stdout.pause();
  const noise = spawn('/bin/sh', ['-c', 'i=0; while [ $i -lt 1500 ]; do /bin/true; i=$((i+1)); done']);
  await once(noise, 'exit');
  helper.stdin.end();
  assert.equal(await endOf(helper), 0);
});

test('the helper ends when nobody is left to read', { skip }, async () => {
  const helper = await streaming();
  helper.stdout.destroy();
  const noise = spawn('/bin/true');
  await once(noise, 'exit');
  assert.equal(await endOf(helper), 0);
});

test('the helper leaves Ctrl-C to the engine, and takes SIGTERM', { skip }, async () => {
  const helper = await streaming();
  helper.kill('SIGINT');
  await sleep(200);
  assert.equal(helper.exitCode, null);
  helper.kill('SIGTERM');
  assert.equal(await endOf(helper), 0);
});

test('the helper ends when the engine breaks the protocol', { skip }, async () => {
  const helper = await streaming();
  helper.stdin.write(new Uint8Array(64).fill(0xff));
  assert.equal(await endOf(helper), 0);
});

test('the helper ends when the engine is killed', { skip }, async () => {
  const code = `const helper = require('node:child_process').spawn(${JSON.stringify(HELPER)}, { stdio: ['pipe', 'pipe', 'ignore'] });
    helper.stdout.once('data', () => console.log(helper.pid));`;
  const engine = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(engine.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  assert.match(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /index\.js/);
  engine.kill('SIGKILL');
  for (let tries = 0; !isGone(pid) && tries < 60; tries++) await sleep(50);
  assert.ok(isGone(pid), `pid ${pid} is still there`);
});
