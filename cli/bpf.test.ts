import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BpfInventory, BpfMap, BpfProgram } from '../shared/bpf.ts';
import { fail, ok } from '../shared/result.ts';
import { listText } from './bpf-text.ts';
import { engineDouble, merlon, type EngineDouble } from './double.ts';
import { ACTING } from './terminal.ts';

let engine: EngineDouble;
beforeEach(async () => {
  engine = await engineDouble();
});
afterEach(() => engine.close());

const HOSTILE = 'x\u001b[2J\u202e\u0000y';

const program = (id: number, fields: Partial<BpfProgram> = {}): BpfProgram => ({
  ...{ id, type: 'tracing', name: `p${id}`, tag: id.toString(16).padStart(16, '0') },
  ...{
    loaded: 1_700_000_000_000,
    user: 'root',
    loader: null,
    holders: [],
    attachments: [],
    pins: [],
    maps: [],
  },
  ...{ owner: 'merlon', owner_why: 'Merlon’s helper holds it.', gpl: true, verified: 1, translated_bytes: 8 },
  ...{ jited_bytes: 8, memory_bytes: 4096, run_ns: 0, runs: 0, missed: 0, cpu_percent: null, powers: [] },
  ...{ concerns: [], is_new: false, ...fields },
});
const at = (target: string) => ({
  link: 1,
  type: 'tracing',
  attach_type: 'trace_fentry',
  target,
  detachable: false,
});
const map = (id: number, fields: Partial<BpfMap> = {}): BpfMap => ({
  ...{
    id,
    type: 'hash',
    name: `m${id}`,
    key_bytes: 4,
    value_bytes: 8,
    max_entries: 1024,
    memory_bytes: 8192,
  },
  ...{ frozen: false, programs: [1], holders: [], pins: [], owner: 'merlon', ...fields },
});
const inventory = (fields: Partial<BpfInventory> = {}): BpfInventory => ({
  ...{ at: 1_700_000_000_000, statistics: false, programs: [program(1)], maps: [], gone: [] },
  ...{ baseline: 1_690_000_000_000, unread: [], ...fields },
});
const stranger = program(7, {
  owner: 'foreign',
  owner_why: '/root/x holds it, which is nobody’s that Merlon knows.',
  attachments: [at('sched_process_exec'), at('do_exit')],
  holders: [{ pid: 40, entity_id: null, name: 'x', executable: '/root/x', user: 'root' }],
  concerns: ['our_hook', 'sends_signals'],
  is_new: true,
});
const filter = (id: number) =>
  program(id, { owner: 'systemd', type: 'cgroup_skb', name: 'sd_fw', tag: 'aa' });

const bpf = (args: readonly string[], answer: BpfInventory = inventory()) => {
  engine.answer('bpf.inventory', () => ok(answer));
  engine.answer('bpf.baseline', () => ok(answer));
  return merlon(['bpf', ...args], engine.socket);
};

describe('list', () => {
  it('has strangers that are to be looked at first, then strangers, and says why', async () => {
    const programs = [program(1), program(5, { owner: 'foreign' }), stranger];
    const { code, stdout } = await bpf([], inventory({ programs }));
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines.slice(1, 4).map((line) => /^(! NEW)?\s*(\d+)/.exec(line)?.[2])).toEqual(['7', '5', '1']);
    expect(lines[1]).toMatch(/sched_process_exec and 1 more\s+stranger.*held by \/root\/x \(40\)/);
    expect(stdout).toContain(
      '7 p7: it was not there before; it is attached where Merlon’s own programs are; it can send signals to other processes. /root/x holds it',
    );
    expect(stdout).toMatch(
      /^3 programs \(2 stranger, 1 Merlon\), 0 maps; 1 to be looked at; 1 new and 0 gone since /m,
    );
  });

  it('has one line for what is alike of known owners, and with --all a line for each', async () => {
    const programs = [filter(1), filter(2), filter(3)];
    expect((await bpf(['list'], inventory({ programs }))).stdout).toMatch(/1 and 2 more {2}cgroup_skb/);
    const all = (await bpf(['list', '--all'], inventory({ programs }))).stdout;
    expect(all.match(/cgroup_skb/g)).toHaveLength(3);
  });

  it('shows strangers that are alike each, and what they take together only where they are one line', () => {
    const programs = [5, 6].map((id) => program(id, { owner: 'foreign', tag: 'aa', name: 'x' }));
    expect(listText(inventory({ programs }), false).match(/stranger {2}/g)).toHaveLength(2);
    const measured = [filter(1), filter(2)].map((each) => ({ ...each, cpu_percent: 1.25 }));
    expect(listText(inventory({ programs: measured }), false)).toContain('2.50 %');
  });

  it('shows who loaded it rather than who holds it', async () => {
    const loader = {
      pid: 9,
      entity_id: 'e',
      name: 'bpftrace',
      executable: '/usr/bin/bpftrace',
      user: 'root',
    };
    const { stdout } = await bpf([], inventory({ programs: [{ ...stranger, loader }] }));
    expect(stdout).toMatch(/ \/usr\/bin\/bpftrace \(9\)$/m);
  });

  it('has maps with --maps, a stranger’s first', async () => {
    const maps = [map(1), map(2, { owner: 'foreign', programs: [1, 2, 3, 4, 5, 6, 7, 8] })];
    const { stdout } = await bpf(['--maps'], inventory({ maps }));
    expect(stdout).toMatch(/\n +2 {2}hash.*8\.0 kiB {2}stranger {2}1, 2, 3, 4, 5, 6 and 2 more\n +1 {2}hash/);
  });

  it('says what could not be read, and works where there is nothing', async () => {
    const { code, stdout } = await bpf(
      [],
      inventory({ programs: [], unread: ['No links.'], baseline: null }),
    );
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: '0 programs, 0 maps; 0 to be looked at; there is no baseline yet.\n\nNo links.\n',
    });
  });

  it('shows nothing that a terminal obeys, and cuts what is too long', async () => {
    const hostile = program(8, {
      ...{ owner: 'foreign', name: HOSTILE, owner_why: HOSTILE, type: HOSTILE, tag: HOSTILE, user: HOSTILE },
      ...{ attachments: [at(`${HOSTILE}${'z'.repeat(4000)}`)], is_new: true },
    });
    const fields = { programs: [hostile], maps: [map(1, { name: HOSTILE })], unread: [HOSTILE] };
    const { stdout } = await bpf(['--maps'], inventory(fields));
    expect(stdout.replaceAll('\n', '').match(ACTING)).toBeNull();
    expect(stdout).not.toContain('z'.repeat(50));
  });
});

describe('--json', () => {
  it('is the whole inventory on one line, with nothing that a terminal obeys', async () => {
    const answer = inventory({ programs: [program(1, { name: HOSTILE })] });
    const { stdout } = await bpf(['--json'], answer);
    expect(JSON.parse(stdout)).toEqual(answer);
    expect(stdout.trimEnd().match(ACTING)).toBeNull();
  });

  it('of diff is the same, with diff’s exit code', async () => {
    const answer = inventory({ programs: [stranger] });
    const { code, stdout } = await bpf(['diff', '--json'], answer);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual(answer);
  });
});

describe('diff', () => {
  it('is 0 where nothing is different', async () => {
    const told = await bpf(['diff']);
    expect(told).toMatchObject({ code: 0, stderr: '' });
    expect(told.stdout).toMatch(/^Nothing is new and nothing is gone since 20/);
  });

  it('shows what is new and what is gone, and is 1', async () => {
    const gone = [{ type: 'xdp', name: HOSTILE, tag: 'bb', owner: 'package', target: 'eth0' }] as const;
    const { code, stdout, stderr } = await bpf(
      ['diff'],
      inventory({ programs: [program(1), stranger], gone }),
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(/^New:\n.*\n! NEW +7 .*\n\nGone:\n.*\nxdp .*bb +eth0 +package\n\n7 p7: /);
    expect(stdout.replaceAll('\n', '').match(ACTING)).toBeNull();
    expect(stderr).toMatch(/^merlon: Since .*: 1 new, 1 gone; 1 to be looked at\. .*merlon bpf accept\n$/);
  });

  it('is 1 for a known stranger that is to be looked at', async () => {
    const told = await bpf(['diff'], inventory({ programs: [{ ...stranger, is_new: false }] }));
    expect(told.code).toBe(1);
    expect(told.stdout).toMatch(/7 p7: it is attached where/);
  });

  it('is 0 for a stranger whose concerns were accepted, and 1 for one more', async () => {
    const known = { ...stranger, is_new: false, accepted: stranger.concerns };
    expect(await bpf(['diff'], inventory({ programs: [known] }))).toMatchObject({ code: 0, stderr: '' });
    const more = await bpf(['diff'], inventory({ programs: [{ ...known, accepted: ['our_hook'] }] }));
    expect(more.code).toBe(1);
    expect(more.stdout).toContain('7 p7: it can send signals to other processes. /root/x');
  });

  it('is 1 where there is no baseline, and says how to come by one', async () => {
    const told = await bpf(['diff'], inventory({ baseline: null }));
    expect(told).toMatchObject({ code: 1, stdout: '' });
    expect(told.stderr).toMatch(/no baseline.*merlon bpf accept/);
  });
});

it('accept takes what is there for known', async () => {
  const { code, stdout } = await bpf(['accept']);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^What is there at .* is known from now on \(1 program\); new is what comes after\.\n$/,
  );
  expect(engine.asked).toEqual([{ name: 'bpf.baseline', input: {} }]);
});

it.each([
  ['not_sensing', 'Merlon does not sense now. Start sensing: merlon sense'],
  ['inventory_failed', 'The inventory could not be taken.'],
] as const)('%s is 1, in the engine’s words', async (code, message) => {
  engine.answer('bpf.inventory', () => fail(code, message));
  expect(await merlon(['bpf'], engine.socket)).toEqual({
    code: 1,
    stdout: '',
    stderr: `merlon: ${message}\n`,
  });
});

it.each([
  [['show'], /‘show’ is nothing to do; there are list, diff, accept/],
  [['diff', '--all'], /--all and --maps belong to list/],
  [['accept', '--maps'], /--all and --maps belong to list/],
  [['list', 'more'], /‘more’ is one word too many/],
])('%j is a usage error, without asking the engine', async (args, sentence) => {
  const told = await merlon(['bpf', ...args], engine.socket);
  expect(told).toMatchObject({ code: 2, stdout: '' });
  expect(told.stderr).toMatch(sentence);
  expect(engine.asked).toEqual([]);
});
