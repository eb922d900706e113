import { describe, expect, it, test } from 'vitest';
import type { BlindSpan, SensorCost, Status } from '../../shared/console.ts';
import { cost, health, MINUTE, NOW } from './health.double.ts';
import { blindMs, budgetSentence, ground, headline, lostWords, micros, rate, reasonWords } from './words.ts';

type Given = Pick<Status, 'helper' | 'sensor' | 'canary'>;

const sensor: Status['sensor'] = {
  attached: ['process_exec'],
  refused: [],
  events_per_s: 10,
  received: 1,
  lost: 0,
  lost_by_type: {},
};
const canary: NonNullable<Status['canary']> = {
  state: 'alive',
  missing_since: null,
  last: { at: NOW, ms: 11 },
  sent: 2,
  missed: 0,
};
const running: Given = { helper: { state: 'running', pid: 1, since: 0 }, sensor, canary };
const blind = (from: number, until: number, lost: number | null = null): BlindSpan => ({
  from: NOW + from,
  until: NOW + until,
  reason: 'helper_lost',
  lost,
});
const limited = (name: SensorCost['name'], state: SensorCost['state']): SensorCost => ({
  name,
  state,
  essential: false,
  cpu_percent: null,
  events: 1,
  bytes: 1,
  left_out: 4,
});
const say = (changes: { status?: Given; health?: object; cost?: object } = {}) =>
  headline({
    status: changes.status ?? running,
    health: health(changes.health),
    cost: cost(changes.cost),
    now: NOW,
  });

describe('the sentence on top', () => {
  it('says that everything is alive only where it is', () =>
    expect(say()).toBe('Everything is alive: each canary came back, and nothing was lost in the last hour.'));

  it('claims no canary that was not sent, and no hour that was not there', () => {
    expect(say({ health: { canaries: [], samples: [] } })).toBe(
      'Everything runs; the first canary is on its way.',
    );
    expect(say({ health: { canaries: [{ at: NOW - MINUTE, ms: 9 }], samples: [] } })).toContain(
      'in the last 5 min.',
    );
  });

  it('says what was missed, though all is well now', () =>
    expect(say({ health: { blind: [blind(-9000, -2000, 1204), blind(-4000, -1000)] } })).toBe(
      'Everything is alive. In the last hour it may have been blind for 8.00 s, and 1,204 events were lost.',
    ));

  it('says that nothing senses, and why', () =>
    expect(say({ status: { ...running, helper: { state: 'unasked', pid: null, since: 0 } } })).toBe(
      'The engine is alive, but nothing senses: nobody was asked for the password yet.',
    ));

  it('says each thing that is not as it should be', () => {
    const status = { ...running, sensor: { ...sensor, refused: [{ name: 'x', reason: 'no' }] } };
    const words = say({
      status,
      health: { tasks: { kernel: 20, counted: 18 } },
      cost: { sensors: [limited('exec_failed', 'thinned'), limited('bpf', 'shed')] },
    });
    expect(words).toContain('of 20 processes and threads that the kernel made, its programs counted 18;');
    expect(words).toContain('this kernel refused 1 of its programs;');
    expect(words).toContain('to keep its budget it thins “Starts that failed” and leaves out “BPF calls”.');
  });

  it('says since when a canary is missed', () => {
    const missed = { ...canary, state: 'missed' as const, missing_since: NOW - 20_000 };
    expect(say({ status: { ...running, canary: missed } })).toBe(
      'Not everything is as it should be: a canary has not come back since 14:30:40, so the sensors may be dead.',
    );
  });
});

test('time that is blind for two reasons counts once', () =>
  expect(blindMs([blind(-10, -5), blind(-8, -2), blind(5, 6)])).toBe(9));

test('reasons are words, also those that are not known here', () => {
  expect(reasonWords('ring_overflow')).toBe('the kernel’s queue was full');
  expect(reasonWords('moon_phase')).toBe('moon phase');
  expect(lostWords({ reason: 'left_out', lost: 4 })).toBe('4 events left out');
  expect(lostWords({ reason: 'helper_lost', lost: null })).toBe('nobody can know');
});

test('the ground says what the sentence rests on', () => {
  expect(ground(health())).toBe(
    '2 canaries sent, none missed, median 11 ms, slowest 11 ms. The kernel made 18,204 processes and threads since the sensors began; their programs counted all.',
  );
  expect(ground(health({ canaries: [], tasks: null }))).toBe('No canary was sent yet.');
});

test.each([
  [{}, 'Merlon takes 0.50 % of one processor; it may take 3.0 %. Nothing has to be left out.'],
  [{ on_battery: true, percent: 1 }, 'it may take 1.0 % on battery.'],
  [{ used_percent: null }, 'Merlon is being measured;'],
  [{ state: 'over' }, 'it is over its budget since 14:30:00.'],
  [{ state: 'exhausted' }, 'since 14:30:00 all that can be left out is.'],
] as const)('the budget %j', (changes, words) =>
  expect(budgetSentence(cost({ budget: { ...cost().budget, ...changes } }), NOW)).toContain(words),
);

test('a budget that is kept by leaving out says so', () =>
  expect(budgetSentence(cost({ sensors: [limited('bpf', 'shed')] }), NOW)).toContain(
    'comes back when there is room',
  ));

test('figures have the digits that matter', () => {
  expect([0, 0.02, 3, 240, 1284].map(rate)).toEqual(['0', '< 0.1', '3.0', '240', '1,284']);
  expect([820, 14_200, 1_234_000].map(micros)).toEqual(['0.82 µs', '14.2 µs', '1,234 µs']);
});
