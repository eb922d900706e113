// @ts-check
/**
 * Puts in place what a purpose needs: system packages by apt, npm packages from the lock file.
 * Runs on Node 20 with nothing installed; says what it does and why; does nothing, fast, where all is there.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { main, findOnPath, NODE, Refusal, ROOT, run } from './command.mjs';
import { NEEDS } from './packages.mjs';

/** @typedef {import('./packages.mjs').Need} Need */

/**
 * @param {import('./packages.mjs').Purpose} purpose
 * @param {(line: string) => void} [say]
 * @throws Refusal where the person has to do something first
 */
export async function ensure(purpose, say = (line) => console.error(line)) {
  checkMachine();
  await ensureSystem(NEEDS[purpose], say);
  await ensureNpm(say);
}

function checkMachine() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20)
    throw new Refusal(`Node ${process.versions.node} is too old to begin with: install Node 20 or newer.`);
  if (process.platform !== 'linux') throw new Refusal(`Merlon watches Linux; this is ${process.platform}.`);
  if (process.arch !== 'x64' && process.arch !== 'arm64') {
    throw new Refusal(
      `Merlon has no Node 24 for ${process.arch}: it runs on x64 (and, for its parts in user space, arm64).`,
    );
  }
  if (process.arch === 'arm64' && !existsSync(join(ROOT, 'bpf/vmlinux/aarch64/vmlinux.h'))) {
    throw new Refusal(
      'the kernel programs cannot be built on arm64 yet: bpf/vmlinux/aarch64/vmlinux.h is not there ' +
        '(bpf/README.md says how it is made).',
    );
  }
}

/**
 * @param {readonly Need[]} needs
 * @param {(line: string) => void} say
 */
async function ensureSystem(needs, say) {
  /** @type {Need[]} */
  const missing = [];
  for (const need of needs) if (!(await need.here())) missing.push(need);
  if (missing.length === 0) return;

  if (findOnPath('apt-get') === undefined) {
    const required = missing.filter((need) => need.optional !== true);
    const list = required.map((need) => `  ${need.packages[0]?.join(' ')}: ${need.why}`).join('\n');
    if (required.length === 0) return;
    throw new Refusal(
      `this system has no apt-get. Install these yourself (Debian’s names), then try again:\n${list}`,
    );
  }
  const chosen = await choosePackages(missing, say);
  if (chosen.length === 0) return;
  for (const { names, why } of chosen) say(`Installing ${names.join(' ')}: ${why}`);
  await aptInstall(
    chosen.flatMap(({ names }) => names),
    say,
  );

  for (const need of missing) {
    if (need.optional === true || (await need.here())) continue;
    throw new Refusal(`${need.packages[0]?.join(' ')} is installed, yet what ${need.why} is not found.`);
  }
}

/**
 * @param {readonly Need[]} missing
 * @param {(line: string) => void} say
 */
async function choosePackages(missing, say) {
  let known = await aptKnown(missing);
  const unknown = missing.some(
    (need) => !need.packages.some((names) => names.every((name) => known.has(name))),
  );
  if (unknown) {
    say('Reading the package lists (apt-get update): they do not name all that is needed');
    await apt(['update', '-q']);
    known = await aptKnown(missing);
  }
  /** @type {{names: readonly string[], why: string}[]} */
  const chosen = [];
  for (const need of missing) {
    const names = need.packages.find((alternative) => alternative.every((name) => known.has(name)));
    if (names !== undefined) chosen.push({ names, why: need.why });
    else if (need.optional === true)
      say(`Doing without ${need.packages[0]?.join(' ')}: apt has no such package here`);
    else throw new Refusal(`apt has no package ${need.packages[0]?.join(' ')}, which ${need.why}.`);
  }
  return chosen;
}

/**
 * @param {readonly Need[]} needs
 * @returns {Promise<Set<string>>} those of the packages that apt could install
 */
async function aptKnown(needs) {
  const names = [...new Set(needs.flatMap((need) => need.packages.flat()))];
  const { output } = await run(['apt-cache', 'policy', ...names], { env: { LC_ALL: 'C' } });
  return new Set(
    [...output.matchAll(/^(\S+):\n {2}Installed: .*\n {2}Candidate: (.*)$/gm)]
      .filter((match) => match[2] !== '(none)')
      .map((match) => String(match[1])),
  );
}

/**
 * @param {readonly string[]} names
 * @param {(line: string) => void} say
 */
async function aptInstall(names, say) {
  const install = ['install', '-y', '-q', '--no-install-recommends', ...new Set(names)];
  if ((await apt(install)) === 0) return;
  say('That failed; reading the package lists (apt-get update) and trying once more');
  await apt(['update', '-q']);
  if ((await apt(install)) === 0) return;
  throw new Refusal(`apt-get could not install ${names.join(' ')}: its words are above.`);
}

/**
 * Runs apt-get with the rights it needs, on our terminal (sudo may ask for the password there).
 * @param {readonly string[]} args
 * @returns {Promise<number>} its exit code
 */
async function apt(args) {
  const argv = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-o', 'DPkg::Lock::Timeout=120', ...args];
  if (process.getuid?.() !== 0) {
    if (findOnPath('sudo') === undefined) {
      throw new Refusal(
        `there is no sudo here: run this as root, then try again:\n  apt-get ${args.join(' ')}`,
      );
    }
    argv.unshift('sudo');
  }
  return (await run(argv, { show: 'stderr' })).code;
}

/** @param {(line: string) => void} say */
async function ensureNpm(say) {
  if (npmInstalled()) return;
  say('Installing npm packages from package-lock.json');
  const env = { PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1', npm_config_loglevel: 'error' };
  const { code } = await run([...npmCommand(), 'ci', '--no-audit', '--no-fund'], { show: 'stderr', env });
  if (code !== 0) throw new Refusal('npm ci failed: its words are above.');
  if (!existsSync(NODE)) {
    throw new Refusal(
      'npm left Node 24 out: it is an optional dependency. Check npm’s settings (omit=optional?).',
    );
  }
}

/**
 * Compares what npm says it installed with the lock file, so that a tree that `npm install` made counts as well.
 * Optional packages of other platforms may be missing.
 */
function npmInstalled() {
  const hidden = join(ROOT, 'node_modules/.package-lock.json');
  if (!existsSync(hidden) || !existsSync(NODE)) return false;
  const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' ||
      (present[path] === undefined ? entry.optional === true : present[path].version === entry.version),
  );
}

/**
 * npm and the Node it runs on. Not Merlon's own Node: `npm ci` removes node_modules, and that Node with it.
 * @returns {string[]}
 */
function npmCommand() {
  const own = join(realpathSync(ROOT), 'node_modules/');
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  if (script?.endsWith('npm-cli.js') && node && existsSync(node) && !realpathSync(node).startsWith(own)) {
    return [node, script];
  }
  const npm = findOnPath('npm', (folder) => !`${folder}/`.includes('/node_modules/'));
  if (npm === undefined)
    throw new Refusal('npm is not on the PATH: install it (Debian’s package npm), then try again.');
  const system = findOnPath('node', (folder) => !`${folder}/`.includes('/node_modules/'));
  return system === undefined ? [npm] : [system, realpathSync(npm)];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    const purpose = process.argv[2] ?? 'start';
    if (!(purpose in NEEDS))
      throw new Refusal(`no purpose ${purpose}; there are: ${Object.keys(NEEDS).join(', ')}`);
    await ensure(/** @type {import('./packages.mjs').Purpose} */ (purpose));
  });
}
