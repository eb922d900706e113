import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { Processes, type Image, type ProcessFacts } from './processes.ts';

const BOOT = '8a79902f-7c1c-4054-aabd-7b20a8950778';

const facts = (pid: number, startNs: number, parent?: { pid: number; startNs: number }): ProcessFacts => ({
  task: {
    pid,
    start_ns: startNs,
    ppid: parent?.pid ?? 0,
    parent_start_ns: parent?.startNs ?? 0,
    uid: 0,
    comm: `c${pid}`,
  },
  cgroupId: '1',
});
const image = (name: string, weight = 100): Image => ({
  name,
  executable: `/bin/${name}`,
  commandLine: name,
  weight,
});

describe('Processes', () => {
  test('a fork runs its parent’s program until it executes its own', () => {
    const table = new Processes(BOOT);
    const shell = table.executed(facts(10, 1), image('sh'));
    const child = table.forked(facts(11, 2, shell));
    expect(child.image?.name).toBe('sh');
    expect(child.parent).toBe(shell);
    table.executed(facts(11, 2, shell), image('ls'));
    expect([child.image?.name, shell.image?.name]).toEqual(['ls', 'sh']);
    expect(table.running).toBe(2);
  });

  test('a reused pid is another process; the one before has ended', () => {
    const table = new Processes(BOOT);
    const first = table.executed(facts(10, 100), image('a'));
    const second = table.executed(facts(10, 200), image('b'));
    expect(table.find(10, 100)).toBe(first);
    expect(table.newest(10)).toBe(second);
    expect(first.endNs).toBe(200);
    expect(first.entityId).not.toBe(second.entityId);
    expect(table.running).toBe(1);
    table.exited(facts(10, 100), 0, 150);
    expect([first.endNs, second.endNs]).toEqual([150, undefined]);
  });

  test('an exit of an unknown process makes one that is marked incomplete', () => {
    const table = new Processes(BOOT);
    table.executed(facts(10, 900), image('now'));
    const unknown = table.exited(facts(10, 300), 9, 400);
    expect(unknown).toMatchObject({ incomplete: true, endNs: 400, status: 9, image: undefined });
    expect(table.newest(10)?.startNs).toBe(900);
    expect(table.running).toBe(1);
  });

  test('a second exit is ignored and counted', () => {
    const table = new Processes(BOOT);
    table.forked(facts(10, 1));
    expect(table.exited(facts(10, 1), 0, 5)).toBeDefined();
    expect(table.exited(facts(10, 1), 256, 6)).toBeUndefined();
    expect(table.duplicateExits).toBe(1);
    expect(table.find(10, 1)?.status).toBe(0);
    expect(table.running).toBe(0);
  });

  test('lineage stays with the parent that made it, whoever adopts the orphan', () => {
    const table = new Processes(BOOT);
    const init = table.executed(facts(1, 1), image('init'));
    const middle = table.forked(facts(20, 2, init));
    const daemon = table.forked(facts(21, 3, middle));
    table.exited(facts(20, 2, init), 0, 4);
    table.executed(facts(21, 3, init), image('daemon'));
    expect(table.ancestors(daemon).map((p) => p.pid)).toEqual([20, 1]);
    expect(table.descendants(init).map((p) => p.pid)).toEqual([20, 21]);
  });

  test('descendants come depth first, in the order of their births', () => {
    const table = new Processes(BOOT);
    const a = table.forked(facts(1, 1));
    const b = table.forked(facts(2, 2, a));
    table.forked(facts(3, 3, a));
    table.forked(facts(4, 4, b));
    expect(table.descendants(a).map((p) => p.pid)).toEqual([2, 4, 3]);
    expect(table.descendants(a, 1).map((p) => p.pid)).toEqual([2]);
  });

  test('a record that names itself or a younger one as its parent makes no circle', () => {
    const table = new Processes(BOOT);
    const own = table.forked(facts(5, 5, { pid: 5, startNs: 5 }));
    const young = table.forked(facts(9, 9));
    const old = table.forked(facts(4, 4, young));
    expect([own.parent, old.parent]).toEqual([undefined, undefined]);
  });

  test('who is not in a snapshot has ended, unseen', () => {
    const table = new Processes(BOOT);
    const kept = table.forked(facts(1, 10));
    const gone = table.forked(facts(2, 20));
    const later = table.forked(facts(3, 60));
    expect(table.reconcile(new Set([kept]), 50, 60)).toBe(1);
    expect([kept.endNs, gone.endNs, gone.status, later.endNs]).toEqual([undefined, 50, undefined, undefined]);
  });

  test('entity ids lead back to their process, and nothing else does', () => {
    const table = new Processes(BOOT);
    const process = table.forked(facts(4_194_304, 9_000_000_000_000_000));
    expect(process.entityId.length).toBeLessThanOrEqual(30);
    expect(table.byEntityId(process.entityId)).toBe(process);
    expect(new Processes(BOOT.replace('8', '9')).byEntityId(process.entityId)).toBeUndefined();
    for (const id of ['', 'x', '../etc', `${process.entityId}0000000000000`]) {
      expect(table.byEntityId(id)).toBeUndefined();
    }
  });

  test('what ended is forgotten by age, number and weight, oldest first', () => {
    const keep = { ns: 1000, count: 3, bytes: 1 << 20 };
    const table = new Processes(BOOT, keep);
    for (let i = 1; i <= 5; i++) {
      table.forked(facts(i, i));
      table.exited(facts(i, i), 0, 10 + i);
    }
    expect([1, 2, 3, 4, 5].filter((pid) => table.newest(pid) !== undefined)).toEqual([3, 4, 5]);
    table.forked(facts(9, 9));
    table.exited(facts(9, 9), 0, 5000);
    expect([3, 4, 5, 9].filter((pid) => table.newest(pid) !== undefined)).toEqual([9]);

    const heavy = new Processes(BOOT, { ...keep, bytes: 5000 });
    for (let i = 1; i <= 3; i++) {
      heavy.executed(facts(i, i), image('big', 2000));
      heavy.exited(facts(i, i), 0, 10 + i);
    }
    expect(heavy.kept).toBe(2);
  });

  test('a forgotten parent leaves its children with its ids', () => {
    const table = new Processes(BOOT, { ns: 1000, count: 10, bytes: 1 << 20 });
    const parent = table.forked(facts(1, 1));
    const child = table.forked(facts(2, 2, parent));
    table.exited(facts(1, 1), 0, 10);
    table.forked(facts(3, 3));
    table.exited(facts(3, 3), 0, 10_000);
    expect(table.find(1, 1)).toBeUndefined();
    expect(child).toMatchObject({ parent: undefined, ppid: 1, parentStartNs: 1 });
  });

  test('stays small in a storm of short-lived processes', () => {
    const table = new Processes(BOOT);
    const shell = table.executed(facts(1, 1), image('sh'));
    const before = heapUsed();
    for (let i = 0; i < 300_000; i++) {
      const child = facts(2 + (i % 30_000), 10 + i * 10, shell);
      table.forked(child);
      table.executed(child, image(`program-${i}`, 300));
      table.exited(child, 0, 15 + i * 10);
    }
    expect(heapUsed() - before).toBeLessThan(60 << 20);
    expect(table.running).toBe(1);
    expect(table.kept).toBeLessThanOrEqual(50_000);
    expect(table.descendants(shell, 1e9).length).toBe(table.kept);
  });
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void; // V8's own, by the flag above

function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
