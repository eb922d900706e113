import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Status } from '../../shared/console.ts';
import { StatusTeller } from './status.ts';

const RUNNING: Status = {
  engine: { version: '0', pid: 1, uptime_s: 1, rss_bytes: 1 },
  helper: { state: 'running', pid: 2, since: 0 },
  sensor: { attached: ['a'], refused: [], events_per_s: 0, received: 0, lost: 0, lost_by_type: {} },
  store: { path: '/d', bytes: 0, events: 0, oldest: null },
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
