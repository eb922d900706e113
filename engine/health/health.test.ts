import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EventFields } from '../../shared/event.ts';
import { fail, ok, type Result } from '../../shared/result.ts';
import type { Gap } from '../sensor/gaps.ts';
import type { SensorLimit } from '../../shared/console.ts';
import { Health } from './index.ts';

vi.mock('./processor.ts', () => ({
  usedBy: () => ({ cpuMs: cpuMs / 2, rssBytes: 100 }),
}));
vi.mock('./power.ts', () => ({ onBattery: () => false }));

/** Of engine and helper together. */
let cpuMs = 0;

beforeEach(() => {
  cpuMs = 0;
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => vi.useRealTimers());

/** A health whose sensing does what it is told, and remembers it. */
function setUp(limited: () => Result<unknown> = () => ok({})) {
  const told: EventFields[] = [];
  const gaps: Gap[] = [];
  const asked: unknown[] = [];
  const tally = { events: [] as number[], bytes: [] as number[] };
  let sequence = 0;
  let limit: SensorLimit = 'on';
  let leftOut = 0;
  const health = new Health({
    bootId: 'boot',
    clock: { wallOf: (ns) => ns / 1e6, bootNs: () => Date.now() * 1e6 },
    ingest: () => ({
      received: 0,
      tally,
      notice: (make) => void told.push(make(++sequence, Date.now() * 1e6)),
      gap: (gap) => void gaps.push(gap),
    }),
    helper: () => ({ state: 'running', pid: 1, since: 0 }),
    sensing: () => ({
      attached: ['process_exec', 'exec_failed'],
      measure: (on) => (asked.push(['measure', on]), Promise.resolve(ok({}))),
      limit: (sensor, to) => {
        asked.push(['limit', sensor, to]);
        limit = to;
        return Promise.resolve(limited());
      },
    }),
    waitingBytes: () => 9,
    budget: () => ({ percent: 3, onBattery: 1 }),
    canaries: () => [],
    tasks: () => null,
    log: () => {},
  });
  /** So long, while so much of a processor is used, by so many failed execs a second. */
  const pass = async (seconds: number, percent: number, failures = 0) => {
    for (let i = 0; i < seconds; i++) {
      await vi.advanceTimersByTimeAsync(1000);
      cpuMs += percent * 10;
      if (limit !== 'shed') tally.events[2] = (tally.events[2] ?? 0) + failures;
      if (limit === 'thinned') leftOut += failures;
      health.took({ programs: [], lost: [], left_out: [0, 0, leftOut], received: 0, pending: 0 });
      health.tick();
      await vi.advanceTimersByTimeAsync(0);
    }
  };
  return { health, told, gaps, asked, pass };
}

const LOUD = 1000;

describe('health', () => {
  it('keeps a sample for each five seconds', async () => {
    const { health, pass } = setUp();
    await pass(16, 2);
    const { samples } = health.now;
    expect(samples).toHaveLength(3);
    expect(samples[0]).toMatchObject({ rss_bytes: 200, waiting_bytes: 9 });
    expect(samples[0]!.engine_percent! + samples[0]!.helper_percent!).toBeCloseTo(2);
  });

  it('forgets what is older than an hour', async () => {
    const { health, pass } = setUp();
    health.blind({ reason: 'helper_lost', beginNs: 999_000e6, endNs: 1_000_000e6, lost: 3 });
    await pass(3600, 1);
    expect(health.now.blind).toHaveLength(1);
    await pass(60, 1);
    expect(health.now.blind).toEqual([]);
    expect(health.now.samples.length).toBeLessThanOrEqual(720);
  });

  it('has the kernel measure while somebody asks', async () => {
    const { health, asked, pass } = setUp();
    health.cost();
    await pass(2, 1);
    expect(health.cost().measuring).toBe(true);
    await pass(30, 1);
    expect(asked).toEqual([
      ['measure', true],
      ['measure', false],
    ]);
  });

  it('measures before it must decide', async () => {
    const { asked, pass } = setUp();
    await pass(20, 2.8);
    expect(asked).toContainEqual(['measure', true]);
  });

  it('thins, sheds and restores, each step with a sentence, and what was left out is a gap', async () => {
    const { health, told, gaps, asked, pass } = setUp();
    await pass(60, 9, LOUD);
    const state = () => health.cost().sensors.find(({ name }) => name === 'exec_failed')?.state;
    expect(state()).toBe('thinned');
    await pass(300, 9, LOUD);
    expect(state()).toBe('shed');
    await pass(700, 0.1);
    expect(state()).toBe('on');
    expect(asked.filter((each) => Array.isArray(each) && each[0] === 'limit')).toEqual([
      ['limit', 'exec_failed', 'thinned'],
      ['limit', 'exec_failed', 'shed'],
      ['limit', 'exec_failed', 'thinned'],
      ['limit', 'exec_failed', 'on'],
    ]);
    expect(told.map((fields) => [fields['event.action'], fields['event.reason']])).toEqual([
      ['sensor_limited', 'exec_failed: thinned'],
      ['sensor_limited', 'exec_failed: shed'],
      ['sensor_limited', 'exec_failed: thinned'],
      ['sensor_restored', 'exec_failed: on'],
    ]);
    expect(told[1]?.message).toMatch(/no longer seen.*budget is 3\.0 %/);
    expect(gaps.map(({ reason, lost }) => [reason, lost])).toEqual([
      ['left_out', 300 * LOUD],
      ['left_out', undefined],
    ]);
  });

  it('says once that the budget cannot be kept, and leaves nothing out', async () => {
    const { told, asked, pass } = setUp();
    await pass(400, 9);
    expect(told.map((fields) => fields['event.action'])).toEqual(['budget_exceeded']);
    expect(asked).not.toContainEqual(expect.arrayContaining(['limit']));
  });

  it('does not ask again for what the helper cannot do', async () => {
    const { asked, pass } = setUp(() => fail('failed', 'The kernel did not attach it again.'));
    await pass(1000, 9, LOUD);
    // It is thinned at most, and that is tried again, five minutes later at the soonest.
    const limits = asked.filter((each) => Array.isArray(each) && each[0] === 'limit');
    expect(limits.length).toBeLessThanOrEqual(4);
    expect(limits).not.toContainEqual(['limit', 'exec_failed', 'shed']);
  });

  it('shows what is left out while it is', async () => {
    const { health, pass } = setUp();
    await pass(60, 9, LOUD);
    expect(health.now.blind).toMatchObject([{ reason: 'left_out', until: Date.now() }]);
    expect(health.cost().sensors.find(({ name }) => name === 'exec_failed')?.left_out).toBeGreaterThan(0);
  });

  it('blames no sensor for what the engine does for people', async () => {
    const { asked, pass } = setUp();
    await pass(400, 60, 2);
    expect(asked).not.toContainEqual(expect.arrayContaining(['limit']));
  });

  it('brings back what is thinned, also where it could not be detached', async () => {
    let refused = false;
    const { asked, pass } = setUp(() =>
      refused ? fail('failed', 'The kernel did not attach it again.') : ok({}),
    );
    await pass(60, 9, LOUD);
    refused = true;
    await pass(310, 9, LOUD);
    refused = false;
    await pass(700, 0.1);
    expect(asked.filter((each) => Array.isArray(each) && each[0] === 'limit').at(-1)).toEqual([
      ...['limit', 'exec_failed', 'on'],
    ]);
  });

  it('begins anew with each helper, whose sensors are all on', async () => {
    const { health, gaps, pass } = setUp();
    await pass(60, 9, LOUD);
    health.begin();
    expect(health.cost().sensors.find(({ name }) => name === 'exec_failed')?.state).toBe('on');
    expect(gaps).toHaveLength(1);
  });
});
