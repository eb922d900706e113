/** What the engine answers: one handler for each request of the contract (shared/console.ts). */
import {
  MAX_PAGE,
  MAX_REPLY_BYTES,
  type EventHistogram,
  type EventPage,
  type EventValues,
  type Handlers,
  type RequestIn,
  type Status,
} from '../shared/console.ts';
import { parseCursor, type Event } from '../shared/event.ts';
import { parseQuery, toPredicate, type Query } from '../shared/query.ts';
import { fail, ok, type Result } from '../shared/result.ts';
import { MAX_SUBSCRIPTIONS, type Client } from './api/client.ts';
import { programOf } from './api/programs.ts';
import { configHandlers, type ConfiguringOptions } from './api/configuring.ts';
import { storeHandlers, type StoringOptions, type StoringStore } from './api/storing.ts';
import { runningProcesses, treeOf, treeOfStory, type SummarySources } from './api/summaries.ts';
import { Tokens } from './api/tokens.ts';
import type { Packages } from './identity/packages.ts';
import type { ProgramFiles } from './identity/program.ts';
import type { Usage } from './sensor/usage.ts';
import type { Novelty } from './novelty/novelty.ts';
import { DEFAULT_RETENTION, type Retention, type Store } from './store/contract.ts';

export interface ApiOptions extends ConfiguringOptions {
  readonly status: () => Status;
  readonly store: Pick<Store, 'page' | 'get' | 'story' | 'histogram' | 'values'> & StoringStore;
  /** What is kept; without it the defaults, for as long as this engine lives. */
  readonly retention?: StoringOptions['retention'];
  /** What is stored is another than before, as somebody asked. */
  readonly onReplaced: () => void;
  /** Around what exchanges files of the database. */
  readonly exchanging: StoringOptions['exchanging'];
  /** Programs that were never seen before. */
  readonly programs: Pick<Novelty, 'newest' | 'forget'>;
  /** The newest stored cursor; null where nothing is stored. */
  readonly newest: () => string | null;
  readonly sources: SummarySources;
  readonly usage: Pick<Usage, 'all' | 'of'>;
  readonly packages: Pick<Packages, 'owner'>;
  readonly files: Pick<ProgramFiles, 'look'>;
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

  readonly handlers: Handlers<Client>;

  constructor(options: ApiOptions, tokens = new Tokens()) {
    this.#options = options;
    this.#tokens = tokens;
    const { store, log, programs, retention = forNow() } = options;
    const { onReplaced, exchanging } = options;
    const storing = storeHandlers({
      store,
      log,
      retention,
      exchanging,
      onReplaced,
      onWiped: () => programs.forget(),
    });
    this.handlers = { ...this.#own, ...storing, ...configHandlers(options) };
  }

  /** A connection ended: a web face that it announced is gone. */
  gone(client: Client): void {
    if (this.#face === client) this.#face = undefined;
  }

  readonly #own: Omit<
    Handlers<Client>,
    keyof ReturnType<typeof storeHandlers> | keyof ReturnType<typeof configHandlers>
  > = {
    'status.get': () => ok(this.#options.status()),
    'events.page': (input, client) => this.#page(input, client),
    'events.histogram': (input, client) => this.#histogram(input, client),
    'events.values': (input, client) => this.#values(input, client),
    'events.get': async ({ cursor }, client) => {
      const place = parseCursor(cursor);
      if (place === undefined) return badCursor(cursor);
      const event = await this.#stored(client, () => this.#options.store.get(place));
      if (!event.ok) return event;
      return event.value === undefined ? fail('not_found', 'There is no such event.') : ok(event.value);
    },
    'events.subscribe': ({ query, pace }, client) => {
      const parsed = queryOf(query);
      if (!parsed.ok) return parsed;
      const from = this.#options.newest();
      const subscription = client.subscribe(
        toPredicate(parsed.value),
        from,
        pace && { newest: pace.newest, everyMs: pace.every_ms },
      );
      return subscription === undefined
        ? fail('busy', `No more than ${MAX_SUBSCRIPTIONS} subscriptions fit one connection.`)
        : ok({ subscription, from });
    },
    'events.unsubscribe': ({ subscription }, client) => {
      client.unsubscribe(subscription);
      return ok({});
    },
    'processes.list': () => ok({ processes: runningProcesses(this.#options.sources) }),
    'processes.tree': async ({ pid, entity_id: given }, client) => {
      const { sources, store } = this.#options;
      const { processes } = sources;
      const known = pid === undefined ? processes.byEntityId(given ?? '') : processes.newest(pid);
      const tree = await this.#stored(client, async (signal) => {
        if (known !== undefined) return treeOf(known, sources);
        const entityId = given ?? (await this.#newestOf(pid ?? 0, signal));
        if (entityId === undefined) return undefined;
        return treeOfStory(undefined, await store.story(entityId, MAX_PAGE, signal), sources, MAX_PAGE);
      });
      if (!tree.ok) return tree;
      return tree.value === undefined ? noProcess() : ok(tree.value);
    },
    'processes.story': async ({ entity_id: entityId, limit }, client) => {
      const { sources, store } = this.#options;
      const story = await this.#stored(client, (signal) => store.story(entityId, limit, signal));
      if (!story.ok) return story;
      const tree = treeOfStory(sources.processes.byEntityId(entityId), story.value, sources, limit);
      return tree === undefined ? noProcess() : ok({ ...tree, events: fitting(story.value?.events ?? []) });
    },
    'processes.usage': async ({ entity_ids: ids }) => {
      const { usage } = this.#options;
      return ok({ processes: ids === undefined ? await usage.all() : usage.of(ids) });
    },
    'processes.program': async ({ entity_id: entityId }, client) => {
      const { sources, store, packages, files } = this.#options;
      const { processes, stored } = sources;
      const program = await this.#stored(client, (signal) =>
        programOf(entityId, { store, processes, packages, files, stored }, signal),
      );
      if (!program.ok) return program;
      return program.value === undefined ? noProcess() : ok(program.value);
    },
    'programs.newest': ({ limit }) => ok(this.#options.programs.newest(limit)),
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
    client: Client,
  ): Promise<Result<EventPage, 'bad_query' | 'bad_cursor' | StoredError>> {
    const query = queryOf(input.query);
    if (!query.ok) return query;
    const before = input.before === undefined ? undefined : parseCursor(input.before);
    const after = input.after === undefined ? undefined : parseCursor(input.after);
    if (input.before !== undefined && before === undefined) return badCursor(input.before);
    if (input.after !== undefined && after === undefined) return badCursor(input.after);
    if (before !== undefined && after !== undefined) {
      return fail('bad_cursor', 'Give “before” or “after”, not both.');
    }
    const page = await this.#stored(client, async (signal) => {
      const found = await this.#options.store.page(
        {
          query: query.value,
          before,
          after,
          sinceMs: input.since,
          untilMs: input.until,
          limit: input.limit,
          patienceMs: input.patience_ms,
        },
        signal,
      );
      return found.searched === undefined ? found : this.#reached(found, after !== undefined, signal);
    });
    return page.ok ? ok(fitted(page.value)) : page;
  }

  /** A search that was ended may have found nothing: the event at the place that it reached tells the time there. */
  async #reached(page: EventPage, forwards: boolean, signal: AbortSignal): Promise<EventPage> {
    const place = page.next === undefined ? undefined : parseCursor(page.next);
    if (place === undefined || page.searched === undefined) return page;
    const beyond = forwards ? { after: place } : { before: place };
    const { events } = await this.#options.store.page({ query: null, limit: 1, ...beyond }, signal);
    const reached = events[0]?.fields['@timestamp'];
    return reached === undefined ? page : { ...page, searched: { ...page.searched, reached } };
  }

  async #histogram(
    input: RequestIn<'events.histogram'>,
    client: Client,
  ): Promise<Result<EventHistogram, 'bad_query' | StoredError>> {
    const query = queryOf(input.query);
    if (!query.ok) return query;
    const counted = await this.#stored(client, (signal) =>
      this.#options.store.histogram(
        {
          query: query.value,
          fromMs: input.from,
          untilMs: input.until,
          stepMs: input.step_ms,
          patienceMs: input.patience_ms,
        },
        signal,
      ),
    );
    if (!counted.ok) return counted;
    const { counts, countedFromMs } = counted.value;
    return ok({ counts, ...(countedFromMs === undefined ? {} : { counted_from: countedFromMs }) });
  }

  async #values(
    input: RequestIn<'events.values'>,
    client: Client,
  ): Promise<Result<EventValues, 'bad_query' | StoredError>> {
    const query = queryOf(input.query);
    if (!query.ok) return query;
    const { field, prefix, from, until, limit, patience_ms: patienceMs } = input;
    const request = { field, prefix, query: query.value, fromMs: from, untilMs: until, limit, patienceMs };
    const counted = await this.#stored(client, (signal) => this.#options.store.values(request, signal));
    if (!counted.ok) return counted;
    const { values, distinct, countedFromMs } = counted.value;
    const exact = countedFromMs === undefined;
    // Where no event left has a time, all that has one was counted.
    return ok({ values, distinct, ...(exact ? {} : { counted_from: Math.max(0, countedFromMs) }) });
  }

  /** The newest stored process that had the pid. */
  async #newestOf(pid: number, signal: AbortSignal): Promise<string | undefined> {
    const query = parseQuery(`process.pid:${pid} and process.entity_id:*`);
    if (!query.ok) throw new Error(query.error.message);
    const { events } = await this.#options.store.page({ query: query.value, limit: 1 }, signal);
    return events[0]?.fields['process.entity_id'];
  }

  /** @param ask is given up when the client goes away. */
  async #stored<T>(
    client: Client,
    ask: (signal: AbortSignal) => Promise<T>,
  ): Promise<Result<T, StoredError>> {
    const signal = AbortSignal.any([client.gone]);
    try {
      return ok(await ask(signal));
    } catch (error) {
      if (signal.aborted) return fail('cancelled', 'Nobody waits for the answer any more.');
      const detail = error instanceof Error ? error.message : String(error);
      this.#options.log(`the database did not answer: ${detail}`);
      return fail('store_failed', 'The database could not be read.', detail);
    }
  }
}

type StoredError = 'store_failed' | 'cancelled';

const noProcess = () => fail('not_found', 'Merlon knows no such process.');

/** A retention that is kept nowhere. */
function forNow(): StoringOptions['retention'] {
  let now: Retention = DEFAULT_RETENTION;
  return {
    get now() {
      return now;
    },
    keep: (retention) => (now = retention),
  };
}

/** As many events as a reply can carry; the rest is the next page. */
function fitted(page: EventPage): EventPage {
  const events = fitting(page.events);
  return events.length === page.events.length ? page : { events, next: events.at(-1)!.cursor };
}

/** As many of the first as a reply can carry, one at least. */
function fitting(events: readonly Event[]): readonly Event[] {
  let bytes = 0;
  for (let i = 0; i < events.length; i++) {
    bytes += Buffer.byteLength(JSON.stringify(events[i])) + 1;
    if (bytes > PAGE_BYTES && i > 0) return events.slice(0, i);
  }
  return events;
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
