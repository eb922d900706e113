/** The process that executes canaries: small, so that to make a child costs next to nothing. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** Started again after so long, where it was ended. */
const AGAIN_MS = 1000;
/** Words that it has not answered; it is ended where there are more, as it stands still. */
const MAX_WAITING = 3;

type Child = ChildProcessByStdio<Writable, Readable, null>;

export class Sender {
  readonly #program: string;
  readonly #log: (line: string) => void;
  #child: Child | undefined;
  /** Told in the order in which they were asked, once the process has said that it executed one. */
  #waiting: (() => void)[] = [];
  #endedAt = -Infinity;
  #said: string | undefined;

  /** @param program absolute path of merlon-canary. */
  constructor(program: string, log: (line: string) => void) {
    this.#program = program;
    this.#log = log;
  }

  /** undefined while there is none. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Executes a canary with this word. @param onExecuted is not called where that could not be, which is said once. */
  send(word: string, onExecuted: () => void): void {
    const child = this.#child ?? this.#start();
    if (child?.pid === undefined) return;
    this.#waiting.push(onExecuted);
    if (this.#waiting.length > MAX_WAITING) child.kill('SIGKILL');
    else child.stdin.write(`${word}\n`);
  }

  stop(): void {
    this.#child?.stdin.end();
    this.#forget();
  }

  #forget(): void {
    this.#child = undefined;
    this.#waiting = [];
  }

  #start(): Child | undefined {
    if (performance.now() - this.#endedAt < AGAIN_MS) return undefined;
    const child = spawn(this.#program, [], { stdio: ['pipe', 'pipe', 'ignore'], env: {}, cwd: '/' });
    this.#child = child;
    const gone = (why: string) => {
      if (this.#child !== child) return;
      this.#forget();
      this.#endedAt = performance.now();
      if (why !== this.#said) this.#log(`canaries cannot be sent: ${why}`);
      this.#said = why;
    };
    // A byte for each word: + where it was executed, - where it could not be.
    child.stdout.on('data', (bytes: Buffer) => {
      if (this.#child !== child) return;
      for (const byte of bytes.toString('latin1')) {
        const executed = this.#waiting.shift();
        if (byte === '+') executed?.();
      }
    });
    for (const pipe of [child.stdin, child.stdout]) pipe.on('error', () => {}); // its end is told below
    child.on('error', (error) => gone(error.message));
    child.on('exit', (code, signal) => gone(`merlon-canary ended with ${signal ?? code}`));
    return child;
  }
}
