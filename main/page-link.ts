/** One page's connection to the engine, with back-pressure: a page that takes nothing stops the reading. */
import { makeClient } from '../shared/client.ts';
import {
  NOTICE_NAMES,
  requestParser,
  type Console,
  type NoticeName,
  type RequestName,
} from '../shared/console.ts';
import { fail } from '../shared/result.ts';
import { channelOf, type EngineLink } from './engine.ts';

/** Notices that the page may have waiting before the engine stops being read. */
export const MAX_NOTICES_WAITING = 256;

export interface PageEars {
  readonly notice: (name: NoticeName, value: unknown) => void;
  /** The engine is gone; the next request connects anew. */
  readonly closed: () => void;
}

interface Joined {
  readonly client: Console;
  readonly link: EngineLink;
}

export class PageLink {
  readonly #connect: () => Promise<EngineLink>;
  readonly #ears: PageEars;
  #joined: Promise<Joined> | undefined;
  #waiting = 0;

  constructor(connect: () => Promise<EngineLink>, ears: PageEars) {
    this.#connect = connect;
    this.#ears = ears;
  }

  /** Input is parsed here too, so that nothing malformed passes the privileged process. */
  async request(name: RequestName, input: unknown): Promise<unknown> {
    try {
      requestParser(name)(input);
    } catch {
      return fail('bad_request', `The input of ${name} is malformed.`);
    }
    try {
      this.#joined ??= this.#join();
      const { client } = await this.#joined;
      // Parsed above by this name's own parser.
      return await client.request(name, input as never);
    } catch {
      this.#joined = undefined;
      return fail('disconnected', 'Merlon’s engine is not running. Start it with: npm start');
    }
  }

  /** To the page; it says when it took it. */
  notice(name: NoticeName, value: unknown): void {
    this.#ears.notice(name, value);
    this.#waiting += 1;
  }

  /** The page took a notice. */
  taken(): void {
    if (this.#waiting === 0) return;
    this.#waiting -= 1;
    if (this.#waiting === MAX_NOTICES_WAITING / 2) void this.#joined?.then(({ link }) => link.resume());
  }

  /** A page that loads anew, or dies, takes no notices any more and has forgotten its subscriptions. */
  leave(): void {
    const left = this.#joined;
    this.#joined = undefined;
    void left?.then(({ link }) => link.end()).catch(() => undefined);
  }

  async #join(): Promise<Joined> {
    const link = await this.#connect();
    const client = makeClient(channelOf(link));
    this.#waiting = 0;
    for (const name of NOTICE_NAMES) {
      if (name === 'console.go') continue; // the host's own
      client.on(name, (value) => {
        this.notice(name, value);
        if (this.#waiting >= MAX_NOTICES_WAITING) link.pause();
      });
    }
    client.onClose(() => {
      this.#joined = undefined;
      this.#ears.closed();
    });
    return { client, link };
  }
}
