import { flushSync } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Later } from './later.svelte.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('is fetched when it is wanted, once, and then there', async () => {
  const load = vi.fn(() => Promise.resolve({ default: 'a screen' }));
  const later = new Later(load);
  expect(load).not.toHaveBeenCalled();
  expect([later.value, later.value]).toEqual([undefined, undefined]);
  await vi.advanceTimersByTimeAsync(5000);
  flushSync();
  expect(later.value).toBe('a screen');
  expect(load).toHaveBeenCalledTimes(1);
});

test('is fetched unasked, once nothing else is to be done', async () => {
  const load = vi.fn(() => Promise.resolve({ default: 'a screen' }));
  const later = new Later(load);
  await vi.advanceTimersByTimeAsync(5000);
  expect(load).toHaveBeenCalledTimes(1);
  expect(later.value).toBe('a screen');
});

test('is asked for again where its host was away', async () => {
  const load = vi
    .fn<() => Promise<{ default: string }>>()
    .mockRejectedValueOnce(new Error('the host has gone'))
    .mockResolvedValue({ default: 'a screen' });
  const later = new Later(load);
  expect(later.value).toBeUndefined();
  await vi.advanceTimersByTimeAsync(0);
  expect(later.value).toBeUndefined();
  await vi.advanceTimersByTimeAsync(0);
  expect(later.value).toBe('a screen');
});
