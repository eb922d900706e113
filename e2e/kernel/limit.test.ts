/** A sensor that is told to tell less, by the real helper: in part, not at all, and all again. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import {
  LAYOUT_HASH,
  MERLON_EXEC,
  MERLON_EXEC_FAILED,
  readHeader,
} from '../../engine/sensor/records.generated.ts';
import { controlFrame, FRAME_CONTROL, FRAME_RECORDS, FrameReader } from '../../shared/frames.ts';
import {
  HELPER_PROTOCOL,
  helperStats,
  MAX_CONTROL_BYTES,
  MAX_RECORDS_BYTES,
  type HelperStats,
} from '../../shared/helper.ts';
import type { SensorLimit } from '../../shared/sensors.ts';

const HELPER =
  process.env['MERLON_HELPER'] ?? fileURLToPath(new URL('../../out/helper/merlon-helper', import.meta.url));
const MANY = 200;
const reply = v.object({ id: v.number(), ok: v.boolean(), value: v.optional(v.unknown()) });

/** The guests have no decoder: what is told here is told by type, and by the strings at a record's end. */
function* recordsOf(payload: Uint8Array) {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  for (let at = 0; at < payload.length;) {
    const { type, size } = readHeader(view, at);
    yield { type, text: Buffer.from(payload.subarray(at, at + size)).toString('latin1') };
    at += size;
  }
}

/** A helper that senses, with how many failed execs it told so far. */
async function sensing() {
  assert.ok(existsSync(HELPER), `${HELPER} is missing: npm run build`);
  const helper = spawn(HELPER, [], { stdio: ['pipe', 'pipe', 'ignore'] });
  const reader = new FrameReader(
    new Map([
      [FRAME_CONTROL, MAX_CONTROL_BYTES],
      [FRAME_RECORDS, MAX_RECORDS_BYTES],
    ]),
  );
  const waiting = new Map<number, (value: v.InferOutput<typeof reply>) => void>();
  const ready = Promise.withResolvers<void>();
  /** Called when a program with that argument was started: what was told before it is known by then. */
  const marks = new Map<string, () => void>();
  let told = 0;
  let id = 0;
  helper.once('exit', (code) => ready.reject(new Error(`the helper ended with ${code}`)));
  helper.stdout.on('data', (chunk: Buffer) => {
    for (const { kind, payload } of reader.push(new Uint8Array(chunk))) {
      if (kind === FRAME_RECORDS) {
        for (const { type, text } of recordsOf(payload)) {
          if (type === MERLON_EXEC_FAILED && text.includes('/nowhere/merlon-limit')) told++;
          if (type !== MERLON_EXEC) continue;
          for (const [mark, seen] of marks) if (text.includes(mark)) seen();
        }
        continue;
      }
      const message: unknown = JSON.parse(Buffer.from(payload).toString());
      if (JSON.stringify(message).includes('snapshot_done')) ready.resolve();
      const parsed = v.safeParse(reply, message);
      if (parsed.success) waiting.get(parsed.output.id)?.(parsed.output);
    }
  });
  const ask = (command: object): Promise<v.InferOutput<typeof reply>> => {
    helper.stdin.write(controlFrame({ id: ++id, ...command }));
    return new Promise((resolve) => waiting.set(id, resolve));
  };
  void ask({ command: 'start', protocol: HELPER_PROTOCOL, layout: LAYOUT_HASH, ringBytes: 1 << 20 });
  await ready.promise;
  return {
    limit: async (to: SensorLimit) => {
      const answer = await ask({ command: 'limit', sensor: 'exec_failed', to });
      assert.ok(answer.ok, JSON.stringify(answer));
    },
    stats: async (): Promise<HelperStats> => v.parse(helperStats, (await ask({ command: 'stats' })).value),
    /** Failed execs of this test that are told of so many. */
    tells: async () => {
      const before = told;
      const mark = `merlon-mark-${marks.size}-${process.pid}`;
      const quoted = mark.replace('mark', "''mark"); // so that the shell's own arguments do not have it
      const marked = new Promise<void>((resolve) => marks.set(mark, resolve));
      const line = `i=0; while [ $i -lt ${MANY} ]; do /nowhere/merlon-limit; i=$((i+1)); done; exec /bin/true ${quoted}`;
      spawnSync('/bin/sh', ['-c', line], { stdio: 'ignore' });
      await marked;
      return told - before;
    },
    end: async () => {
      helper.stdin.end();
      await once(helper, 'exit');
    },
  };
}

test('a sensor tells all, a few and none of its events, and counts what it leaves out', async () => {
  const helper = await sensing();
  try {
    assert.ok((await helper.tells()) >= MANY);
    const before = (await helper.stats()).left_out[MERLON_EXEC_FAILED] ?? 0;
    assert.equal(before, 0);

    await helper.limit('thinned');
    const few = await helper.tells();
    assert.ok(few < MANY, `${few} of ${MANY} were told`);
    const { left_out: leftOut } = await helper.stats();
    assert.ok(
      few + (leftOut[MERLON_EXEC_FAILED] ?? 0) >= MANY,
      `${few} were told, ${leftOut[MERLON_EXEC_FAILED]} left out`,
    );

    await helper.limit('shed');
    assert.equal(await helper.tells(), 0);

    await helper.limit('on');
    assert.ok((await helper.tells()) >= MANY);
    const last = await helper.stats();
    assert.equal(
      last.programs.every(({ runs }) => runs >= 0),
      true,
    );
  } finally {
    await helper.end();
  }
});
