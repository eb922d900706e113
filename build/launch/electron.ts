/** Electron's binary: npm's package brings none, it is fetched on first use where that is possible. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../command.mjs';

const FETCH_MS = 20_000;
/** A fetch that failed is not tried again for so long: a start without a network stays quick. */
const REMEMBER_MS = 7 * 86_400_000;
const PACKAGE = join(ROOT, 'node_modules/electron');

/**
 * The path of a binary that starts, fetched first where it is missing.
 * @param say told in one line why there is none, or that it is being fetched
 */
export function findElectron(say: (line: string) => void): string | undefined {
  const present = installed() ?? fetch(say);
  if (present === undefined) return undefined;
  const trial = spawnSync(present, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  if (trial.status === 0) return present;
  const reason =
    (trial.stderr || String(trial.error?.message ?? 'it ended at once')).trim().split('\n')[0] ?? '';
  say(`Electron does not start here (${reason}); the console opens in the browser instead.`);
  return undefined;
}

function installed(): string | undefined {
  const own = process.env['ELECTRON_OVERRIDE_DIST_PATH'];
  const file = join(PACKAGE, 'path.txt');
  const name = existsSync(file) ? readFileSync(file, 'utf8') : 'electron';
  const path = own ? join(own, name) : join(PACKAGE, 'dist', name);
  return existsSync(path) ? path : undefined;
}

function fetch(say: (line: string) => void): string | undefined {
  const version = packageVersion();
  if (version === undefined) return undefined;
  const failed = join(ROOT, '.cache', `electron-${version}-not-fetched`);
  const since = statSync(failed, { throwIfNoEntry: false })?.mtimeMs;
  if (since !== undefined && Date.now() - since < REMEMBER_MS) {
    say('Electron could not be fetched lately; the console opens in the browser instead.');
    return undefined;
  }
  say(`Fetching Electron ${version} (once, for at most ${FETCH_MS / 1000} s)`);
  spawnSync(process.execPath, [join(PACKAGE, 'install.js')], {
    stdio: 'ignore',
    timeout: FETCH_MS,
    killSignal: 'SIGKILL',
  });
  const path = installed();
  if (path !== undefined) return path;
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  writeFileSync(failed, '');
  say('Electron cannot be fetched from here; the console opens in the browser instead.');
  return undefined;
}

function packageVersion(): string | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
    if (typeof parsed !== 'object' || parsed === null || !('version' in parsed)) return undefined;
    return typeof parsed.version === 'string' ? parsed.version : undefined;
  } catch {
    return undefined;
  }
}
