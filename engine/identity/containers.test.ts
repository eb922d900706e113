import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ContainerNames, containerOf } from './containers.ts';

const id = '0123456789abcdef'.repeat(4);

describe('containerOf', () => {
  test.each([
    [`/system.slice/docker-${id}.scope`, id, 'docker'],
    [`/docker/${id}`, id, 'docker'],
    [`/machine.slice/libpod-${id}.scope/container`, id, 'podman'],
    [`/libpod_parent/libpod-${id}`, id, 'podman'],
    [`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope`, id, 'podman'],
    [`/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope`, id, 'containerd'],
    [`/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:${id}`, id, 'containerd'],
    [`/kubepods.slice/kubepods-pod1.slice/crio-${id}.scope`, id, 'cri-o'],
    [`/kubepods/burstable/pod1/${id}`, id, undefined],
    ['/lxc.payload.web/system.slice/ssh.service', 'web', 'lxc'],
    ['/lxc/web', 'web', 'lxc'],
    ['/machine.slice/machine-deb\\x2dtest.scope/payload', 'deb-test', 'systemd-nspawn'],
    ['/machine.slice/systemd-nspawn@web.service/payload', 'web', 'systemd-nspawn'],
  ])('%s', (path, containerId, runtime) => {
    expect(containerOf(path)).toEqual({ id: containerId, runtime });
  });

  test('the innermost container counts', () => {
    const inner = 'f'.repeat(64);
    expect(containerOf(`/docker/${id}/docker/${inner}`)?.id).toBe(inner);
  });

  test.each([
    '/',
    '/system.slice/ssh.service',
    '/user.slice/user-0.slice/session-1.scope',
    `/x/${'a'.repeat(63)}`,
  ])('%s is no container', (path) => expect(containerOf(path)).toBeUndefined());
});

describe('ContainerNames', () => {
  const home = mkdtempSync(join(tmpdir(), 'merlon-podman-'));
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  test('knows podman’s names from the user’s own storage, and survives a broken file', () => {
    const file = join(home, '.local/share/containers/storage/overlay-containers/containers.json');
    mkdirSync(dirname(file), { recursive: true });
    let now = 0;
    const names = new ContainerNames(home, () => now);
    expect(names.name(id)).toBeUndefined();
    writeFileSync(file, '[{"id":');
    now += 2000;
    expect(names.name(id)).toBeUndefined();
    writeFileSync(file, JSON.stringify([{ id, names: ['web'], layer: 'x' }]));
    now += 2000;
    expect(names.name(id)).toBe('web');
  });
});
