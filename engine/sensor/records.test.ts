import { expect, it } from 'vitest';
import {
  decimal64,
  EXEC_INODE_AT,
  EXEC_SIZE,
  EXEC_TASK_AT,
  hex64,
  readExec,
  recordSize,
  recordType,
} from './records.generated.ts';

function exec(write: (view: DataView) => void): DataView {
  const view = new DataView(new ArrayBuffer(EXEC_SIZE));
  write(view);
  return view;
}

it('reads a 64-bit member beyond 2^53 exactly, in decimal and hexadecimal', () => {
  const view = exec((v) => v.setBigUint64(EXEC_INODE_AT, 0xffff_ffff_ffff_fffdn, true));
  expect(decimal64(view, EXEC_INODE_AT)).toBe('18446744073709551613');
  expect(hex64(view, EXEC_INODE_AT)).toBe('fffffffffffffffd');
});

it('reads size, type and the members of the nested task', () => {
  const view = exec((v) => {
    v.setUint32(0, EXEC_SIZE, true);
    v.setUint16(4, 1, true);
    v.setUint32(EXEC_TASK_AT, 4242, true);
  });
  expect([recordSize(view, 0), recordType(view, 0), readExec(view, 0).task.pid]).toEqual([
    EXEC_SIZE,
    1,
    4242,
  ]);
});

it('keeps names apart that share a slot, and ends a name at its first NUL', () => {
  const at = EXEC_TASK_AT + 104;
  const read = (name: string) =>
    readExec(
      exec((v) => Buffer.from(name).forEach((byte, i) => v.setUint8(at + i, byte))),
      0,
    ).task.comm;
  const names = Array.from({ length: 5000 }, (_, i) => `worker/${i}`);
  expect(names.map(read)).toEqual(names);
  expect(read('sh\0stale')).toBe('sh');
});

it('refuses a record that the view does not hold whole', () => {
  expect(() => readExec(new DataView(new ArrayBuffer(EXEC_SIZE - 1)), 0)).toThrow(RangeError);
});
