// @ts-check
/** The kernel tier in QEMU guests: e2e/vm/run.ts boots them, here is counted. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath, NODE, ROOT, run } from '../command.mjs';
import { none, sum, tapCounts } from './counts.mjs';

/** @typedef {import('./counts.mjs').Counts} Counts */

/** @returns {Promise<string | undefined>} */
export async function whyNoGuests() {
  if (process.arch !== 'x64') return 'the guests are x86-64';
  for (const [program, name] of [
    ['qemu-system-x86_64', 'qemu-system-x86'],
    ['busybox', 'busybox-static'],
    ['cpio', 'cpio'],
  ]) {
    if (findOnPath(String(program)) === undefined) return `${name} is not installed`;
  }
  const cached = ['6.1', '6.12'].every((series) => existsSync(join(ROOT, `.cache/linux-${series}/boot`)));
  if (!cached && findOnPath('apt-get') === undefined) return 'there is no apt-get to fetch kernels with';
  return undefined;
}

/**
 * @param {(line: string) => void} say
 * @returns {Promise<{counts: Counts, output: string}>}
 */
export async function runGuests(say) {
  const made = await run(['make', '-C', 'e2e/kernel/triggers']);
  if (made.code !== 0) return { counts: { ...none(), failed: 1 }, output: made.output };
  const { code, output } = await run([NODE, join(ROOT, 'e2e/vm/run.ts')]);
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  if (code !== 0 || !last.startsWith('{')) return { counts: { ...none(), failed: 1 }, output };
  /** @type {{guests: {series: string, tap: string, console: string, problem?: string}[]}} */
  const { guests } = JSON.parse(last);
  /** @type {string[]} */
  const texts = [];
  const counts = guests.map(({ series, tap, console: text, problem }) => {
    const counted = tapCounts(tap);
    const ran = counted === undefined ? 'without results' : `${counted.passed} fine, ${counted.failed} not`;
    say(`vm: Linux ${series}: ${ran}${problem === undefined ? '' : ` (${problem})`}`);
    const bad = problem !== undefined || counted === undefined || counted.failed > 0;
    if (bad) texts.push(`Linux ${series}: ${problem ?? 'tests failed'}\n${excerpt(text)}`);
    const failedOutside = problem !== undefined || counted === undefined ? 1 : 0;
    return { ...(counted ?? none()), failed: (counted?.failed ?? 0) + failedOutside };
  });
  return { counts: sum(counts), output: texts.join('\n') };
}

/**
 * The part of a console that says what failed.
 * @param {string} text
 */
function excerpt(text) {
  const clean = text.replace(/\r/g, '').replace(/\u001b\[[\d;]*[A-Za-z]/g, '');
  const failures = clean.lastIndexOf('✖ failing tests:');
  return failures < 0 ? clean.split('\n').slice(-150).join('\n') : clean.slice(failures);
}
