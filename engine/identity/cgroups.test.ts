import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Cgroups, findHierarchies } from './cgroups.ts';
import { ContainerNames } from './containers.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'merlon-cgroups-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const names = new ContainerNames('/nonexistent');
const none = { v2: undefined, pids: undefined, pidsNumber: undefined };
const idOf = (path: string) => String(statSync(path, { bigint: true }).ino);

describe('Cgroups', () => {
  test('a scan gives folders their inode numbers as ids, v2 before v1', async () => {
    const v2 = join(root, 'unified');
    const pids = join(root, 'pids');
    mkdirSync(join(v2, 'system.slice/ssh.service'), { recursive: true });
    mkdirSync(join(pids, 'docker', 'a'.repeat(64)), { recursive: true });
    const cgroups = new Cgroups(names, { v2, pids, pidsNumber: 8 }, root);
    await cgroups.scan();
    expect(cgroups.of(idOf(join(v2, 'system.slice/ssh.service')), 1)).toEqual({
      path: '/system.slice/ssh.service',
      containerId: undefined,
      runtime: undefined,
      unit: 'ssh.service',
    });
    expect(cgroups.of(idOf(join(pids, 'docker', 'a'.repeat(64))), 1)?.runtime).toBe('docker');
    expect(cgroups.of(idOf(v2), 1)?.path).toBe('/');
  });

  test('the kernel’s record of a new cgroup is believed at once; other hierarchies are not ours', () => {
    const cgroups = new Cgroups(names, { ...none, pidsNumber: 8 }, root);
    cgroups.made('77', 0, '/system.slice/a.service');
    cgroups.made('78', 8, '/system.slice/b.service');
    cgroups.made('79', 3, '/system.slice/c.service');
    expect(cgroups.of('77', 1)?.unit).toBe('a.service');
    expect(cgroups.of('78', 1)?.unit).toBe('b.service');
    expect(cgroups.of('79', 1)).toBeUndefined();
    cgroups.made('79', 0, '/system.slice/d.service');
    expect(cgroups.of('79', 1)?.unit).toBe('d.service');
  });

  test('an unknown id is asked of a process in it', () => {
    mkdirSync(join(root, '42'));
    writeFileSync(join(root, '42/cgroup'), '8:pids:/\n1:name=systemd:/\n0::/system.slice/x.service\n');
    mkdirSync(join(root, '43'));
    writeFileSync(join(root, '43/cgroup'), '8:cpu,pids:/batch/job\n0::/\n');
    const cgroups = new Cgroups(names, none, root);
    expect(cgroups.of('5', 42)?.path).toBe('/system.slice/x.service');
    expect(cgroups.of('6', 43)?.path).toBe('/batch/job');
    expect(cgroups.of('7', 44)).toBeUndefined();
  });
});

describe('findHierarchies', () => {
  test('finds v2 beside v1 and the number of the pids hierarchy', () => {
    mkdirSync(join(root, 'unified'));
    mkdirSync(join(root, 'pids'));
    writeFileSync(join(root, 'unified/cgroup.procs'), '');
    writeFileSync(join(root, 'pids/cgroup.procs'), '');
    writeFileSync(join(root, 'self'), '9:name=systemd:/\n8:pids:/\n0::/\n');
    expect(findHierarchies(root, join(root, 'self'))).toEqual({
      v2: join(root, 'unified'),
      pids: join(root, 'pids'),
      pidsNumber: 8,
    });
    expect(findHierarchies(join(root, 'none'), join(root, 'none'))).toEqual(none);
  });
});
