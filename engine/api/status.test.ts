import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Status } from '../../shared/console.ts';
import { MAX_WAITING_BYTES, type StoreStats } from '../store/contract.ts';
import { StatusTeller, StoreStatus } from './status.ts';

const RUNNING: Status = {
  engine: { version: '0', pid: 1, uptime_s: 1, rss_bytes: 1 },
  helper: { state: 'running', pid: 2, since: 0 },
  sensor: { attached: ['a'], refused: [], events_per_s: 0, received: 0, lost: 0, lost_by_type: {} },
  store: { path: '/d', bytes: 0, events: 0, oldest: null, partitions: 1, damaged: [], damaged_partitions: 0 },
  host: { kernel: '6', boot_id: 'b' },
};

let now: Status;
let told: Status[];
let teller: StatusTeller;

function become(status: Status): void {
  now = status;
  teller.changed();
}
const received = (n: number): Status => ({ ...RUNNING, sensor: { ...RUNNING.sensor, received: n } });

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  now = RUNNING;
  teller = new StatusTeller(
    () => now,
    (status) => told.push(status),
  );
  teller.changed();
});
afterEach(() => {
  teller.stop();
  vi.useRealTimers();
});

describe('StatusTeller', () => {
  test('figures are told once a second, the newest of them', () => {
    for (let n = 1; n <= 15; n++) {
      become(received(n));
      vi.advanceTimersByTime(100);
    }
    vi.advanceTimersByTime(1000);
    expect(told.map((status) => status.sensor.received)).toEqual([0, 10, 15]);
  });

  test.each<[string, Partial<Status>]>([
    ['the helper', { helper: { state: 'restarting', pid: null, since: 5, reason: 'It ended by SIGKILL.' } }],
    ['what is attached', { sensor: { ...RUNNING.sensor, attached: ['a', 'b'] } }],
    ['whether events are stored', { store: { ...RUNNING.store, problem: 'Events are not stored.' } }],
    ['what can be read', { store: { ...RUNNING.store, damaged: ['000001.db is damaged.'] } }],
  ])('a change of %s is told at once, however short it lasts', (_, change) => {
    become(received(1)); // waits for its second
    become({ ...RUNNING, ...change });
    become(RUNNING);
    expect(told).toEqual([RUNNING, { ...RUNNING, ...change }, RUNNING]);
  });

  test('time and memory alone are no news', () => {
    become({ ...RUNNING, engine: { ...RUNNING.engine, uptime_s: 9, rss_bytes: 9 } });
    vi.advanceTimersByTime(5000);
    teller.changed();
    expect(told).toHaveLength(1);
  });

  test('nothing is told after the stop', () => {
    become(received(1));
    teller.stop();
    become({ ...RUNNING, helper: { state: 'stopped', pid: null, since: 1 } });
    vi.advanceTimersByTime(5000);
    expect(told).toHaveLength(1);
  });
});

describe('StoreStatus', () => {
  const MIB = 1 << 20;
  const refused = { said: 'There is no space left.', sinceMs: new Date(2026, 10, 24, 14, 2, 3).getTime() };
  const stats = (bytes: number, more: Partial<StoreStats> = {}): StoreStats => ({
    path: '/data/catalogue.db',
    bytes: 5,
    events: 7,
    oldest: 1,
    partitions: 2,
    damaged: [],
    damagedPartitions: 0,
    waiting: { events: bytes / 256, bytes },
    ...more,
  });

  test('while storing works, what is on its way is not worth a word', () => {
    expect(new StoreStatus().of(stats(MIB), 0)).toEqual({
      path: '/data/catalogue.db',
      bytes: 5,
      events: 7,
      oldest: 1,
      partitions: 2,
      damaged: [],
      damaged_partitions: 0,
    });
  });

  test('while it fails, how long memory lasts is told from the last two looks', () => {
    const status = new StoreStatus();
    const at = (mib: number, ms: number) => status.of(stats(mib * MIB, { refused }), ms).waiting;
    expect(at(4, 0)).toEqual({
      events: 16_384,
      bytes: 4 * MIB,
      limit_bytes: MAX_WAITING_BYTES,
      seconds_left: null,
    });
    expect(at(5, 500)?.seconds_left).toBeNull(); // too soon to tell
    expect(at(8, 2000)?.seconds_left).toBe((MAX_WAITING_BYTES / MIB - 8) / 2); // at 2 MiB/s
    expect(at(8, 4000)?.seconds_left).toBeNull(); // it does not fill
    expect(at(MAX_WAITING_BYTES / MIB, 5000)?.seconds_left).toBe(0);
  });

  test('what the last failure left is not counted in the next', () => {
    const status = new StoreStatus();
    status.of(stats(4 * MIB, { refused }), 0);
    status.of(stats(8 * MIB, { refused }), 1000);
    expect(status.of(stats(0), 2000).waiting).toBeUndefined();
    expect(status.of(stats(MIB, { refused }), 9000).waiting?.seconds_left).toBeNull();
  });

  test('much that waits is told although storing works', () => {
    const bytes = MAX_WAITING_BYTES / 2;
    expect(new StoreStatus().of(stats(bytes), 0)).toMatchObject({ waiting: { bytes } });
  });

  test('the problem says what is true, since when, what is safe and what to do', () => {
    expect(new StoreStatus().of(stats(0, { refused }), 0).problem).toBe(
      'Events are not stored since 14:02:03. What was stored is safe; what came since waits in memory and is tried again every second. There is no space left.',
    );
  });
});
