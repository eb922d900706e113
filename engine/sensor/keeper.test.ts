import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BACK_OFF_MS, HelperKeeper, type HelperStatus, type KeeperHooks } from './keeper.ts';
import type { HelperProcess } from './launch.ts';

const CRASH = { state: 'failed', reason: 'The helper ended by SIGKILL.', retry: true } as const;
const DISMISSED = { state: 'dismissed', reason: 'You dismissed the password dialog.', retry: false } as const;

function setUp() {
  const launches: KeeperHooks[] = [];
  const states: HelperStatus[] = [];
  const keeper = new HelperKeeper({
    launch(hooks) {
      launches.push(hooks);
      hooks.onState('starting');
      const stop = () => hooks.onEnd({ state: 'stopped', reason: '', retry: false });
      return { pid: 100 + launches.length, stop } as Partial<HelperProcess> as HelperProcess;
    },
    onStatus: (status) => states.push(status),
  });
  const last = (): KeeperHooks => {
    const hooks = launches.at(-1);
    if (hooks === undefined) throw new Error('nothing was launched');
    return hooks;
  };
  const run = () =>
    last().onRunning({ pid: 7, version: '0', capabilities: [], reply: { attached: [], refused: [] } });
  return { keeper, launches, states, last, run };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the keeper', () => {
  it('says starting, then running with the helper’s pid', () => {
    const { keeper, states, run } = setUp();
    keeper.start();
    run();
    expect(states.map(({ state, pid }) => [state, pid])).toEqual([
      ['starting', null],
      ['starting', 101],
      ['running', 7],
    ]);
    expect(keeper.process).toBeDefined();
  });

  it('does not start a second helper', () => {
    const { keeper, launches } = setUp();
    expect([keeper.start(), keeper.start()]).toEqual([true, false]);
    expect(launches).toHaveLength(1);
  });

  it('starts again soon after a crash, and says when', () => {
    const { keeper, launches, last, run } = setUp();
    keeper.start();
    run();
    last().onEnd(CRASH);
    expect(keeper.status).toMatchObject({
      state: 'restarting',
      reason: CRASH.reason,
      pid: null,
      next_start: Date.now() + (BACK_OFF_MS[0] ?? NaN),
    });
    expect(keeper.process).toBeUndefined();
    vi.advanceTimersByTime(BACK_OFF_MS[0] ?? NaN);
    expect(launches).toHaveLength(2);
    expect(keeper.status.reason).toBeUndefined();
  });

  it('waits longer each time and gives up at the fifth crash within a minute', () => {
    const { keeper, launches, last } = setUp();
    keeper.start();
    for (const wait of BACK_OFF_MS.slice(0, 4)) {
      last().onEnd(CRASH);
      const before = launches.length;
      vi.advanceTimersByTime(wait - 1);
      expect(launches).toHaveLength(before);
      vi.advanceTimersByTime(1);
      expect(launches).toHaveLength(before + 1);
    }
    last().onEnd(CRASH);
    expect(keeper.status).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/5 times.*SIGKILL/),
    });
    vi.advanceTimersByTime(600_000);
    expect(launches).toHaveLength(5);
    expect(keeper.start()).toBe(true);
  });

  it('begins anew with the short wait once a helper has run for a minute', () => {
    const { keeper, launches, last, run } = setUp();
    keeper.start();
    last().onEnd(CRASH);
    vi.advanceTimersByTime(BACK_OFF_MS[0] ?? NaN);
    run();
    vi.advanceTimersByTime(60_000);
    last().onEnd(CRASH);
    vi.advanceTimersByTime(BACK_OFF_MS[0] ?? NaN);
    expect(launches).toHaveLength(3);
  });

  it('leaves it to the person after a dismissed dialog', () => {
    const { keeper, launches, last } = setUp();
    keeper.start();
    last().onEnd(DISMISSED);
    vi.advanceTimersByTime(600_000);
    expect(launches).toHaveLength(1);
    expect(keeper.status).toMatchObject({ state: 'dismissed', reason: DISMISSED.reason });
  });

  it('starts nothing once it was stopped, not even what was scheduled', async () => {
    const { keeper, launches, last } = setUp();
    keeper.start();
    last().onEnd(CRASH);
    await keeper.stop();
    vi.advanceTimersByTime(600_000);
    expect(launches).toHaveLength(1);
    expect(keeper.status.state).toBe('stopped');
  });

  it('resolves stop once the helper has ended', async () => {
    const { keeper, run } = setUp();
    keeper.start();
    run();
    await keeper.stop();
    expect(keeper.status).toMatchObject({ state: 'stopped', pid: null });
  });
});
