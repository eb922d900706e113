import { connect, type Socket } from 'node:net';
import type { Channel } from '../shared/client.ts';
import { MAX_REPLY_BYTES } from '../shared/console.ts';
import { FRAME_CONTROL, FrameReader, controlFrame } from '../shared/frames.ts';

/** One connection to the engine's socket. Messages are JSON, as bytes, so that a relay need not parse them. */
export interface EngineLink {
  /** @returns false where the engine reads too slowly: wait for `onDrain` before more is sent. */
  send(message: unknown): boolean;
  onDrain(listener: () => void): void;
  /** The bytes are valid during the call only. */
  onMessage(listener: (json: Uint8Array) => void): void;
  /** Called once, also when the engine broke the framing. */
  onClose(listener: () => void): void;
  /** Stop and go on reading, for back-pressure. */
  pause(): void;
  resume(): void;
  end(): void;
}

/**
 * Connects to the engine.
 * @throws the socket's error (`ENOENT`, `ECONNREFUSED`, `EACCES`) where no engine listens there.
 */
export async function connectEngine(path: string): Promise<EngineLink> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const made = connect(path, () => {
      made.off('error', reject);
      resolve(made);
    });
    made.once('error', reject);
  });
  const reader = new FrameReader(new Map([[FRAME_CONTROL, MAX_REPLY_BYTES]]));
  const listeners = new Set<(json: Uint8Array) => void>();
  socket.on('error', (error) => console.error(`engine connection: ${error.message}`));
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const frame of reader.push(chunk)) for (const listener of listeners) listener(frame.payload);
    } catch (error) {
      console.error('engine connection closed:', error instanceof Error ? error.message : error);
      socket.destroy();
    }
  });
  return {
    send: (message) => socket.writable && socket.write(controlFrame(message)),
    onDrain: (listener) => void socket.on('drain', listener),
    onMessage: (listener) => void listeners.add(listener),
    onClose: (listener) =>
      void (socket.destroyed ? queueMicrotask(listener) : socket.once('close', listener)),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => void socket.destroy(),
  };
}

const decoder = new TextDecoder();

/** The link as the contract's client wants it. */
export function channelOf(link: EngineLink): Channel {
  return {
    send: (message) => void link.send(message),
    onMessage: (listener) => link.onMessage((json) => listener(JSON.parse(decoder.decode(json)))),
    onClose: (listener) => link.onClose(listener),
  };
}
