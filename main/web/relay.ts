import type { WebSocket } from 'ws';
import { parseWireRequest, type WireRequest } from '../../shared/console.ts';
import type { EngineLink } from '../engine.ts';

/** Close codes of our own (4000 to 4999 are free for applications). */
export const ENGINE_ENDED = 4001;
export const NOT_A_REQUEST = 4002;

/** Bytes that may wait for a slow page before its engine connection stops being read. */
export const MAX_WAITING_BYTES = 4 << 20;

/** A page has no business with these: they are the host's own. */
const HOST_ONLY = ['console.announce', 'console.redeem', 'console.link'];

/**
 * Joins one page to one engine connection until either ends.
 * Back-pressure goes both ways: a slow page stops the reading from the engine (which then says `behind`), a slow engine
 * stops the reading from the page. What is not a request of a page is never passed on, and ends both.
 */
export function relay(page: WebSocket, engine: EngineLink): void {
  let waiting = 0;
  let paused = false;

  engine.onMessage((json) => {
    // The frame's bytes are only lent.
    const copy = Buffer.from(json);
    waiting += copy.length;
    page.send(copy, { binary: false }, () => {
      waiting -= copy.length;
      if (paused && waiting < MAX_WAITING_BYTES / 2) {
        paused = false;
        engine.resume();
      }
    });
    if (!paused && waiting > MAX_WAITING_BYTES) {
      paused = true;
      engine.pause();
    }
  });
  engine.onDrain(() => page.resume());
  engine.onClose(() => page.close(ENGINE_ENDED, 'engine ended'));

  page.on('message', (data, binary) => {
    const request = binary || !Buffer.isBuffer(data) ? undefined : readRequest(data.toString());
    if (request === undefined || HOST_ONLY.includes(request.request)) {
      page.close(NOT_A_REQUEST, 'not a request');
      engine.end();
      return;
    }
    if (!engine.send(request)) page.pause();
  });
  page.on('error', () => engine.end());
  page.on('close', () => engine.end());
}

function readRequest(text: string): WireRequest | undefined {
  try {
    return parseWireRequest(JSON.parse(text));
  } catch {
    return undefined;
  }
}
