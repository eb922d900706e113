import { mkdtempSync, rmSync, writeFileSync, chownSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { fail, ok } from '../shared/result.ts';
import { engineDouble, merlon, someStatus, summary, type EngineDouble } from './double.ts';

let engine: EngineDouble;
beforeEach(async () => {
  engine = await engineDouble();
});
afterEach(() => engine.close());

const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'merlon-cli-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

describe('exit codes, each with one sentence on stderr', () => {
  it.each([
    ['an unknown command', ['frobnicate'], 2, /no command ‘frobnicate’/],
    ['an unknown option', ['status', '--frob'], 2, /'--frob'.*merlon status --help/],
    ['a word too many', ['stop', 'now'], 2, /‘now’ is one word too many/],
    ['a limit that is no number', ['events', '--limit', 'many'], 2, /‘many’ is not a whole number/],
    ['a time that is none', ['events', '--since', 'yesterday'], 2, /‘yesterday’ is neither/],
    ['no pid', ['tree'], 2, /Name a pid/],
  ])('%s is a usage error, without asking the engine', async (_, args, code, sentence) => {
    const told = await merlon(args, engine.socket);
    expect(told).toMatchObject({ code, stdout: '' });
    expect(told.stderr).toMatch(sentence);
    expect(told.stderr.trim().split('\n')).toHaveLength(1);
    expect(engine.asked).toEqual([]);
  });

  it('no engine is 3', async () => {
    const told = await merlon(['status', '--json'], join(folder(), 'merlon.sock'));
    expect(told).toEqual({
      code: 3,
      stdout: '',
      stderr: 'merlon: Merlon’s engine is not running. Start it with: npm start\n',
    });
  });

  it('a socket that an ended engine left is 3', async () => {
    const path = join(folder(), 'merlon.sock');
    writeFileSync(path, '');
    expect(await merlon(['status'], path)).toMatchObject({ code: 3 });
  });

  it.runIf(process.getuid?.() === 0)('another user’s socket is 4', async () => {
    chownSync(engine.socket, 65534, 65534);
    const told = await merlon(['status'], engine.socket);
    expect(told).toMatchObject({ code: 4, stdout: '' });
    expect(told.stderr).toMatch(/belongs to user 65534/);
  });

  it('a query that the engine does not understand is 2, in the engine’s words', async () => {
    engine.answer('events.page', () => fail('bad_query', 'Column 4: a value was expected.'));
    const told = await merlon(['events', '--query', 'a:('], engine.socket);
    expect(told).toEqual({ code: 2, stdout: '', stderr: 'merlon: Column 4: a value was expected.\n' });
  });

  it('any other failure is 1', async () => {
    engine.answer('processes.tree', () => fail('not_found', 'No process had the pid 42.'));
    expect(await merlon(['tree', '42'], engine.socket)).toMatchObject({
      code: 1,
      stderr: 'merlon: No process had the pid 42.\n',
    });
  });
});

it('help is on stdout, for all and for each', async () => {
  const all = await merlon(['--help'], engine.socket);
  expect(all).toMatchObject({ code: 0, stderr: '' });
  const names = [
    'status',
    'events',
    'histogram',
    'processes',
    'tree',
    'store',
    'backup',
    'wipe',
    'config',
    'doctor',
    'capabilities',
    'sense',
    'open',
    'stop',
  ];
  for (const name of names) {
    expect(all.stdout).toContain(name);
    const one = await merlon([name, '--help'], engine.socket);
    expect(one).toMatchObject({ code: 0, stderr: '' });
    expect(one.stdout).toContain(`merlon ${name}`);
  }
}, 60_000);

it('status --json is the status of the contract', async () => {
  engine.answer('status.get', () => ok(someStatus));
  const { stdout } = await merlon(['status', '--json'], engine.socket);
  expect(JSON.parse(stdout)).toEqual(someStatus);
});

it('status says what was lost, and that losses are unknown where they are', async () => {
  engine.answer('status.get', () => ok(someStatus));
  expect((await merlon(['status'], engine.socket)).stdout).toContain('1,284 received, 3 lost (exec 3)');
  engine.answer('status.get', () => ok({ ...someStatus, sensor: { ...someStatus.sensor, lost: null } }));
  expect((await merlon(['status'], engine.socket)).stdout).toContain('losses unknown');
});

it('status says what waits, how long there is room, and what cannot be read', async () => {
  const waiting = { events: 2000, bytes: 24 << 20, limit_bytes: 64 << 20, seconds_left: 40 };
  const store = { ...someStatus.store, waiting, damaged: ['000002.db is damaged.'] };
  engine.answer('status.get', () => ok({ ...someStatus, store }));
  const { stdout } = await merlon(['status'], engine.socket);
  expect(stdout).toContain('waiting   2,000 events in memory, 24.0 MiB of 64.0 MiB, room for 40 s\n');
  expect(stdout).toContain('damaged   000002.db is damaged.\n');
});

it('processes come by pid, as a table or one object a line', async () => {
  engine.answer('processes.list', () => ok({ processes: [summary(20, 1), summary(3, 1)] }));
  const lines = (await merlon(['processes', '--json'], engine.socket)).stdout.trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { pid: number }).pid)).toEqual([3, 20]);
  const table = (await merlon(['processes'], engine.socket)).stdout.trim().split('\n');
  expect(table).toHaveLength(3);
  expect(table[1]).toMatch(/^ +3 +1 +root .* p3 +p3 -x$/);
});

it('processes come by what they use, and unknown is a word', async () => {
  engine.answer('processes.list', () => ok({ processes: [summary(3, 1), summary(20, 1)] }));
  const usage = (pid: number, rss: number | null) => ({
    entity_id: `e${pid}`,
    cpu_time_ns: null,
    cpu_percent: null,
    rss_bytes: rss,
    ppid: 1,
  });
  engine.answer('processes.usage', () => ok({ processes: [usage(3, null), usage(20, 2 << 20)] }));
  const table = (await merlon(['processes', '--sort', 'memory'], engine.socket)).stdout.split('\n');
  expect(table[1]).toMatch(/^ +20 +1 +root +unknown +2\.0 MiB/);
  expect(table[2]).toMatch(/^ +3 +1 +root +unknown +unknown/);
  expect((await merlon(['processes', '--sort', 'size'], engine.socket)).code).toBe(2);
});

describe('tree', () => {
  const answer = {
    ancestors: [summary(1, null), summary(2, 1)],
    process: summary(3, 2),
    descendants: [summary(4, 3, { end: 1, exit_code: 7 }), summary(5, 4), summary(6, 3)],
  };

  it('draws ancestors and descendants and marks the process', async () => {
    engine.answer('processes.tree', () => ok(answer));
    const { stdout } = await merlon(['tree', '3'], engine.socket);
    expect(stdout).toBe(
      [
        'p1  1  root  p1 -x',
        '└─ p2  2  root  p2 -x',
        '   └─ p3  3  root  p3 -x *',
        '      ├─ p4  4  root  p4 -x (exit code 7)',
        '      │  └─ p5  5  root  p5 -x',
        '      └─ p6  6  root  p6 -x',
        '',
      ].join('\n'),
    );
  });

  it('nests in JSON', async () => {
    engine.answer('processes.tree', () => ok(answer));
    const { stdout } = await merlon(['tree', 'e3', '--json'], engine.socket);
    expect(engine.asked.at(-1)).toEqual({ name: 'processes.tree', input: { entity_id: 'e3' } });
    expect(JSON.parse(stdout)).toMatchObject({
      pid: 1,
      children: [
        { pid: 2, children: [{ pid: 3, children: [{ pid: 4, children: [{ pid: 5 }] }, { pid: 6 }] }] },
      ],
    });
  });
});

describe('stop', () => {
  it('waits until the engine has ended', async () => {
    engine.answer('engine.stop', () => {
      setTimeout(() => engine.hangUp(), 50);
      return ok({});
    });
    expect(await merlon(['stop', '--json'], engine.socket)).toEqual({
      code: 0,
      stdout: '{"stopped":true}\n',
      stderr: '',
    });
  });
});

it('open prints the link where there is no display', async () => {
  engine.answer('console.link', () => ok({ url: 'http://127.0.0.1:7411/?token=t' }));
  expect(await merlon(['open', '--print'], engine.socket)).toMatchObject({
    code: 0,
    stdout: 'http://127.0.0.1:7411/?token=t\n',
  });
});

it('an engine that breaks the framing is hung up on', async () => {
  engine.answer('status.get', () => ok({ ...someStatus, filler: 'x'.repeat(17 << 20) }));
  const told = await merlon(['status', '--json'], engine.socket);
  expect(told).toMatchObject({ code: 3, stdout: '' });
});
