/** What is lost is counted and shown; what is killed comes back. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';
import { Engine, IN_GUEST, play, run, SCALE, withEngine } from './harness.ts';

const TINY_RING = 4096;

it('a ring that is too small: every event is told or counted, and the gap has its span', async () => {
  await withEngine({ ringBytes: TINY_RING }, async (engine) => {
    const execs = Math.max(200, Math.round(2000 * SCALE));
    const tag = `merlon-loss-${process.pid}`;
    const before = Date.now();
    // Its reader stands still meanwhile: whether it keeps up is a matter of speed, and a guest's storm is slow.
    const helper = (await engine.status()).helper.pid ?? 0;
    process.kill(helper, 'SIGSTOP');
    let workers: number;
    try {
      const told = v.object({ workers: v.number() });
      ({ workers } = await play('storm', told, ['-n', String(execs), '-t', tag]));
    } finally {
      process.kill(helper, 'SIGCONT');
    }
    const status = await engine.statusUntil('losses are counted', ({ sensor }) => (sensor.lost ?? 0) > 0);
    await engine.until('a gap', (e) => e['event.action'] === 'gap');
    // Everything attempted has been told or counted once nothing moves any more.
    const settled = await settle(engine);
    const gaps = engine.events.map(({ fields }) => fields).filter((e) => e['event.action'] === 'gap');
    const inGaps = gaps.reduce((sum, e) => sum + (e['merlon.gap.lost'] ?? 0), 0);
    assert.equal(inGaps, settled.sensor.lost, 'what the gaps say is what the kernel counted');
    const byType = Object.values(settled.sensor.lost_by_type).reduce((sum, n) => sum + n, 0);
    assert.equal(byType, settled.sensor.lost);
    assert.ok((settled.sensor.lost ?? 0) >= (status.sensor.lost ?? 0));

    // Each run of the storm is a fork, an exec and an exit.
    const attempted = 3 * execs + 2 * workers;
    const told = engine.events.filter(({ fields }) => (fields['@timestamp'] ?? 0) >= before).length;
    assert.ok(told + inGaps >= attempted, `${told} told and ${inGaps} lost of at least ${attempted}`);
    for (const gap of gaps) {
      assert.ok((gap['event.start'] ?? 0) <= (gap['event.end'] ?? 0));
      assert.ok(
        (gap['event.start'] ?? 0) >= before - 60_000 && (gap['event.end'] ?? Infinity) <= Date.now() + 1000,
      );
      assert.equal(gap['event.kind'], 'state');
      assert.ok(gap.message?.length);
    }
  });
});

/** The status once the kernel's counters stand still and gaps have told all that they say, or after a while. */
async function settle(engine: Engine) {
  let last = await engine.status();
  for (let round = 0; round < 12; round++) {
    await wait(2000);
    const now = await engine.status();
    const told = engine.events.reduce((sum, { fields }) => sum + (fields['merlon.gap.lost'] ?? 0), 0);
    if (now.sensor.lost === last.sensor.lost && told === now.sensor.lost) return now;
    last = now;
  }
  return last;
}

describe('the helper', () => {
  let engine: Engine;
  before(async () => {
    engine = await Engine.start();
  });
  after(() => engine.end());

  it('the helper keeps only what it needs, on every thread', async () => {
    const { helper } = await engine.status();
    const tasks = `/proc/${helper.pid}/task`;
    // CAP_DAC_READ_SEARCH, CAP_PERFMON, CAP_BPF.
    const allowed = (1n << 2n) | (1n << 38n) | (1n << 39n);
    for (const tid of readdirSync(tasks)) {
      const status = readFileSync(`${tasks}/${tid}/status`, 'utf8');
      const mask = (name: string) =>
        BigInt(`0x${new RegExp(`^${name}:\\s*(\\w+)$`, 'm').exec(status)?.[1] ?? 'x'}`);
      for (const set of ['CapEff', 'CapPrm', 'CapBnd']) {
        assert.equal(mask(set) & ~allowed, 0n, `thread ${tid}, ${set} ${mask(set).toString(16)}`);
      }
      assert.match(status, /^NoNewPrivs:\s*1$/m);
      assert.match(status, /^Umask:\s*0077$/m);
    }
  });

  it('the helper killed mid-stream: said, started again, the blind time told as a gap, events again', async () => {
    const { helper } = await engine.status();
    const storm = play('storm', v.object({ execs: v.number() }), ['-n', String(Math.round(5000 * SCALE))]);
    await engine.until('the storm', (e) => e['process.args']?.[2] === 'storm');
    const killed = Date.now();
    process.kill(helper.pid ?? 0, 'SIGKILL');
    const said = await engine.statusUntil(
      'it is said',
      (s) => s.helper.state !== 'running' || s.helper.pid !== helper.pid,
    );
    if (said.helper.state === 'restarting') assert.match(said.helper.reason ?? '', /SIGKILL/);
    await engine.statusUntil(
      'it runs again',
      (s) => s.helper.state === 'running' && s.helper.pid !== helper.pid,
    );
    const back = Date.now() - killed;
    await storm;
    const gap = await engine.until('the gap', (e) => e['event.action'] === 'gap');
    assert.equal(gap['merlon.gap.lost'], undefined, 'nobody can know how many');
    assert.ok((gap['event.end'] ?? 0) > (gap['event.start'] ?? 0));
    assert.ok(back < (IN_GUEST ? 60_000 : 5000), `back after ${back} ms`);
    await engine.running();
  });

  it('a process that lives through a blind time stays itself', async () => {
    const tree = await engine.ask('processes.tree', { pid: process.pid });
    const { helper } = await engine.status();
    process.kill(helper.pid ?? 0, 'SIGKILL');
    await engine.statusUntil(
      'it runs again',
      (s) => s.helper.state === 'running' && s.helper.pid !== helper.pid,
    );
    await engine.running();
    const again = await engine.ask('processes.tree', { pid: process.pid });
    assert.equal(again.process.entity_id, tree.process.entity_id);
  });
});

it('the engine killed: its helper ends, the next start is clean, nothing stored is lost', async () => {
  const data = mkdtempSync('/tmp/merlon-kernel-data-');
  try {
    const first = await Engine.start({ data });
    const { helper } = await first.status();
    const { pid } = await run(['/bin/true']);
    await first.story(pid);
    // What a page shows is committed.
    const stored = await first.ask('events.page', { query: `process.pid:${pid}`, limit: 10 });
    assert.ok(stored.events.length >= 2, JSON.stringify(stored));
    first.kill();
    await first.ended();
    await first.end();
    await untilGone(helper.pid ?? 0);

    const second = await Engine.start({ data });
    try {
      const again = await second.ask('events.page', { query: `process.pid:${pid}`, limit: 10 });
      assert.deepEqual(again.events.slice(-stored.events.length), stored.events);
    } finally {
      await second.end();
    }
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});

it('stopped in order: exit code 0, no helper and no program left behind', async () => {
  const engine = await Engine.start();
  try {
    const { helper } = await engine.status();
    await engine.request('engine.stop', {});
    assert.equal(await engine.ended(), 0);
    await untilGone(helper.pid ?? 0);
  } finally {
    await engine.end();
  }
});

async function untilGone(pid: number): Promise<void> {
  for (let i = 0; i < 600; i++) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await wait(50);
  }
  assert.fail(`the helper (pid ${pid}) is still there`);
}
