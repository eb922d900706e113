import { expect, test } from 'vitest';
import type { EventFields } from '../../shared/event.ts';
import { MAX_PROGRAMS, Programs } from './programs.ts';

const place = (n: number) => ({ boot: 1, timeNs: n, sequence: n });
const exec = (
  n: number,
  executable: string,
  more: EventFields = {},
): [EventFields, ReturnType<typeof place>] => [
  { '@timestamp': n, 'event.action': 'exec', 'process.executable': executable, 'user.name': 'alex', ...more },
  place(n),
];

/** Takes events as the engine does: looked at, then stored. */
function see(programs: Programs, ...events: ReturnType<typeof exec>[]): void {
  for (const [fields, cursor] of events) {
    const sighting = programs.look(fields, cursor);
    if (sighting !== undefined) programs.learn(sighting);
  }
}
const told = (programs: Programs) =>
  programs.newest(0, 100).map((each) => [each.executable, each.atMs, each.package ?? null]);

test('a program is new once', () => {
  const programs = new Programs();
  see(programs, exec(1, '/usr/bin/a'), exec(2, '/usr/bin/b'), exec(3, '/usr/bin/a'));
  expect(told(programs)).toEqual([
    ['/usr/bin/b', 2, null],
    ['/usr/bin/a', 1, null],
  ]);
});

test('what is not the start of a program is not looked at', () => {
  const programs = new Programs();
  see(programs, exec(1, '/a', { 'event.action': 'exec_failed' }), exec(2, '/b', { 'event.action': 'exit' }));
  see(programs, exec(3, '/c', { 'event.action': 'running' }));
  expect(told(programs)).toEqual([['/c', 3, null]]);
});

test('the earliest sight counts, in whatever order they are told', () => {
  const programs = new Programs();
  see(programs, exec(9, '/a'), exec(4, '/a'), exec(6, '/a'));
  expect(told(programs)).toEqual([['/a', 4, null]]);
});

test('a package that becomes known is no news; another package at the path is', () => {
  const programs = new Programs();
  see(programs, exec(1, '/a'), exec(2, '/a', { 'package.name': 'one' }), exec(3, '/a'));
  expect(told(programs)).toEqual([['/a', 1, 'one']]);
  see(programs, exec(4, '/a', { 'package.name': 'two' }));
  expect(told(programs)).toEqual([['/a', 4, 'two']]);
});

test('a container’s path is another program than the host’s, and the same in every container', () => {
  const programs = new Programs();
  see(programs, exec(1, '/bin/sh'));
  see(programs, exec(2, '/bin/sh', { 'container.id': 'c1', 'container.name': 'web' }));
  see(programs, exec(3, '/bin/sh', { 'container.id': 'c2' }));
  expect(programs.newest(0, 9).map((each) => [each.atMs, each.container])).toEqual([
    [2, 'web'],
    [1, undefined],
  ]);
});

test('beyond the limit those not seen for the longest time leave', () => {
  const programs = new Programs();
  for (let n = 1; n <= MAX_PROGRAMS; n += 1) see(programs, exec(n, `/p${n}`));
  expect(programs.trim()).toBe(false);
  see(programs, exec(MAX_PROGRAMS + 1, '/p1'), exec(MAX_PROGRAMS + 2, '/one-more'));
  expect(programs.trim()).toBe(true);
  expect(programs.size).toBeLessThan(MAX_PROGRAMS);
  expect(programs.forgotten).toBe(MAX_PROGRAMS + 1 - programs.size);
  expect(programs.look(...exec(MAX_PROGRAMS + 3, '/p1'))).toBeUndefined();
  expect(programs.look(...exec(MAX_PROGRAMS + 4, '/p2'))).toMatchObject({ executable: '/p2' });
});
