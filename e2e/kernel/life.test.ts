/** Forks, ends, and who is whose child. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as v from 'valibot';
import { Engine, IN_GUEST, play, run, SCALE } from './harness.ts';

let engine: Engine;
before(async () => {
  engine = await Engine.start();
});
after(() => engine.end());

const STORM_PATIENCE_MS = 60_000;

it('what the engine stores is its user’s own, file by file', () => {
  const files = readdirSync(engine.data, { recursive: true, encoding: 'utf8' });
  assert.ok(files.some((file) => file.endsWith('.open.db')));
  const open = files.filter((file) => (statSync(join(engine.data, file)).mode & 0o077) !== 0);
  assert.deepEqual(open, []);
});

describe('the end of a process', () => {
  it('exit code, run time, processor time, memory', async () => {
    const { pid } = await run(['sh', '-c', 'sleep 0.1; exit 3']);
    const exit = (await engine.story(pid)).at(-1);
    assert.equal(exit?.['process.exit_code'], 3);
    assert.equal(exit['merlon.exit.signal'], undefined);
    assert.deepEqual(exit['event.type'], ['end']);
    const ms = (exit['event.duration'] ?? 0) / 1e6;
    assert.ok(ms >= 100 && ms < 60_000, `${ms} ms`);
    assert.ok((exit['merlon.exit.cpu_time'] ?? 0) > 0);
    assert.ok((exit['merlon.exit.max_rss'] ?? 0) > 100_000);
    assert.equal(exit['process.name'], engine.of(pid, 'exec').at(-1)?.['process.name']);
  });

  for (const [name, number] of [
    ['SIGKILL', 9],
    ['SIGTERM', 15],
    ['SIGUSR1', 10],
  ] as const) {
    it(`by ${name}`, async () => {
      const { pid } = await play('signal_exit', v.object({ pid: v.number() }), [String(number)]);
      const exit = (await engine.story(pid)).at(-1);
      assert.equal(exit?.['merlon.exit.signal'], name);
      assert.equal(exit['process.exit_code'], 128 + number);
    });
  }

  it('with or without a core dump, as wait(2) has it', async () => {
    const { pid, core } = await play('core_exit', v.object({ pid: v.number(), core: v.boolean() }));
    const exit = (await engine.story(pid)).at(-1);
    assert.equal(exit?.['merlon.exit.signal'], 'SIGSEGV');
    assert.equal(exit['merlon.exit.core_dumped'] ?? false, core);
  });

  it('is told once, when the last thread ends, though the leader ended first', async () => {
    const times = Math.max(5, Math.round(50 * SCALE));
    const told = await play('threads_exit', v.object({ children: v.array(v.number()) }), [String(times)]);
    for (const pid of told.children) await engine.story(pid);
    const exits = told.children.map((pid) => engine.of(pid, 'exit').map((e) => e['process.exit_code']));
    assert.deepEqual(
      exits,
      told.children.map(() => [0]),
    );
  });
});

describe('forks', () => {
  it('a storm: each child is told, with its own identity and its own exit code', async () => {
    const forks = Math.max(100, Math.round(2000 * SCALE));
    const { pid } = await play('fork_storm', v.object({ pid: v.number() }), [String(forks)]);
    await engine.story(pid, STORM_PATIENCE_MS);
    const children = engine.events.map(({ fields }) => fields).filter((e) => e['process.parent.pid'] === pid);
    const forked = children.filter((e) => e['event.action'] === 'fork');
    assert.equal(forked.length, forks);
    assert.equal(new Set(forked.map((e) => e['process.entity_id'])).size, forks);
    const codes = new Map<number, number>();
    for (const e of children.filter((e) => e['event.action'] === 'exit')) {
      const code = e['process.exit_code'] ?? -1;
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    for (let code = 0; code < 64; code++) {
      assert.equal(
        codes.get(code),
        Math.floor(forks / 64) + (code < forks % 64 ? 1 : 0),
        `exit code ${code}`,
      );
    }
  });

  it('a storm of programs: each is told with its own arguments, in the order of the kernel', async () => {
    const execs = Math.max(100, Math.round(3000 * SCALE));
    const tag = `merlon-${process.pid}`;
    await play('storm', v.object({ execs: v.number() }), ['-n', String(execs), '-t', tag]);
    const { pid } = await run(['/bin/true']);
    await engine.story(pid, STORM_PATIENCE_MS);
    const told = engine.events.filter(
      ({ fields }) => fields['event.action'] === 'exec' && fields['process.args']?.[2] === tag,
    );
    assert.equal(new Set(told.map(({ fields }) => fields['process.args']?.[3])).size, execs);
    assert.equal(new Set(told.map(({ fields }) => fields['process.entity_id'])).size, execs);
    assert.equal(told.length, execs);
    const times = told.map(({ fields }) => fields['@timestamp'] ?? 0);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
  });

  it('an orphan keeps the parent that it was forked from, and is found under it', async () => {
    const orphans = v.object({
      pid: v.number(),
      orphans: v.array(v.object({ between: v.number(), pid: v.number() })),
    });
    const told = await play('double_fork', orphans, ['3']);
    for (const { pid, between } of told.orphans) {
      const story = await engine.story(pid);
      assert.equal(story[0]?.['event.action'], 'fork');
      assert.equal(story[0]['process.parent.pid'], between);
      const parent = engine.of(between, 'fork').at(-1);
      assert.equal(story[0]['process.parent.entity_id'], parent?.['process.entity_id']);
      assert.equal(parent?.['process.parent.pid'], told.pid);
      assert.equal(story.at(-1)?.['process.exit_code'], 8);
    }
  });

  it('one pid, many processes: each is itself', async () => {
    const told = await play(
      'pid_reuse',
      v.object({ processes: v.array(v.object({ pid: v.number(), vpid: v.number() })) }),
      IN_GUEST ? ['--initial', '3'] : ['3'],
    );
    const field = IN_GUEST ? ('process.pid' as const) : ('process.vpid' as const);
    assert.equal(
      new Set(told.processes.map((p) => (IN_GUEST ? p.pid : p.vpid))).size,
      1,
      'the pid was reused',
    );
    for (const { pid } of told.processes) await engine.story(pid);
    const last = told.processes.at(-1);
    await engine.until(
      'the third end',
      (e) => e['process.pid'] === last?.pid && e['process.exit_code'] === 3,
    );
    const ends = engine.events
      .map(({ fields }) => fields)
      .filter(
        (e) => e['event.action'] === 'exit' && told.processes.some(({ pid }) => pid === e['process.pid']),
      )
      .filter((e) => (e['process.exit_code'] ?? 9) <= 3);
    assert.deepEqual(
      ends.map((e) => e['process.exit_code']),
      [1, 2, 3],
    );
    assert.equal(new Set(ends.map((e) => e['process.entity_id'])).size, 3);
    const execs = told.processes.flatMap(({ pid }) => engine.of(pid, 'exec'));
    assert.ok(execs.every((e) => e[field] === (IN_GUEST ? told.processes[0]?.pid : told.processes[0]?.vpid)));
  });
});

describe('the process table', () => {
  it('draws what runs with its ancestors and descendants', async () => {
    const shell = spawn('sh', ['-c', 'sleep 60 & wait'], { stdio: 'ignore' });
    try {
      const child = await engine.until(
        'the sleep',
        (e) => e['event.action'] === 'exec' && e['process.parent.pid'] === shell.pid,
      );
      const tree = await engine.ask('processes.tree', { pid: shell.pid ?? 0 });
      assert.equal(tree.process.pid, shell.pid);
      assert.equal(tree.ancestors.at(-1)?.pid, process.pid);
      assert.deepEqual(
        tree.descendants.map((p) => p.pid),
        [child['process.pid']],
      );
      const { processes } = await engine.ask('processes.list', {});
      assert.ok(processes.some((p) => p.pid === child['process.pid'] && p.name === child['process.name']));
      process.kill(child['process.pid'] ?? 0, 'SIGTERM');
      await engine.story(shell.pid ?? 0);
      const later = await engine.ask('processes.list', {});
      assert.ok(!later.processes.some((p) => p.pid === shell.pid));
    } finally {
      shell.kill('SIGKILL');
    }
  });

  it('knows what ran before the sensor was attached, with its arguments', async () => {
    const sleeper = spawn('sleep', ['61.25'], { stdio: 'ignore' });
    const own = await Engine.start();
    try {
      const running = await own.until(
        'the sleeper',
        (e) => e['event.action'] === 'running' && e['process.pid'] === sleeper.pid,
      );
      assert.deepEqual(running['process.args'], ['sleep', '61.25']);
      assert.equal(running['process.parent.pid'], process.pid);
      assert.ok((running['@timestamp'] ?? 0) > 0);
      sleeper.kill('SIGTERM');
      const exit = (await own.story(sleeper.pid ?? 0)).at(-1);
      assert.equal(exit?.['process.entity_id'], running['process.entity_id']);
      assert.equal(exit?.['merlon.exit.signal'], 'SIGTERM');
    } finally {
      sleeper.kill('SIGKILL');
      await own.end();
    }
  });
});
