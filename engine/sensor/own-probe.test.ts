import { expect, test } from 'vitest';
import { decodeBatch, type ExecRecord } from './decode.ts';
import { OwnProbe } from './own-probe.ts';
import { batchOf, execRecord, type ExecBytes } from './records.builder.ts';

const FILE = '/opt/merlon/merlon-probe';
const image = () => ({ name: 'merlon-probe', executable: FILE, commandLine: undefined, weight: 1 });

function claims(exec: ExecBytes, type?: 'running'): boolean {
  const probe = new OwnProbe(FILE, 7, () => '99');
  const record = decodeBatch(
    batchOf(execRecord({ ...exec, task: { mntNs: 7, ...exec.task } }, type)),
    () => {},
  )[0] as ExecRecord;
  const its = image();
  probe.saw(record, its);
  expect(probe.claims(image())).toBe(false);
  expect(probe.claims(undefined)).toBe(false);
  return probe.claims(its);
}

test.each([
  ['its own file', { executable: FILE }, true],
  ['another file of that name', { executable: '/tmp/merlon-probe' }, false],
  ['a file that took its place and went', { executable: FILE, flags: 1 << 1 }, false],
  ['another user', { executable: FILE, task: { uid: 1000 } }, false],
  ['a file of a container’s', { executable: FILE, task: { mntNs: 8 } }, false],
  ['another’s library in it', { executable: FILE, flags: 1 << 5 }, false],
  ['an environment too long to be read', { executable: FILE, flags: 1 << 12 }, false],
])('%s: %j is %s', (_, exec, own) => {
  expect(claims(exec)).toBe(own);
});

test('found running by a kernel that reads no environment', () => {
  expect(claims({ executable: FILE, flags: (1 << 12) | (1 << 13) }, 'running')).toBe(true);
});

test.each([
  ['its own file', 99n, true],
  ['another file', 98n, false],
])('found running in a mount namespace of its own, from %s', (_, inode, own) => {
  expect(claims({ executable: FILE, inode, task: { mntNs: 8 } }, 'running')).toBe(own);
});

test('lies beside the helper', () => {
  expect(OwnProbe.beside('/nonexistent/merlon-helper')).toEqual(new OwnProbe('/nonexistent/merlon-probe'));
});
