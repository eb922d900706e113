import { fail } from './result.ts';
import {
  parseWireMessage,
  type Console,
  type NoticeName,
  type NoticeOf,
  type Reply,
  type RequestIn,
  type RequestName,
  type WireRequest,
} from './console.ts';

/** A connection to the engine, whatever carries it: a Unix socket, a WebSocket, Electron's IPC. */
export interface Channel {
  send(message: WireRequest): void;
  /** Called for every message that arrives, already parsed from JSON. */
  onMessage(listener: (message: unknown) => void): void;
  onClose(listener: () => void): void;
}

/** The contract's client over a channel. Requests under way when the channel closes end with `disconnected`. */
export function makeClient(channel: Channel): Console {
  const waiting = new Map<number, (reply: never) => void>();
  const listeners = new Map<string, Set<(value: never) => void>>();
  const closers = new Set<() => void>();
  let nextId = 1;
  let closed = false;
  const gone = () =>
    fail('disconnected', 'Merlon’s engine ended before it answered. Start it again with: npm start');

  channel.onMessage((raw) => {
    const message = parseWireMessage(raw);
    if ('notice' in message) {
      for (const listener of listeners.get(message.notice) ?? []) listener(message.value as never);
      return;
    }
    const { id, ...reply } = message;
    const settle = waiting.get(id);
    waiting.delete(id);
    settle?.(reply as never);
  });
  channel.onClose(() => {
    if (closed) return;
    closed = true;
    for (const settle of waiting.values()) settle(gone() as never);
    waiting.clear();
    for (const closer of closers) closer();
  });

  return {
    request<N extends RequestName>(name: N, input: RequestIn<N>): Promise<Reply<N>> {
      if (closed) return Promise.resolve(gone());
      return new Promise((resolve) => {
        const id = nextId++;
        waiting.set(id, resolve);
        channel.send({ id, request: name, input });
      });
    },
    on<N extends NoticeName>(name: N, listener: (value: NoticeOf<N>) => void) {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set);
      set.add(listener);
      return () => set.delete(listener);
    },
    onClose(listener) {
      closers.add(listener);
      return () => closers.delete(listener);
    },
  };
}
