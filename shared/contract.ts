/**
 * What a face may ask of the engine and what the engine tells of itself: each name with the shape of its input and the
 * type of its answer.
 */
import * as v from 'valibot';
import type {
  Status,
  EventPage,
  EventHistogram,
  EventValues,
  ProcessSummary,
  ProcessTree,
  ProcessStory,
  ProcessProgram,
  ProcessUsage,
  StoreAside,
  StoreCut,
  StoreHold,
  StoreRetention,
  StoreFinding,
  StoreTask,
  LiveEvents,
  ConfigEntry,
  ConfigList,
  NewPrograms,
  StoreRoom,
} from './answers.ts';
import { ASIDE_SCOPES, type AsideScope } from './answers.ts';
import { isFieldName, type Event, type FieldName } from './event.ts';
import type { BpfInventory } from './bpf.ts';
import type { CapabilityReport } from './capabilities.ts';
import type { ConfigValue } from './config.ts';
import type { Diagnostics, RootFacts } from './doctor.ts';
import type { Cost, Health } from './health.ts';
import type { HostOrder } from './host.ts';

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
/** A face may let one answer take so long; then it gets what was found and goes on from there. */
export const MAX_PATIENCE_MS = 5000;
export const MAX_BUCKETS = 2000;
/** Live events in one batch. */
export const MAX_LIVE = 500;
export const MAX_LIVE_EVERY_MS = 1000;
/** Processes that one question about usage may name. */
export const MAX_NAMED_PROCESSES = 64;

const nothing = v.strictObject({});
const text = v.pipe(v.string(), v.maxLength(8192));
const cursor = v.pipe(v.string(), v.maxLength(64));
const limit = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_PAGE));
const patience = v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_PATIENCE_MS)));
const entityId = v.pipe(v.string(), v.maxLength(128));
const sequence = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const moment = v.pipe(v.number(), v.finite());
const settingKey = v.pipe(v.string(), v.maxLength(128));

export const contract = {
  status: {
    /** What the status bar and `merlon status` show. */
    get: request<Record<string, never>, Status>(nothing),
    /** Sent to every face at once when a state changes, and once a second while figures change. */
    changed: notice<Status>(),
  },
  events: {
    /** One page of stored events. Fails: bad_query, bad_cursor, store_failed, cancelled. */
    page: request<
      {
        query: string;
        before?: string | undefined;
        after?: string | undefined;
        since?: number | undefined;
        until?: number | undefined;
        limit: number;
        patience_ms?: number | undefined;
      },
      EventPage
    >(
      v.strictObject({
        query: text,
        before: v.optional(cursor),
        after: v.optional(cursor),
        /** Epoch milliseconds; events before are left out. */
        since: v.optional(moment),
        /** Epoch milliseconds; events at that moment or later are left out. */
        until: v.optional(moment),
        limit,
        /** Answer after about so long, with what was found. Without it the page is full, or the end is reached. */
        patience_ms: patience,
      }),
    ),
    /** How many events a span had, by action. Fails: bad_query, bad_request (too many buckets), store_failed, cancelled. */
    histogram: request<
      {
        query: string;
        from: number;
        until: number;
        step_ms: number;
        patience_ms?: number | undefined;
      },
      EventHistogram
    >(
      v.pipe(
        v.strictObject({
          query: text,
          /** Epoch milliseconds: from this on, and before that. */
          from: moment,
          until: moment,
          /** Width of a bucket; the first begins at `from`. */
          step_ms: v.pipe(v.number(), v.finite(), v.minValue(1)),
          patience_ms: patience,
        }),
        v.check(({ from, until }) => from < until, '“from” must come before “until”'),
        v.check(
          ({ from, until, step_ms: step }) => Math.ceil((until - from) / step) <= MAX_BUCKETS,
          `no more than ${MAX_BUCKETS} buckets`,
        ),
      ),
    ),
    /** How often each value of a field occurs, the most frequent first. Fails: bad_query, store_failed, cancelled. */
    values: request<
      {
        field: FieldName;
        prefix?: string | undefined;
        query: string;
        from?: number | undefined;
        until?: number | undefined;
        limit: number;
        patience_ms?: number | undefined;
      },
      EventValues
    >(
      v.strictObject({
        field: v.custom<FieldName>((name) => typeof name === 'string' && isFieldName(name), 'no such field'),
        /** Only values that begin so; A–Z equal a–z. */
        prefix: v.optional(text),
        query: text,
        /** Epoch milliseconds: from this on, and before that. */
        from: v.optional(moment),
        until: v.optional(moment),
        limit,
        patience_ms: patience,
      }),
    ),
    /** One event by its cursor. Fails: bad_cursor, not_found, store_failed. */
    get: request<{ cursor: string }, Event>(v.strictObject({ cursor })),
    /** Live events that match, until `unsubscribe` or the end of the connection; `from` is the newest stored cursor at that moment. Fails: bad_query, busy. */
    subscribe: request<
      { query: string; pace?: { newest: number; every_ms: number } | undefined },
      { subscription: number; from: string | null }
    >(
      v.strictObject({
        query: text,
        /** No more than so many in such a time; of more, the newest: nobody could read them. Without it all. */
        pace: v.optional(
          v.strictObject({
            newest: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_LIVE)),
            every_ms: v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_LIVE_EVERY_MS)),
          }),
        ),
      }),
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
          entity_id: v.optional(entityId),
        }),
        v.check((t) => (t.pid === undefined) !== (t.entity_id === undefined), 'give pid or entity_id'),
      ),
    ),
    /** Ancestors, at most `limit` descendants, and its first `limit` events, ended processes too. Fails: not_found, store_failed, cancelled. */
    story: request<{ entity_id: string; limit: number }, ProcessStory>(
      v.strictObject({ entity_id: entityId, limit }),
    ),
    /** What running processes use; of all that run, unless some are named. Who has ended is left out. */
    usage: request<
      { entity_ids?: readonly string[] | undefined },
      { readonly processes: readonly ProcessUsage[] }
    >(
      v.strictObject({
        entity_ids: v.optional(v.pipe(v.array(entityId), v.maxLength(MAX_NAMED_PROCESSES))),
      }),
    ),
    /** The executable of a process, and its file as it is on disk now. Fails: not_found, store_failed, cancelled. */
    program: request<{ entity_id: string }, ProcessProgram>(v.strictObject({ entity_id: entityId })),
  },
  programs: {
    /** Programs never seen before on this host, newest first. */
    newest: request<{ limit: number }, NewPrograms>(v.strictObject({ limit })),
  },
  store: {
    /** What was stored and is there no more, newest first. Fails: store_failed. */
    cuts: request<Record<string, never>, { cuts: readonly StoreCut[] }>(nothing),
    /** What is kept whatever its age. Fails: store_failed. */
    holds: request<Record<string, never>, { holds: readonly StoreHold[] }>(nothing),
    /** Keeps these events until `release`; an id that is taken is replaced. Fails: store_failed. */
    hold: request<StoreHold, Record<string, never>>(
      v.pipe(
        v.strictObject({
          id: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
          reason: v.pipe(v.string(), v.minLength(1), v.maxLength(1024)),
          boot: sequence,
          first_sequence: sequence,
          last_sequence: sequence,
        }),
        v.check((hold) => hold.first_sequence <= hold.last_sequence, 'the first event comes after the last'),
      ),
    ),
    /** Fails: store_failed. */
    release: request<{ id: string }, Record<string, never>>(
      v.strictObject({ id: v.pipe(v.string(), v.maxLength(128)) }),
    ),
    /** What the disk that the store lies on has room for. Fails: store_failed. */
    room: request<Record<string, never>, StoreRoom>(nothing),
    /** How long, and how much, is kept. */
    retention: request<Record<string, never>, StoreRetention>(nothing),
    /** Changes what is given, for good; events outside are cut soon afterwards. Gives what holds now. Fails: store_failed. */
    retain: request<
      { days?: number | undefined; bytes?: number | undefined; free_when_full?: boolean | undefined },
      StoreRetention
    >(
      v.strictObject({
        days: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0), v.maxValue(36_500))),
        bytes: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(64 << 20))),
        free_when_full: v.optional(v.boolean()),
      }),
    ),
    /** Writes all that is stored now into a new file, while events come in. Fails: bad_file, busy, store_failed, cancelled. */
    backup: request<{ file: string }, { bytes: number; events: number }>(
      v.strictObject({ file: v.pipe(v.string(), v.startsWith('/'), v.maxLength(4096)) }),
    ),
    /** Deletes every event that is stored, held ones too; gives how many there were. Fails: store_failed. */
    wipe: request<{ confirm: 'every event' }, { events: number }>(
      v.strictObject({ confirm: v.literal('every event') }),
    ),
    /** Sets the database, or what is damaged of it, aside and goes on without it; nothing is deleted, and what waits in memory is stored. Fails: busy, store_failed; then all is as it was. */
    fresh: request<{ scope: AsideScope }, StoreAside>(v.strictObject({ scope: v.picklist(ASIDE_SCOPES) })),
    /** What is stored is another than before (deleted, set aside, or saved from damaged files): what a face shows of it is to be asked for anew. */
    replaced: notice<Record<string, never>>(),
    /** Reads everything there is. Fails: busy, store_failed, cancelled. */
    check: request<
      Record<string, never>,
      { partitions: number; events: number; findings: readonly StoreFinding[] }
    >(nothing),
    /** Puts what can be read of damaged files into new ones; gives the number of events saved. Fails: busy, store_failed. */
    salvage: request<Record<string, never>, { events: number }>(nothing),
    /** Gives up a task, whoever began it; its request then fails with `cancelled`. Fails: not_found (none is under way). */
    cancel: request<{ task: 'backup' | 'check' }, Record<string, never>>(
      v.strictObject({ task: v.picklist(['backup', 'check']) }),
    ),
    /** To the client that asked for the task, a few times a second: `done` goes from 0 to 1. */
    progress: notice<{ readonly task: StoreTask; readonly done: number }>(),
  },
  config: {
    /** Every setting: its value, where that comes from, and what does not count. */
    list: request<Record<string, never>, ConfigList>(nothing),
    /** Changes a setting for good, in the user's own file; a flag of this run ends there. Fails: unknown_key, bad_value, locked, config_failed. */
    set: request<{ key: string; value: ConfigValue }, ConfigEntry>(
      v.strictObject({
        key: settingKey,
        value: v.union([text, v.pipe(v.number(), v.finite()), v.boolean()]),
      }),
    ),
    /** Takes the user's own word for a setting back. Fails: unknown_key, config_failed. */
    reset: request<{ key: string }, ConfigEntry>(v.strictObject({ key: settingKey })),
    /** Sent to every face when any of it changes, also because a file did. */
    changed: notice<ConfigList>(),
  },
  diagnostics: {
    /** What Merlon found when it looked at itself, and the bundle of it: without events, without secrets. */
    collect: request<Record<string, never>, Diagnostics>(nothing),
  },
  health: {
    /** How Merlon itself has been in the last hour. */
    get: request<Record<string, never>, Health>(nothing),
    /** What it costs; the kernel measures its programs from now on, until nobody has asked for a while. */
    cost: request<Record<string, never>, Cost>(nothing),
  },
  capabilities: {
    /** What this kernel lets Merlon do, as it was last tried; before that, what can be known without root. */
    get: request<Record<string, never>, CapabilityReport>(nothing),
    /** Tries everything again (asks for the password where it must). Fails: busy, not_permitted, probe_failed. */
    probe: request<Record<string, never>, CapabilityReport>(nothing),
    /** There is a newer report. */
    changed: notice<CapabilityReport>(),
  },
  bpf: {
    /** All BPF of the host, as it is now. Fails: not_sensing, inventory_failed. */
    inventory: request<Record<string, never>, BpfInventory>(nothing),
    /** Takes what is there now as known: new is what comes after. Fails: not_sensing, inventory_failed. */
    baseline: request<Record<string, never>, BpfInventory>(nothing),
  },
  helper: {
    /** What runs as root, and what is known without it: for a person who is about to type a password. */
    explain: request<Record<string, never>, RootFacts>(nothing),
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
    /** To the window's page from its own host alone: what was chosen in a native menu or in the tray, or a link. */
    go: notice<HostOrder>(),
  },
  engine: {
    /** Detach, store what is under way, end. */
    stop: request<Record<string, never>, Record<string, never>>(nothing),
  },
} as const satisfies Record<string, Record<string, Request<unknown, unknown> | Notice<unknown>>>;
