// @ts-check
/** The tiers of tests: which machine can run them, how they are run, what they counted. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findOnPath, NODE, ROOT, run } from '../command.mjs';
import { runChecks } from '../checks.mjs';
import { none, playwrightCounts, tapCounts, vitestCounts, withCrash } from './counts.mjs';
import { whyNoGuests, runGuests } from './guests.mjs';

/** @typedef {import('./counts.mjs').Counts} Counts */

/**
 * @typedef {object} Tier
 * @property {string} name
 * @property {string} about
 * @property {import('../packages.mjs').Purpose} purpose what has to be set up
 * @property {() => Promise<string | undefined>} whyNot why this machine cannot run it
 * @property {(say: (line: string) => void) => Promise<{counts: Counts, output: string}>} run
 */

export const REPORTS = join(ROOT, 'test-results');
const ENV = { PATH: `${dirname(NODE)}:${process.env['PATH'] ?? ''}`, FORCE_COLOR: undefined, NO_COLOR: '1' };

/** @param {string} name */
function report(name) {
  mkdirSync(REPORTS, { recursive: true });
  const file = join(REPORTS, name);
  rmSync(file, { force: true });
  return file;
}

const whyNoKernel = async () =>
  process.getuid?.() !== 0
    ? 'loading kernel programs needs root'
    : existsSync('/sys/kernel/btf/vmlinux')
      ? undefined
      : 'this kernel has no BTF (/sys/kernel/btf/vmlinux)';

/** @returns {string[]} */
function kernelTests() {
  const folder = join(ROOT, 'e2e/kernel');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => join(folder, name));
}

async function runKernel() {
  const tap = report('kernel.tap');
  const made = await run(['make', '-C', 'e2e/kernel/triggers'], { env: ENV });
  if (made.code !== 0) return { counts: { ...none(), failed: 1 }, output: made.output };
  const { code, output } = await run(
    [
      NODE,
      '--test',
      '--test-concurrency=1',
      '--test-timeout=180000',
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      '--test-reporter=tap',
      `--test-reporter-destination=${tap}`,
      ...kernelTests(),
    ],
    { env: ENV },
  );
  const counts = existsSync(tap) ? tapCounts(readFileSync(tap, 'utf8')) : undefined;
  return { counts: withCrash(counts ?? none(), counts === undefined ? 1 : code), output };
}

async function runUnit() {
  const json = report('unit.json');
  const { code, output } = await run(
    [
      NODE,
      'node_modules/vitest/vitest.mjs',
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${json}`,
    ],
    { env: ENV },
  );
  return { counts: withCrash(existsSync(json) ? vitestCounts(json) : none(), code), output };
}

async function runApp() {
  const json = report('app.json');
  const { code, output } = await run(
    [
      NODE,
      'node_modules/@playwright/test/cli.js',
      'test',
      '--config',
      playwrightConfig(),
      '--reporter=list,json',
    ],
    { env: { ...ENV, PLAYWRIGHT_JSON_OUTPUT_NAME: json } },
  );
  return { counts: withCrash(existsSync(json) ? playwrightCounts(json) : none(), code), output };
}

function playwrightConfig() {
  const places = ['playwright.config.ts', 'e2e/playwright.config.ts', 'e2e/app/playwright.config.ts'];
  return places.find((place) => existsSync(join(ROOT, place))) ?? 'e2e/app/playwright.config.ts';
}

async function whyNoApp() {
  const browser = ['chromium', 'google-chrome', 'chromium-browser'].some(
    (name) => findOnPath(name) !== undefined,
  );
  return browser ? whyNoKernel() : 'no Chromium is installed';
}

/** @type {Tier[]} */
export const TIERS = [
  {
    name: 'check',
    about: 'types, style, import zones, generated code',
    purpose: 'check',
    whyNot: async () => undefined,
    run: async () => {
      const results = await runChecks();
      const failed = results.filter((result) => !result.ok);
      return {
        counts: { passed: results.length - failed.length, failed: failed.length, skipped: 0 },
        output: failed.map(({ name, output }) => `${name}:\n${output}`).join('\n'),
      };
    },
  },
  { name: 'unit', about: 'code by itself', purpose: 'build', whyNot: async () => undefined, run: runUnit },
  {
    name: 'kernel',
    about: 'the sensor on this kernel',
    purpose: 'test',
    whyNot: whyNoKernel,
    run: runKernel,
  },
  { name: 'app', about: 'the console in Chromium', purpose: 'test', whyNot: whyNoApp, run: runApp },
  {
    name: 'vm',
    about: 'the sensor on Linux 6.1 and 6.12',
    purpose: 'vm',
    whyNot: whyNoGuests,
    run: runGuests,
  },
];

/**
 * Keeps a runner's whole output where it can be read afterwards.
 * @param {string} name
 * @param {string} output
 * @returns {string} the file
 */
export function keepOutput(name, output) {
  mkdirSync(REPORTS, { recursive: true });
  const file = join(REPORTS, `${name}.log`);
  writeFileSync(file, output);
  return file;
}
