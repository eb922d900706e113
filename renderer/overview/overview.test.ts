import { expect, test } from 'vitest';
import type { Console } from '../../shared/console.ts';
import { fail, ok } from '../../shared/result.ts';
import { failuresOf } from './failures.ts';
import { Overview } from './overview.svelte.ts';

const NOW = Date.UTC(2026, 10, 22, 10);
const ANSWERS: Readonly<Record<string, unknown>> = {
  'events.histogram': { counts: { exec: [3], gap: [2] } },
  'events.page': { events: [{ cursor: '1.1.1', fields: { 'merlon.gap.lost': 7 } }] },
  'events.values': { values: [{ value: '/usr/bin/git', events: 3 }], distinct: 1 },
  'programs.newest': { programs: [], known: 1, forgotten: 0, since: NOW, catching_up: false },
  'store.retention': { days: 14, bytes: 1, free_when_full: false },
  'store.room': { free: 1, total: 2 },
};

/** An engine that answers all but what is named. */
function engine(...silent: readonly string[]) {
  const asked: string[] = [];
  const request = (name: string) => {
    asked.push(name);
    return Promise.resolve(
      silent.includes(name) ? fail('store_failed', `${name} failed.`) : ok(ANSWERS[name]),
    );
  };
  return { api: { request } as unknown as Console, asked };
}

test('everything is asked at once, and what was missed is added up', async () => {
  const overview = new Overview();
  const { api, asked } = engine();
  await Promise.all([overview.refresh(api, NOW), overview.refresh(api, NOW)]);
  expect(asked).toHaveLength(9);
  expect(overview.missed).toEqual({ count: 2, lost: 7 });
  expect(overview.lanes?.map(({ action }) => action)).toEqual(['exec']);
  expect(overview.asOf).toBe(NOW);
});

test('what does not answer is said and leaves the rest alone', async () => {
  const overview = new Overview();
  await overview.refresh(engine().api, NOW);
  await overview.refresh(engine('store.room').api, NOW + 10_000);
  expect(overview.problem).toBe('store.room failed.');
  expect(overview.room).toEqual({ free: 1, total: 2 });
  expect(overview.asOf).toBe(NOW);
  await overview.refresh(engine().api, NOW + 20_000);
  expect(overview.problem).toBeUndefined();
});

test('the same failures are one, with the newest in front', () => {
  const failed = (sequence: number, path: string, error: string) => ({
    cursor: `1.1.${sequence}`,
    fields: { 'file.path': path, 'error.code': error, 'process.executable': '/bin/sh' },
  });
  const failures = failuresOf([
    failed(3, '/a', 'ENOENT'),
    failed(2, '/a', 'EACCES'),
    failed(1, '/a', 'ENOENT'),
  ]);
  expect(failures.map(({ event, error, times }) => [event.cursor, error, times])).toEqual([
    ['1.1.3', 'ENOENT', 2],
    ['1.1.2', 'EACCES', 1],
  ]);
});
