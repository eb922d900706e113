import { expect, test } from 'vitest';
import { decodeBatch, type DecodedRecord } from './decode.ts';
import { HeldCalls } from './held.ts';
import { Processes } from './processes.ts';
import { batchOf, bpfRecord, execRecord } from './records.builder.ts';

const task = { pid: 100, startNs: 1000 };
const image = { name: 'a', executable: '/a', commandLine: undefined, weight: 1 };
const records = (...bytes: Uint8Array[]): DecodedRecord[] => decodeBatch(batchOf(...bytes), () => {});

test('calls of strangers are kept in their order, and given back once', () => {
  const held = new HeldCalls();
  const [first, second] = records(bpfRecord({ task, command: 5 }), bpfRecord({ task, command: 28 }));
  const processes = new Processes('boot');
  expect([first!, second!].map((record) => held.takes(record, processes))).toEqual([true, true]);
  expect(held.release()).toEqual([first, second]);
  expect(held.release()).toEqual([]);
});

test('nothing else is kept: other records, and calls of whom is known', () => {
  const held = new HeldCalls();
  const [exec, call] = records(execRecord({ task, executable: '/a' }), bpfRecord({ task, command: 5 }));
  const processes = new Processes('boot');
  expect(held.takes(exec!, processes)).toBe(false);
  if (exec?.kind === 'exec') processes.executed(exec, image);
  expect(held.takes(call!, processes)).toBe(false);
});

test('it keeps no more than it may', () => {
  const held = new HeldCalls();
  const [call] = records(bpfRecord({ task, command: 5 }));
  const taken = Array.from({ length: 2000 }, () => held.takes(call!, new Processes('boot')));
  expect(taken.filter(Boolean)).toHaveLength(1024);
});
