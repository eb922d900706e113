// @ts-check
/** What Merlon needs from the system, what for, and how Debian and Ubuntu call it. */
import { existsSync, readdirSync } from 'node:fs';
import { findOnPath, run } from './command.mjs';

/** @typedef {'start' | 'build' | 'check' | 'test' | 'vm' | 'bench'} Purpose */

/**
 * @typedef {object} Need
 * @property {string} why one clause, shown to the person
 * @property {() => boolean | Promise<boolean>} here whether the machine has it already
 * @property {readonly (readonly string[])[]} packages alternatives; the first whose packages apt knows is installed
 * @property {boolean} [optional] does without where apt has none of the alternatives
 */

/** @param {...string} names */
const program =
  (...names) =>
  () =>
    names.some((name) => findOnPath(name) !== undefined);

/** @param {string} path */
const header = (path) => () => existsSync(`/usr/include/${path}`);

/**
 * Ubuntu's /usr/sbin/bpftool is a wrapper that fails unless the tools of the very kernel that runs are installed;
 * any version generates skeletons, so the real program is looked for beside it.
 * @returns {Promise<string | undefined>}
 */
export async function findBpftool() {
  const onPath = findOnPath('bpftool');
  if (onPath !== undefined && (await run([onPath, 'version'])).code === 0) return onPath;
  for (const folder of ['/usr/lib/linux-tools', '/usr/lib']) {
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder).sort().reverse()) {
      const path = `${folder}/${name}/bpftool`;
      if ((folder.endsWith('linux-tools') || name.startsWith('linux-tools-')) && existsSync(path))
        return path;
    }
  }
  return undefined;
}

/** @type {Need[]} */
const BUILD = [
  { why: 'compiles the kernel programs', here: program('clang'), packages: [['clang']] },
  { why: 'strips the kernel programs', here: program('llvm-strip'), packages: [['llvm']] },
  {
    why: 'links the kernel programs and reads their layout',
    here: async () => (await findBpftool()) !== undefined,
    packages: [['bpftool'], ['linux-tools-common', 'linux-tools-generic']],
  },
  { why: 'loads the kernel programs', here: header('bpf/libbpf.h'), packages: [['libbpf-dev']] },
  { why: 'is needed by libbpf', here: header('libelf.h'), packages: [['libelf-dev']] },
  { why: 'is needed by libbpf', here: header('zlib.h'), packages: [['zlib1g-dev']] },
  { why: 'drives the build', here: program('make'), packages: [['make']] },
  { why: 'compiles the addon of the helper', here: program('g++'), packages: [['g++']] },
];

/** @type {Need[]} */
const START = [
  ...BUILD,
  ...(process.getuid?.() === 0
    ? []
    : [
        {
          why: 'asks for the password when the helper starts',
          here: program('pkexec'),
          packages: [['pkexec', 'polkitd'], ['policykit-1']],
        },
      ]),
];

/** @type {Need[]} */
const CHECK = [
  ...BUILD,
  { why: 'checks the format of C and C++', here: program('clang-format'), packages: [['clang-format']] },
];

/** @type {Need[]} */
const VM = [
  {
    why: 'boots other kernels for the tests',
    here: program('qemu-system-x86_64'),
    packages: [['qemu-system-x86']],
    optional: true,
  },
  {
    why: 'is the guests’ user space',
    here: program('busybox'),
    packages: [['busybox-static']],
    optional: true,
  },
  { why: 'packs the guests’ file system', here: program('cpio'), packages: [['cpio']], optional: true },
];

/** @type {Need[]} */
const TEST = [
  ...CHECK,
  {
    why: 'shows the console in the end-to-end tests',
    here: program('chromium', 'google-chrome', 'chromium-browser'),
    packages: [['chromium']],
    optional: true,
  },
  {
    why: 'is tested with the real dialogue of rights',
    here: program('pkexec'),
    packages: [['pkexec', 'polkitd'], ['policykit-1']],
  },
  { why: 'carries polkit’s messages in the tests', here: program('dbus-daemon'), packages: [['dbus']] },
  { why: 'waits for polkit in the tests', here: program('busctl'), packages: [['systemd']], optional: true },
  { why: 'makes name spaces for the tests', here: program('unshare'), packages: [['util-linux']] },
  ...VM,
];

/** @type {Need[]} */
const BENCH = [
  ...BUILD,
  {
    why: 'is a rival in the exec storm',
    here: program('bpftrace'),
    packages: [['bpftrace']],
    optional: true,
  },
  {
    why: 'has execsnoop, a rival in the exec storm',
    here: program('execsnoop', 'execsnoop-bpfcc'),
    packages: [['libbpf-tools']],
    optional: true,
  },
  { why: 'is a rival in the exec storm', here: program('auditd'), packages: [['auditd']], optional: true },
  {
    why: 'counts instructions',
    here: program('perf'),
    packages: [['linux-perf'], ['linux-tools-common', 'linux-tools-generic']],
    optional: true,
  },
  {
    why: 'shows the console while its latency is measured',
    here: program('chromium', 'google-chrome', 'chromium-browser'),
    packages: [['chromium']],
    optional: true,
  },
];

/** @type {Record<Purpose, readonly Need[]>} */
export const NEEDS = {
  start: START,
  build: BUILD,
  check: CHECK,
  test: TEST,
  vm: [...BUILD, ...VM],
  bench: BENCH,
};
