import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Whether the request names this server in its Host header. A name that an attacker's DNS points at 127.0.0.1
 * (DNS rebinding) arrives with that name here, and is refused.
 */
export function isOurHost(request: IncomingMessage, port: number): boolean {
  const host = request.headers.host;
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`;
}

/** Whether the request comes from a page of ours: browsers always send Origin with a WebSocket or a POST. */
export function isOurOrigin(request: IncomingMessage, port: number): boolean {
  const origin = request.headers.origin;
  return origin === `http://127.0.0.1:${port}` || origin === `http://localhost:${port}`;
}

const MAX_SESSIONS = 64;

/** Sessions of browsers that redeemed a token: random, in memory only, gone when the process ends. */
export class Sessions {
  readonly #known = new Set<string>();
  readonly #port: number;

  /** @param port cookies hold for every port of a host, so the name carries ours. */
  constructor(port: number) {
    this.#port = port;
  }

  get #name(): string {
    return `merlon-${this.#port}`;
  }

  /** Begins a session; the oldest gives way where there are too many. @returns the Set-Cookie header. */
  begin(): string {
    const id = randomBytes(32).toString('base64url');
    const [oldest] = this.#known;
    if (oldest !== undefined && this.#known.size >= MAX_SESSIONS) this.#known.delete(oldest);
    this.#known.add(id);
    return `${this.#name}=${id}; Path=/; HttpOnly; SameSite=Strict`;
  }

  /** Whether the request carries the cookie of a session. */
  has(request: IncomingMessage): boolean {
    for (const part of (request.headers.cookie ?? '').split(';')) {
      const at = part.indexOf('=');
      if (at > 0 && part.slice(0, at).trim() === this.#name && this.#known.has(part.slice(at + 1).trim())) {
        return true;
      }
    }
    return false;
  }
}
