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
  /** Has the canary executed with this word, and says so once it was. */
  readonly send: (nonce: string, onExecuted: () => void) => void;
  /** Absolute path of the canary, as the kernel says it. */
  readonly program: string;
  /** Of the process that executes them, and nothing else; undefined while there is none. */
  readonly sender: () => number | undefined;
  readonly bootNs: () => number;
  /** The engine itself is behind with what arrived: a canary that waits in its own queue is not missed. */
  readonly behind: () => boolean;
  /** Events were lost since that moment of the boot clock, which is told already: the canary may be among them. */
  readonly lossSince: (ns: number) => boolean;
  readonly onMissed: (missed: Missed) => void;
  readonly onReturned: (returned: Returned) => void;
  /** None has come back for so long that only new sensors may help; said once until one has come back. */
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
export const MEAN_WAIT_MS = (LEAST_WAIT_MS + MOST_WAIT_MS) / 2;
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
  /** As its fork told; undefined before. */
  pid: number | undefined;
  readonly sentNs: number;
  /** The same, in epoch milliseconds, and on the clock that stands still while the machine sleeps. */
  readonly at: number;
  readonly sentMs: number;
  timer: NodeJS.Timeout;
  /** By the word of the process that executes it: before, nothing can come back. */
  executed: boolean;
  missed: boolean;
  returned: boolean;
}

export class Canaries {
  readonly #options: CanariesOptions;
  /** In the order in which they were sent, until the process has ended. */
  #out: Out[] = [];
  readonly #recent: { at: number; ms: number | null }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #sent = 0;
  #missed = 0;
  #last: CanaryStatus['last'] = null;
  /** While some are missed: the first of them. */
  #missing: Out | undefined;
  /** Whether the last was not even executed. */
  #unsent = false;
  /** New sensors were asked for; not again before one has come back. */
  #renewed = false;

  constructor(options: CanariesOptions) {
    this.#options = options;
  }

  /** undefined while none is sent. */
  get status(): CanaryStatus | undefined {
    if (!this.#running) return undefined;
    const missing = this.#missing;
    const alive = this.#last === null ? 'waiting' : 'alive';
    return {
      state: missing !== undefined ? 'missed' : this.#unsent ? 'not_sent' : alive,
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
    for (const { timer } of this.#out) clearTimeout(timer);
    this.#out = [];
    this.#missing = undefined;
  }

  /**
   * Whether a record is of a canary, and no event. Only what the sender started, and only as it was started: what takes
   * its place (another program, a child of its own) is told like everything else.
   */
  claims(record: DecodedRecord): boolean {
    if (this.#out.length === 0 || record.kind === 'cgroup') return false;
    const { pid, ppid, start_ns: startNs } = record.task;
    if (ppid !== this.#options.sender()) return false;
    if (record.kind === 'fork') {
      const next = this.#out.find((out) => out.pid === undefined && startNs >= out.sentNs - CLOCK_NS);
      if (next !== undefined) next.pid = pid;
      return next !== undefined;
    }
    if (record.kind === 'exec') {
      const words = record.args.split('\0');
      const [, word] = words;
      if (words.length !== 2 || record.executable !== this.#options.program) return false;
      const out = this.#out.find(({ nonce, returned }) => nonce === word && !returned);
      if (out === undefined || startNs < out.sentNs - CLOCK_NS) return false;
      // The fork of the one before may have been lost: then it was given this number.
      for (const each of this.#out) if (each.pid === pid) each.pid = undefined;
      out.pid = pid;
      this.#return(out);
      return true;
    }
    const out = this.#out.find((each) => each.pid === pid && each.returned);
    if (record.kind !== 'exit' || out === undefined) return false;
    this.#out = this.#out.filter((each) => each !== out);
    return true;
  }

  #schedule(afterMs: number): void {
    this.#timer = setTimeout(() => this.#send(), afterMs);
  }

  #send(): void {
    const { send, bootNs, random = Math.random, onChange } = this.#options;
    const nonce = randomBytes(16).toString('hex');
    if (this.#out.length >= MAX_OUT) clearTimeout(this.#out.shift()?.timer);
    const out: Out = {
      nonce,
      pid: undefined,
      sentNs: bootNs(),
      at: Date.now(),
      sentMs: performance.now(),
      timer: setTimeout(() => this.#late(out), MISSED_AFTER_MS),
      executed: false,
      missed: false,
      returned: false,
    };
    this.#out.push(out);
    send(nonce, () => {
      out.executed = true;
      this.#sent++;
      this.#unsent = false;
      onChange();
    });
    this.#schedule(LEAST_WAIT_MS + random() * (MOST_WAIT_MS - LEAST_WAIT_MS));
  }

  #late(out: Out): void {
    if (out.returned) return;
    if (this.#options.behind()) {
      out.timer = setTimeout(() => this.#late(out), MISSED_AFTER_MS);
      return;
    }
    const { onChange, onDead, onMissed, lossSince } = this.#options;
    if (!out.executed || lossSince(out.sentNs)) {
      this.#out = this.#out.filter((each) => each !== out);
      this.#unsent = !out.executed;
      return onChange();
    }
    out.missed = true;
    this.#missed++;
    this.#note(null);
    const first = this.#missing === undefined;
    this.#missing ??= out;
    if (first) onMissed({ sentNs: out.sentNs });
    if (!this.#renewed && performance.now() - this.#missing.sentMs > DEAD_AFTER_MS) {
      this.#renewed = true;
      onDead();
    }
    onChange();
  }

  #return(out: Out): void {
    clearTimeout(out.timer);
    out.returned = true;
    if (out.missed) return; // late: told once one comes in time
    this.#renewed = false;
    const ms = performance.now() - out.sentMs;
    this.#last = { at: Date.now(), ms };
    this.#note(ms);
    const sinceNs = this.#missing?.sentNs;
    if (sinceNs !== undefined) {
      this.#missing = undefined;
      const missing = this.#out.filter(({ missed }) => missed);
      setTimeout(() => {
        const late = missing.every(({ returned }) => returned);
        this.#out = this.#out.filter((each) => each.returned || !missing.includes(each));
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
