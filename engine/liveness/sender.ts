/** The process that executes canaries: small, so that to make a child costs next to nothing. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Writable } from 'node:stream';

/** Started again after so long, where it was ended. */
const AGAIN_MS = 1000;

export class Sender {
  readonly #program: string;
  readonly #log: (line: string) => void;
  #child: ChildProcessByStdio<Writable, null, null> | undefined;
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

  /** Executes a canary with this word. @returns false where that cannot be, which is said once. */
  send(word: string): boolean {
    const child = this.#child ?? this.#start();
    if (child?.pid === undefined) return false;
    child.stdin.write(`${word}\n`);
    return true;
  }

  stop(): void {
    this.#child?.stdin.end();
    this.#child = undefined;
  }

  #start(): ChildProcessByStdio<Writable, null, null> | undefined {
    if (performance.now() - this.#endedAt < AGAIN_MS) return undefined;
    const child = spawn(this.#program, [], { stdio: ['pipe', 'ignore', 'ignore'], env: {}, cwd: '/' });
    this.#child = child;
    const gone = (why: string) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#endedAt = performance.now();
      if (why !== this.#said) this.#log(`canaries cannot be sent: ${why}`);
      this.#said = why;
    };
    child.stdin.on('error', () => {}); // its end is told below
    child.on('error', (error) => gone(error.message));
    child.on('exit', (code, signal) => gone(`merlon-canary ended with ${signal ?? code}`));
    return child;
  }
}
