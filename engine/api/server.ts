/** The engine's socket: who may connect, what may come in, and who answers it. */
import { createServer, type Server, type Socket } from 'node:net';
import {
  isRequestName,
  MAX_REQUEST_BYTES,
  MAX_REQUESTS_UNDER_WAY,
  parseWireRequest,
  requestParser,
  type ConsoleErrorCode,
  type Handlers,
  type NoticeName,
  type NoticeOf,
  type RequestName,
  type WireRequest,
} from '../../shared/console.ts';
import { FRAME_CONTROL, FrameReader } from '../../shared/frames.ts';
import { fail, type Result } from '../../shared/result.ts';
import type { StoredEvent } from '../store/index.ts';
import { Client, LiveEvent } from './client.ts';

export interface ServerOptions {
  readonly handlers: Handlers<Client>;
  /** Who connected. @throws Error where the kernel cannot say. */
  readonly peerOf: (socket: Socket) => { readonly uid: number };
  readonly uid: number;
  /** A connection ended. */
  readonly onGone: (client: Client) => void;
  readonly log: (line: string) => void;
}

const MAX_CLIENTS = 64;
/** Requests of one client that are looked at before the others have their turn. */
const REQUESTS_AT_ONCE = 64;

type Answer = Result<unknown, ConsoleErrorCode>;

/** Accepts faces and relays between them and the handlers. One client's garbage ends that client and no other. */
export class ApiServer {
  readonly #options: ServerOptions;
  readonly #clients = new Map<Client, Socket>();
  readonly #server: Server;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** The listening server; whoever listens handles its errors. */
  get server(): Server {
    return this.#server;
  }

  get clients(): Iterable<Client> {
    return this.#clients.keys();
  }

  notify<N extends NoticeName>(notice: N, value: NoticeOf<N>): void {
    const json = JSON.stringify({ notice, value });
    for (const client of this.#clients.keys()) client.sendJson(json);
  }

  /** Whether anybody wants to be told of events. */
  get subscribed(): boolean {
    for (const client of this.#clients.keys()) if (client.subscribed) return true;
    return false;
  }

  /** Events were stored that are not at hand any more. @param newest the cursor of the last. */
  passedOver(newest: string): void {
    for (const client of this.#clients.keys()) client.passOver(newest);
  }

  /** Events were stored, oldest first. */
  stored(events: readonly StoredEvent[]): void {
    let live: LiveEvent[] | undefined;
    for (const client of this.#clients.keys()) {
      if (!client.subscribed) continue;
      live ??= events.map((event) => new LiveEvent(event));
      client.offer(live);
    }
  }

  /** Ends every connection once what was written has left, or after a moment. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#clients.values()) {
      socket.end();
      setTimeout(() => socket.destroy(), 500).unref();
    }
    await closed;
  }

  #accept(socket: Socket): void {
    socket.on('error', () => socket.destroy()); // 'close' follows; a vanished client is no event of ours
    if (!this.#mayConnect(socket)) {
      socket.destroy();
      return;
    }
    const client = new Client(socket);
    this.#clients.set(client, socket);
    socket.on('close', () => {
      this.#clients.delete(client);
      this.#options.onGone(client);
    });
    const reader = new FrameReader(new Map([[FRAME_CONTROL, MAX_REQUEST_BYTES]]));
    socket.on('data', (chunk: Buffer) => this.#receive(client, socket, reader, chunk));
  }

  #mayConnect(socket: Socket): boolean {
    const { log, peerOf, uid } = this.#options;
    if (this.#clients.size >= MAX_CLIENTS) {
      log(`Refused a connection: ${MAX_CLIENTS} faces are connected already.`);
      return false;
    }
    try {
      const peer = peerOf(socket);
      if (peer.uid === uid || peer.uid === 0) return true;
      log(`Refused a connection of user ${peer.uid}.`);
    } catch (error) {
      log(`Refused a connection whose user is unknown: ${String(error)}`);
    }
    return false;
  }

  #receive(client: Client, socket: Socket, reader: FrameReader, chunk: Buffer): void {
    let served = 0;
    try {
      for (const frame of reader.push(chunk)) {
        this.#serve(client, parseRequest(frame.payload));
        served++;
      }
    } catch (error) {
      this.#options.log(
        `Closed a connection that sent garbage: ${error instanceof Error ? error.message : ''}`,
      );
      socket.destroy();
      return;
    }
    // Whoever sends requests by the thousand waits for the others' turn.
    if (served > REQUESTS_AT_ONCE || socket.writableLength > MAX_REQUEST_BYTES) this.#rest(socket);
  }

  #rest(socket: Socket): void {
    if (socket.isPaused()) return;
    socket.pause();
    if (socket.writableNeedDrain) socket.once('drain', () => socket.resume());
    else setImmediate(() => socket.resume());
  }

  #serve(client: Client, { id, request, input }: WireRequest): void {
    if (client.underWay >= MAX_REQUESTS_UNDER_WAY) {
      const message = `No more than ${MAX_REQUESTS_UNDER_WAY} requests may be under way.`;
      client.send({ id, ...fail('busy', message) });
      return;
    }
    client.underWay++;
    void this.#answer(client, request, input).then((answer) => {
      client.underWay--;
      client.send({ id, ...answer });
    });
  }

  async #answer(client: Client, request: string, input: unknown): Promise<Answer> {
    if (!isRequestName(request)) return fail('bad_request', 'There is no such request.');
    let parsed: unknown;
    try {
      parsed = requestParser(request)(input);
    } catch (error) {
      return fail('bad_request', `The input of ${request} is not as agreed.`, messageOf(error));
    }
    try {
      return await handlerOf(this.#options.handlers, request)(parsed, client);
    } catch (error) {
      this.#options.log(
        `${request}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
      return fail('internal', 'Merlon’s engine made a mistake; its log says more.');
    }
  }
}

/** The handler of a request takes exactly what the request's parser gives: the contract says so, entry by entry. */
function handlerOf(
  handlers: Handlers<Client>,
  name: RequestName,
): (input: unknown, client: Client) => Answer | Promise<Answer> {
  return handlers[name] as (input: unknown, client: Client) => Answer | Promise<Answer>;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function parseRequest(payload: Uint8Array): WireRequest {
  return parseWireRequest(JSON.parse(decoder.decode(payload)));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
