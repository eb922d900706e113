import { describe, expect, test } from 'vitest';
import { Tokens } from './tokens.ts';

describe('Tokens', () => {
  test('a token works once', () => {
    const tokens = new Tokens();
    const token = tokens.make();
    expect(token).toMatch(/^[\w-]{43}$/);
    expect([tokens.redeem(token), tokens.redeem(token)]).toEqual([true, false]);
    expect(tokens.redeem('')).toBe(false);
  });

  test('a token works for two minutes', () => {
    let now = 0;
    const tokens = new Tokens(() => now);
    const [first, second] = [tokens.make(), tokens.make()];
    now = 119_999;
    expect(tokens.redeem(first)).toBe(true);
    now = 120_000;
    expect(tokens.redeem(second)).toBe(false);
  });

  test('a hundred may wait; one more ends the oldest', () => {
    const tokens = new Tokens();
    const all = Array.from({ length: 101 }, () => tokens.make());
    expect(tokens.redeem(all[0]!)).toBe(false);
    expect(tokens.redeem(all[1]!)).toBe(true);
    expect(tokens.redeem(all[100]!)).toBe(true);
  });
});
