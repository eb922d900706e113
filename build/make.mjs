// @ts-check
/** Builds what is out of date: kernel programs, addons, bundles; then lays out `out/`. */
import { copyFileSync, existsSync, mkdirSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { main, NODE, Refusal, ROOT, run } from './command.mjs';
import { findBpftool } from './packages.mjs';
import { inputsHash, isFresh, markFresh, markStale } from './stamp.mjs';
import { alone } from './lock.mjs';
import { ensure } from './setup.mjs';

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {string} says
 * @property {readonly string[]} inputs
 * @property {readonly string[]} outputs
 * @property {() => Promise<string[][]>} commands
 */

const TOOLS = ['package-lock.json', 'package.json', 'tsconfig.base.json'];

/** @type {Step[]} */
const STEPS = [
  {
    name: 'bpf',
    says: 'the kernel programs',
    inputs: ['bpf'],
    outputs: ['bpf/build/merlon.bpf.o', 'bpf/build/merlon.skel.h'],
    commands: async () => [['make', '-C', 'bpf', ...(await bpftoolArgument())]],
  },
  {
    name: 'native',
    says: 'the addons and the launcher',
    inputs: ['native', 'bpf/events.h', 'bpf/build/merlon.skel.h', 'package-lock.json'],
    outputs: [
      'native/build/sensor.node',
      'native/build/peer.node',
      'native/build/merlon-helper',
      'native/build/merlon-probe',
      'native/build/merlon-inventory',
      'native/build/merlon-canary',
    ],
    commands: async () => [['make', '-C', 'native']],
  },
  {
    name: 'faces',
    says: 'the faces',
    inputs: [
      'main',
      'preload',
      'renderer',
      'shared',
      'electron.vite.config.ts',
      'svelte.config.js',
      ...TOOLS,
    ],
    outputs: ['out/main/index.js', 'out/main/web.js', 'out/preload/index.cjs', 'out/renderer/index.html'],
    commands: async () => [
      [NODE, 'node_modules/electron-vite/bin/electron-vite.js', 'build', '--logLevel', 'warn'],
    ],
  },
  {
    name: 'programs',
    says: 'engine, helper and command line',
    inputs: ['engine', 'helper', 'cli', 'native', 'shared', 'build/vite.node.config.ts', ...TOOLS],
    outputs: ['out/engine/index.js', 'out/helper/index.js', 'out/cli/index.js'],
    commands: async () => [
      [
        NODE,
        'node_modules/vite/bin/vite.js',
        'build',
        '--config',
        'build/vite.node.config.ts',
        '--logLevel',
        'warn',
      ],
    ],
  },
];

/** @type {readonly (readonly [string, string])[]} */
const PLACED = [
  ['native/build/sensor.node', 'out/helper/build/sensor.node'],
  ['native/build/merlon-helper', 'out/helper/merlon-helper'],
  ['native/build/merlon-probe', 'out/helper/merlon-probe'],
  ['native/build/merlon-inventory', 'out/helper/merlon-inventory'],
  ['native/build/peer.node', 'out/engine/build/peer.node'],
  ['native/build/merlon-canary', 'out/engine/merlon-canary'],
  ['bpf/build/merlon.bpf.o', 'out/engine/merlon.bpf.o'],
];
const NODE_LINK = 'out/helper/node';

/**
 * @param {(line: string) => void} [say]
 * @throws Refusal with the tool's own output where a step fails
 */
export async function make(say = (line) => console.error(line)) {
  if (isBuilt()) return;
  await alone(say, () => makeStale(say));
}

function isBuilt() {
  return (
    STEPS.every(({ name, inputs, outputs }) => isFresh(name, inputsHash(inputs), outputs)) &&
    PLACED.every(([from, to]) => isFresh(stampOf(to), inputsHash([from]), [to])) &&
    existsSync(join(ROOT, NODE_LINK))
  );
}

/** @param {(line: string) => void} say */
async function makeStale(say) {
  for (const step of STEPS) {
    const hash = inputsHash(step.inputs);
    if (isFresh(step.name, hash, step.outputs)) continue;
    const begun = Date.now();
    say(`Building ${step.says}`);
    markStale(step.name);
    for (const argv of await step.commands()) {
      const { code, output } = await run(argv, {
        env: { PATH: `${dirname(NODE)}:${process.env['PATH'] ?? ''}` },
      });
      if (code !== 0)
        throw new Refusal(`building ${step.says} failed (${argv.join(' ')}):\n${output.trimEnd()}`);
    }
    for (const output of step.outputs) {
      if (!existsSync(join(ROOT, output))) throw new Refusal(`building ${step.says} did not make ${output}.`);
    }
    // Generated inputs (the readers, the skeleton) may just have been written: hash what is there now.
    markFresh(step.name, inputsHash(step.inputs));
    say(`Built ${step.says} in ${((Date.now() - begun) / 1000).toFixed(1)} s`);
  }
  assemble();
}

/** Puts the addons, the launcher and the link to Merlon's Node where the programs look for them. */
function assemble() {
  for (const [from, to] of PLACED) place(from, to);
  const link = join(ROOT, NODE_LINK);
  const node = realpathSync(NODE);
  if (!existsSync(link) || realpathSync(link) !== node) {
    rmSync(link, { force: true });
    symlinkSync(node, link);
  }
}

/**
 * Replaces by rename, never by writing into it: a running process may have the old file mapped.
 * @param {string} from
 * @param {string} to
 */
function place(from, to) {
  const target = join(ROOT, to);
  const hash = inputsHash([from]);
  if (isFresh(stampOf(to), hash, [to])) return;
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(join(ROOT, from), `${target}.new`);
  renameSync(`${target}.new`, target);
  markFresh(stampOf(to), hash);
}

/** @param {string} path */
const stampOf = (path) => path.replaceAll('/', '-');

/** @returns {Promise<string[]>} */
async function bpftoolArgument() {
  const path = await findBpftool();
  return path === undefined ? [] : [`BPFTOOL=${path}`];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    await ensure('build');
    await make();
  });
}
