/**
 * The contract between the engine and its faces (Electron window, web page, command line).
 * Channel names, the preload API, the web client, the handlers and the test doubles are all derived from `contract`.
 */
import { contract, type Notice, type Request } from './contract.ts';
import type { Result } from './result.ts';

export * from './answers.ts';
export * from './contract.ts';
export * from './wire.ts';
export type * from './bpf.ts';
export type * from './capabilities.ts';
export * from './health.ts';
export * from './sensors.ts';
export type { Diagnostics, DoctorCheck, DoctorReport, DoctorState, RootFacts } from './doctor.ts';

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
  'bad_file', // a backup cannot be written there
  'no_face',
  'not_found',
  'already_running',
  'store_failed',
  'unknown_key', // there is no such setting
  'bad_value', // the setting takes something else
  'locked', // the administrator fixed it
  'not_permitted', // nobody gave the password, or may
  'not_sensing', // the helper does not run
  'inventory_failed', // the helper could not say what BPF there is
  'probe_failed', // the kernel could not be tried
  'config_failed', // the user's own file cannot be changed
  'cancelled', // by `store.cancel`, or because the client that asked is gone
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
