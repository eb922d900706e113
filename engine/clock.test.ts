import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Clock, type ClockSources } from './clock.ts';

/** Clocks that move by 1 µs at each look, and by what a test says. */
class FakeClocks implements ClockSources {
  ns = 5_000_000_000;
  suspendedNs = 2_000_000_000;
  wallOffsetMs = 1_700_000_000_000;

  readonly monotonicNs = () => (this.ns += 1000);
  readonly bootSeconds = () => Math.floor((this.ns + this.suspendedNs) / 1e7) / 100;
  readonly wallMs = () => Math.floor(this.wallOffsetMs + (this.ns + this.suspendedNs) / 1e6);
}

describe('Clock', () => {
  test('gives a moment of the boot clock its wall time to the millisecond', () => {
    const clocks = new FakeClocks();
    const clock = new Clock(clocks);
    expect(Math.abs(clock.bootNs() - (clocks.ns + clocks.suspendedNs))).toBeLessThan(50_000);
    expect(Math.abs(clock.wallOf(7_500_000_000) - (clocks.wallOffsetMs + 7500))).toBeLessThan(0.1);
    expect(clock.check()).toBeUndefined();
  });

  test('gives whole microseconds, as a number that says no more than it knows', () => {
    const clock = new Clock(new FakeClocks());
    for (let ns = 1e12; ns < 1e12 + 1e6; ns += 3337) {
      const ms = clock.wallOf(ns);
      expect(Math.round(ms * 1000) / 1000).toBe(ms);
    }
  });

  test.each([-3_600_000, -50, 800, 86_400_000])('notices a step of %i ms once', (byMs) => {
    const clocks = new FakeClocks();
    const clock = new Clock(clocks);
    clocks.wallOffsetMs += byMs;
    const step = clock.check();
    expect(Math.abs(step!.byMs - byMs)).toBeLessThan(2);
    expect(clock.check()).toBeUndefined();
    expect(Math.abs(clock.wallOf(8e9) - (clocks.wallOffsetMs + 8000))).toBeLessThan(0.1);
  });

  test('a suspend is no step: boot and wall clock went on together', () => {
    const clocks = new FakeClocks();
    const clock = new Clock(clocks);
    clocks.suspendedNs += 3_600_000_000_000;
    expect(clock.check()).toBeUndefined();
    expect(Math.abs(clock.bootNs() - (clocks.ns + clocks.suspendedNs))).toBeLessThan(50_000);
  });

  test('the boot clock never follows the wall clock back', () => {
    const clocks = new FakeClocks();
    const clock = new Clock(clocks);
    const before = clock.bootNs();
    clocks.wallOffsetMs -= 1e9;
    clock.check();
    expect(clock.bootNs()).toBeGreaterThan(before);
  });

  test('agrees with the kernel here', () => {
    const clock = new Clock();
    const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
    expect(Math.abs(clock.bootNs() / 1e9 - uptime)).toBeLessThan(0.1);
    expect(Math.abs(clock.wallOf(clock.bootNs()) - Date.now())).toBeLessThan(20);
  });
});
