import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fail, ok } from '../../shared/result.ts';
import {
  attachment,
  bpfMap,
  byId,
  HELPER_PID,
  holder,
  Host,
  output,
  process,
  program,
  valueOf,
} from './inventory.builder.ts';

let host: Host;
beforeEach(() => {
  host = new Host();
});
afterEach(() => host.close());
const file = () => join(host.folder, 'bpf.json');

describe('an inventory', () => {
  it('says of each program who holds it, since when, and whose it is', async () => {
    host.runs(40, '/usr/sbin/evil', { uid: 0 });
    host.output = output({
      programs: [program(1), program(2, { uid: 1000 })],
      attachments: [attachment(1), attachment(2)],
      holders: [holder(HELPER_PID, 1), holder(40, 10_002, { kind: 'link' })],
      pins: [{ path: '/sys/fs/bpf/x', kind: 'link', id: 10_002 }],
    });
    const found = await valueOf(host.engine().inventory());
    expect(byId(found, 1)).toMatchObject({
      owner: 'merlon',
      loaded: 1_700_000_001_000,
      user: 'root',
      concerns: [],
    });
    expect(byId(found, 2)).toMatchObject({
      owner: 'foreign',
      user: '1000',
      holders: [{ pid: 40, executable: '/usr/sbin/evil', user: 'root', entity_id: expect.any(String) }],
      pins: ['/sys/fs/bpf/x'],
      concerns: ['our_hook'],
    });
  });

  it('says nothing of a holder that is gone but the name that it gave itself', async () => {
    host.output = output({ programs: [program(1)], holders: [holder(41, 1, { comm: '\u001b]0;x' })] });
    const { holders } = byId(await valueOf(host.engine().inventory()), 1);
    expect(holders).toEqual([{ pid: 41, entity_id: null, name: '\u001b]0;x', executable: null, user: null }]);
  });

  it('does not take a process with a reused pid for the holder', async () => {
    host.runs(40, '/usr/bin/runc');
    const holders = [holder(40, 1, { start_ticks: 12 })];
    host.output = output({ programs: [program(1, { type: 'cgroup_device' })], holders });
    expect(byId(await valueOf(host.engine().inventory()), 1)).toMatchObject({
      owner: 'foreign',
      holders: [{ entity_id: null }],
    });
  });

  it('knows a program that borrows a name of Merlon’s', async () => {
    host.output = output({ programs: [program(1, { name: 'merlon_a_long_n' })] });
    const found = byId(await valueOf(host.engine().inventory()), 1);
    expect(found.owner).toBe('foreign');
    expect(found.owner_why).toMatch(/calls itself merlon_a_long_n/);
  });

  it('counts what has the tag, name and type of Merlon’s own to Merlon, and not what has the tag alone', async () => {
    const same = { name: 'a', tag: 'ab' };
    host.output = output({
      programs: [program(1, same), program(2, same), program(3, { ...same, type: 'xdp' })],
      holders: [holder(HELPER_PID, 1)],
    });
    const { programs } = await valueOf(host.engine().inventory());
    expect(programs.map(({ owner }) => owner)).toEqual(['merlon', 'merlon', 'foreign']);
  });

  it('gives a map to the stranger among those that use it', async () => {
    host.output = output({
      programs: [program(1, { maps: [5, 5] }), program(2, { maps: [5] })],
      holders: [holder(HELPER_PID, 1), holder(HELPER_PID, 6, { kind: 'map' })],
      maps: [bpfMap(5), bpfMap(6)],
    });
    const { maps } = await valueOf(host.engine().inventory());
    expect(maps).toMatchObject([
      { id: 5, owner: 'foreign', programs: [1, 2] },
      { id: 6, owner: 'merlon', programs: [] },
    ]);
  });

  it('asks once for all who ask meanwhile, and again later', async () => {
    const bpf = host.engine();
    await Promise.all([bpf.inventory(), bpf.inventory(), bpf.look(), bpf.baseline()]);
    expect(host.asked).toBe(1);
    await bpf.inventory();
    expect(host.asked).toBe(2);
  });

  it('of 10,000 programs with hostile names is one', async () => {
    const name = '\u202e\u001b[2J\u0000","';
    const programs = Array.from({ length: 10_000 }, (_, i) => program(i, { name, tag: 'aa', maps: [1] }));
    host.output = output({
      programs,
      attachments: programs.map(({ id }) => attachment(id)),
      maps: [bpfMap(1)],
    });
    const begun = performance.now();
    const found = await valueOf(host.engine().inventory());
    expect(found.programs).toHaveLength(10_000);
    expect(found.maps[0]?.programs).toHaveLength(10_000);
    expect(performance.now() - begun).toBeLessThan(3000);
  });
});

describe('it fails', () => {
  it('without a helper, without asking one', async () => {
    host.helperPid = null;
    const told = await host.engine().inventory();
    expect(told).toMatchObject({ ok: false, error: { code: 'not_sensing', message: /merlon sense/ } });
    expect(host.asked).toBe(0);
  });

  it('where the helper that was asked is another one by now', async () => {
    host.answer = async () => {
      host.helperPid = 701;
      return ok(host.output);
    };
    expect(await host.engine().inventory()).toMatchObject({ ok: false, error: { code: 'not_sensing' } });
  });

  it('in the helper’s words, logged once by looks, again after one that did not fail', async () => {
    const bpf = host.engine();
    host.answer = async () => fail('inventory_failed', 'No.', 'EPERM');
    await bpf.look();
    await bpf.look();
    expect(host.logged).toEqual(['the BPF of this host was not looked at: No. EPERM']);
    host.answer = undefined;
    await bpf.look();
    host.answer = async () => fail('inventory_failed', 'No.');
    await bpf.look();
    expect(host.logged).toHaveLength(2);
  });

  it('once it is stopped, also where a look is under way, and tells nothing', async () => {
    const bpf = host.engine();
    const late = Promise.withResolvers<ReturnType<typeof ok<typeof host.output>>>();
    host.answer = () => late.promise;
    host.output = output({ programs: [program(1, { powers: ['sends_signals'] })] });
    const asked = bpf.inventory();
    bpf.stop();
    late.resolve(ok(host.output));
    expect(await asked).toMatchObject({ ok: false, error: { code: 'not_sensing' } });
    expect(host.found).toEqual([]);
    expect(existsSync(file())).toBe(false);
  });
});

describe('the share of a processor', () => {
  const measured = (atS: number, runMs: number, fields: Partial<ReturnType<typeof program>> = {}) =>
    output({
      at_ns: atS * 1e9,
      statistics: true,
      programs: [program(1, { run_ns: runMs * 1e6, ...fields })],
    });
  const percents = async (...looks: readonly ReturnType<typeof output>[]) => {
    const bpf = host.engine();
    const found: (number | null)[] = [];
    for (const look of looks) {
      host.output = look;
      found.push(byId(await valueOf(bpf.inventory()), 1).cpu_percent);
    }
    return found;
  };

  it('is that between two looks', async () => {
    expect(await percents(measured(10, 0), measured(20, 1000))).toEqual([null, 10]);
  });
  it('is the one of before for who asks right after', async () => {
    expect(await percents(measured(10, 0), measured(20, 1000), measured(20.1, 2000))).toEqual([null, 10, 10]);
  });
  it('is unknown where the kernel did not measure at one of both', async () => {
    const off = { ...measured(20, 1000), statistics: false };
    expect(await percents(measured(10, 0), off, measured(30, 2000))).toEqual([null, null, null]);
  });
  it('is unknown of a program that took the id of another', async () => {
    expect(await percents(measured(10, 0), measured(20, 1000, { loaded_ns: 5 }))).toEqual([null, null]);
  });
});

describe('who loaded it', () => {
  it('is remembered, and forgotten with the program', async () => {
    const bpf = host.engine();
    host.output = output({ programs: [program(1, { tag: 'AA' })] });
    bpf.loaded(1, 'aa', process(40, '/usr/bin/bpftrace'), undefined);
    expect(byId(await valueOf(bpf.inventory()), 1)).toMatchObject({ owner: 'foreign', loader: { pid: 40 } });
    host.output = output({ at_ns: 2000e9 });
    await bpf.look();
    host.output = output({ programs: [program(1, { tag: 'aa' })] });
    expect(byId(await valueOf(bpf.inventory()), 1).loader).toBeNull();
  });

  it('is not the loader of a program that had the id before', async () => {
    const bpf = host.engine();
    bpf.loaded(1, 'aa', process(40, '/usr/bin/bpftrace'), undefined);
    host.output = output({ programs: [program(1, { tag: 'bb' })] });
    expect(byId(await valueOf(bpf.inventory()), 1).loader).toBeNull();
  });

  it('stays where the look was taken before it was loaded', async () => {
    const bpf = host.engine();
    host.nowNs = 1001e9;
    bpf.loaded(1, 'aa', process(40, '/usr/bin/bpftrace'), undefined);
    await bpf.look();
    host.output = output({ programs: [program(1, { tag: 'aa' })] });
    expect(byId(await valueOf(bpf.inventory()), 1).loader).toMatchObject({ pid: 40 });
  });

  it('is known of the newest 4,096', async () => {
    const bpf = host.engine();
    for (let id = 1; id <= 4097; id++) bpf.loaded(id, 'aa', process(40, '/usr/bin/x'), undefined);
    host.output = output({ programs: [program(1, { tag: 'aa' }), program(2, { tag: 'aa' })] });
    const { programs } = await valueOf(bpf.inventory());
    expect(programs.map(({ loader }) => loader?.pid)).toEqual([undefined, 40]);
  });

  it('is Merlon where it is the helper itself, and nobody who had its pid before', async () => {
    const bpf = host.engine();
    const helper = {
      ...process(HELPER_PID, '/x'),
      entity_id: host.processes.newest(HELPER_PID)?.entityId ?? null,
    };
    bpf.loaded(1, 'aa', helper, undefined);
    bpf.loaded(2, 'aa', { ...helper, entity_id: 'other' }, undefined);
    bpf.loaded(3, 'aa', { ...helper, entity_id: null }, undefined);
    host.output = output({ programs: [1, 2, 3].map((id) => program(id, { tag: 'aa' })) });
    const { programs } = await valueOf(bpf.inventory());
    expect(programs.map(({ owner }) => owner)).toEqual(['merlon', 'foreign', 'foreign']);
  });

  it('is known to the next engine of this boot, by what its file was then', async () => {
    const first = host.engine();
    host.runs(40, '/usr/bin/runc');
    host.runs(41, '/usr/bin/crun', { file: { isStrange: true } });
    host.loads(first, 40, 1);
    host.loads(first, 41, 2);
    host.loads(first, 40, 3);
    host.output = output({ programs: [1, 2, 3].map((id) => program(id, { type: 'cgroup_device' })) });
    await first.look();
    host.files.clear();
    host.output.programs[2] = program(3, { type: 'cgroup_device', loaded_ns: 77 });
    const { programs } = await valueOf(host.engine().inventory());
    expect(programs.map(({ owner, loader }) => [owner, loader?.executable])).toEqual([
      ['container', '/usr/bin/runc'],
      ['foreign', '/usr/bin/crun'],
      ['foreign', undefined],
    ]);
    const another = await valueOf(host.engine({ bootId: 'another' }).inventory());
    expect(another.programs.map(({ loader }) => loader)).toEqual([null, null, null]);
  });

  it('with a path as long as can be does not spoil the file that keeps it', async () => {
    const first = host.engine();
    host.runs(40, `/${'\\xff'.repeat(4000)}`);
    host.loads(first, 40, 1);
    host.output = output({ programs: [program(1)] });
    await first.look();
    expect(byId(await valueOf(host.engine().inventory()), 1).loader).toBeNull();
    expect(host.logged).toEqual([]);
  });
});

describe('merlon-probe', () => {
  const PROBE = '/opt/merlon/merlon-probe';
  const owners = async (isOwnProbe: boolean, ended?: number) => {
    const bpf = host.engine();
    host.runs(40, PROBE, { isOwnProbe });
    host.loads(bpf, 40, 1);
    host.loads(bpf, 40, 2);
    if (ended !== undefined) host.ends(40, ended);
    host.output = output({
      programs: [program(1), program(2), program(3)],
      attachments: [attachment(2)],
      holders: [holder(40, 3)],
      pins: [{ path: '/sys/fs/bpf/x', kind: 'link', id: 10_002 }],
    });
    return (await valueOf(bpf.inventory())).programs.map(({ owner }) => owner);
  };

  it('is Merlon’s while it runs, but for what is pinned', async () => {
    expect(await owners(true)).toEqual(['merlon', 'foreign', 'merlon']);
  });
  it('is a stranger where only the path is its', async () => {
    expect(await owners(false)).toEqual(['foreign', 'foreign', 'foreign']);
  });
  it.each([
    ['foreign', 'is there after its end', 900e9],
    ['merlon', 'was there when it ended, at that look', 1000e9],
  ])('leaves nothing: it is %s what %s', async (owner, _, endNs) => {
    expect((await owners(true, endNs))[0]).toBe(owner);
  });
});

describe('whose a file is', () => {
  const owner = async (
    fields: Parameters<typeof host.runs>[2],
    options = {},
    executable = '/usr/bin/runc',
  ) => {
    host.runs(40, executable, fields);
    host.output = output({ programs: [program(1, { type: 'cgroup_device' })], holders: [holder(40, 1)] });
    return byId(await valueOf(host.engine(options).inventory()), 1).owner;
  };
  const packages = (...paths: readonly string[]) => ({
    hasPackages: () => true,
    packages: { owner: (path: string) => (paths.includes(path) ? { name: 'p', version: '1' } : undefined) },
  });

  it.each([
    ['the host’s', {}, 'container'],
    ['one behind chroot', { file: { inode: '5' } }, 'foreign'],
    ['one in another mount namespace', { file: { mountNamespace: 5 } }, 'foreign'],
    ['one in a container', { file: { mountNamespace: 5, isContained: true } }, 'container'],
    ['one with LD_PRELOAD', { file: { isStrange: true } }, 'foreign'],
  ])('%s', async (_, fields, expected) => {
    expect(await owner(fields)).toBe(expected);
  });

  it('is a package’s, where there is a list of packages', async () => {
    expect(await owner({}, packages('/usr/bin/runc'))).toBe('container');
    expect(await owner({}, packages())).toBe('foreign');
    const executable = '/usr/lib/systemd/systemd-x';
    expect(await owner({}, packages(executable), executable)).toBe('systemd');
    expect(await owner({}, packages(), executable)).toBe('foreign');
  });

  it('is not asked for where that may hang', async () => {
    host.mountinfo += '2 1 8:1 / /usr rw - fuse x rw\n';
    const stat = () => {
      throw new Error('it hangs');
    };
    expect(await owner({}, { stat })).toBe('foreign');
  });
});
