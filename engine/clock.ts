import { uptime } from 'node:os';

/** What the wall clock did between two looks. */
export interface ClockStep {
  /** Milliseconds by which the wall clock moved against the boot clock; negative: backwards. */
  readonly byMs: number;
  /** What the wall clock showed after it. */
  readonly at: number;
}

/** The three clocks, as functions so that tests can move them. */
export interface ClockSources {
  /** Wall clock, whole milliseconds since the epoch. */
  readonly wallMs: () => number;
  /** CLOCK_MONOTONIC in nanoseconds; stands still in suspend. */
  readonly monotonicNs: () => number;
  /** CLOCK_BOOTTIME in seconds, in steps of 10 ms (/proc/uptime). */
  readonly bootSeconds: () => number;
}

const SYSTEM: ClockSources = {
  wallMs: Date.now,
  monotonicNs: () => Number(process.hrtime.bigint()),
  bootSeconds: uptime,
};

const TICK_NS = 10_000_000;
const STEP_BACK_MS = -10;
const STEP_FORWARD_MS = 500;
const DRIFT_MS = 3;
const SPIN_LIMIT_NS = 30_000_000;

/**
 * Wall time from boot-clock time. Order and paging only ever use the boot clock; the wall clock is for people.
 *
 * Node reads CLOCK_BOOTTIME only through /proc/uptime, in steps of 10 ms. Its edge is exact, though: waiting for it
 * once gives boot = monotonic + offset to some microseconds, and that offset changes by suspend only. Wall and boot
 * clock are slewed alike, so their difference changes only when someone sets the wall clock (clock_settime(2)).
 */
export class Clock {
  readonly #sources: ClockSources;
  #bootMinusMonotonicNs: number;
  #wallMinusBootMs: number;

  constructor(sources: ClockSources = SYSTEM) {
    this.#sources = sources;
    this.#bootMinusMonotonicNs = this.#measureBoot();
    this.#wallMinusBootMs = this.#measureWall();
  }

  /** CLOCK_BOOTTIME now, in nanoseconds. */
  bootNs(): number {
    return this.#sources.monotonicNs() + this.#bootMinusMonotonicNs;
  }

  /** Wall time of a moment of the boot clock: milliseconds since the epoch, in whole microseconds. */
  wallOf(bootNs: number): number {
    return Math.round((this.#wallMinusBootMs + bootNs / 1e6) * 1000) / 1000;
  }

  /**
   * To be called about once a second.
   * @returns the step, where the wall clock was set: backwards at all, or forwards by more than half a second.
   */
  check(): ClockStep | undefined {
    this.#noticeSuspend();
    const wall = this.#sources.wallMs();
    const byMs = wall - this.wallOf(this.bootNs());
    if (byMs <= STEP_BACK_MS || byMs >= STEP_FORWARD_MS) {
      this.#wallMinusBootMs = this.#measureWall();
      return { byMs: Math.round(byMs), at: wall };
    }
    if (Math.abs(byMs) > DRIFT_MS) this.#wallMinusBootMs = this.#measureWall();
    return undefined;
  }

  #noticeSuspend(): void {
    const coarseNs = this.#sources.bootSeconds() * 1e9;
    if (Math.abs(coarseNs - this.bootNs()) > 3 * TICK_NS) this.#bootMinusMonotonicNs = this.#measureBoot();
  }

  #measureBoot(): number {
    const { bootSeconds, monotonicNs } = this.#sources;
    const begin = monotonicNs();
    const first = bootSeconds();
    for (;;) {
      const boot = bootSeconds();
      const now = monotonicNs();
      // The edge has just passed; without one (a coarser clock) half a step is the best guess.
      if (boot !== first) return Math.round(boot * 1e9) - now;
      if (now - begin > SPIN_LIMIT_NS) return Math.round(boot * 1e9) + TICK_NS / 2 - now;
    }
  }

  #measureWall(): number {
    const { wallMs, monotonicNs } = this.#sources;
    const begin = monotonicNs();
    const first = wallMs();
    for (;;) {
      const wall = wallMs();
      const now = monotonicNs();
      if (wall !== first || now - begin > SPIN_LIMIT_NS)
        return wall - (now + this.#bootMinusMonotonicNs) / 1e6;
    }
  }
}
