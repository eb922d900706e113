import { expect, test } from 'vitest';
import type { Status } from '../../shared/console.ts';
import { headlineOf, type Situation } from './headline.ts';

const at = new Date(2026, 10, 22, 14, 2, 11).getTime();
const now = at + 7000;
type Helper = Status['helper'];

function situation(helper: Partial<Helper>, rest: Partial<Situation> = {}, store = {}): Situation {
  return {
    status: {
      engine: { version: '0.1.0', pid: 1, uptime_s: 1, rss_bytes: 1 },
      helper: { state: 'running', pid: 2, since: at, ...helper },
      sensor: { attached: ['a'], refused: [], events_per_s: 1, received: 1, lost: 0, lost_by_type: {} },
      store: {
        path: '/x',
        bytes: 1,
        events: 1,
        oldest: at,
        partitions: 1,
        damaged: [],
        damaged_partitions: 0,
        ...store,
      },
      host: { kernel: '6.12', boot_id: 'b' },
    },
    absent: undefined,
    absentSince: at,
    blindSince: undefined,
    gaps: undefined,
    now,
    ...rest,
  };
}

test.each<[string, Situation, string]>([
  ['running', situation({}), 'Sensing since 14:02:11.'],
  [
    'running without a gap',
    situation({}, { gaps: { count: 0, lost: 0 } }),
    'Sensing since 14:02:11; nothing was missed in the last 24 hours.',
  ],
  [
    'running with gaps',
    situation({}, { gaps: { count: 2, lost: 212 } }),
    'Sensing since 14:02:11; 2 gaps in the last 24 hours, and 212 events are known to be lost.',
  ],
  [
    'starting at first',
    situation({ state: 'starting' }),
    'Not sensing yet. The helper attaches its programs.',
  ],
  [
    'starting again',
    situation({ state: 'starting' }, { blindSince: at }),
    'Blind since 14:02:11. The helper is being started again.',
  ],
  [
    'waiting for the next start',
    situation({ state: 'restarting', reason: 'The helper ended by SIGKILL.', next_start: now + 3000 }),
    'Blind since 14:02:11. The helper ended by SIGKILL. Next start in 3 s.',
  ],
  [
    'dismissed',
    situation({ state: 'dismissed', reason: 'You dismissed the password dialog.' }),
    'Not sensing since 14:02:11. You dismissed the password dialog.',
  ],
  [
    'not connected',
    situation({}, { absent: 'engine' }),
    'Not connected since 14:02:11; what is below was true then.',
  ],
  [
    'not storing',
    situation({}, {}, { problem: 'Events are not stored since 14:00:00.' }),
    'Sensing since 14:02:11. Events are not stored since 14:00:00.',
  ],
  [
    'partly damaged',
    situation({}, {}, { damaged: ['000007.db is damaged.'] }),
    'Sensing since 14:02:11. 1 file cannot be read.',
  ],
])('%s is one sentence', (_state, given, text) => {
  expect(headlineOf(given).text).toBe(text);
});

test('only what needs a person is trouble, and it has its next step', () => {
  expect(headlineOf(situation({}))).not.toHaveProperty('verb');
  expect(headlineOf(situation({})).trouble).toBe(false);
  expect(headlineOf(situation({ state: 'failed' }))).toMatchObject({
    trouble: true,
    verb: { does: 'start' },
  });
  expect(headlineOf(situation({}, { absent: 'engine' }))).toMatchObject({ verb: { does: 'retry' } });
});
