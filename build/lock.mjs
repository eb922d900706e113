// @ts-check
/** One build at a time in a clone: `npm start` beside `npm test` must not write the same files. */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ROOT } from './command.mjs';

const FOLDER = join(ROOT, 'out/.stamps');
const LOCK = join(FOLDER, 'lock');

/**
 * Runs a body while no other process of this clone builds.
 * @template T
 * @param {(line: string) => void} say
 * @param {() => Promise<T>} body
 * @returns {Promise<T>}
 */
export async function alone(say, body) {
  mkdirSync(FOLDER, { recursive: true });
  let told = false;
  while (!take()) {
    if (!told) say(`Waiting for another build in this folder (process ${holder() ?? '?'})`);
    told = true;
    await wait(200);
  }
  try {
    return await body();
  } finally {
    rmSync(LOCK, { force: true });
  }
}

/** @returns {boolean} whether it is ours now */
function take() {
  try {
    const file = openSync(LOCK, 'wx');
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
  const pid = holder();
  // An empty file is one that is being written this very moment.
  if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(LOCK, { force: true });
  return false;
}

/** @returns {number | undefined} the process that builds */
function holder() {
  try {
    const pid = Number(readFileSync(LOCK, 'utf8'));
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
