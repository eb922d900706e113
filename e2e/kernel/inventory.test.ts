/** Everybody's BPF, as merlon-inventory finds it and the engine judges it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { after, before, it } from 'node:test';
import * as v from 'valibot';
import type { BpfInventory, BpfProgram } from '../../shared/bpf.ts';
import { Engine, trigger } from './harness.ts';

let engine: Engine;
before(async () => {
  engine = await Engine.start();
});
after(() => engine.end());

const held = v.object({
  pid: v.number(),
  armed: v.number(),
  linked: v.number(),
  bare: v.number(),
  cgroup: v.string(),
});

/** While the trigger holds its programs; they are gone when this returns. */
async function whileHeld(work: (told: v.InferOutput<typeof held>) => Promise<void>): Promise<void> {
  const child = spawn(trigger('bpf_held'), { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  try {
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    await work(v.parse(held, JSON.parse(line)));
  } finally {
    child.stdin.end();
    await ended;
  }
}

const find = ({ programs }: BpfInventory, id: number): BpfProgram => {
  const found = programs.find((program) => program.id === id);
  assert.ok(found, `program ${id} is not in the inventory`);
  return found;
};

it('Merlon’s own programs are known as its own, each where it is attached', async () => {
  const { sensor, helper } = await engine.status();
  const { programs, unread } = await engine.ask('bpf.inventory', {});
  for (const name of sensor.attached) {
    // The kernel keeps fifteen characters of a name.
    const own = programs.filter((each) => each.owner === 'merlon' && each.name === name.slice(0, 15));
    assert.ok(
      own.length > 0,
      `${name} is not in the inventory, or not Merlon’s: ${JSON.stringify(programs)}`,
    );
    const mine = own.find(({ holders }) => holders.some(({ pid }) => pid === helper.pid));
    assert.ok(mine, `${name} is held by another process than the helper`);
    assert.notEqual(mine.attachments[0]?.target ?? '', '', `${name}: where is it attached?`);
    assert.deepEqual(mine.concerns, []);
  }
  // A machine may have containers, or services with a network of their own.
  assert.deepEqual(
    unread.filter((each) => !each.includes('other network namespaces')),
    [],
  );
});

it('a stranger’s program where Merlon’s are, which could send signals, is told at once and by whom', async () => {
  await engine.ask('bpf.baseline', {});
  await whileHeld(async ({ pid, armed }) => {
    const told = await engine.until(
      'the stranger is told',
      (e) => e['event.action'] === 'foreign_bpf' && e['merlon.bpf.program.id'] === armed,
    );
    assert.equal(told['process.pid'], pid);
    const program = find(await engine.ask('bpf.inventory', {}), armed);
    assert.equal(program.owner, 'foreign');
    assert.equal(program.name, 'merlon_armed');
    assert.equal(program.is_new, true);
    assert.deepEqual([...program.concerns].sort(), ['our_hook', 'sends_signals']);
    assert.equal(program.loader?.pid, pid);
    assert.deepEqual(
      program.holders.map((each) => each.pid),
      [pid],
    );
    assert.equal(program.attachments[0]?.target, 'sched_process_exec');
  });
});

it('programs on a cgroup are found, with a link and without', async () => {
  await whileHeld(async ({ linked, bare, cgroup }) => {
    const inventory = await engine.ask('bpf.inventory', {});
    const place = (id: number) =>
      find(inventory, id).attachments.map(({ link, attach_type: type, target, detachable }) => ({
        ...{ linked: link !== null, type, target, detachable },
      }));
    assert.deepEqual(place(linked), [
      { linked: true, type: 'cgroup_inet_egress', target: cgroup, detachable: true },
    ]);
    assert.deepEqual(place(bare), [
      { linked: false, type: 'cgroup_inet_ingress', target: cgroup, detachable: false },
    ]);
  });
});

it('what is gone since the baseline is said, and what was known is not new', async () => {
  await whileHeld(async ({ armed }) => {
    const accepted = await engine.ask('bpf.baseline', {});
    assert.equal(find(accepted, armed).is_new, false);
  });
  const { gone } = await engine.ask('bpf.inventory', {});
  assert.deepEqual(gone.map(({ name }) => name).sort(), ['merlon_armed', 'merlon_bare', 'merlon_linked']);
});

it('the kernel measures runs while somebody asks, and no longer', async () => {
  const { process_exec: program } = await untilMeasured();
  assert.ok(program !== undefined && program.average_ns !== null && program.average_ns > 0);
  assert.equal((await engine.ask('bpf.inventory', {})).statistics, true);
});

/** The programs' costs, once the kernel has measured one of process_exec's runs: a canary's at the latest. */
async function untilMeasured() {
  const until = Date.now() + 30_000;
  for (;;) {
    const { programs, measured_ms: ms } = await engine.ask('health.cost', {});
    const byName = Object.fromEntries(programs.map((each) => [each.name, each]));
    if (ms > 0 && (byName['process_exec']?.runs ?? 0) > 0) return byName;
    assert.ok(Date.now() < until, 'nothing was measured in 30 s');
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

it('merlon-inventory keeps what it needs, and nothing else', async () => {
  const { helper } = await engine.status();
  const pid = inventoryOf(helper.pid ?? 0);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  // CAP_DAC_READ_SEARCH, CAP_NET_ADMIN, CAP_SYS_PTRACE, CAP_SYS_ADMIN and CAP_SYSLOG.
  const kept = (1n << 2n) | (1n << 12n) | (1n << 19n) | (1n << 21n) | (1n << 34n);
  for (const set of ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
    assert.equal(BigInt(`0x${new RegExp(`${set}:\\s*(\\w+)`).exec(status)?.[1]}`), kept, set);
  assert.match(status, /NoNewPrivs:\s*1/);
});

/** The one that was started with this helper. */
function inventoryOf(helper: number): number {
  const started = startOf(helper) ?? NaN;
  const found = readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && executableOf(pid)?.endsWith('/merlon-inventory'))
    .sort((a, b) => Math.abs((startOf(a) ?? 0) - started) - Math.abs((startOf(b) ?? 0) - started));
  assert.ok(found[0] !== undefined, 'no merlon-inventory runs');
  return found[0];
}

/** Clock ticks; undefined where it has ended. */
function startOf(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
  } catch {
    return undefined;
  }
}

function executableOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined; // a kernel thread, or it has ended
  }
}
