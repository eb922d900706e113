/** The engine's entry: flags, the one line on stdout when it listens, signals and exit codes. */
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { configFile, dataFolder, socketPath, systemConfigFile } from '../shared/places.ts';
import { LiveConfig } from './config/index.ts';
import { LogRing } from './doctor/log-ring.ts';
import { startEngine, type Engine } from './engine.ts';
import { runSettings } from './flags.ts';
import { ownHelper } from './own-files.ts';

const HELP = `node out/engine/index.js [--data DIR] [--socket PATH] [--helper FILE]
                                [--keep-days N] [--keep-gib N] [--free-when-full] [--set KEY=VALUE]...

Records what happens on this machine and answers Merlon's faces. Usually started by: npm start

  --data DIR      folder of the database (default: $XDG_STATE_HOME/merlon, else ~/.local/state/merlon)
  --socket PATH   where to listen (default: $MERLON_SOCKET, else merlon.sock in the user's runtime folder)
  --helper FILE   the privileged helper (default: the one of this build)

Settings for this run, before those in /etc/merlon/merlon.yaml and ~/.config/merlon/merlon.yaml (merlon config list):
  --keep-days N      retention.days: events older than N days are cut
  --keep-gib N       retention.size: the oldest events are cut while the database takes more than N GiB
  --free-when-full   retention.free_when_full: on a full disk the oldest events are cut to store new ones
  --set KEY=VALUE    any other

Prints {"listening":PATH,"pid":PID} once it listens; logs to stderr; ends on SIGINT or SIGTERM.
Exit codes: 0 ended as asked · 2 usage · 5 socket or database in use or refused · 6 database unusable · 70 a bug
`;

const EXIT_USAGE = 2;
const EXIT_IN_USE = 5;
const EXIT_STORE = 6;
const EXIT_BUG = 70;
/** The helper is given 3 s, a disk that takes nothing 10 s; the rest takes less. */
const STOP_LIMIT_MS = 15_000;

let engine: Engine | undefined;
let ending = false;

const recent = new LogRing();

function log(line: string): void {
  recent.add(line);
  process.stderr.write(`engine: ${line}\n`);
}

async function end(code: number): Promise<void> {
  if (ending) return;
  ending = true;
  setTimeout(() => {
    log('The end took too long; what was not stored by now is not stored.');
    process.exit(code === 0 ? 1 : code);
  }, STOP_LIMIT_MS).unref();
  await engine?.stop();
  process.exit(code);
}

/** A bug: logged once; the helper is detached and what can be stored is. */
function bug(error: unknown): void {
  if (ending) return;
  log(`A bug ended the engine: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  void end(EXIT_BUG).catch(() => process.exit(EXIT_BUG));
}

function usage(problem: string): never {
  process.stderr.write(`engine: ${problem}\n\n${HELP}`);
  process.exit(EXIT_USAGE);
}

function flags() {
  try {
    return parseArgs({
      options: {
        data: { type: 'string' },
        socket: { type: 'string' },
        helper: { type: 'string' },
        'keep-days': { type: 'string' },
        'keep-gib': { type: 'string' },
        'free-when-full': { type: 'boolean' },
        set: { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
}

const given = flags();
if (given.help === true) {
  process.stdout.write(HELP);
  process.exit(0);
}
for (const flag of ['data', 'socket', 'helper'] as const) {
  if (given[flag] === '') usage(`--${flag} needs a path.`);
}
const run = runSettings(given);
if (typeof run === 'string') usage(run);
process.on('uncaughtException', bug);
process.on('unhandledRejection', bug);
process.on('SIGINT', () => void end(0));
process.on('SIGTERM', () => void end(0));
process.on('SIGHUP', () => void end(0));
// A closed terminal must not end the engine in the middle of a transaction.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const surroundings = {
  env: process.env,
  uid: process.getuid?.() ?? 0,
  exists: (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true,
};
// What the store's threads and SQLite make is the user's own: a thread cannot set it for itself.
process.umask(0o077);
const socket = resolve(given.socket ?? socketPath(surroundings));
const started = await startEngine({
  data: resolve(given.data ?? dataFolder(surroundings, homedir())),
  socket,
  helper: resolve(given.helper ?? ownHelper()),
  config: new LiveConfig(
    { system: systemConfigFile(surroundings), own: configFile(surroundings, homedir()) },
    run,
  ),
  logged: () => recent.lines,
  log,
  onStop: () => void end(0),
});
if (started.ok) {
  engine = started.value;
  if (ending) void engine.stop().then(() => process.exit(0));
  else process.stdout.write(`${JSON.stringify({ listening: socket, pid: process.pid })}\n`);
} else {
  log(started.error.message);
  process.exit(started.error.code === 'store' ? EXIT_STORE : EXIT_IN_USE);
}
