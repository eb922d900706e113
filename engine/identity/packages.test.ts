import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseStatus } from './dpkg.ts';
import { Packages } from './packages.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'merlon-dpkg-'));
  for (const folder of ['usr/bin', 'opt', 'var/lib/dpkg/info'])
    mkdirSync(join(root, folder), { recursive: true });
  symlinkSync('usr/bin', join(root, 'bin'));
  install('coreutils', '9.1-1', '/.\n/bin\n/bin/ls\n/usr/bin/env\n');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const HOST = statSync('/proc/self/ns/mnt').ino;
let status = '';

function install(name: string, version: string, list: string, state = 'installed'): void {
  if (name === 'coreutils') status = '';
  status += `Package: ${name}\nStatus: install ok ${state}\nArchitecture: amd64\nVersion: ${version}\n\n`;
  writeFileSync(join(root, 'var/lib/dpkg/status'), status);
  writeFileSync(join(root, `var/lib/dpkg/info/${name}.list`), list);
}

describe('Packages', () => {
  test('knows a file by both of its names on a merged /usr', async () => {
    const packages = new Packages({ root });
    await packages.load();
    const coreutils = { name: 'coreutils', version: '9.1-1' };
    expect(packages.owner('/usr/bin/ls', '1', HOST)).toEqual(coreutils);
    expect(packages.owner('/bin/ls', '1', HOST)).toEqual(coreutils);
    expect(packages.owner('/bin/env', '1', HOST)).toEqual(coreutils);
    expect(packages.owner('/usr/bin/nothing', '1', HOST)).toBeUndefined();
    expect(packages.owner('', '1', HOST)).toBeUndefined();
  });

  test('has no answer before the database is loaded, and does not remember that', async () => {
    const packages = new Packages({ root });
    expect(packages.owner('/usr/bin/ls', '1', HOST)).toBeUndefined();
    await packages.load();
    expect(packages.owner('/usr/bin/ls', '1', HOST)?.name).toBe('coreutils');
  });

  test('a container’s file of the same name belongs to no package of the host', async () => {
    const packages = new Packages({ root });
    await packages.load();
    writeFileSync(join(root, 'usr/bin/ls'), '');
    const inode = String(statSync(join(root, 'usr/bin/ls')).ino);
    expect(packages.owner('/usr/bin/ls', '999999999', HOST + 1)).toBeUndefined();
    expect(packages.owner('/usr/bin/ls', inode, HOST + 1)?.name).toBe('coreutils');
  });

  test('follows diversions, and leaves out packages that are not installed', async () => {
    install('old', '1', '/opt/old\n', 'config-files');
    writeFileSync(join(root, 'var/lib/dpkg/diversions'), '/usr/bin/env\n/usr/bin/env.real\nlocal\n');
    const packages = new Packages({ root });
    await packages.load();
    expect(packages.owner('/usr/bin/env.real', '1', HOST)?.name).toBe('coreutils');
    expect(packages.owner('/opt/old', '1', HOST)).toBeUndefined();
  });

  test('reads the database again after it changed', async () => {
    let now = 0;
    const packages = new Packages({ root, now: () => now });
    await packages.load();
    expect(packages.owner('/opt/tool', '1', HOST)).toBeUndefined();
    install('tool', '2.0', '/opt/tool\n');
    utimesSync(join(root, 'var/lib/dpkg/status'), 10, 10);
    now = 20_000;
    packages.owner('/opt/tool', '1', HOST);
    await packages.load();
    expect(packages.owner('/opt/tool', '1', HOST)).toEqual({ name: 'tool', version: '2.0' });
  });

  test('indexes hundreds of thousands of paths without mixing them up', async () => {
    const many = Array.from({ length: 200_000 }, (_, i) => `/opt/many/file-${i}`);
    install('many', '1', many.join('\n'));
    const packages = new Packages({ root });
    await packages.load();
    expect(packages.owner('/opt/many/file-199999', '1', HOST)?.name).toBe('many');
    expect(packages.owner('/opt/many/file-200000', '1', HOST)).toBeUndefined();
    expect(packages.owner('/usr/bin/ls', '1', HOST)?.name).toBe('coreutils');
  });
});

describe('Packages without dpkg', () => {
  test('rpm is asked once for each path, and never waited for', async () => {
    rmSync(join(root, 'var'), { recursive: true });
    const rpm = join(root, 'rpm');
    writeFileSync(
      rpm,
      `#!/bin/sh\necho asked >> ${root}/asked\n[ "$5" = /usr/bin/curl ] || exit 1\nprintf 'curl\\n8.1-2\\n'\n`,
      { mode: 0o755 },
    );
    const packages = new Packages({ root, rpm: [rpm] });
    expect(packages.owner('/usr/bin/curl', '1', HOST)).toBeUndefined();
    expect(packages.owner('/usr/bin/curl', '1', HOST)).toBeUndefined();
    expect(packages.owner('/opt/own', '1', HOST)).toBeUndefined();
    await vi.waitFor(
      () => {
        expect(packages.owner('/usr/bin/curl', '1', HOST)).toEqual({ name: 'curl', version: '8.1-2' });
        expect(readFileSync(join(root, 'asked'), 'utf8')).toBe('asked\nasked\n');
      },
      { timeout: 10_000 },
    );
    expect(packages.owner('/opt/own', '1', HOST)).toBeUndefined();
  });
});

describe('parseStatus', () => {
  test('keeps the version of each architecture', () => {
    const text = ['amd64', 'i386'].map(
      (a, i) => `Package: libc6\nStatus: install ok installed\nArchitecture: ${a}\nVersion: 2.${i}\n`,
    );
    expect(parseStatus(text.join('\n')).get('libc6:i386')).toBe('2.1');
  });
});
