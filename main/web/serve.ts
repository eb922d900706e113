import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { MAX_REQUEST_BYTES } from '../../shared/console.ts';
import type { EngineLink } from '../engine.ts';
import { atAddressesOfThisRun, type PageFile } from '../files.ts';
import { SECURITY_HEADERS } from '../policy.ts';
import { Sessions, isOurHost, isOurOrigin } from './guard.ts';
import { noSessionPage } from './page.ts';
import { ENGINE_ENDED, relay } from './relay.ts';

const MAX_PAGES = 32;
const MAX_CONNECTIONS = 256;
const HTML = 'text/html; charset=utf-8';
const TEXT = 'text/plain; charset=utf-8';
const LASTING = 'private, max-age=604800, immutable';

export interface WebFaceOptions {
  /** 0: any free port. */
  readonly port: number;
  readonly files: ReadonlyMap<string, PageFile>;
  /** Spends a one-time token; whether it was good. */
  readonly redeem: (token: string) => Promise<boolean>;
  /** A new connection to the engine, for one page. */
  readonly connect: () => Promise<EngineLink>;
}

export interface WebFace {
  readonly port: number;
  /** Tells the pages that the engine ended, and stops listening. */
  close(): Promise<void>;
}

/**
 * Serves the console on 127.0.0.1.
 * Every request must name this server in Host; all but the exchange of a token need the session's cookie;
 * a WebSocket, and anything that is not GET or HEAD, must come from a page of ours.
 * @throws the server's error where the port is taken (`EADDRINUSE`, `EACCES`).
 */
export async function serveWebFace(options: WebFaceOptions): Promise<WebFace> {
  const server = createServer({ maxHeaderSize: 16 << 10, requestTimeout: 10_000, headersTimeout: 5_000 });
  server.maxConnections = MAX_CONNECTIONS;
  const port = await listen(server, options.port);
  const sessions = new Sessions(port);
  const files = atAddressesOfThisRun(options.files);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_REQUEST_BYTES,
    perMessageDeflate: { threshold: 4096, zlibDeflateOptions: { level: 1 } },
    autoPong: false, // browsers send no pings, and unread pongs would pile up
  });

  server.on('request', (request, response) => {
    answer(request, response).catch((error: unknown) => {
      console.error('web face:', error);
      if (!response.headersSent) reply(response, 500, TEXT, 'Merlon’s web face failed; its log says how.\n');
      else response.destroy();
    });
  });
  server.on('upgrade', (request, socket, head) => {
    const refusal = upgradeRefusal(request);
    if (refusal !== undefined) return refuseUpgrade(socket, refusal);
    sockets.handleUpgrade(request, socket, head, (page) => void joinPage(page, options.connect));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isOurHost(request, port)) {
      return reply(response, 403, TEXT, 'This server answers to 127.0.0.1 and localhost only.\n');
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const status = isOurOrigin(request, port) ? 405 : 403;
      return reply(response, status, TEXT, 'Only GET is answered here.\n');
    }
    const url = readTarget(request.url);
    if (url === undefined) return reply(response, 400, TEXT, 'The request names no path.\n');
    const token = url.pathname === '/' ? url.searchParams.get('token') : null;
    if (token !== null) return exchange(token, request, response);
    if (!sessions.has(request)) {
      return reply(
        response,
        401,
        HTML,
        noSessionPage('It has not opened a link yet, or Merlon was restarted since.'),
      );
    }
    const file = files.get(url.pathname);
    if (file === undefined) return reply(response, 404, TEXT, 'There is nothing here.\n');
    reply(response, 200, file.type, file.body, file.lasting && { 'Cache-Control': LASTING });
  }

  async function exchange(token: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const good = await options.redeem(token);
    if (!good && !sessions.has(request)) {
      return reply(
        response,
        401,
        HTML,
        noSessionPage('This link was used already, or is older than two minutes.'),
      );
    }
    if (good) response.setHeader('Set-Cookie', sessions.begin());
    response.setHeader('Location', '/');
    reply(response, 303, TEXT, '');
  }

  function upgradeRefusal(request: IncomingMessage): string | undefined {
    if (!isOurHost(request, port) || !isOurOrigin(request, port)) return '403 Forbidden';
    if (!sessions.has(request)) return '401 Unauthorized';
    if (request.url !== '/ws') return '404 Not Found';
    if (sockets.clients.size >= MAX_PAGES) return '503 Service Unavailable';
    return undefined;
  }

  return {
    port,
    async close() {
      for (const page of sockets.clients) page.close(ENGINE_ENDED, 'engine ended');
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // A page that does not answer the close must not keep the process.
      const impatient = setTimeout(() => {
        for (const page of sockets.clients) page.terminate();
        server.closeAllConnections();
      }, 1000);
      server.closeIdleConnections();
      await closed;
      clearTimeout(impatient);
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('not listening on a port'));
      else resolve(address.port);
    });
  });
}

/** The page waits, unread, until its engine connection stands. */
async function joinPage(page: WebSocket, connect: WebFaceOptions['connect']): Promise<void> {
  page.pause();
  page.on('error', () => page.terminate());
  try {
    const engine = await connect();
    if (page.readyState !== page.OPEN) return engine.end();
    relay(page, engine);
    page.resume();
  } catch {
    page.close(ENGINE_ENDED, 'engine ended');
    page.resume();
  }
}

function readTarget(target: string | undefined): URL | undefined {
  if (target === undefined || !target.startsWith('/')) return undefined;
  return URL.parse(`http://merlon${target}`) ?? undefined;
}

function reply(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    ...headers,
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}
