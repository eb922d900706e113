/** The children of `npm start`: started as plain processes, ended by signal, their end told in words. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not even start. */
  readonly error?: Error;
}

export interface Child {
  readonly name: string;
  readonly ended: Promise<Ending>;
  /** The first line that it prints on stdout; undefined where it ends before. */
  readonly firstLine: Promise<string | undefined>;
  readonly running: boolean;
  end(signal: NodeJS.Signals): void;
}

interface ChildOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Read its stdout for `firstLine`. */
  readonly listen?: boolean;
  /** Its output is of no use to a person. */
  readonly quiet?: boolean;
  /** It stays when we end. */
  readonly detached?: boolean;
  /** Ctrl-C in our terminal does not reach it: we end it. */
  readonly ownSession?: boolean;
}

export function startChild(
  name: string,
  argv: readonly string[],
  { env = {}, listen = false, quiet = false, detached = false, ownSession = false }: ChildOptions = {},
): Child {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', listen ? 'pipe' : quiet ? 'ignore' : 'inherit', quiet ? 'ignore' : 'inherit'],
    detached: detached || ownSession, // setsid(2)
  });
  if (detached) child.unref();
  const ended = new Promise<Ending>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return {
    name,
    ended,
    firstLine: listen ? firstLine(child) : Promise.resolve(undefined),
    get running() {
      return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
    },
    end: (signal) => {
      child.kill(signal);
    },
  };
}

function firstLine(child: ChildProcess): Promise<string | undefined> {
  if (child.stdout === null) return Promise.resolve(undefined);
  const lines = createInterface({ input: child.stdout });
  return new Promise((resolve) => {
    lines.once('line', resolve);
    lines.once('close', () => resolve(undefined));
  });
}

/** ‘ended by SIGKILL’, ‘ended with exit code 3’, ‘could not start: …’ */
export function describe({ code, signal, error }: Ending): string {
  if (error !== undefined) return `could not start: ${error.message}`;
  if (signal !== null) return `was ended by ${signal}`;
  return `ended with exit code ${code ?? '?'}`;
}

/** Ends a child in order; by SIGKILL where it has not ended after `patienceMs`. */
export async function endChild(child: Child, patienceMs: number): Promise<Ending> {
  if (child.running) child.end('SIGTERM');
  const timer = setTimeout(() => {
    console.error(`merlon: ${child.name} has not ended after ${patienceMs / 1000} s; ending it by SIGKILL.`);
    child.end('SIGKILL');
  }, patienceMs);
  const ending = await child.ended;
  clearTimeout(timer);
  return ending;
}
