/**
 * The contract between the engine and its faces (Electron window, web page, command line).
 * Channel names, the preload API, the web client, the handlers and the test doubles are all derived from `contract`.
 */
import * as v from 'valibot';
import type { Event } from './event.ts';
import type { Result } from './result.ts';

export interface Request<In, Out> {
  readonly shape: 'request';
  readonly parse: (input: unknown) => In;
  readonly out?: Out;
}
export interface Notice<T> {
  readonly shape: 'notice';
  readonly out?: T;
}

const request = <In, Out>(schema: v.GenericSchema<unknown, In>): Request<In, Out> => ({
  shape: 'request',
  parse: (input) => v.parse(schema, input),
});
const notice = <T>(): Notice<T> => ({ shape: 'notice' });

export const MAX_REQUEST_BYTES = 256 << 10;
export const MAX_REPLY_BYTES = 16 << 20;
/** Requests that one client may have under way; more are answered `busy`. */
export const MAX_REQUESTS_UNDER_WAY = 64;
export const MAX_PAGE = 1000;

const nothing = v.strictObject({});
const text = v.pipe(v.string(), v.maxLength(8192));
const cursor = v.pipe(v.string(), v.maxLength(64));

export const HELPER_STATES = [
  'starting', // the process is being started
  'authorising', // pkexec is asking the person
  'running', // records flow
  'restarting', // it ended unasked; the next start is scheduled
  'dismissed', // the person dismissed the password dialog
  'not_authorised', // polkit said no, or no agent could ask
  'failed', // it cannot start; `reason` says why
  'stopped', // the engine ended it
] as const;
export type HelperState = (typeof HELPER_STATES)[number];

export interface Status {
  readonly engine: {
    readonly version: string;
    readonly pid: number;
    readonly uptime_s: number;
    readonly rss_bytes: number;
  };
  readonly helper: {
    readonly state: HelperState;
    readonly pid: number | null;
    /** One sentence for the person, where the state needs one. */
    readonly reason?: string;
    /** Epoch milliseconds since when the state holds. */
    readonly since: number;
    /** Epoch milliseconds of the next start, while `restarting`. */
    readonly next_start?: number;
  };
  readonly sensor: {
    readonly attached: readonly string[];
    readonly refused: readonly { readonly name: string; readonly reason: string }[];
    /** Over the last five seconds; null while nothing can be measured. */
    readonly events_per_s: number | null;
    readonly received: number;
    /** Events lost since the engine started; null while it is unknown (helper gone). */
    readonly lost: number | null;
    readonly lost_by_type: Readonly<Record<string, number>>;
  };
  readonly store: {
    readonly path: string;
    readonly bytes: number;
    readonly events: number;
    /** Epoch milliseconds of the oldest event kept. */
    readonly oldest: number | null;
    /** Only while events cannot be stored: what is true, since when, what is safe, and the next step. */
    readonly problem?: string;
  };
  readonly host: { readonly kernel: string; readonly boot_id: string };
}

export interface EventPage {
  /** Newest first, unless `after` was given: then oldest first. */
  readonly events: readonly Event[];
  /** Pass as `before` (or `after`) for the next page; absent at the end. */
  readonly next?: string;
}

/** A process as the process table knows it. Epoch milliseconds; null where nothing was measured. */
export interface ProcessSummary {
  readonly entity_id: string;
  readonly pid: number;
  readonly ppid: number;
  readonly parent_entity_id: string | null;
  readonly name: string;
  readonly executable: string | null;
  readonly command_line: string | null;
  readonly user: string | null;
  readonly start: number;
  readonly end: number | null;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly container: string | null;
  readonly unit: string | null;
}

export interface ProcessTree {
  /** From the oldest known ancestor down to the parent. */
  readonly ancestors: readonly ProcessSummary[];
  readonly process: ProcessSummary;
  /** Depth first; each names its parent. */
  readonly descendants: readonly ProcessSummary[];
}

export interface LiveEvents {
  readonly subscription: number;
  /** Oldest first. */
  readonly events: readonly Event[];
  /** Set when this client was too slow: events after this cursor were not sent and are to be paged with `after`. */
  readonly behind?: string;
}

export const contract = {
  status: {
    /** What the status bar and `merlon status` show. */
    get: request<Record<string, never>, Status>(nothing),
    /** Sent to every face at once when a state changes, and once a second while figures change. */
    changed: notice<Status>(),
  },
  events: {
    /** One page of stored events. Fails: bad_query, bad_cursor, store_failed. */
    page: request<
      {
        query: string;
        before?: string | undefined;
        after?: string | undefined;
        since?: number | undefined;
        limit: number;
      },
      EventPage
    >(
      v.strictObject({
        query: text,
        before: v.optional(cursor),
        after: v.optional(cursor),
        /** Epoch milliseconds; events before are left out. */
        since: v.optional(v.number()),
        limit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_PAGE)),
      }),
    ),
    /** One event by its cursor. Fails: bad_cursor, not_found, store_failed. */
    get: request<{ cursor: string }, Event>(v.strictObject({ cursor })),
    /** Live events that match, until `unsubscribe` or the end of the connection; `from` is the newest stored cursor at that moment. Fails: bad_query. */
    subscribe: request<{ query: string }, { subscription: number; from: string | null }>(
      v.strictObject({ query: text }),
    ),
    unsubscribe: request<{ subscription: number }, Record<string, never>>(
      v.strictObject({ subscription: v.number() }),
    ),
    live: notice<LiveEvents>(),
  },
  processes: {
    /** What runs now. */
    list: request<Record<string, never>, { processes: readonly ProcessSummary[] }>(nothing),
    /** Ancestors and descendants; a bare pid means the newest process that had it. Fails: not_found. */
    tree: request<{ pid?: number | undefined; entity_id?: string | undefined }, ProcessTree>(
      v.pipe(
        v.strictObject({
          pid: v.optional(v.number()),
          entity_id: v.optional(v.pipe(v.string(), v.maxLength(128))),
        }),
        v.check((t) => (t.pid === undefined) !== (t.entity_id === undefined), 'give pid or entity_id'),
      ),
    ),
  },
  helper: {
    /** Start the helper again (asks for the password where it must). Fails: already_running. */
    start: request<Record<string, never>, Record<string, never>>(nothing),
  },
  console: {
    /** A web face says where it listens; forgotten when its connection ends. Fails: bad_url. */
    announce: request<{ url: string }, Record<string, never>>(v.strictObject({ url: text })),
    /** A link with a new one-time token to the announced web face. Fails: no_face. */
    link: request<Record<string, never>, { url: string }>(nothing),
    /** Spend a token; each works once, for two minutes. Fails: bad_token. */
    redeem: request<{ token: string }, Record<string, never>>(v.strictObject({ token: text })),
  },
  engine: {
    /** Detach, store what is under way, end. */
    stop: request<Record<string, never>, Record<string, never>>(nothing),
  },
} as const satisfies Record<string, Record<string, Request<unknown, unknown> | Notice<unknown>>>;

export type Contract = typeof contract;
type Groups = keyof Contract;

/** 'events.page' and so on, requests only. */
export type RequestName = {
  [G in Groups]: {
    [K in keyof Contract[G]]: Contract[G][K] extends Request<unknown, unknown> ? `${G}.${K & string}` : never;
  }[keyof Contract[G]];
}[Groups];
export type NoticeName = {
  [G in Groups]: {
    [K in keyof Contract[G]]: Contract[G][K] extends Notice<unknown>
      ? Contract[G][K] extends Request<unknown, unknown>
        ? never
        : `${G}.${K & string}`
      : never;
  }[keyof Contract[G]];
}[Groups];

type Entry<N extends string> = N extends `${infer G}.${infer K}`
  ? G extends Groups
    ? K extends keyof Contract[G]
      ? Contract[G][K]
      : never
    : never
  : never;
export type RequestIn<N extends RequestName> = Entry<N> extends Request<infer In, unknown> ? In : never;
export type RequestOut<N extends RequestName> = Entry<N> extends Request<unknown, infer Out> ? Out : never;
export type NoticeOf<N extends NoticeName> = Entry<N> extends Notice<infer T> ? T : never;

export const CONSOLE_ERROR_CODES = [
  'bad_request', // unknown name or wrong input; a bug in the face, or garbage
  'busy', // too many requests under way
  'bad_query',
  'bad_cursor',
  'bad_token',
  'bad_url',
  'no_face',
  'not_found',
  'already_running',
  'store_failed',
  'disconnected', // the engine went away before it answered
  'internal', // a bug in the engine, logged there
] as const;
export type ConsoleErrorCode = (typeof CONSOLE_ERROR_CODES)[number];
export type Reply<N extends RequestName> = Result<RequestOut<N>, ConsoleErrorCode>;

/** One handler for each request: what the engine implements. */
export type Handlers<Context> = {
  [N in RequestName]: (input: RequestIn<N>, context: Context) => Reply<N> | Promise<Reply<N>>;
};

/** What every face calls: derived by `makeClient` for the CLI, the web page and the preload script alike. */
export interface Console {
  request<N extends RequestName>(name: N, input: RequestIn<N>): Promise<Reply<N>>;
  /** @returns a function that stops listening. */
  on<N extends NoticeName>(name: N, listener: (value: NoticeOf<N>) => void): () => void;
  /** Calls back once the engine is gone. */
  onClose(listener: () => void): () => void;
}

/** On the wire: JSON control frames on the socket, the same JSON as text messages on the WebSocket. */
const wireRequest = v.strictObject({
  id: v.pipe(v.number(), v.integer(), v.minValue(1)),
  request: v.pipe(v.string(), v.maxLength(64)),
  input: v.unknown(),
});
export type WireRequest = v.InferOutput<typeof wireRequest>;
/** @throws ValiError where it is not a request. */
export const parseWireRequest = (message: unknown): WireRequest => v.parse(wireRequest, message);

const wireMessage = v.union([
  v.object({ id: v.number(), ok: v.literal(true), value: v.unknown() }),
  v.object({
    id: v.number(),
    ok: v.literal(false),
    error: v.object({ code: v.string(), message: v.string(), detail: v.optional(v.string()) }),
  }),
  v.object({ notice: v.string(), value: v.unknown() }),
]);
export type WireMessage = v.InferOutput<typeof wireMessage>;
/** @throws ValiError where it is neither a reply nor a notice. */
export const parseWireMessage = (message: unknown): WireMessage => v.parse(wireMessage, message);

export const REQUEST_NAMES: readonly RequestName[] = namesOf('request') as RequestName[];
export const NOTICE_NAMES: readonly NoticeName[] = namesOf('notice') as NoticeName[];

function namesOf(shape: 'request' | 'notice'): string[] {
  return Object.entries(contract).flatMap(([group, entries]) =>
    Object.entries(entries as Record<string, { shape: string }>)
      .filter(([, entry]) => entry.shape === shape)
      .map(([verb]) => `${group}.${verb}`),
  );
}

/** The parser of a request's input. */
export function requestParser(name: RequestName): (input: unknown) => unknown {
  const [group, verb] = name.split('.') as [Groups, string];
  return (contract[group] as Record<string, { parse: (input: unknown) => unknown }>)[verb]!.parse;
}

export function isRequestName(name: string): name is RequestName {
  return (REQUEST_NAMES as readonly string[]).includes(name);
}
