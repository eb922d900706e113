import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LiveEvents } from '../../shared/console.ts';
import type { Event } from '../../shared/event.ts';
import { ConsoleDouble } from '../processes/console.double.ts';
import { Feed } from './feed.svelte.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { visibilityState: 'visible' });
  vi.stubGlobal('requestAnimationFrame', (frame: (now: number) => void) =>
    setTimeout(() => frame(performance.now()), 16),
  );
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Events from the first number to the last, in the order of their coming. */
const numbered = (first: number, last: number): Event[] =>
  Array.from({ length: last - first + 1 }, (_, at) => ({
    cursor: `1.${first + at}.${first + at}`,
    fields: { 'event.action': 'exec', 'process.entity_id': `e${first + at}` },
  }));

/** A feed over a store that holds the events up to a number, newest first. */
async function world(stored: number) {
  const store = { newest: stored };
  const double = new ConsoleDouble({
    'processes.list': () => ({ processes: [] }),
    'events.histogram': () => ({ counts: {} }),
    'events.page': ({ query, before, limit }: { query: string; before?: string; limit: number }) => {
      if (query === 'event.action:gap') return { events: [] };
      const last = before === undefined ? store.newest : Number(before.split('.')[1]) - 1;
      const first = Math.max(1, last - limit + 1);
      return {
        events: numbered(first, last).reverse(),
        ...(first > 1 ? { next: `1.${first}.${first}` } : {}),
      };
    },
  });
  const feed = new Feed();
  await feed.follow(double.api);
  const come = (first: number, last: number, more: Partial<LiveEvents> = {}) => {
    store.newest = last;
    double.tell({}, { events: numbered(first, last), ...more });
  };
  const numbers = () => feed.rows.map(({ cursor }) => Number(cursor.split('.')[1]));
  return { feed, double, come, numbers };
}

/** @returns how many rows there are, each followed by the one that came before it. */
function withoutHole(numbers: readonly number[]): number {
  for (const [at, number] of numbers.entries()) expect(number).toBe(numbers[0]! - at);
  return numbers.length;
}

test('what comes stands on top of what was there', async () => {
  const { come, numbers } = await world(500);
  expect(numbers()[0]).toBe(500);
  const before = withoutHole(numbers());
  come(501, 503);
  await vi.advanceTimersByTimeAsync(100);
  expect(numbers()[0]).toBe(503);
  expect(withoutHole(numbers())).toBe(before + 3);
});

test('where more comes than is shown the newest stand alone, and older ones follow from the store without a hole', async () => {
  const { feed, double, come, numbers } = await world(500);
  const asked = double.count('events.page');
  come(4961, 5000, { skipped: 4460 });
  await vi.advanceTimersByTimeAsync(100);
  expect(numbers()[0]).toBe(5000);
  expect(withoutHole(numbers())).toBe(40);
  expect(feed.skipping).toBe(true);
  expect(double.count('events.page')).toBe(asked);
  await feed.loadOlder();
  expect(withoutHole(numbers())).toBeGreaterThan(80);
  come(5001, 5002);
  await vi.advanceTimersByTimeAsync(5000);
  expect(numbers()[0]).toBe(5002);
  expect(withoutHole(numbers())).toBeGreaterThan(80);
  expect(feed.skipping).toBe(false);
});

test('what stands still stays, and counts what was left out as newer', async () => {
  const { feed, come, numbers } = await world(500);
  const before = numbers();
  feed.pause('you');
  come(501, 600);
  come(4961, 5000, { skipped: 4360 });
  await vi.advanceTimersByTimeAsync(100);
  expect(numbers()).toEqual(before);
  expect(feed.newer).toBe(4500);
  feed.release('you');
  expect(numbers()[0]).toBe(5000);
  expect(withoutHole(numbers())).toBe(40);
  expect(feed.newer).toBe(0);
  await feed.loadOlder();
  expect(withoutHole(numbers())).toBeGreaterThan(80);
});

test('who stands still for long keeps the newest of what came', async () => {
  const { feed, come, numbers } = await world(500);
  feed.pause('you');
  for (let first = 501; first < 25_501; first += 100) come(first, first + 99);
  expect(feed.newer).toBe(25_000);
  feed.release('you');
  expect(numbers()[0]).toBe(25_500);
  const kept = withoutHole(numbers());
  await feed.loadOlder();
  expect(withoutHole(numbers())).toBeGreaterThan(kept);
});

test('told to page, it reads the newest page anew', async () => {
  const { double, come, numbers } = await world(500);
  await vi.advanceTimersByTimeAsync(2000);
  const asked = double.count('events.subscribe');
  come(501, 500, { behind: '1.500.500' });
  come(901, 1000);
  await vi.advanceTimersByTimeAsync(100);
  expect(double.count('events.subscribe')).toBe(asked + 1);
  expect(numbers()[0]).toBe(1000);
  withoutHole(numbers());
});
