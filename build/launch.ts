/**
 * The second half of `npm start`, after set-up and build: engine, faces, and their common end.
 * An engine that runs already is asked for its console instead.
 */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { connectEngine, ownSocketPath, type Connection } from '../cli/connect.ts';
import { engineArgv } from '../shared/engine-argv.ts';
import { NODE, Refusal, ROOT } from './command.mjs';
import { readArguments, type Arguments } from './launch/arguments.ts';
import { describe, endChild, startChild, type Child } from './launch/children.ts';
import { findElectron } from './launch/electron.ts';
import { appWindow, hasDisplay } from './launch/window.ts';

/** Below those that the kernel hands out. */
const OWN_PORTS = 17_600;
const SOCKET = ownSocketPath();
const ENGINE_PATIENCE_MS = 20_000;
const FACE_PATIENCE_MS = 5_000;
/** A window that ends sooner has failed; one that ends later was closed. */
const WINDOW_FAILS_WITHIN_MS = 5_000;
const REOPEN = 'Open the console again with: npm start   (or: npm run -s merlon -- open)';

const say = (line: string) => console.error(line);
const children: Child[] = [];
const stopAsked = Promise.withResolvers<'asked'>();
let asked = 0;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // npm and start.mjs may hand the same Ctrl-C on; only one that comes later means impatience.
    if (asked !== 0 && Date.now() - asked > 1000) for (const child of children) child.end('SIGKILL');
    if (asked === 0) asked = Date.now();
    stopAsked.resolve('asked');
  });
}

async function main(args: Arguments): Promise<number> {
  const running = await connectEngine(SOCKET);
  if (running.ok) return joinEngine(running.value, args);
  if (running.error.code !== 'not_running') throw new Refusal(running.error.message);

  const engine = startChild(
    'the engine',
    [
      NODE,
      ...engineArgv(join(ROOT, 'out/engine/index.js'), [
        '--data',
        args.data,
        '--socket',
        SOCKET,
        ...args.keep,
        ...args.settings,
      ]),
    ],
    { listen: true, ownSession: canLeaveTerminal() },
  );
  children.push(engine);
  const listening = await Promise.race([engine.firstLine, stopAsked.promise]);
  if (listening === undefined) {
    throw new Refusal(`the engine ${describe(await engine.ended)} before it listened; its words are above.`);
  }
  if (listening === 'asked') return 0;
  say(`Merlon’s engine runs; its database is in ${args.data}`);
  const connection = await connectEngine(SOCKET);
  if (!connection.ok) throw new Refusal(connection.error.message);
  const wanted = await settled(connection.value, args);
  await sayUnasked(connection.value);
  return untilTheEnd(engine, await openFaces(connection.value, wanted));
}

/** What settings say where no flag does: the engine knows both by now. */
async function settled({ console: engine }: Connection, args: Arguments): Promise<Arguments> {
  const list = await engine.request('config.list', {});
  if (!list.ok) throw new Refusal(list.error.message);
  const value = (key: string) => list.value.settings.find((each) => each.key === key)?.value;
  return { ...args, open: value('console.open_at_start') === true, port: Number(value('console.port')) };
}

/** No password dialog comes by itself at the first start; whoever looks only here has to know. */
async function sayUnasked({ console: engine }: Connection): Promise<void> {
  const status = await engine.request('status.get', {});
  if (status.ok && status.value.helper.state === 'unasked')
    say(
      'Merlon does not sense yet: the console says what for, and asks for the password (or: npm run -s merlon -- sense)',
    );
}

/**
 * In a session of its own the engine does not starve behind a storm elsewhere (native/launcher). Without a desktop,
 * though, pkexec asks in the terminal, and finds it by the session.
 */
function canLeaveTerminal(): boolean {
  const { DISPLAY: x11, WAYLAND_DISPLAY: wayland } = process.env;
  return process.getuid?.() === 0 || Boolean(x11) || Boolean(wayland);
}

/** Opens the console of an engine that is not ours, and leaves. Only a web face that we had to start keeps us. */
async function joinEngine(connection: Connection, args: Arguments): Promise<number> {
  if (args.dataNamed) await refuseOtherData(connection, args.data);
  if (args.keep.length > 0) refuseToKeep(args.keep);
  const status = await connection.console.request('status.get', {});
  const data = status.ok ? folderOf(status.value.store.path) : args.data;
  say(`Merlon’s engine runs already${status.ok ? ` (pid ${status.value.engine.pid})` : ''}`);

  const electron = args.open && hasDisplay() && !args.portNamed ? findElectron(say) : undefined;
  if (electron !== undefined) return leaveBehind(electronCommand(electron), { MERLON_SOCKET: SOCKET });
  const link = await connection.console.request('console.link', {});
  if (!link.ok) return untilTheEnd(undefined, await openFaces(connection, { ...args, data }));
  const window = args.open && hasDisplay() ? appWindow(link.value.url, data) : undefined;
  if (window === undefined) {
    process.stdout.write(`${link.value.url}\n`);
    return 0;
  }
  return leaveBehind(window);
}

/** A window for another's engine: it stays when we go. Where one is open already, Chromium hands the link over to it. */
async function leaveBehind(command: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const window = startChild('the window', command, { quiet: true, env, detached: true });
  const ending = await Promise.race([window.ended, wait(WINDOW_FAILS_WITHIN_MS / 2)]);
  if (ending === undefined || ending.code === 0) return 0;
  throw new Refusal(`the window ${describe(ending)}. For a link instead: npm start -- --no-open`);
}

async function refuseOtherData({ console: engine }: Connection, wanted: string): Promise<void> {
  const status = await engine.request('status.get', {});
  if (!status.ok) throw new Refusal(status.error.message);
  const { path } = status.value.store;
  const real = (file: string) => (existsSync(file) ? realpathSync(file) : file);
  if (real(folderOf(path)) === real(wanted)) return;
  throw new Refusal(
    `an engine runs already and stores in ${path}, not in ${wanted}. ` +
      'End it with: npm run -s merlon -- stop   or start without --data to open its console.',
  );
}

function refuseToKeep(flags: readonly string[]): never {
  throw new Refusal(
    `an engine runs already; ${flags.join(' ')} is for one that starts. ` +
      'To change what it keeps: npm run -s merlon -- store retention --help',
  );
}

function folderOf(database: string): string {
  return statSync(database, { throwIfNoEntry: false })?.isDirectory() ? database : dirname(database);
}

/** Starts what shows the console; prints the link where no window can. */
async function openFaces({ console: engine }: Connection, args: Arguments): Promise<Child[]> {
  const electron = args.open && hasDisplay() && !args.dev ? findElectron(say) : undefined;
  const faces: Child[] = [];
  if (electron !== undefined) {
    faces.push(startChild('the window', electronCommand(electron), { env: { MERLON_SOCKET: SOCKET } }));
    children.push(...faces);
  }
  if (electron === undefined || args.portNamed) faces.push(await startWebFace(args));
  if (electron !== undefined) return faces;

  const link = await engine.request('console.link', {});
  if (!link.ok) throw new Refusal(link.error.message);
  const window = args.open && hasDisplay() ? appWindow(link.value.url, args.data) : undefined;
  if (window !== undefined) {
    const child = startChild('the window', window, { quiet: true });
    children.push(child);
    faces.push(child);
  } else {
    if (args.open) say(hasDisplay() ? 'No Chromium is installed.' : 'There is no display here.');
    say('Open this link in a browser on this machine; it works once, for two minutes:');
    process.stdout.write(`${link.value.url}\n`);
  }
  if (args.dev) faces.push(startPageServer(new URL(link.value.url).origin));
  return faces;
}

function electronCommand(binary: string): string[] {
  // Chromium refuses its sandbox to root.
  return [binary, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ROOT];
}

/**
 * On a port of this user's own where none is named: what a browser keeps, it keeps for an address with its port, and the
 * console is to open as it was left.
 */
async function startWebFace({ port, portNamed }: Arguments): Promise<Child> {
  const own = OWN_PORTS + ((process.getuid?.() ?? 0) % 1000);
  const where = portNamed || port !== 0 ? ['--port', String(port)] : ['--prefer-port', String(own)];
  const web = startChild(
    'the web page',
    [NODE, join(ROOT, 'out/main/web.js'), '--socket', SOCKET, ...where],
    { listen: true, ownSession: canLeaveTerminal() },
  );
  children.push(web);
  if ((await web.firstLine) === undefined) {
    throw new Refusal(`the web page ${describe(await web.ended)} before it listened; its words are above.`);
  }
  return web;
}

function startPageServer(web: string): Child {
  say('The page with hot reload (open the link above first): http://127.0.0.1:5173/');
  const vite = join(ROOT, 'node_modules/vite/bin/vite.js');
  const child = startChild(
    'the page server',
    [NODE, vite, '--config', join(ROOT, 'build/vite.dev.config.ts')],
    {
      env: { MERLON_WEB: web },
    },
  );
  children.push(child);
  return child;
}

/** Waits for Ctrl-C, for the engine's end, or for a face's; a window may be closed while the engine goes on. */
async function untilTheEnd(engine: Child | undefined, faces: readonly Child[]): Promise<number> {
  const begun = Date.now();
  const watched = new Set([...(engine === undefined ? [] : [engine]), ...faces]);
  while (watched.size > 0) {
    const ended = await Promise.race([
      stopAsked.promise,
      ...[...watched].map((child) => child.ended.then(() => child)),
    ]);
    if (ended === 'asked') return 0;
    // What was ended together with us, or by the engine's end, needs no word: let that be known first.
    await Promise.race([wait(500), stopAsked.promise]);
    if (asked !== 0) return 0;
    watched.delete(ended);
    const ending = await ended.ended;
    if (engine !== undefined && !engine.running) return engineEnded(await engine.ended);
    if (ended.name !== 'the window') {
      if (engine === undefined) return ending.code === 0 ? 0 : 1;
      throw new Refusal(`${ended.name} ${describe(ending)}.`);
    }
    const failed = ending.code !== 0 && Date.now() - begun < WINDOW_FAILS_WITHIN_MS;
    if (failed) say(`merlon: the window ${describe(ending)}. For a link instead: npm start -- --no-open`);
    else if (engine !== undefined) say(`The window is closed; Merlon goes on. ${REOPEN}`);
    if (failed && engine === undefined) return 1;
  }
  return 0;
}

function engineEnded(ending: Awaited<Child['ended']>): number {
  if (ending.code === 0) {
    say('Merlon was stopped.');
    return 0;
  }
  throw new Refusal(`the engine ${describe(ending)}. Start again with: npm start`);
}

async function endAll(): Promise<void> {
  await Promise.all(
    children.map((child) =>
      endChild(child, child.name === 'the engine' ? ENGINE_PATIENCE_MS : FACE_PATIENCE_MS),
    ),
  );
}

try {
  process.exitCode = await main(readArguments(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(`merlon: ${error.message}`);
  process.exitCode = 1;
} finally {
  await endAll();
  if (asked !== 0) say('Merlon has ended.');
  process.exit();
}
