/** The engine's socket as a channel: node:net, frames, JSON. */
import { lstatSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { makeClient, type Channel } from '../shared/client.ts';
import { MAX_REPLY_BYTES, type Console } from '../shared/console.ts';
import { controlFrame, FRAME_CONTROL, FrameReader } from '../shared/frames.ts';
import { socketPath, type Surroundings } from '../shared/places.ts';
import { fail, ok, type Result } from '../shared/result.ts';

export type ConnectError = 'not_running' | 'not_permitted' | 'failed';

export interface Connection {
  readonly console: Console;
  readonly path: string;
  close(): void;
}

/** Of this process: what `shared/places` wants to know. */
export const ownSurroundings = (): Surroundings => ({
  env: process.env,
  uid: process.getuid?.() ?? 0,
  exists: isFolder,
});

/** The socket of this user's engine, by the environment of this process. */
export function ownSocketPath(): string {
  return socketPath(ownSurroundings());
}

/** Connects to the engine. Fails: not_running (nobody listens), not_permitted (another user's), failed. */
export async function connectEngine(path = ownSocketPath()): Promise<Result<Connection, ConnectError>> {
  const stranger = foreignOwner(path);
  if (stranger !== undefined) {
    return fail('not_permitted', `The engine at ${path} belongs to user ${stranger}, not to you.`);
  }
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(connectFailure(path, error)));
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(ok({ console: makeClient(socketChannel(socket)), path, close: () => socket.destroy() }));
    });
  });
}

function connectFailure(path: string, error: NodeJS.ErrnoException) {
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
    case 'ENOTDIR':
      return fail('not_running', 'Merlon’s engine is not running. Start it with: npm start');
    case 'EACCES':
    case 'EPERM':
      return fail('not_permitted', `You may not talk to the engine at ${path}: it belongs to another user.`);
    default:
      return fail('failed', `Cannot reach the engine at ${path}: ${error.message}.`, error.code);
  }
}

/**
 * The folder under /tmp can be made by anybody: what another user put there is not our engine.
 * @returns the owner's user id where it is neither ours nor root's
 */
function foreignOwner(path: string): number | undefined {
  for (const place of [dirname(path), path]) {
    const stats = lstatSync(place, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    const ofSystem = stats.isDirectory() && stats.uid === 0;
    if (stats.uid !== process.getuid?.() && !ofSystem) return stats.uid;
  }
  return undefined;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** A channel over a connected socket. What breaks the framing or the contract closes it. */
function socketChannel(socket: Socket): Channel {
  const reader = new FrameReader(new Map([[FRAME_CONTROL, MAX_REPLY_BYTES]]));
  let deliver: (message: unknown) => void = () => undefined;
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const frame of reader.push(chunk)) deliver(JSON.parse(Buffer.from(frame.payload).toString()));
    } catch (error) {
      socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  });
  // 'close' follows and tells the client; the reason is of no use to a person.
  socket.on('error', () => undefined);
  return {
    send: (message) => {
      socket.write(controlFrame(message));
    },
    onMessage: (listener) => {
      deliver = listener;
    },
    onClose: (listener) => {
      socket.once('close', listener);
    },
  };
}
