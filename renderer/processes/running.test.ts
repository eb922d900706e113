import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ProcessSummary } from '../../shared/console.ts';
import { ConsoleDouble, makeSummary } from './console.double.ts';
import { ProcessList } from './list.svelte.ts';
import { ENDED_SHOWN_MS, Running } from './running.svelte.ts';

let listed: ProcessSummary[];
let engine: ConsoleDouble;
let running: Running;
let leave: () => void;
beforeEach(async () => {
  vi.useFakeTimers();
  listed = [makeSummary(1), makeSummary(2, 1)];
  engine = new ConsoleDouble({
    'processes.list': () => ({ processes: listed }),
    'processes.usage': () => ({
      processes: listed.map(({ entity_id }) => ({
        entity_id,
        cpu_time_ns: 1,
        cpu_percent: 5,
        rss_bytes: 9,
        ppid: null,
      })),
    }),
  });
  running = new Running();
  running.follow(engine.api);
  leave = running.watch();
  await vi.advanceTimersByTimeAsync(0);
});
afterEach(() => {
  leave();
  vi.useRealTimers();
});

const shown = () => [...running.basis.processes.keys()];
const began = (pid: number, parent = 1) => {
  listed = [...listed, makeSummary(pid, parent)];
  engine.tell({
    'event.action': 'exec',
    'process.entity_id': `e${pid}`,
    'process.pid': pid,
    'process.name': `p${pid}`,
  });
};
const ended = (pid: number) => {
  listed = listed.filter((each) => each.pid !== pid);
  engine.tell({
    'event.action': 'exit',
    'process.entity_id': `e${pid}`,
    'process.pid': pid,
    'process.end': 5,
    'process.exit_code': 3,
  });
};
const soon = () => vi.advanceTimersByTimeAsync(300);

test('what runs is listed, and what begins comes with its event', async () => {
  expect(shown()).toEqual(['e1', 'e2']);
  began(3);
  await soon();
  expect(shown()).toEqual(['e1', 'e2', 'e3']);
  expect(engine.count('processes.list')).toBe(1);
});

test('who ends is said to have ended for a few seconds, then leaves', async () => {
  ended(2);
  await soon();
  expect(running.processes.get('e2')).toMatchObject({ end: 5, exit_code: 3, name: 'p2' });
  await vi.advanceTimersByTimeAsync(ENDED_SHOWN_MS);
  expect(shown()).toEqual(['e1']);
});

test('who begins and ends between two looks is never shown', async () => {
  began(3);
  ended(3);
  await soon();
  expect(shown()).toEqual(['e1', 'e2']);
});

describe('while rows stand still', () => {
  test('they keep their places, ends are told where they stand, and the rest is counted', async () => {
    running.pause('pointer');
    began(3);
    ended(2);
    await vi.advanceTimersByTimeAsync(ENDED_SHOWN_MS * 2);
    expect(shown()).toEqual(['e1', 'e2']);
    expect(running.processes.get('e2')?.exit_code).toBe(3);
    expect(running.held).toEqual({ started: 1, ended: 1 });
    running.release('pointer');
    expect(shown()).toEqual(['e1', 'e3']);
  });

  test('figures go on', async () => {
    running.select('e1');
    const before = running.usages;
    await vi.advanceTimersByTimeAsync(5000);
    expect(running.usages).not.toBe(before);
    expect(running.pausedBy).toBe('selection');
  });
});

test('what the events missed is found by the figures, and the list is read again', async () => {
  listed = [makeSummary(1), makeSummary(9, 1)];
  await vi.advanceTimersByTimeAsync(6000);
  expect(engine.count('processes.list')).toBe(2);
  expect(running.processes.get('e9')).toBeDefined();
  expect(running.processes.get('e2')?.end).not.toBeNull();
});

test('a gap, and events that did not come through, are reasons to read the list again', async () => {
  await vi.advanceTimersByTimeAsync(1500);
  engine.tell({ 'event.action': 'gap' });
  await soon();
  expect(engine.count('processes.list')).toBe(2);
  await vi.advanceTimersByTimeAsync(1500);
  engine.tell({}, { events: [], behind: '1.1.1' });
  await soon();
  expect(engine.count('processes.list')).toBe(3);
});

test('nothing is asked while nobody looks', async () => {
  leave();
  await vi.advanceTimersByTimeAsync(0);
  const before = engine.asked.length;
  await vi.advanceTimersByTimeAsync(20_000);
  expect(engine.asked.length).toBe(before);
  expect(engine.asked.at(-1)?.name).toBe('events.unsubscribe');
  leave = running.watch();
});

test('without a connection the list stays and the figures go', async () => {
  engine.hangUp();
  expect(shown()).toEqual(['e1', 'e2']);
  expect(running.usages.size).toBe(0);
});

describe('the list', () => {
  test('right opens and goes in, left folds and goes out', () => {
    const list = new ProcessList(running);
    running.select('e1');
    list.outwards();
    expect(list.rows.map(({ id, expanded }) => [id, expanded])).toEqual([['e1', false]]);
    expect(list.inwards()).toBeUndefined();
    expect(list.inwards()).toBe(1);
    expect(running.selected).toBe('e2');
    expect(list.outwards()).toBe(0);
    expect(running.selected).toBe('e1');
  });

  test('the same column twice turns the order, and figures begin with the largest', () => {
    const list = new ProcessList(running);
    list.sortBy('memory');
    expect(list.view).toMatchObject({ sort: 'memory', descending: true });
    list.sortBy('memory');
    expect(list.view.descending).toBe(false);
    list.sortBy('name');
    expect(list.view).toMatchObject({ sort: 'name', descending: false });
  });

  test('whoever sorts gets the order of now, though rows stand still', async () => {
    const list = new ProcessList(running);
    running.select('e1');
    began(3);
    await soon();
    expect(list.rows).toHaveLength(2);
    list.sortBy('start');
    expect(list.rows).toHaveLength(3);
    expect(running.pausedBy).toBe('selection');
  });
});
