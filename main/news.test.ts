import { beforeEach, expect, test } from 'vitest';
import type { Status } from '../shared/console.ts';
import { CONFIG_DEFAULTS } from '../shared/config.ts';
import { GRACE_MS, LOST_SHOWN_MS, News, quietLine } from './news.ts';
import { plainText } from './plain-text.ts';

interface Given extends Partial<Status['helper']> {
  readonly lost?: number;
  readonly store?: Partial<Status['store']>;
}
const status = ({ lost = 0, store = {}, ...helper }: Given = {}): Status => ({
  engine: { version: '0.1.0', pid: 1, uptime_s: 1, rss_bytes: 1 },
  helper: { state: 'running', pid: 2, since: 0, ...helper },
  sensor: { attached: [], refused: [], events_per_s: 1, received: 1, lost, lost_by_type: {} },
  store: {
    path: '',
    bytes: 1,
    events: 1,
    oldest: null,
    partitions: 1,
    damaged: [],
    damaged_partitions: 0,
    ...store,
  },
  host: { kernel: '6.12', boot_id: 'b' },
});

let news: News;
beforeEach(() => {
  news = new News();
});
const titles = (given: Status | undefined, now: number) =>
  news.take(given, now).notes.map(({ title }) => title);

test('before anything was seen nobody is called', () => {
  expect(titles(status({ state: 'starting' }), 0)).toEqual([]);
  expect(titles(status({ state: 'dismissed' }), GRACE_MS * 9)).toEqual([]);
  expect(news.take(undefined, GRACE_MS * 9).mark).toBe('off');
});

test('a sensor that is lost is told after a moment, once, and its return too', () => {
  news.take(status(), 0);
  const lost = status({ state: 'restarting', since: 1000, reason: 'The helper ended by SIGKILL.' });
  expect(news.take(lost, 1000)).toMatchObject({ mark: 'gap', notes: [], againMs: GRACE_MS });
  expect(news.take(lost, 1000 + GRACE_MS)).toMatchObject({
    notes: [
      {
        title: 'Merlon does not sense',
        body: 'The helper ended by SIGKILL. What happens meanwhile is not seen.',
      },
    ],
  });
  expect(titles(lost, 20_000)).toEqual([]);
  expect(news.take(status(), 31_000).notes).toEqual([
    { title: 'Sensing again', body: 'Nothing was seen for 30 s. The feed shows the gap.' },
  ]);
});

test('a helper that is back at once calls nobody', () => {
  news.take(status(), 0);
  expect(titles(status({ state: 'restarting', since: 1000 }), 1000)).toEqual([]);
  expect(titles(status(), 1000 + GRACE_MS - 1)).toEqual([]);
});

test('an engine that is gone is told like a sensor that is lost', () => {
  news.take(status(), 0);
  expect(titles(undefined, 1000)).toEqual([]);
  expect(news.take(undefined, 1000 + GRACE_MS).notes[0]?.body).toContain('engine does not answer');
});

test('a store that refuses, takes again, or is damaged is told', () => {
  news.take(status(), 0);
  const problem = 'Events are not stored since 14:00:00.';
  expect(news.take(status({ store: { problem } }), 1)).toMatchObject({
    mark: 'gap',
    notes: [{ title: 'Events are not stored', body: problem }],
  });
  expect(titles(status({ store: { problem: 'Still not.' } }), 2)).toEqual([]);
  expect(titles(status(), 3)).toEqual(['Events are stored again']);
  expect(titles(status({ store: { damaged: ['one'] } }), 4)).toEqual(['Some events cannot be read']);
  expect(titles(status({ store: { damaged: ['one'] } }), 5)).toEqual([]);
});

test('lost events are marked for a while, and those of before the host began are not', () => {
  expect(news.take(status({ lost: 5 }), 0).mark).toBe('on');
  expect(news.take(status({ lost: 9 }), 1000)).toMatchObject({ mark: 'gap', notes: [] });
  expect(news.take(status({ lost: 9 }), 1000 + LOST_SHOWN_MS).mark).toBe('on');
});

test('while settings hold notifications back none is told, and none later', () => {
  news.take(status(), 0);
  const until = '2026-11-25T10:00:00Z';
  const end = Date.parse(until);
  news.heed({ ...CONFIG_DEFAULTS, 'notifications.do_not_disturb': until });
  expect(news.take(status({ store: { problem: 'No.' } }), end - 9000)).toMatchObject({
    notes: [],
    quiet: { why: 'do_not_disturb', until: end },
  });
  expect(news.take(status({ store: { problem: 'No.' } }), end)).not.toHaveProperty('quiet');
  expect(titles(status(), end + 1000)).toEqual(['Events are stored again']);
});

test.each([
  [undefined, { label: 'Pause notifications for 1 h', pauses: true }],
  [{ why: 'do_not_disturb' }, { label: 'Notify again (paused)', pauses: false }],
  [
    { why: 'quiet_hours', until: new Date(2026, 10, 25, 7, 5).getTime() },
    { label: 'No notifications until 07:05 (quiet hours)' },
  ],
  [{ why: 'switched_off' }, { label: 'Notifications are switched off in Settings' }],
] as const)('the tray’s line about notifications for %j', (quiet, line) => {
  expect(quietLine(quiet)).toEqual(line);
});

test.each([
  ['<b>x</b> & <a href="y">z</a>', '‹b›x‹/b› ＆ ‹a href="y"›z‹/a›'],
  ['a\u202eb\x1b[0m\nc\u200d', 'a b [0m c '],
  ['x'.repeat(9000), 'x'.repeat(500)],
])('%j says nothing to a desktop', (text, plain) => expect(plainText(text)).toBe(plain));
