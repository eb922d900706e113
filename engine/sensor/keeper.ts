/** Keeps a helper running: starts it, starts it again when it ends unasked, and says what is true meanwhile. */
import type { Status } from '../../shared/console.ts';
import type { Ending } from './ending.ts';
import type { HelperProcess, LaunchOptions, Running } from './launch.ts';

export type HelperStatus = Status['helper'];

/** What the keeper hears from each process that it starts. */
export type KeeperHooks = Pick<LaunchOptions, 'onState' | 'onRunning' | 'onEnd'>;

export interface KeeperOptions {
  /** Starts a helper that reports to `hooks` as well; see launchHelper. */
  readonly launch: (hooks: KeeperHooks) => HelperProcess;
  readonly onStatus: (status: HelperStatus) => void;
}

/** Waits before the next starts, in ms. The first is short: nothing is seen until events flow, half a second at most. */
export const BACK_OFF_MS: readonly number[] = [10, 1000, 3000, 10_000, 30_000];
/** So many endings within so long are a loop that starting again does not mend. */
const LOOP_ENDINGS = 5;
const LOOP_MS = 60_000;

/** One helper at a time. It never throws; what it cannot do is a state with a reason. */
export class HelperKeeper {
  readonly #options: KeeperOptions;
  #status: HelperStatus = { state: 'stopped', pid: null, since: Date.now() };
  #process: HelperProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #endings: number[] = []; // when, on the monotonic clock
  #failures = 0; // in a row: each start that held for LOOP_MS begins anew
  #runningSince: number | undefined;
  #onStopped: (() => void) | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  get status(): HelperStatus {
    return this.#status;
  }

  /** The helper, while its records flow. */
  get process(): HelperProcess | undefined {
    return this.#status.state === 'running' ? this.#process : undefined;
  }

  /** Starts at once, a scheduled start included. @returns false where a helper is already under way. */
  start(): boolean {
    if (this.#process !== undefined || this.#onStopped !== undefined) return false;
    this.#endings = [];
    this.#failures = 0;
    this.#launch();
    return true;
  }

  /** Nothing is started: a person is to ask for it first. @param reason how. */
  wait(reason: string): void {
    if (this.#process === undefined && this.#onStopped === undefined)
      this.#set({ state: 'unasked', pid: null, reason, since: Date.now() });
  }

  /** Ends the helper and starts no other. @returns once it has ended, or has been given up. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#onStopped;
    this.#onStopped = () => {
      before?.();
      resolve();
    };
    if (this.#process === undefined) this.#ended({ state: 'stopped', reason: '', retry: false });
    else this.#process.stop();
    await promise;
  }

  #launch(): void {
    clearTimeout(this.#timer);
    this.#runningSince = undefined;
    let ended = false; // onEnd may come before launch has returned
    const started = this.#options.launch({
      onState: (state) => this.#tell(state),
      onRunning: (running) => this.#running(running),
      onEnd: (ending) => {
        ended = true;
        this.#ended(ending);
      },
    });
    if (ended) return;
    this.#process = started;
    this.#tell(this.#status.state);
  }

  #running({ pid }: Running): void {
    this.#runningSince = performance.now();
    this.#set({ state: 'running', pid, since: Date.now() });
  }

  #ended(ending: Ending): void {
    this.#process = undefined;
    if (this.#onStopped !== undefined) {
      this.#set({ state: 'stopped', pid: null, since: Date.now() });
      const stopped = this.#onStopped;
      this.#onStopped = undefined;
      return stopped();
    }
    const { state, reason, retry } = ending;
    if (!retry) return this.#set({ state, pid: null, reason, since: Date.now() });
    const now = performance.now();
    if (this.#runningSince !== undefined && now - this.#runningSince >= LOOP_MS) this.#failures = 0;
    this.#endings = [...this.#endings.filter((at) => now - at < LOOP_MS), now];
    if (this.#endings.length >= LOOP_ENDINGS) return this.#giveUp(reason);
    this.#startLater(reason);
  }

  #giveUp(reason: string): void {
    this.#endings = [];
    const sentence = `The helper ended ${LOOP_ENDINGS} times within a minute, and is not started again by itself. Last: ${reason}`;
    this.#set({ state: 'failed', pid: null, reason: sentence, since: Date.now() });
  }

  #startLater(reason: string): void {
    const wait = BACK_OFF_MS[Math.min(this.#failures, BACK_OFF_MS.length - 1)] ?? 0;
    this.#failures++;
    this.#timer = setTimeout(() => this.#launch(), wait);
    this.#set({ state: 'restarting', pid: null, reason, since: Date.now(), next_start: Date.now() + wait });
  }

  /** A state without a reason of its own, since when it holds. */
  #tell(state: HelperStatus['state']): void {
    const same = state === this.#status.state;
    const pid = this.#process?.pid ?? null;
    if (same && pid === this.#status.pid) return;
    this.#set({ state, pid, since: same ? this.#status.since : Date.now() });
  }

  #set(status: HelperStatus): void {
    this.#status = status;
    this.#options.onStatus(status);
  }
}
