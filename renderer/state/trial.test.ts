import { describe, expect, it } from 'vitest';
import { wall } from './clock.svelte.ts';
import { TrialState, type TrialCheck } from './trial.svelte.ts';

function given(checks: readonly TrialCheck[] = [], seconds = 60) {
  const state = new TrialState();
  state.begin({
    title: 'Generation 42 is on trial.',
    about: 'Generation 41 comes back by itself unless you keep it.',
    from: wall.now,
    until: wall.now + seconds * 1000,
    checks,
    keep: { label: 'Keep enforcing', run: () => {} },
    goBack: { label: 'Go back now', run: () => {} },
  });
  return state;
}

describe('a change on trial', () => {
  it('counts down to nothing, and not below', () => {
    const state = given();
    expect([state.left, state.share]).toEqual([60_000, 1]);
    wall.now += 45_000;
    expect([state.left, state.share]).toEqual([15_000, 0.25]);
    wall.now += 45_000;
    expect([state.left, state.share]).toEqual([0, 0]);
  });

  it.each<[readonly (boolean | undefined)[], string | undefined]>([
    [[true, true], undefined],
    [[true, undefined], 'Keep waits for the last check'],
    [[undefined, undefined], 'Keep waits for 2 checks'],
    [[undefined, false], 'Not kept: check 1 failed'],
  ])('with checks %j it is kept back by %j', (checks, why) => {
    expect(given(checks.map((ok, at) => ({ label: `check ${at}`, ok }))).waitsFor).toBe(why);
  });

  it('says how it ended until that was read', () => {
    const state = given();
    state.end('Generation 41 is back, read back and equal.');
    expect(state.trial).toBeUndefined();
    expect(state.outcome).toBe('Generation 41 is back, read back and equal.');
    state.read();
    expect(state.outcome).toBeUndefined();
  });
});
