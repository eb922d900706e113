/** What the engine answers: one handler for each request of the contract (shared/console.ts). */
import {
  MAX_REPLY_BYTES,
  type EventPage,
  type Handlers,
  type RequestIn,
  type Status,
} from '../shared/console.ts';
import { parseCursor, type Event } from '../shared/event.ts';
import { parseQuery, toPredicate, type Query } from '../shared/query.ts';
import { fail, ok, type Result } from '../shared/result.ts';
import type { Client } from './api/client.ts';
import { MAX_SUBSCRIPTIONS } from './api/client.ts';
import { runningProcesses, storedTree, treeOf, type SummarySources } from './api/summaries.ts';
import { Tokens } from './api/tokens.ts';
import type { Store } from './store/index.ts';

export interface ApiOptions {
  readonly status: () => Status;
  readonly store: Pick<Store, 'page' | 'get'>;
  /** The newest stored cursor; null where nothing is stored. */
  readonly newest: () => string | null;
  readonly sources: SummarySources;
  /** Starts the helper. @returns false where one is under way. */
  readonly startHelper: () => boolean;
  readonly stop: () => void;
  readonly log: (line: string) => void;
}

/** Room for what surrounds the events in a reply. */
const PAGE_BYTES = MAX_REPLY_BYTES - (64 << 10);
const STOP_DELAY_MS = 20;

/** Handlers and what they share among clients: the announced web face and its tokens. */
export class Api {
  readonly #options: ApiOptions;
  readonly #tokens: Tokens;
  #face: Client | undefined;

  constructor(options: ApiOptions, tokens = new Tokens()) {
    this.#options = options;
    this.#tokens = tokens;
  }

  /** A connection ended: a web face that it announced is gone. */
  gone(client: Client): void {
    if (this.#face === client) this.#face = undefined;
  }

  readonly handlers: Handlers<Client> = {
    'status.get': () => ok(this.#options.status()),
    'events.page': (input) => this.#page(input),
    'events.get': async ({ cursor }) => {
      const place = parseCursor(cursor);
      if (place === undefined) return badCursor(cursor);
      const event = await this.#stored(() => this.#options.store.get(place));
      if (!event.ok) return event;
      return event.value === undefined ? fail('not_found', 'There is no such event.') : ok(event.value);
    },
    'events.subscribe': ({ query }, client) => {
      const parsed = queryOf(query);
      if (!parsed.ok) return parsed;
      const from = this.#options.newest();
      const subscription = client.subscribe(toPredicate(parsed.value), from);
      return subscription === undefined
        ? fail('busy', `No more than ${MAX_SUBSCRIPTIONS} subscriptions fit one connection.`)
        : ok({ subscription, from });
    },
    'events.unsubscribe': ({ subscription }, client) => {
      client.unsubscribe(subscription);
      return ok({});
    },
    'processes.list': () => ok({ processes: runningProcesses(this.#options.sources) }),
    'processes.tree': async (input) => {
      const { sources } = this.#options;
      const { processes } = sources;
      const known =
        input.pid === undefined ? processes.byEntityId(input.entity_id ?? '') : processes.newest(input.pid);
      if (known !== undefined) {
        const tree = await this.#stored(() => treeOf(known, sources));
        return tree.ok ? ok(tree.value) : tree;
      }
      const { entity_id: entityId } = input;
      const tree =
        entityId === undefined ? ok(undefined) : await this.#stored(() => storedTree(entityId, sources));
      if (!tree.ok) return tree;
      return tree.value === undefined ? fail('not_found', 'Merlon knows no such process.') : ok(tree.value);
    },
    'helper.start': () =>
      this.#options.startHelper()
        ? ok({})
        : fail('already_running', 'The helper is running or being started already.'),
    'console.announce': ({ url }, client) => {
      const origin = loopbackOrigin(url);
      if (origin === undefined) return fail('bad_url', 'A console listens on http://127.0.0.1 and a port.');
      client.announced = origin;
      this.#face = client;
      return ok({});
    },
    'console.link': () => {
      const origin = this.#face?.announced;
      if (origin === undefined) return fail('no_face', 'No console is running. Start one with: npm start');
      return ok({ url: `${origin}/?token=${this.#tokens.make()}` });
    },
    'console.redeem': ({ token }) =>
      this.#tokens.redeem(token)
        ? ok({})
        : fail('bad_token', 'This link was used already, or is older than two minutes. Ask for a new one.'),
    'engine.stop': () => {
      // The answer leaves first.
      setTimeout(() => this.#options.stop(), STOP_DELAY_MS);
      return ok({});
    },
  };

  async #page(
    input: RequestIn<'events.page'>,
  ): Promise<Result<EventPage, 'bad_query' | 'bad_cursor' | 'store_failed'>> {
    const query = queryOf(input.query);
    if (!query.ok) return query;
    const before = input.before === undefined ? undefined : parseCursor(input.before);
    const after = input.after === undefined ? undefined : parseCursor(input.after);
    if (input.before !== undefined && before === undefined) return badCursor(input.before);
    if (input.after !== undefined && after === undefined) return badCursor(input.after);
    if (before !== undefined && after !== undefined) {
      return fail('bad_cursor', 'Give “before” or “after”, not both.');
    }
    const page = await this.#stored(() =>
      this.#options.store.page({
        query: query.value,
        ...(before === undefined ? {} : { before }),
        ...(after === undefined ? {} : { after }),
        ...(input.since === undefined ? {} : { sinceMs: input.since }),
        limit: input.limit,
      }),
    );
    return page.ok ? ok(fitted(page.value)) : page;
  }

  async #stored<T>(ask: () => Promise<T>): Promise<Result<T, 'store_failed'>> {
    try {
      return ok(await ask());
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.#options.log(`the database did not answer: ${detail}`);
      return fail('store_failed', 'The database could not be read.', detail);
    }
  }
}

/** As many events as a reply can carry; the rest is the next page. */
function fitted(page: EventPage): EventPage {
  let bytes = 0;
  for (let i = 0; i < page.events.length; i++) {
    bytes += Buffer.byteLength(JSON.stringify(page.events[i])) + 1;
    if (bytes <= PAGE_BYTES || i === 0) continue;
    const events: readonly Event[] = page.events.slice(0, i);
    return { events, next: events.at(-1)!.cursor };
  }
  return page;
}

function queryOf(text: string): Result<Query | null, 'bad_query'> {
  const parsed = parseQuery(text);
  if (parsed.ok) return parsed;
  const { column, message, expected } = parsed.error;
  return fail('bad_query', message, JSON.stringify({ column, expected }));
}

function badCursor(text: string): Result<never, 'bad_cursor'> {
  return fail('bad_cursor', `“${text}” is no place in the order of events.`);
}

/** `http://127.0.0.1:PORT`, or undefined where the URL is anything else. */
function loopbackOrigin(text: string): string | undefined {
  try {
    const url = new URL(text);
    const bare =
      url.pathname === '/' &&
      url.search === '' &&
      url.hash === '' &&
      url.username === '' &&
      url.password === '';
    return url.protocol === 'http:' && url.hostname === '127.0.0.1' && bare ? url.origin : undefined;
  } catch {
    return undefined;
  }
}
