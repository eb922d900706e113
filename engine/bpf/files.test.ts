import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ownMountNamespace } from '../sensor/image.ts';
import type { Image, ImageFile } from '../sensor/processes.ts';
import { Files } from './files.ts';
import { Mounts, readMounts } from './mounts.ts';

const RUNC = '/usr/bin/runc';
const its: ImageFile = {
  ...{ mountNamespace: 7, device: (8 << 20) | 1, inode: '12345678901234567890' },
  ...{ isStrange: false, isContained: false, unit: undefined },
};
const image = (file: Partial<ImageFile> = {}, executable = RUNC): Image => ({
  ...{ name: 'x', executable, commandLine: undefined, weight: 0 },
  file: { ...its, ...file },
});
const ROOT = '1 0 8:1 / / rw - ext4 /dev/sda1 rw\n';
const real = { uid: 0n, mode: 0o100755n, ino: 12345678901234567890n };
function files(stat = (_: Buffer) => real, mountinfo = ROOT): Files {
  return new Files({ stat, mountinfo: () => mountinfo, mountNamespace: 7 });
}

it.each([
  ['roots', 'the host’s own', {}],
  ['missing', 'another inode: a chroot’s, or one that took its place', { inode: '4' }],
  ['missing', 'another file system', { device: (8 << 20) | 2 }],
  ['missing', 'another mount namespace', { mountNamespace: 8 }],
  ['contained', 'a container’s', { mountNamespace: 8, isContained: true }],
  ['contained', 'a container’s in the host’s mount namespace', { isContained: true }],
  ['strange', 'with LD_PRELOAD', { isStrange: true }],
  ['strange', 'a container’s with LD_PRELOAD', { mountNamespace: 8, isContained: true, isStrange: true }],
])('%s: %s', (state, _, file) => {
  expect(files().of(image(file))).toBe(state);
});

it('a file that others may write is theirs', () => {
  expect(files(() => ({ ...real, mode: 0o100775n })).of(image())).toBe('others');
  expect(files(() => ({ ...real, uid: 1000n })).of(image())).toBe('others');
});

it('a service of systemd’s has a mount namespace of its own', () => {
  const networkd = '/usr/lib/systemd/systemd-networkd';
  const inUnit = { mountNamespace: 8, unit: 'systemd-networkd.service' };
  expect(files().of(image(inUnit, networkd))).toBe('roots');
  expect(files().of(image({ ...inUnit, inode: '4' }, networkd))).toBe('missing');
  expect(files().of(image({ ...inUnit, unit: 'x.service' }, networkd))).toBe('missing');
  expect(files().of(image(inUnit, RUNC))).toBe('missing');
});

it('nothing is known of what no record told', () => {
  expect(files().of(undefined)).toBeNull();
  expect(files().of({ name: 'x', executable: RUNC, commandLine: undefined, weight: 0 })).toBe('missing');
});

it('what runs stays the host’s when a package puts another file in its place', () => {
  let now = real;
  const all = files(() => now);
  const running = image();
  expect(all.of(running)).toBe('roots');
  now = { ...real, ino: 5n };
  expect(all.of(running)).toBe('roots');
  expect(all.of(image())).toBe('missing');
});

it.each(['fuse.sshfs', 'fuse', 'nfs4', 'cifs', 'smb3', '9p', 'autofs'])(
  'on %s nothing is touched',
  (type) => {
    let touched = 0;
    const stat = (_: Buffer) => {
      touched++;
      return real;
    };
    const mountinfo = `${ROOT}2 1 8:1 / /mnt/a\\040b rw,relatime shared:1 - ${type} x rw\n`;
    const all = files(stat, mountinfo);
    expect(all.of(image({}, '/mnt/a b/bin/x'))).toBe('missing');
    expect(touched).toBe(0);
    expect(all.of(image({}, '/mnt/a bc'))).toBe('roots');
  },
);

it('mounts are read once a look, and the last one at a folder counts', () => {
  let read = 0;
  const mountinfo = () => {
    read++;
    return `${ROOT}2 1 0:50 / /usr rw - fuse x rw\n3 1 8:1 / /usr rw - ext4 x rw\n`;
  };
  const all = new Files({ stat: () => real, mountinfo, mountNamespace: 7 });
  all.begin();
  expect([all.of(image()), all.of(image({ inode: '4' }))]).toEqual(['roots', 'missing']);
  expect(read).toBe(1);
  all.begin();
  all.of(image());
  expect(read).toBe(2);
});

it('without a list of mounts nothing is believed', () => {
  expect(files(() => real, '').of(image())).toBe('missing');
});

it('finds a file of this very host, and none behind a link', () => {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'merlon-files-'));
  try {
    const path = join(folder, 'real', 'x');
    mkdirSync(join(folder, 'real'));
    writeFileSync(path, '', { mode: 0o755 });
    symlinkSync('real', join(folder, 'link'));
    const { ino, uid } = statSync(path, { bigint: true });
    const { device } = new Mounts(readMounts()).of(path)!;
    const at = (executable: string) =>
      image({ mountNamespace: ownMountNamespace(), device, inode: String(ino) }, executable);
    expect(new Files({}).of(at(path))).toBe(uid === 0n ? 'roots' : 'others');
    expect(new Files({}).of(at(join(folder, 'link', 'x')))).toBe('missing');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
