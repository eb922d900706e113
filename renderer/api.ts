/** How the page reaches the engine: by the preload script's API under Electron, by a WebSocket in a browser. */
import { makeClient, type Channel } from '../shared/client.ts';
import type { Console } from '../shared/console.ts';

declare global {
  interface Window {
    readonly merlon?: Console;
  }
}

/** Why there is no connection. */
export type Absence =
  | 'engine' // the host answers, the engine does not; or nothing answers at all
  | 'session'; // this browser has no session (any more): a new link is needed

export type Connected =
  { readonly ok: true; readonly api: Console } | { readonly ok: false; readonly why: Absence };

/** One attempt. The Console's `onClose` says when another is due. */
export function connect(): Promise<Connected> {
  return window.merlon === undefined ? connectSocket() : connectPreload(window.merlon);
}

async function connectPreload(api: Console): Promise<Connected> {
  const reply = await api.request('status.get', {});
  return reply.ok ? { ok: true, api } : { ok: false, why: 'engine' };
}

async function connectSocket(): Promise<Connected> {
  const url = new URL('/ws', location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  const socket = new WebSocket(url);
  const opened = await new Promise<boolean>((resolve) => {
    socket.addEventListener('open', () => resolve(true), { once: true });
    socket.addEventListener('close', () => resolve(false), { once: true });
  });
  if (opened) return { ok: true, api: makeClient(channelOf(socket)) };
  return { ok: false, why: await absence() };
}

function channelOf(socket: WebSocket): Channel {
  return {
    send: (message) => socket.send(JSON.stringify(message)),
    onMessage: (listener) =>
      socket.addEventListener('message', (event: MessageEvent<unknown>) => {
        if (typeof event.data === 'string') listener(JSON.parse(event.data));
      }),
    onClose: (listener) => socket.addEventListener('close', listener),
  };
}

/** A browser hides why a WebSocket failed; a plain request tells. */
async function absence(): Promise<Absence> {
  try {
    const response = await fetch('/', { method: 'HEAD', cache: 'no-store' });
    return response.status === 401 ? 'session' : 'engine';
  } catch {
    return 'engine';
  }
}
