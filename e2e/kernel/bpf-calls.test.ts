/** Who loads, attaches, detaches and pins BPF programs, as the kernel says; and whose load it refused. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import type { EventFields } from '../../shared/event.ts';
import { Engine, IN_GUEST, play, run, trigger } from './harness.ts';

let engine: Engine;
before(async () => {
  engine = await Engine.start();
});
after(() => engine.end());

const HELPER =
  process.env['MERLON_HELPER'] ?? fileURLToPath(new URL('../../out/helper/merlon-helper', import.meta.url));
/** How the trigger says that the machine refuses them. */
const NO_CALLS32 = 77;

const program = v.object({ id: v.number(), tag: v.string() });
const made = v.object({
  pid: v.number(),
  traced: program,
  first: program,
  second: program,
  traced_link: v.number(),
  group_link: v.number(),
  program_path: v.string(),
  link_path: v.string(),
});

/** What a process did to BPF, in its order, once it has ended. */
async function bpfOf(pid: number): Promise<EventFields[]> {
  return (await engine.story(pid)).filter((e) => e['merlon.bpf.command'] !== undefined);
}

it('every call in its order, with the program, its link and its caller', async () => {
  const told = await play('bpf_calls', made);
  const { pid, traced, first, second, traced_link, group_link } = told;
  const events = await bpfOf(pid);
  const raw = { type: 'raw_tracepoint', name: 'merlon_traced', ...traced };
  const one = { type: 'cgroup_skb', name: 'merlon_first', ...first };
  const two = { type: 'cgroup_skb', name: 'merlon_second', ...second };
  const egress = 'cgroup_inet_egress';
  const link = { link: group_link, linkType: 'cgroup', attach: egress };
  const expected = [
    { action: 'bpf_loaded', command: 'prog_load', ...raw },
    { action: 'bpf_loaded', command: 'prog_load', ...one, attach: egress },
    { action: 'bpf_loaded', command: 'prog_load', ...two, attach: egress },
    {
      ...{ action: 'bpf_attached', command: 'raw_tracepoint_open', ...raw },
      ...{ link: traced_link, linkType: 'raw_tracepoint' },
    },
    { action: 'bpf_attached', command: 'link_create', ...one, ...link },
    { action: 'bpf_pinned', command: 'obj_pin', ...one, attach: egress, path: told.program_path },
    { action: 'bpf_pinned', command: 'obj_pin', ...one, ...link, path: told.link_path },
    { action: 'bpf_attached', command: 'link_update', ...two, ...link },
    { action: 'bpf_detached', command: 'link_detach', ...two, ...link },
    { action: 'bpf_attached', command: 'prog_attach', ...one, attach: egress },
    { action: 'bpf_detached', command: 'prog_detach', ...one, attach: egress },
  ];
  assert.deepEqual(
    events.map((e) => ({
      action: e['event.action'],
      command: e['merlon.bpf.command'],
      type: e['merlon.bpf.program.type'],
      name: e['merlon.bpf.program.name'],
      id: e['merlon.bpf.program.id'],
      tag: e['merlon.bpf.program.tag'],
      attach: e['merlon.bpf.attach_type'],
      link: e['merlon.bpf.link.id'],
      linkType: e['merlon.bpf.link.type'],
      path: e['file.path'],
    })),
    expected.map((each) => ({
      attach: undefined,
      link: undefined,
      linkType: undefined,
      path: undefined,
      ...each,
    })),
  );
  const [caller] = engine.of(pid, 'exec');
  for (const event of events) {
    assert.deepEqual(event['event.category'], ['driver']);
    assert.equal(event['event.outcome'], 'success');
    assert.equal(event['user.name'], 'root');
    for (const field of ['process.entity_id', 'process.executable', 'process.parent.pid'] as const)
      assert.equal(event[field], caller?.[field]);
  }
});

it('a load that the kernel refused to another user, as it was asked for', async () => {
  const { pid } = await play('bpf_calls', v.object({ pid: v.number(), errno: v.number() }), ['refused']);
  const [event, ...rest] = await bpfOf(pid);
  assert.deepEqual(rest, []);
  assert.equal(event?.['event.action'], 'bpf_refused');
  assert.equal(event['event.outcome'], 'failure');
  assert.equal(event['error.code'], 'EPERM');
  assert.equal(event['user.id'], '65534');
  assert.equal(event['merlon.bpf.program.type'], 'kprobe');
  assert.equal(event['merlon.bpf.program.name'], 'merlon_refused');
  assert.equal(event['merlon.bpf.program.id'], undefined);
  assert.equal(event['merlon.bpf.program.tag'], undefined);
});

it('a flood of refused loads is told in part, and hides none that succeeds', async () => {
  const told = await play(
    'bpf_calls',
    v.object({ pid: v.number(), traced: program, refused: v.literal(1000) }),
    ['flood'],
  );
  const events = await bpfOf(told.pid);
  const refused = events.filter((e) => e['event.action'] === 'bpf_refused');
  assert.ok(refused.length > 0 && refused.length < told.refused, `${refused.length} were told`);
  assert.deepEqual(
    events.filter((e) => !refused.includes(e)).map((e) => [e['event.action'], e['merlon.bpf.program.id']]),
    [['bpf_loaded', told.traced.id]],
  );
});

it('a load by a 32-bit caller, where the kernel allows fexit; else it is not seen', async (t) => {
  if ((await run([trigger('bpf_calls'), 'calls32'])).code === NO_CALLS32) {
    assert.ok(!IN_GUEST, 'the guests have 32-bit system calls');
    return t.skip('this machine has no 32-bit system calls');
  }
  const { attached } = (await engine.status()).sensor;
  const { pid, traced } = await play('bpf_calls', v.object({ pid: v.number(), traced: program }), [
    'calls32',
  ]);
  const events = await bpfOf(pid);
  if (!attached.includes('fexit_bpf32')) {
    assert.ok(!IN_GUEST, 'the guests’ kernels allow fexit');
    return assert.deepEqual(events, []);
  }
  assert.deepEqual(
    events.map((e) => [e['event.action'], e['merlon.bpf.program.id'], e['merlon.bpf.program.tag']]),
    [['bpf_loaded', traced.id, traced.tag]],
  );
});

it('one kind of hook, so that nothing is told twice; and the helper is told like others', async () => {
  const { attached, refused } = (await engine.status()).sensor;
  const usual = attached.includes('fexit_bpf');
  assert.equal(attached.includes('bpf_called'), !usual, JSON.stringify(refused));
  assert.equal(usual, attached.includes('fexit_exec'));
  // A fexit program does not see the call that attaches it.
  const last = usual ? 'fexit_bpf32' : 'bpf_called';
  const event = await engine.until(
    'the helper attached its last program',
    (e) => e['event.action'] === 'bpf_attached' && e['merlon.bpf.program.name'] === last,
  );
  assert.equal(event['user.name'], 'root');
});

it('what the probe tries is no event', async () => {
  const { code } = await run([HELPER, 'probe']);
  assert.equal(code, 0);
  await play('bpf_calls', v.object({ pid: v.number(), errno: v.number() }), ['refused']).then(({ pid }) =>
    bpfOf(pid),
  );
  const exec = engine.events.find(({ fields }) => fields['process.name'] === 'merlon-probe');
  assert.ok(exec, 'the probe itself is told');
  // But for one that ended while the sensors were attached: who that was nobody can know.
  const calls = engine.events.filter(
    ({ fields: e }) =>
      e['merlon.bpf.command'] !== undefined &&
      e['merlon.process.comm'] === 'merlon-probe' &&
      !e['merlon.process.flags']?.includes('incomplete'),
  );
  assert.deepEqual(
    calls.map(({ fields }) => fields.message),
    [],
  );
});
