/**
 * Are the sensors alive? At random times a program is executed that nobody else executes, and must come back through
 * the whole road: kernel, helper, pipe, decoder. A sensor that is quiet and one that is dead look the same otherwise.
 */
import { randomBytes } from 'node:crypto';
import type { CanaryStatus } from '../../shared/console.ts';
import type { DecodedRecord } from '../sensor/decode.ts';

export interface Missed {
  /** Boot-clock nanoseconds at which it was sent. */
  readonly sentNs: number;
}

export interface Returned {
  /** Of the first that was missed. */
  readonly sinceNs: number;
  /** Of the first that came back in time: from here on Merlon sees. */
  readonly untilNs: number;
  /** The missed ones came in the end, too: late, and nothing is missing. */
  readonly late: boolean;
}

export interface CanariesOptions {
  /** Executes the canary with this word; the pid of the process, or undefined where there is none. */
  readonly send: (nonce: string) => number | undefined;
  /** Of the process that sends them. */
  readonly pid: number;
  readonly bootNs: () => number;
  /** The engine itself is behind with what arrived: a canary that waits in its own queue is not missed. */
  readonly behind: () => boolean;
  readonly onMissed: (missed: Missed) => void;
  readonly onReturned: (returned: Returned) => void;
  /** None has come back for so long that only new sensors may help. */
  readonly onDead: () => void;
  readonly onChange: () => void;
  /** 0 to 1, as Math.random. */
  readonly random?: () => number;
}

/** One that has not come back within so long is missed: with the wait for the next, told within ten seconds. */
export const MISSED_AFTER_MS = 4000;
/** So long after the first that is missed, new sensors are asked for. */
export const DEAD_AFTER_MS = 20_000;
const FIRST_AFTER_MS = 1000;
/** At random between these; a sensor that dies in between is found out by the next. */
const LEAST_WAIT_MS = 3000;
const MOST_WAIT_MS = 6000;
/** An hour of them, as Health draws it. */
const KEPT = 900;
/** Canaries that were missed and may still come. */
const MAX_OUT = 64;
/** After one came back in time, the missed ones before it have so long to come late. */
const SETTLE_MS = 1000;

/** Node's way to the boot clock is this exact. */
const CLOCK_NS = 20e6;

interface Out {
  readonly nonce: string;
  readonly sentNs: number;
  /** The same, in epoch milliseconds. */
  readonly at: number;
  readonly timer: NodeJS.Timeout;
  missed: boolean;
  returned: boolean;
}

export class Canaries {
  readonly #options: CanariesOptions;
  /** By pid, until the process has ended. */
  readonly #out = new Map<number, Out>();
  readonly #recent: { at: number; ms: number | null }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #sent = 0;
  #missed = 0;
  #last: CanaryStatus['last'] = null;
  /** While some are missed: the first of them. */
  #missing: Out | undefined;

  constructor(options: CanariesOptions) {
    this.#options = options;
  }

  /** undefined while none is sent. */
  get status(): CanaryStatus | undefined {
    if (!this.#running) return undefined;
    const missing = this.#missing;
    const state = missing !== undefined ? 'missed' : this.#last === null ? 'waiting' : 'alive';
    return {
      state,
      missing_since: missing?.at ?? null,
      sent: this.#sent,
      missed: this.#missed,
      last: this.#last,
    };
  }

  /** Those of the last hour, oldest first: when, and how long it took; null for one that was missed. */
  get recent(): readonly { readonly at: number; readonly ms: number | null }[] {
    return this.#recent;
  }

  /** The sensors are attached. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#schedule(FIRST_AFTER_MS);
  }

  /** They are not, which is told already: nothing can come back. */
  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
    for (const { timer } of this.#out.values()) clearTimeout(timer);
    this.#out.clear();
    this.#missing = undefined;
  }

  /**
   * Whether a record is of a canary, and no event. Only what this process started, and only as it was started: what
   * takes its place (another program, a child of its own) is told like everything else.
   */
  claims(record: DecodedRecord): boolean {
    if (this.#out.size === 0 || record.kind === 'cgroup') return false;
    const { pid, ppid, start_ns: startNs } = record.task;
    const out = this.#out.get(pid);
    if (out === undefined || ppid !== this.#options.pid || startNs < out.sentNs - CLOCK_NS) return false;
    switch (record.kind) {
      case 'fork':
        return true;
      case 'exec':
        if (!record.args.split('\0').includes(out.nonce)) return false;
        this.#return(out);
        return true;
      case 'exit':
        if (out.returned) this.#out.delete(pid);
        return out.returned;
      case 'running':
      case 'exec_failed':
        return false;
    }
  }

  #schedule(afterMs: number): void {
    this.#timer = setTimeout(() => this.#send(), afterMs);
  }

  #send(): void {
    const { send, bootNs, random = Math.random, onChange } = this.#options;
    const nonce = randomBytes(16).toString('hex');
    const sentNs = bootNs();
    const pid = send(nonce);
    if (pid !== undefined) {
      this.#sent++;
      if (this.#out.size >= MAX_OUT) this.#forgetOldest();
      const timer = setTimeout(() => this.#late(pid), MISSED_AFTER_MS);
      this.#out.set(pid, { nonce, sentNs, at: Date.now(), timer, missed: false, returned: false });
      onChange();
    }
    this.#schedule(LEAST_WAIT_MS + random() * (MOST_WAIT_MS - LEAST_WAIT_MS));
  }

  #forgetOldest(): void {
    for (const [pid, { timer }] of this.#out) {
      clearTimeout(timer);
      this.#out.delete(pid);
      return;
    }
  }

  #late(pid: number): void {
    const out = this.#out.get(pid);
    if (out === undefined || out.returned) return;
    if (this.#options.behind()) {
      this.#out.set(pid, { ...out, timer: setTimeout(() => this.#late(pid), MISSED_AFTER_MS) });
      return;
    }
    out.missed = true;
    this.#missed++;
    this.#note(null);
    const first = this.#missing === undefined;
    this.#missing ??= out;
    if (first) this.#options.onMissed({ sentNs: out.sentNs });
    if (this.#options.bootNs() - this.#missing.sentNs > DEAD_AFTER_MS * 1e6) this.#options.onDead();
    this.#options.onChange();
  }

  #return(out: Out): void {
    clearTimeout(out.timer);
    out.returned = true;
    if (out.missed) return; // late: told once one comes in time
    const ms = Math.max(0, (this.#options.bootNs() - out.sentNs) / 1e6);
    this.#last = { at: Date.now(), ms };
    this.#note(ms);
    const sinceNs = this.#missing?.sentNs;
    if (sinceNs !== undefined) {
      this.#missing = undefined;
      const missing = [...this.#out.values()].filter(({ missed }) => missed);
      setTimeout(() => {
        const late = missing.every(({ returned }) => returned);
        if (this.#running) this.#options.onReturned({ sinceNs, untilNs: out.sentNs, late });
      }, SETTLE_MS).unref();
    }
    this.#options.onChange();
  }

  #note(ms: number | null): void {
    this.#recent.push({ at: Date.now(), ms });
    if (this.#recent.length > KEPT) this.#recent.shift();
  }
}
