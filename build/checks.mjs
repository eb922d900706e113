// @ts-check
/** What `npm run check` looks at, each by the tool that knows. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NODE, ROOT, run } from './command.mjs';
import { findBpftool } from './packages.mjs';

/** @typedef {{name: string, ok: boolean, output: string}} CheckResult */

const TSCONFIGS = ['shared', 'node', 'host', 'renderer', 'e2e', 'build'];
const ENV = { PATH: `${dirname(NODE)}:${process.env['PATH'] ?? ''}`, NO_COLOR: '1', FORCE_COLOR: undefined };

/**
 * @param {(result: CheckResult) => void} [onResult]
 * @returns {Promise<CheckResult[]>}
 */
export async function runChecks(onResult = () => {}) {
  const files = await trackedFiles();
  const c = files.filter((file) => /\.(c|h|cc)$/.test(file) && !file.includes('vmlinux/'));
  const bpftool = await findBpftool();
  /** @type {[string, () => Promise<{code: number, output: string}>][]} */
  const checks = [
    ...TSCONFIGS.map(
      (/** @returns {[string, () => Promise<{code: number, output: string}>]} */ name) =>
        /** @type {[string, () => Promise<{code: number, output: string}>]} */ ([
          `types (${name})`,
          () => tool('typescript/bin/tsc', '-p', `tsconfig.${name}.json`),
        ]),
    ),
    [
      'types (svelte)',
      () =>
        tool('svelte-check/bin/svelte-check', '--tsconfig', 'tsconfig.renderer.json', '--fail-on-warnings'),
    ],
    ['eslint', () => tool('eslint/bin/eslint.js', '--max-warnings', '0', '.')],
    ['prettier', () => tool('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.')],
    ['clang-format', () => run(['clang-format', '--style=file', '--dry-run', '-Werror', ...c])],
    [
      'generated code',
      () => run(['make', '-C', 'bpf', 'check', ...(bpftool ? [`BPFTOOL=${bpftool}`] : [])], { env: ENV }),
    ],
    ['the tree', async () => checkTree(files)],
  ];
  /** @type {CheckResult[]} */
  const results = [];
  for (const [name, check] of checks) {
    const { code, output } = await check();
    const result = { name, ok: code === 0, output };
    onResult(result);
    results.push(result);
  }
  return results;
}

/**
 * @param {string} script
 * @param {...string} args
 */
const tool = (script, ...args) => run([NODE, join('node_modules', script), ...args], { env: ENV });

/** Files of the commit, and new ones that would come into it. */
async function trackedFiles() {
  const { code, output } = await run(['git', 'ls-files', '--cached', '--others', '--exclude-standard']);
  if (code !== 0) throw new Error(`git ls-files failed: ${output}`);
  return output.split('\n').filter((file) => file !== '' && existsSync(join(ROOT, file)));
}

const MAX_LINES = 400;
const LONG_FOR_A_REASON = /(^|\/)(package-lock\.json|vmlinux\.h|.*\.generated\.ts|LICENSE)$/;
const CODE = /\.(ts|mjs|js|svelte|c|h|cc|css|sql)$/;
const FORBIDDEN_FOLDERS = /(^|\/)(src|lib|utils|helpers|types|common|misc)\//;

/**
 * Rules of the house that no linter knows.
 * @param {readonly string[]} files
 */
function checkTree(files) {
  const problems = [];
  for (const file of files) {
    if (FORBIDDEN_FOLDERS.test(file)) problems.push(`${file}: the name of its folder says nothing`);
    if (!CODE.test(file) && !/\.(json|md|yml|yaml)$/.test(file)) continue;
    const text = readFileSync(join(ROOT, file), 'utf8');
    const lines = text.split('\n').length - 1;
    if (CODE.test(file) && !LONG_FOR_A_REASON.test(file) && lines > MAX_LINES) {
      problems.push(`${file}: ${lines} lines; split what has more than ${MAX_LINES}`);
    }
    // Spelled in two parts, so that this file does not name what it forbids.
    const place = new RegExp(`(^|[\\s'"\`(=])/${'work'}/`, 'm').exec(text);
    if (place !== null) problems.push(`${file}: names a folder of one machine`);
  }
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (entry.resolved !== undefined)
      problems.push(`package-lock.json: ${path} names the host that it came from`);
  }
  return { code: problems.length > 0 ? 1 : 0, output: problems.join('\n') };
}
