// @ts-check
/** Whether a build step's inputs changed since it last succeeded. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './command.mjs';

const STAMPS = join(ROOT, 'out/.stamps');
const NO_INPUT = new Set(['build', 'node_modules', 'out', 'test-results']);
const NOT_BUILT = /\.(test\.ts|md)$/;

/**
 * @param {readonly string[]} inputs files and folders, from the clone's folder; missing ones are left out
 * @returns {string} a hash over the names, sizes and times of all files
 */
export function inputsHash(inputs) {
  const hash = createHash('sha256');
  for (const file of inputs.flatMap((input) => filesOf(join(ROOT, input))).sort()) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/**
 * @param {string} path
 * @returns {string[]}
 */
function filesOf(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (!stats.isDirectory()) return NOT_BUILT.test(path) ? [] : [path];
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() && NO_INPUT.has(entry.name) ? [] : filesOf(join(path, entry.name)),
  );
}

/**
 * @param {string} step
 * @param {string} hash
 * @param {readonly string[]} outputs
 */
export function isFresh(step, hash, outputs) {
  const stamp = join(STAMPS, step);
  return (
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === hash &&
    outputs.every((output) => existsSync(join(ROOT, output)))
  );
}

/**
 * @param {string} step
 * @param {string} hash
 */
export function markFresh(step, hash) {
  mkdirSync(STAMPS, { recursive: true });
  writeFileSync(join(STAMPS, step), hash);
}

/** @param {string} step */
export function markStale(step) {
  rmSync(join(STAMPS, step), { force: true });
}
