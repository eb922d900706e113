import { expect, test } from 'vitest';
import type { Event, EventFields } from '../../shared/event.ts';
import { describe, describeGap } from './describe.ts';

const event = (fields: EventFields): Event => ({ cursor: '1.1.1', fields });

test('an exec shows its command line', () => {
  const words = describe(
    event({ 'event.action': 'exec', 'process.command_line': 'ls -l', 'process.pid': 1 }),
  );
  expect(words).toMatchObject({ action: 'exec', target: 'ls -l', outcome: '', failed: false });
});

test('an exit shows how long it lived, what it took and how it ended', () => {
  const fields: EventFields = {
    'event.action': 'exit',
    'event.duration': 1_840_000_000,
    'merlon.exit.max_rss': 212 * 1024 ** 2,
    'process.exit_code': 0,
    'process.command_line': 'cc1plus',
  };
  expect(describe(event(fields))).toMatchObject({
    target: '',
    note: 'ran 1.84 s, peak 212 MiB',
    outcome: '0',
  });
});

test('a signal outweighs the exit code that it makes', () => {
  const words = describe(
    event({ 'event.action': 'exit', 'process.exit_code': 137, 'merlon.exit.signal': 'SIGKILL' }),
  );
  expect(words).toMatchObject({ outcome: 'SIGKILL', failed: true });
});

test('a failed exec shows the kernel’s error', () => {
  const words = describe(
    event({ 'event.action': 'exec_failed', 'error.code': 'ENOENT', 'event.outcome': 'failure' }),
  );
  expect(words).toMatchObject({ action: 'exec failed', outcome: 'ENOENT', failed: true });
});

test.each([
  ['its path alone', [], undefined, '/bin/tput'],
  ['its arguments, where they begin with its name', ['tput', 'bold'], 'tput bold', 'tput bold'],
  ['both, where they do not', ['innocent', '-x'], 'innocent -x', '/bin/tput (innocent -x)'],
])('what could not be run is shown by %s', (_, args, command, target) => {
  const fields: EventFields = {
    'event.action': 'exec_failed',
    'process.executable': '/bin/bash',
    'process.args': args,
    ...(command === undefined ? {} : { 'process.command_line': command }),
    'file.path': '/bin/tput',
  };
  expect(describe(event(fields)).target).toBe(target);
});

test.each([
  [{ 'merlon.bpf.program.name': 'guard', 'merlon.bpf.program.id': 41 }, 'lsm guard 41'],
  [{ 'file.path': '/sys/fs/bpf/x' }, 'lsm at /sys/fs/bpf/x'],
])('of a BPF program its type, name and number: %j', (more, target) => {
  const fields: EventFields = { 'process.command_line': 'loader', 'merlon.bpf.program.type': 'lsm', ...more };
  expect(describe(event({ 'event.action': 'bpf_loaded', ...fields }))).toMatchObject({
    action: 'bpf loaded',
    icon: 'database',
    target,
    note: '',
  });
});

test('what Merlon says of itself is shown as its sentence', () => {
  expect(describe(event({ 'event.action': 'sensor_started', message: 'It began.' })).note).toBe('It began.');
});

test.each([
  [
    '212 events were lost in 1.84 s: the queue was full.',
    '212 events were lost in 1.84 s:',
    'the queue was full.',
  ],
  ['Not sensing for 7 s. Unknown.', 'Not sensing for 7 s.', 'Unknown.'],
  ['Lost', 'Lost', ''],
])('the gap %s is told in two parts', (message, known, rest) => {
  expect(describeGap(event({ 'event.action': 'gap', message }))).toEqual({ known, rest });
});
