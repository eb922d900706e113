/** What all commands share: options, exit codes, output. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { ProgressLine } from './progress.ts';
import { ACTING } from './terminal.ts';
import type { Console, Reply, RequestIn, RequestName, RequestOut } from '../shared/console.ts';

export const EXIT = { done: 0, failed: 1, usage: 2, notRunning: 3, notPermitted: 4 } as const;

/** Ends a command: one sentence on stderr, and its exit code. */
export class CommandError extends Error {
  readonly exitCode: number;
  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

export interface Output {
  /** Whether a person reads it on a terminal. */
  readonly terminal: boolean;
  /** Columns of that terminal. */
  readonly width: number;
  /** Waits while the reader is slow. */
  write(text: string): Promise<void>;
}

export interface Run {
  readonly console: Console;
  readonly out: Output;
  /** What goes on meanwhile, for a person. */
  readonly progress: ProgressLine;
  /** Aborts on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

export interface Command {
  readonly name: string;
  /** One line, for `merlon --help`. */
  readonly about: string;
  /** The whole help text. */
  readonly help: string;
  /** Reads the arguments before anything is connected. @throws CommandError (usage) */
  prepare(args: readonly string[]): (run: Run) => Promise<void>;
  /** The same where no engine runs, for what needs none. */
  prepareAlone?(args: readonly string[]): (run: Omit<Run, 'console'>) => Promise<void>;
}

/** What the engine refuses because it was asked in the wrong way. */
const USAGE_CODES: ReadonlySet<string> = new Set(['bad_query', 'bad_request', 'bad_value', 'unknown_key']);

type Options = NonNullable<ParseArgsConfig['options']>;

/** @throws CommandError (usage) on an unknown option, a missing value or more words than the command takes. */
export function readArgs<O extends Options>(command: string, args: readonly string[], options: O, words = 0) {
  const parsed = tryParse(command, args, options);
  if (parsed.positionals.length > words) {
    const extra = parsed.positionals[words] ?? '';
    throw usage(command, `‘${extra}’ is one word too many`);
  }
  return parsed;
}

function tryParse<O extends Options>(command: string, args: readonly string[], options: O) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw usage(command, message.replace(/\. To specify .*$/s, '').replace(/\.$/, ''));
  }
}

export function usage(command: string, problem: string): CommandError {
  return new CommandError(EXIT.usage, `${problem}. See: merlon ${command} --help`);
}

/** The value of a reply. @throws CommandError with the engine's own sentence where it failed */
export async function ask<N extends RequestName>(
  console: Console,
  name: N,
  input: RequestIn<N>,
): Promise<RequestOut<N>> {
  const reply: Reply<N> = await console.request(name, input);
  if (reply.ok) return reply.value;
  const { code, message } = reply.error;
  if (code === 'disconnected') throw new CommandError(EXIT.notRunning, message);
  if (code === 'not_permitted') throw new CommandError(EXIT.notPermitted, message);
  throw new CommandError(USAGE_CODES.has(code) ? EXIT.usage : EXIT.failed, message);
}

/**
 * One line of JSON. What a terminal would obey is written as an escape, which is the same JSON to every parser.
 */
export const json = (value: unknown): string =>
  `${JSON.stringify(value).replace(ACTING, (char) =>
    char
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )}\n`;
