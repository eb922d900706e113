import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findKernels } from './find.ts';
import { bzImage } from './kernels.builder.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'merlon-kernels-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, content: string | Buffer = ''): string {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
  return join(root, path);
}

const find = (running = '5.0.0') =>
  findKernels({
    boot: join(root, 'boot'),
    modules: [join(root, 'lib/modules'), join(root, 'usr/lib/modules')],
    running,
  });
const versions = async () => (await find()).map(({ version }) => version);

it('finds nothing where there are no kernels, or only folders are missing', async () => {
  expect(await find()).toEqual([]);
});

it('puts the newest first, by number', async () => {
  for (const version of ['6.9.0-1-amd64', '6.12.0-1-amd64', '6.12.0-11-amd64', '6.12.0-2-amd64'])
    put(`boot/vmlinuz-${version}`);
  expect(await versions()).toEqual(['6.12.0-11-amd64', '6.12.0-2-amd64', '6.12.0-1-amd64', '6.9.0-1-amd64']);
});

it('leaves out the kernel that runs', async () => {
  put('boot/vmlinuz-5.0.0');
  put('lib/modules/5.0.0/modules.dep');
  expect(await find()).toEqual([]);
});

it('leaves out rescue copies, and what package managers and builds leave behind', async () => {
  for (const name of [
    'vmlinuz-0-rescue-cafe',
    'vmlinuz-6.1.0.old',
    'vmlinuz-6.1.0.dpkg-new',
    'vmlinuz',
    'config-6.1.0',
    '.vmlinuz-6.1.0.hmac',
  ])
    put(`boot/${name}`);
  put('lib/modules/6.0.0/updates/dkms/left.ko');
  expect(await find()).toEqual([]);
});

it('counts a folder of modules as a kernel where it has their index, or an image', async () => {
  put('lib/modules/6.1.0/modules.dep');
  put('usr/lib/modules/6.2.0/vmlinuz');
  expect(await versions()).toEqual(['6.2.0', '6.1.0']);
});

it('looks for Debian’s image in /boot, and for Fedora’s beside its modules, too', async () => {
  const inBoot = put('boot/vmlinuz-6.1.0');
  const beside = put('lib/modules/6.1.0/vmlinuz');
  const [found] = await find();
  expect(found!.images).toEqual(expect.arrayContaining([inBoot, beside]));
  expect(found!.configs).toEqual(
    expect.arrayContaining([join(root, 'boot/config-6.1.0'), join(root, 'lib/modules/6.1.0/config')]),
  );
});

it('knows Arch’s image by the package that the modules are of', async () => {
  const image = put('boot/vmlinuz-linux');
  put('usr/lib/modules/6.17.1-arch1-1/pkgbase', 'linux\n');
  put('usr/lib/modules/6.17.1-arch1-1/modules.dep');
  const found = await find();
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({ version: '6.17.1-arch1-1', images: expect.arrayContaining([image]) });
});

it('asks an image that is not called after its version', async () => {
  put('boot/vmlinuz-lts', bzImage(Buffer.alloc(64), '6.6.30-0-lts'));
  put('boot/vmlinuz-mine', 'no image');
  expect(await versions()).toEqual(['mine', '6.6.30-0-lts']);
});

it('leaves out the running kernel by whatever name', async () => {
  put('boot/vmlinuz-lts', bzImage(Buffer.alloc(64), '5.0.0'));
  expect(await find()).toEqual([]);
});
