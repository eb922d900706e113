/** Runs the engine as a process of its own for tests, with a helper that plays its part on real pipes. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeClient } from '../shared/client.ts';
import { MAX_REPLY_BYTES, type Console } from '../shared/console.ts';
import { engineArgv } from '../shared/engine-argv.ts';
import type { Event } from '../shared/event.ts';
import { controlFrame, FRAME_CONTROL, FrameReader } from '../shared/frames.ts';
import { ownConfig } from '../shared/places.ts';

/** The machine may be busy with other tests; a wait ends as soon as what it waits for is there. */
export const PATIENCE = { timeout: 30_000, interval: 50 };

const ENTRY = join(import.meta.dirname, 'index.ts');
const DOUBLE = join(import.meta.dirname, 'helper.double.ts');

export interface Run {
  readonly child: ChildProcess;
  readonly stderr: () => string;
  readonly exited: Promise<number | null>;
}

/** A folder with engines in it; `end` leaves nothing behind. */
export class EngineBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'merlon-engine-'));
  readonly socketPath = join(this.folder, 'merlon.sock');
  readonly #children: ChildProcess[] = [];
  readonly #sockets: Socket[] = [];

  /** The flags of an engine in this folder. */
  flags(data = 'data', socket = 'merlon.sock'): string[] {
    return ['--data', join(this.folder, data), '--socket', join(this.folder, socket), '--helper', DOUBLE];
  }

  run(args: readonly string[], env: Record<string, string> = {}): Run {
    const child = spawn(process.execPath, engineArgv(ENTRY, args), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ...ownConfig(this.folder),
        MERLON_DOUBLE_MARK: join(this.folder, 'mark'),
        ...env,
      },
    });
    this.#children.push(child);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    return { child, stderr: () => stderr, exited };
  }

  /** Starts an engine whose helper behaves so. @returns once it listens, with the line that it printed. */
  async start(
    behaviour = 'well',
    flags: readonly string[] = [],
    env: Record<string, string> = {},
  ): Promise<Run & { readonly line: unknown }> {
    const engine = this.run([...this.flags(), ...flags], { MERLON_DOUBLE: behaviour, ...env });
    const line = await new Promise<string>((resolve, reject) => {
      engine.child.stdout?.once('data', (data: Buffer) => resolve(data.toString()));
      void engine.exited.then((code) =>
        reject(new Error(`the engine ended with ${code}: ${engine.stderr()}`)),
      );
    });
    return { ...engine, line: JSON.parse(line) };
  }

  async rawSocket(): Promise<Socket> {
    const socket = connect(this.socketPath);
    this.#sockets.push(socket);
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve));
    return socket;
  }

  /** A connected face. */
  async face(): Promise<Console> {
    return faceOn(await this.rawSocket());
  }

  async end(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The contract's client on a socket. */
export function faceOn(socket: Socket): Console {
  const reader = new FrameReader(new Map([[FRAME_CONTROL, MAX_REPLY_BYTES]]));
  return makeClient({
    send: (message) => void socket.write(controlFrame(message)),
    onMessage: (listener) =>
      void socket.on('data', (chunk: Buffer) => {
        for (const { payload } of reader.push(chunk)) listener(JSON.parse(Buffer.from(payload).toString()));
      }),
    onClose: (listener) => void socket.on('close', listener),
  });
}

/** What a reply carries. @throws Error where it is a failure. */
export async function valueOf<T>(
  reply: Promise<{ ok: true; value: T } | { ok: false; error: { message: string } }>,
): Promise<T> {
  const settled = await reply;
  if (!settled.ok) throw new Error(settled.error.message);
  return settled.value;
}

/** All stored events, oldest first. */
export async function allEvents(face: Console): Promise<readonly Event[]> {
  return (await valueOf(face.request('events.page', { query: '', limit: 1000, after: '0.0.0' }))).events;
}
