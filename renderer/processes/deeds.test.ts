import { expect, test } from 'vitest';
import type { ProcessSummary } from '../../shared/console.ts';
import type { EventFields } from '../../shared/event.ts';
import { deedsOf } from './deeds.ts';

const event = (at: number, fields: EventFields) => ({
  cursor: `1.${at}.${at}`,
  fields: { '@timestamp': at, ...fields },
});

const child: ProcessSummary = {
  entity_id: 'c',
  pid: 23226,
  ppid: 1,
  parent_entity_id: 'p',
  name: 'sh',
  executable: null,
  command_line: null,
  user: null,
  start: 20,
  end: 59,
  exit_code: 1,
  signal: null,
  container: null,
  unit: null,
};

test('the births of children stand among the events, newest first', () => {
  const deeds = deedsOf(
    [event(10, { 'event.action': 'exec' }), event(30, { 'event.action': 'exit', 'process.exit_code': 0 })],
    [child],
  );
  expect(deeds.map(({ at, action, target, outcome }) => [at, action, target, outcome])).toEqual([
    [30, 'exit', '', 'exit 0'],
    [20, 'fork', 'sh 23226', 'exit 1 after 39 ms'],
    [10, 'exec', '', ''],
  ]);
  expect(deedsOf([], [{ ...child, end: null }])[0]?.outcome).toBe('still running');
});

test.each([
  [
    'an end',
    { 'event.action': 'exit', 'event.duration': 1.84e9, 'merlon.exit.max_rss': 212 << 20 },
    'ran 1.84 s, peak 212 MiB',
  ],
  [
    'a birth',
    { 'event.action': 'fork', 'process.parent.name': 'bash', 'process.parent.pid': 7 },
    'born to bash 7',
  ],
  ['a program that ran before', { 'event.action': 'running' }, 'already ran when Merlon started'],
] as const)('%s has words of ours', (_, fields, note) => {
  expect(deedsOf([event(1, fields)], [])[0]).toMatchObject({ target: '', note });
});

test('a failed exec names the file, and its arguments where they are others', () => {
  const failed = {
    'event.action': 'exec_failed',
    'error.code': 'ENOENT',
    'event.outcome': 'failure',
  } as const;
  const tried = (line: string) =>
    deedsOf([event(1, { ...failed, 'file.path': '/bin/x', 'process.command_line': line })], [])[0];
  expect(tried('/bin/x')).toMatchObject({ target: '/bin/x', outcome: 'ENOENT', failed: true });
  expect(tried('y -z')?.target).toBe('/bin/x (y -z)');
});
