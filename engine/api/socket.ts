/** Where the engine listens: a socket of the user's own, in a folder that nobody else can change. */
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, realpathSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { makeClient, type Channel } from '../../shared/client.ts';
import { MAX_REPLY_BYTES } from '../../shared/console.ts';
import { controlFrame, FRAME_CONTROL, FrameReader } from '../../shared/frames.ts';
import { fail, ok, type Result } from '../../shared/result.ts';

const ASK_MS = 2000;
/** Longer than an engine can take over it. */
const TURN_MS = 5000;
const TURN_EVERY_MS = 20;
/** sizeof(sockaddr_un.sun_path) with its NUL. */
const MAX_PATH_BYTES = 107;

type ListenError = 'in_use' | 'refused';

/**
 * Listens at `path`, mode 0600. A socket that a dead engine left is replaced; a living engine is named.
 * Fails: in_use, refused (the folder is another user's, or open to others; the system said no).
 */
export async function listenAt(
  server: Server,
  path: string,
  uid: number,
): Promise<Result<object, ListenError>> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    return fail('refused', `The socket’s path is longer than ${MAX_PATH_BYTES} bytes: ${path}`);
  }
  const problem = prepareFolder(dirname(path), uid);
  if (problem !== undefined) return fail('refused', problem);
  const turn = await takeTurn(path, uid);
  try {
    return await takePlace(server, path, uid);
  } finally {
    turn?.close();
  }
}

/** Whoever looks, removes and binds must do so alone: two that saw one stale socket would remove each other's. */
async function takePlace(server: Server, path: string, uid: number): Promise<Result<object, ListenError>> {
  const other = await whoListens(path);
  if (other.listens) return fail('in_use', inUse(path, other.data, other.pid));
  const stale = lstatSync(path, { throwIfNoEntry: false });
  if (stale !== undefined) {
    if (!stale.isSocket() || (stale.uid !== uid && uid !== 0)) {
      return fail(
        'refused',
        `Something else than Merlon’s socket is at ${path}. Remove it, or set MERLON_SOCKET.`,
      );
    }
    unlinkSync(path);
  }
  return listen(server, path);
}

/**
 * The turn is a name in the abstract namespace (unix(7)): the kernel gives it to one process, takes it back when that
 * process ends, and leaves no file. Anybody may hold a name, and must not be able to keep Merlon from starting: after
 * TURN_MS it goes on without.
 */
async function takeTurn(path: string, uid: number): Promise<Server | undefined> {
  const name = turnName(path, uid);
  for (const late = performance.now() + TURN_MS; performance.now() < late; await wait(TURN_EVERY_MS)) {
    const turn = createServer((socket) => socket.destroy());
    const taken = await new Promise<boolean>((resolve) => {
      turn.once('error', () => resolve(false));
      turn.listen(name, () => resolve(true));
    });
    if (taken) return turn;
  }
  return undefined;
}

/** The name of the turn at a socket's path, in the abstract namespace. The path's folder exists. */
export function turnName(path: string, uid: number): string {
  const place = join(realpathSync(dirname(path)), basename(path));
  return `\0merlon-${uid}-${createHash('sha256').update(place).digest('hex').slice(0, 32)}`;
}

function listen(server: Server, path: string): Promise<Result<object, ListenError>> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException) => {
      resolve(
        error.code === 'EADDRINUSE'
          ? fail('in_use', `Another engine began to listen at ${path}.`)
          : fail('refused', `Cannot listen at ${path}: ${error.message}`),
      );
    };
    server.once('error', failed);
    // Bound with nobody's rights but the owner's: between bind and chmod there is no open moment.
    const before = process.umask(0o177);
    server.listen(path, () => {
      server.off('error', failed);
      chmodSync(path, 0o600);
      resolve(ok({}));
    });
    process.umask(before);
  });
}

/** @returns what is wrong with the folder. */
function prepareFolder(folder: string, uid: number): string | undefined {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    return `The socket’s folder ${folder} cannot be made: ${error instanceof Error ? error.message : String(error)}`;
  }
  const stat = lstatSync(folder);
  if (!stat.isDirectory()) return `${folder} is no folder.`;
  const sticky = (stat.mode & 0o1000) !== 0;
  if (stat.uid !== uid && stat.uid !== 0)
    return `The socket’s folder ${folder} belongs to user ${stat.uid}, not to you.`;
  if ((stat.mode & 0o022) !== 0 && !sticky) return `Other users can write to the socket’s folder ${folder}.`;
  if (folder === `/tmp/merlon-${uid}` && (stat.uid !== uid || (stat.mode & 0o077) !== 0)) {
    return `The folder ${folder} is open to other users. Remove it and start Merlon again.`;
  }
  return undefined;
}

function inUse(path: string, data: string | undefined, pid: number | undefined): string {
  if (data === undefined) return `A process that does not answer as an engine already listens at ${path}.`;
  return `An engine (pid ${pid}) already runs with its data in ${data}. Stop it with: merlon stop`;
}

/** Whether somebody accepts connections there, and whose data it keeps where it answers as an engine. */
async function whoListens(
  path: string,
): Promise<{ readonly listens: boolean; readonly data?: string; readonly pid?: number }> {
  const socket = await new Promise<Socket | undefined>((resolve) => {
    const made = connect(path);
    made.once('connect', () => resolve(made));
    made.once('error', () => resolve(undefined));
  });
  if (socket === undefined) return { listens: false };
  socket.on('error', () => {});
  const late = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), ASK_MS).unref();
  });
  try {
    const reply = await Promise.race([makeClient(channelOf(socket)).request('status.get', {}), late]);
    if (reply?.ok !== true) return { listens: true };
    return { listens: true, data: reply.value.store.path, pid: reply.value.engine.pid };
  } finally {
    socket.destroy();
  }
}

function channelOf(socket: Socket): Channel {
  const reader = new FrameReader(new Map([[FRAME_CONTROL, MAX_REPLY_BYTES]]));
  return {
    send: (message) => void socket.write(controlFrame(message)),
    onMessage: (listener) =>
      void socket.on('data', (chunk: Buffer) => {
        try {
          for (const { payload } of reader.push(chunk)) listener(JSON.parse(Buffer.from(payload).toString()));
        } catch {
          socket.destroy(); // not an engine
        }
      }),
    onClose: (listener) => void socket.on('close', listener),
  };
}
