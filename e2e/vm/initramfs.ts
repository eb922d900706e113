/** The guests' file system: busybox, Merlon's Node and its libraries, the built product, the kernel tier. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** What the kernel tier imports and starts, relative to the clone. */
const CONTENT = [
  'package.json',
  'out/engine',
  'out/helper',
  'out/cli',
  'shared',
  'engine/sensor',
  'cli',
  'e2e/kernel',
  'e2e/bench',
  'node_modules/valibot',
  'node_modules/better-sqlite3',
];
/** Programs that tests start besides busybox's. */
const PROGRAMS = ['/usr/bin/bash', '/usr/bin/setpriv', '/usr/bin/unshare'];

/**
 * Packs the file system.
 * @param extra absolute paths of further programs, placed with their libraries where they are on this machine
 * @returns the compressed image
 */
export function makeInitramfs(
  root: string,
  work: string,
  init: string,
  extra: readonly string[] = [],
): string {
  const tree = join(work, 'tree');
  rmSync(tree, { recursive: true, force: true });
  for (const folder of [
    'bin',
    'dev',
    'proc',
    'sys',
    'tmp',
    'run',
    'root',
    'etc',
    'usr/bin',
    'sbin',
    'merlon',
  ]) {
    mkdirSync(join(tree, folder), { recursive: true });
  }
  writeFileSync(join(tree, 'init'), init, { mode: 0o755 });
  writeFileSync(
    join(tree, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n',
  );
  writeFileSync(join(tree, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n');
  installBusybox(tree);

  const merlon = join(tree, 'merlon');
  for (const path of CONTENT) {
    if (!existsSync(join(root, path))) throw new Error(`${path} is missing: build first`);
    cpSync(join(root, path), join(merlon, path), {
      recursive: true,
      filter: (source) => !NOT_NEEDED.test(source),
    });
  }
  const node = join(tree, 'usr/bin/node');
  // Stripped it is a fifth smaller, and all of it has to be unpacked into the guest's memory.
  must('strip', ['-o', node, realpathSync(join(root, 'node_modules/.bin/node'))]);
  for (const link of ['out/helper/node', 'node_modules/.bin/node']) {
    const path = join(merlon, link);
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
    symlinkSync('/usr/bin/node', path);
  }
  const programs = [...PROGRAMS, ...extra].filter((path) => existsSync(path));
  for (const path of programs) place(tree, path);
  const addons = [
    'out/helper/build/sensor.node',
    'out/engine/build/peer.node',
    'out/helper/merlon-helper',
    'out/helper/merlon-probe',
    'out/helper/merlon-inventory',
  ];
  for (const library of libraries([node, ...programs, ...addons.map((path) => join(root, path))])) {
    place(tree, library);
  }
  const image = join(work, 'initramfs.gz');
  pack(tree, image);
  return image;
}

/** Sources of addons and of SQLite, prebuilt binaries for other systems, tests of packages. */
const NOT_NEEDED = /better-sqlite3\/(deps|src)(\/|$)|\.map$|prebuilds\/(darwin|win32|linux-arm)/;

function installBusybox(tree: string): void {
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));
  if (busybox === undefined) throw new Error('busybox is not installed');
  copyFileSync(realpathSync(busybox), join(tree, 'bin/busybox'));
  chmodSync(join(tree, 'bin/busybox'), 0o755);
  const { stdout } = spawnSync(busybox, ['--list-full'], { encoding: 'utf8' });
  for (const path of stdout.split('\n').filter((line) => line !== '')) {
    const target = join(tree, path);
    mkdirSync(dirname(target), { recursive: true });
    if (!existsSync(target)) symlinkSync('/bin/busybox', target);
  }
}

/** Shared libraries, and the loader, that the programs need, as absolute paths. */
function libraries(files: readonly string[]): string[] {
  const { stdout } = spawnSync('ldd', files, { encoding: 'utf8' });
  const paths = [...stdout.matchAll(/(?:=> )?(\/[^\s:]+) \(0x/g)].map((match) => match[1] ?? '');
  return [...new Set(paths)];
}

/** Copies a file to where it is on this machine; links on the way are resolved into a plain file. */
function place(tree: string, path: string): void {
  const target = join(tree, path);
  mkdirSync(dirname(target), { recursive: true });
  rmSync(target, { force: true });
  copyFileSync(realpathSync(path), target);
  chmodSync(target, statSync(path).mode);
}

function pack(tree: string, image: string): void {
  const script =
    'cd "$1" && find . -print0 | cpio --null --create --format=newc --quiet --owner=0:0 | gzip -1 > "$2"';
  must('sh', ['-ec', script, 'pack', tree, image]);
}

function must(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr}`);
}
