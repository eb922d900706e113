import { describe, expect, it } from 'vitest';
import { actor, facts } from './inventory.builder.ts';
import { ownerByHolders, ownerOf } from './owner.ts';

const ID = 'a'.repeat(64);
const SYSTEMD = '/usr/lib/systemd/systemd';
const probe = actor(9, '/opt/merlon-probe', { isProbe: true });
const pinned = ['/sys/fs/bpf/x'];
const merlon = actor(700, '/opt/node', { isMerlon: true });

describe('a program is', () => {
  it.each([
    ['merlon', 'what the helper holds', { holders: [merlon] }],
    ['merlon', 'what the helper loaded', { loader: merlon }],
    ['merlon', 'what the probe loaded and runs on', { loader: probe }],
    ['merlon', 'what the probe holds', { holders: [probe] }],
    ['merlon', 'the same instructions as one that the helper holds', { isTwin: true }],
    ['systemd', 'a device filter of pid 1', { type: 'cgroup_device', holders: [actor(1, SYSTEMD)] }],
    [
      'systemd',
      'a filter of a pid 1 that the table does not know',
      {
        type: 'cgroup_skb',
        holders: [actor(1, null, { uid: null, process: { ...actor(1, null).process, name: 'systemd' } })],
      },
    ],
    [
      'systemd',
      'what networkd loaded',
      { type: 'cgroup_sysctl', loader: actor(9, '/usr/lib/systemd/systemd-networkd') },
    ],
    [
      'systemd',
      'nsresourced’s kprobe',
      { type: 'kprobe', holders: [actor(9, '/usr/lib/systemd/systemd-nsresourced')] },
    ],
    ['container', 'what runc loaded', { type: 'cgroup_device', loader: actor(9, '/usr/bin/runc') }],
    [
      'container',
      'a device filter on a container’s cgroup',
      { type: 'cgroup_device', cgroups: [`/system.slice/docker-${ID}.scope`] },
    ],
    [
      'container',
      'what Cilium holds, from inside a container',
      { type: 'sched_cls', holders: [actor(9, '/usr/bin/cilium-agent', { file: 'contained' })] },
    ],
    [
      'package',
      'what a packaged daemon holds',
      { holders: [actor(9, '/usr/bin/sysdigd', { package: 'sysdig' })] },
    ],
  ] as const)('%s: %s', (owner, _, fields) => {
    const told = ownerOf(facts(fields));
    expect(told.owner).toBe(owner);
    expect(told.why).toMatch(/^[A-Z/].*\.$/);
  });
});

describe('a stranger stays one', () => {
  it.each([
    ['with a name of Merlon’s', { name: 'process_exec', isNamesake: true }, /calls itself process_exec/],
    ['with a name of systemd’s', { name: 'sd_devices', type: 'cgroup_device' }, /calls itself sd_devices/],
    [
      'held by a process that only calls itself systemd',
      {
        type: 'cgroup_device',
        holders: [actor(9, null, { uid: null, process: { ...actor(9, null).process, name: 'systemd' } })],
      },
      /calls itself systemd \(pid 9\)/,
    ],
    [
      'from a file called runc in /tmp',
      { type: 'cgroup_device', loader: actor(9, '/tmp/runc') },
      /\/tmp\/runc loaded it/,
    ],
    [
      'from a runc that others may write',
      { type: 'cgroup_device', loader: actor(9, '/usr/bin/runc', { file: 'others' }) },
      /\/usr\/bin\/runc loaded it/,
    ],
    [
      'run by another user',
      { uid: 1000, type: 'cgroup_device', holders: [actor(9, '/usr/bin/runc', { uid: 1000 })] },
      /not as root/,
    ],
    [
      'whose descriptor pid 1 was handed, where its loader was seen',
      { type: 'cgroup_skb', loader: actor(9, '/root/x'), holders: [actor(1, SYSTEMD)] },
      /\/root\/x loaded it/,
    ],
    [
      'whose loader was seen, and what that ran was not',
      { type: 'cgroup_skb', loader: actor(9, null), holders: [actor(1, SYSTEMD)] },
      /what that runs is not known/,
    ],
    [
      'on a container’s cgroup, where its loader was seen',
      { type: 'cgroup_device', loader: actor(9, '/root/x'), cgroups: [`/docker-${ID}.scope`] },
      /\/root\/x loaded it/,
    ],
    [
      'of a type that systemd has none of, held by pid 1',
      { type: 'tracing', holders: [actor(1, SYSTEMD)] },
      /holds it/,
    ],
    [
      'with a power that systemd’s have not',
      { type: 'lsm', powers: ['sends_signals'], holders: [actor(1, SYSTEMD)] },
      /holds it/,
    ],
    [
      'loaded by a packaged tool that takes whatever it is handed',
      { loader: actor(9, '/usr/bin/bpftrace', { package: 'bpftrace' }) },
      /takes whatever it is handed/,
    ],
    [
      'loaded by a packaged interpreter',
      { loader: actor(9, '/usr/bin/python3.12', { package: 'python3' }) },
      /takes whatever it is handed/,
    ],
    ['of merlon-probe that is pinned', { loader: probe, pins: pinned }, /merlon-probe loaded it/],
    [
      'that merlon-probe holds and another loaded',
      { loader: actor(8, '/root/x'), holders: [probe] },
      /root\/x loaded/,
    ],
    [
      'from a deleted Cilium, or one with another’s library',
      { type: 'sched_cls', holders: [actor(9, '/usr/bin/cilium-agent', { file: 'strange' })] },
      /may have run other code/,
    ],
    [
      'from a Cilium outside of containers that is not the host’s',
      { type: 'sched_cls', holders: [actor(9, '/usr/bin/cilium-agent', { file: 'missing' })] },
      /nothing shows/,
    ],
    [
      'from a runc of no package',
      { type: 'cgroup_device', loader: actor(9, '/usr/local/bin/runc', { isInstalled: false }) },
      /nobody’s that Merlon knows/,
    ],
    [
      'from a systemd of no package',
      { type: 'lsm', loader: actor(9, '/usr/lib/systemd/systemd-x', { isInstalled: false }) },
      /nobody’s that Merlon knows/,
    ],
    ['pinned where systemd pins', { type: 'lsm', pins: ['/sys/fs/bpf/systemd/x'] }, /pinned at/],
    [
      'whose instructions are not shown, held by pid 1',
      { type: 'lsm', powers: null, holders: [actor(1, SYSTEMD)] },
      /holds it/,
    ],
    [
      'of a package, with a power',
      { powers: ['overrides_returns'], loader: actor(9, '/usr/bin/true', { package: 'coreutils' }) },
      /package coreutils, but it can do more/,
    ],
    ['that only a pin keeps', { pins: ['/sys/fs/bpf/x'] }, /pinned at \/sys\/fs\/bpf\/x/],
    ['that nobody holds', {}, /nobody saw who loaded it/],
  ] as const)('%s', (_, fields, why) => {
    const told = ownerOf(facts(fields));
    expect(told.owner).toBe('foreign');
    expect(told.why).toMatch(why);
  });
});

it('a map that no program uses is its holder’s', () => {
  expect(ownerByHolders([actor(9, '/root/x'), merlon])).toBe('merlon');
  expect(ownerByHolders([actor(1, SYSTEMD)])).toBe('systemd');
  expect(ownerByHolders([actor(9, '/root/x')])).toBe('foreign');
  expect(ownerByHolders([])).toBe('foreign');
});
