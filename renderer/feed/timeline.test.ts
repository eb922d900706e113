import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Console } from '../../shared/console.ts';
import { Timeline, type TimeFilter } from './timeline.svelte.ts';

const NOW = Date.UTC(2026, 10, 22, 14, 30);
const MINUTE = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  vi.stubGlobal('document', { visibilityState: 'visible' });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

interface Asked {
  readonly from: number;
  readonly until: number;
  readonly step_ms: number;
}

/** One event in every bar; patience lasts for `bars` of them at a time. */
function world(bars = Infinity) {
  const asked: Asked[] = [];
  const answer = (name: string, input: unknown) => {
    if (name !== 'events.histogram') return { ok: true, value: { events: [] } };
    const { from, until, step_ms: step } = input as Asked;
    asked.push({ from, until, step_ms: step });
    const length = Math.round((until - from) / step);
    const counted = Math.max(0, length - bars);
    const exec = Array.from({ length }, (_, at) => (at >= counted ? 1 : 0));
    return {
      ok: true,
      value: { counts: { exec }, ...(counted > 0 ? { counted_from: from + counted * step } : {}) },
    };
  };
  const api = {
    request: async (name: string, input: unknown) => answer(name, input),
    on: () => () => undefined,
    onClose: () => () => undefined,
  };
  const filters: TimeFilter[] = [];
  return {
    api: api as unknown as Console,
    asked,
    filters,
    timeline: new Timeline((filter) => filters.push(filter)),
  };
}

test('counts to the end in as many answers as patience needs', async () => {
  const { api, asked, timeline } = world(50);
  await timeline.follow(api);
  expect(timeline.total).toBe(180);
  expect(timeline.countedFrom).toBeUndefined();
  expect(asked.map(({ until }) => (until - NOW) / 5000)).toEqual([0, -50, -100, -150]);
});

test('while it ends now, only the newest bars are counted again', async () => {
  const { api, asked, timeline } = world();
  await timeline.follow(api);
  asked.length = 0;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(timeline.total).toBe(180);
  expect(timeline.bars.from).toBe(NOW + 10_000 - 15 * MINUTE);
  for (const { from } of asked) expect(from).toBeGreaterThan(NOW - 15_000);
});

test('a brush snaps to bars, filters the rows and counts what it chose', async () => {
  const { api, filters, timeline } = world();
  await timeline.follow(api);
  timeline.choose({ from: NOW - MINUTE + 1000, until: NOW - 31_000 });
  expect(timeline.brush).toEqual({ from: NOW - MINUTE, until: NOW - 30_000 });
  expect(timeline.chosen).toBe(6);
  expect(filters.at(-1)).toEqual(timeline.brush);
  timeline.choose(undefined);
  expect(filters.at(-1)).toEqual({ last: 15 * MINUTE });
});

test('zooming in shows what was chosen, and out again what there was', async () => {
  const { api, timeline } = world();
  await timeline.follow(api);
  const before = timeline.range;
  timeline.choose({ from: NOW - MINUTE, until: NOW - 30_000 });
  timeline.zoomIn();
  expect(timeline.range).toEqual({ kind: 'own', from: NOW - MINUTE, until: NOW - 30_000 });
  expect(timeline.bars.step).toBe(1000);
  timeline.zoomOut();
  expect(timeline.range).toEqual(before);
  timeline.zoomOut();
  expect(timeline.range).toEqual({ kind: 'last', ms: 60 * MINUTE });
});

test('going live leaves a range that has ended', async () => {
  const { api, filters, timeline } = world();
  await timeline.follow(api);
  timeline.setRange({ kind: 'own', from: NOW - MINUTE, until: NOW - 30_000 });
  timeline.goLive();
  expect(filters.at(-1)).toEqual({ last: 15 * MINUTE });
});
