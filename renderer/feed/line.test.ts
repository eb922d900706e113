import { expect, test } from 'vitest';
import type { Event, EventFields } from '../../shared/event.ts';
import { cellOf, lineOf } from './line.ts';

const event = (fields: EventFields): Event => ({ cursor: '1.1.1', fields });
const MIDNIGHT = new Date(2026, 10, 22).getTime();
const exec: EventFields = {
  '@timestamp': MIDNIGHT + 3_661_402,
  'event.action': 'exec',
  'process.pid': 7,
  'process.name': 'ls',
  'process.command_line': 'ls -l',
  'user.name': 'ana',
};

test('a row has the clock for today, and the day before that', () => {
  const today = lineOf(event(exec), [], MIDNIGHT, undefined);
  expect(today).toMatchObject({ time: '01:01:01', millis: '.402', moment: undefined });
  const before = lineOf(event({ ...exec, '@timestamp': MIDNIGHT - 1000 }), [], MIDNIGHT, undefined);
  expect(before).toMatchObject({ time: '21 Nov 23:59', millis: '', moment: '2026-11-21 23:59:59.000' });
});

test('a row has all its cells', () => {
  const line = lineOf(event(exec), ['systemd', 'bash'], MIDNIGHT, undefined);
  expect(line).toMatchObject({ action: 'exec', nameless: false, pid: 7, noted: false, outcome: '', sum: '' });
  const texts = [line.name, line.ancestors, line.parent, line.target, line.user].map(({ text }) => text);
  expect(texts).toEqual(['ls', 'systemd › ', 'bash', 'ls -l', 'ana']);
});

test('what could mislead is never plain text', () => {
  const line = lineOf(
    event({ ...exec, 'process.name': 'txt\u202egpj', 'process.command_line': 'a\nb' }),
    [],
    MIDNIGHT,
    undefined,
  );
  for (const cell of [line.name, line.target]) {
    expect(cell.text).toBe('');
    expect(cell.marks).toBeTypeOf('function');
  }
  expect(cellOf(event({ 'process.working_directory': '\u0007' }), 'process.working_directory').text).toBe('');
});

test('a row holds no more than a line has room for', () => {
  const line = lineOf(event({ ...exec, 'process.command_line': 'x'.repeat(9000) }), [], MIDNIGHT, undefined);
  expect(line.target.text).toBe(`${'x'.repeat(240)}…`);
});

test('a row that stands for many events sums them up, and has the command of the newest that says one', () => {
  const exit = event({
    ...exec,
    'event.action': 'exit',
    'process.command_line': 'ls -l',
    '@timestamp': MIDNIGHT + 3_663_402,
  });
  const group = { entityId: 'e', events: [exit, event(exec)], unfolded: false };
  const line = lineOf(exit, [], MIDNIGHT, group);
  expect(line).toMatchObject({ action: '2 events', sum: 'exec, exit\u00a0in 2.00 s' });
  expect(line.target.text).toBe('ls -l');
});
