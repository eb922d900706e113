import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Ending } from './ending.ts';
import { BATCH, DOUBLE_LAYOUT, type Behaviour } from './launch.double.ts';
import { launchHelper, type HelperProcess, type LaunchOptions, type Running } from './launch.ts';

const folder = mkdtempSync(join(tmpdir(), 'merlon-launch-'));
afterAll(() => rmSync(folder, { recursive: true }));

function doubleOf(behaviour: Behaviour): string {
  const file = join(folder, `${behaviour}.mjs`);
  const module = new URL('./launch.double.ts', import.meta.url).href;
  writeFileSync(file, `import { playHelper } from '${module}';\nplayHelper('${behaviour}');\n`);
  return file;
}

interface Launched {
  readonly helper: HelperProcess;
  readonly running: Promise<Running>;
  readonly firstBatch: Promise<Uint8Array>;
  readonly snapshot: Promise<number>;
  readonly end: Promise<Ending>;
}

function launch(file: string, more: Partial<LaunchOptions> = {}): Launched {
  const running = Promise.withResolvers<Running>();
  const firstBatch = Promise.withResolvers<Uint8Array>();
  const snapshot = Promise.withResolvers<number>();
  const end = Promise.withResolvers<Ending>();
  const helper = launchHelper({
    file,
    layout: DOUBLE_LAYOUT,
    onRecords: (payload) => firstBatch.resolve(payload.slice()),
    onSnapshot: snapshot.resolve,
    onState: () => {},
    onRunning: running.resolve,
    onLog: () => {},
    onEnd: end.resolve,
    ...more,
  });
  return {
    helper,
    running: running.promise,
    firstBatch: firstBatch.promise,
    snapshot: snapshot.promise,
    end: end.promise,
  };
}

const play = (behaviour: Behaviour) => launch(doubleOf(behaviour));

describe('a helper that behaves', () => {
  it('shakes hands, streams, answers, and ends when it is told to', async () => {
    const { helper, running, firstBatch, snapshot, end } = play('well');
    expect((await running).capabilities).toEqual(['CAP_BPF']);
    expect(await firstBatch).toEqual(BATCH);
    expect(await snapshot).toBe(1);
    expect(await helper.stats()).toMatchObject({ ok: true, value: { lost: [[0, 2]] } });
    helper.stop();
    expect(await end).toMatchObject({ state: 'stopped', retry: false });
    expect(await helper.stats()).toMatchObject({ ok: false, error: { code: 'gone' } });
  });

  it('delivers nothing while it is paused', async () => {
    const launched: Launched = launch(doubleOf('well'), { onState: () => {} });
    launched.helper.pause();
    const first = await Promise.race([launched.running, new Promise((r) => setTimeout(r, 300, 'nothing'))]);
    expect(first).toBe('nothing');
    launched.helper.resume();
    expect((await launched.running).reply.attached).toEqual(['process_exec']);
    launched.helper.stop();
    await launched.end;
  });
});

describe('a helper that does not', () => {
  it.each<[Behaviour, RegExp, boolean]>([
    ['other_layout', /different record layouts/, false],
    ['other_protocol', /speaks protocol 2, the engine 1/, false],
    ['unknown_frame', /unknown frame kind 9/, false],
    ['oversized_frame', /exceeds the limit/, false],
    ['garbage_message', /a message that is none/, false],
    ['unasked_answer', /an answer to nothing/, false],
    ['records_first', /records before hello/, false],
    ['refuses_start', /verifier refused.*invalid mem access/, false],
    ['sigkill', /ended by SIGKILL/, true],
    ['half_frame', /in the middle of a frame/, true],
    ['exits', /exit code 3/, true],
  ])('%s ends with a reason', async (behaviour, reason, retry) => {
    const ending = await play(behaviour).end;
    expect(ending).toMatchObject({ state: 'failed', retry });
    expect(ending.reason).toMatch(reason);
  });

  it('hands over what came before a SIGKILL', async () => {
    const { firstBatch, end } = play('sigkill');
    await end;
    expect(await firstBatch).toEqual(BATCH);
  });

  it('is reported when it does not end within its grace', async () => {
    const { helper, snapshot, end } = play('will_not_end');
    await snapshot;
    helper.stop();
    expect((await end).reason).toMatch(/did not end within 3 s/);
  });
});

describe('a helper that cannot be started', () => {
  it('is said to be missing', async () => {
    expect(await launch(join(folder, 'absent')).end).toMatchObject({
      state: 'failed',
      retry: false,
      reason: expect.stringMatching(process.getuid?.() === 0 ? /missing at .*absent/ : /./),
    });
  });

  it.runIf(process.getuid?.() === 0)('says what the launcher refused', async () => {
    const file = join(folder, 'refusing-launcher');
    writeFileSync(
      file,
      '#!/bin/sh\necho "merlon-helper: refusing to run setuid: chmod ug-s x" >&2; exit 78\n',
    );
    chmodSync(file, 0o755);
    const ending = await launch(file).end;
    expect(ending).toEqual({
      state: 'failed',
      retry: false,
      reason: 'The helper refused to run: refusing to run setuid: chmod ug-s x',
    });
  });
});
