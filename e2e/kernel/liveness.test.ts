/** Quiet or dead: whatever happens to the sensors is noticed by what Merlon itself starts. Needs root and a build. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';
import type { EventFields } from '../../shared/event.ts';
import { IN_GUEST, ownFolder, play, run, SCALE, withEngine } from './harness.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
/** What takes long, and does not depend on the kernel. */
const onlyHere = IN_GUEST ? 'the same on every kernel' : skip;

/** Of a small storm. */
const EXECS = Math.max(100, Math.round(500 * SCALE));
const isCanary = (e: EventFields) => e['process.name'] === 'merlon-canary';

test('canaries come back, and are no events', { skip }, async () => {
  await withEngine({}, async (engine) => {
    const { canary } = await engine.statusUntil('three canaries', ({ canary: now }) => (now?.sent ?? 0) >= 3);
    assert.equal(canary?.state, 'alive');
    assert.equal(canary.missed, 0);
    assert.ok((canary.last?.ms ?? 0) > 0);
    const health = await engine.ask('health.get', {});
    assert.ok(health.canaries.length >= 2);
    assert.ok(health.canaries.every(({ ms }) => ms !== null && ms > 0));
    // The process that sends them is a program like any other; what it sends is none. Another engine's is not ours.
    const fields = engine.events.map((event) => event.fields);
    const sender = fields.filter((e) => e['process.parent.pid'] === engine.pid && isCanary(e));
    assert.deepEqual(
      sender.map((e) => e['event.action']),
      ['exec'],
    );
    const sent = fields.filter((e) => e['process.parent.pid'] === sender[0]?.['process.pid']);
    assert.deepEqual(sent, []);
  });
});

test(
  'what the kernel counted is what the programs counted, threads and storms included',
  { skip },
  async () => {
    await withEngine({}, async (engine) => {
      await engine.statusUntil('a canary', ({ canary }) => canary?.state === 'alive');
      const before = (await engine.ask('health.get', {})).tasks;
      await play('storm', v.object({ workers: v.number() }), ['-n', String(EXECS)]);
      await run([process.execPath, '-e', 'setTimeout(() => {}, 50)']); // a process of many threads
      const end = performance.now() + (IN_GUEST ? 60_000 : 15_000);
      let tasks = before;
      while (tasks === null || tasks.kernel < (before?.kernel ?? 0) + EXECS) {
        assert.ok(performance.now() < end, `never counted: ${JSON.stringify({ before, tasks })}`);
        await wait(200);
        tasks = (await engine.ask('health.get', {})).tasks;
      }
      assert.ok(tasks.counted <= tasks.kernel);
      // Four looks more: a difference that lasts would be told by then.
      await wait(4000);
      const gaps = engine.events.filter(({ fields }) => fields['event.reason'] === 'not_run');
      assert.deepEqual(
        gaps.map(({ fields }) => fields.message),
        [],
      );
    });
  },
);

test('a helper that stands still is noticed, and what it held up comes late', { skip }, async () => {
  await withEngine({}, async (engine) => {
    const { helper } = await engine.statusUntil('a canary', ({ canary }) => canary?.state === 'alive');
    assert.ok(helper.pid);
    process.kill(helper.pid, 'SIGSTOP');
    try {
      const missed = await engine.until('a missed canary', (e) => e['event.action'] === 'canary_missed');
      assert.equal(missed['event.outcome'], 'failure');
      assert.equal((await engine.status()).canary?.state, 'missed');
    } finally {
      process.kill(helper.pid, 'SIGCONT');
    }
    const returned = await engine.until('its return', (e) => e['event.action'] === 'canary_returned');
    assert.equal(returned['event.outcome'], 'success', returned.message);
    assert.equal((await engine.status()).canary?.state, 'alive');
    const gaps = engine.events.filter(({ fields }) => fields['event.reason'] === 'canary_missed');
    assert.deepEqual(gaps, [], 'nothing was missing, so no gap is told');
  });
});

test('a helper that stays as it is makes way for another', { skip: onlyHere }, async () => {
  await withEngine({}, async (engine) => {
    const { helper } = await engine.statusUntil('a canary', ({ canary }) => canary?.state === 'alive');
    const { pid } = helper;
    assert.ok(pid);
    process.kill(pid, 'SIGSTOP');
    await engine.statusUntil(
      'canaries of another helper',
      ({ helper: now, canary }) => now.pid !== null && now.pid !== pid && canary?.state === 'alive',
      60_000,
    );
    const stopped = await engine.until('its end', (e) => e['event.action'] === 'sensor_stopped');
    assert.match(stopped['event.reason'] ?? '', /did not tell of programs that it started/);
    await engine.until('the gap', (e) => e['event.reason'] === 'helper_lost');
    assert.throws(() => process.kill(pid, 0), /ESRCH/, 'root’s engine ends the one that stood still');
  });
});

test(
  'a helper that is killed is another matter: the gap says so, and no canary is missed',
  { skip },
  async () => {
    await withEngine({}, async (engine) => {
      const { helper } = await engine.statusUntil('a canary', ({ canary }) => canary?.state === 'alive');
      process.kill(helper.pid ?? 0, 'SIGKILL');
      await engine.until('the gap', (e) => e['event.reason'] === 'helper_lost');
      const before = (await engine.status()).canary?.sent ?? 0;
      const { canary } = await engine.statusUntil(
        'canaries of the next helper',
        ({ canary: now }) => now?.state === 'alive' && now.sent > before,
      );
      assert.equal(canary?.missed, 0);
    });
  },
);

test('hands on what is Merlon’s own are noticed, also where they succeed', { skip: onlyHere }, async () => {
  const folder = ownFolder();
  const root = join(import.meta.dirname, '../..');
  const out = join(folder, 'out');
  for (const name of ['engine', 'helper', 'cli'])
    cpSync(join(root, 'out', name), join(out, name), { recursive: true, verbatimSymlinks: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const swap = (path: string) => {
    writeFileSync(`${path}.new`, 'another');
    renameSync(`${path}.new`, path);
  };
  try {
    await withEngine({ out }, async (engine) => {
      await engine.statusUntil('a canary', ({ canary }) => canary?.state === 'alive');
      const events = join(engine.data, 'events');
      const object = join(out, 'engine/merlon.bpf.o');
      const script = join(out, 'helper/index.js');
      const probe = join(out, 'helper/merlon-probe');
      const key = join(engine.data, 'redaction.key');
      const hands: [reason: string, path: string, act: () => void][] = [
        ['program_changed', object, () => writeFileSync(object, 'x')],
        ['program_changed', script, () => swap(script)],
        ['program_gone', probe, () => rmSync(probe)],
        ['database_changed', key, () => swap(key)],
        ['database_gone', events, () => readdirSync(events).forEach((name) => rmSync(join(events, name)))],
        ['socket_gone', engine.socket, () => rmSync(engine.socket)],
      ];
      for (const [reason, path, act] of hands) {
        act();
        await engine.until(
          `${reason}: ${path}`,
          (e) => e['event.action'] === 'tampered' && e['event.reason'] === reason && e['file.path'] === path,
        );
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
