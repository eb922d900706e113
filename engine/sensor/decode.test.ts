import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unescapeBytes } from '../../shared/bytes.ts';
import { decodeBatch, DecodeError, type ExecRecord } from './decode.ts';
import {
  batchOf,
  bpfRecord,
  cgroupRecord,
  execFailedRecord,
  execRecord,
  exitRecord,
  forkRecord,
  strangeRecord,
} from './records.builder.ts';

const never = (type: number) => {
  throw new Error(`unknown type ${type}`);
};
const decode = (...records: Uint8Array[]) => decodeBatch(batchOf(...records), never);

/** One record with another value at a place of its bytes. */
function patched(record: Uint8Array, at: number, value: number, width: 2 | 4): Uint8Array {
  const copy = record.slice();
  const view = new DataView(copy.buffer);
  if (width === 2) view.setUint16(at, value, true);
  else view.setUint32(at, value, true);
  return copy;
}

const exec = execRecord({
  cpu: 1,
  seq: 7,
  timeNs: 123_456_789_012,
  task: {
    pid: 42,
    ppid: 1,
    startNs: 99,
    parentStartNs: 3,
    uid: 1000,
    gid: 1001,
    capEffective: (1n << 40n) | 1n,
    cgroupId: 18_446_744_073_709_551_615n,
    comm: 'node',
  },
  inode: 9_007_199_254_740_993n,
  dev: (8 << 20) | 1,
  executable: '/usr/bin/node',
  cwd: '/srv',
  args: ['node', '', 'x y'],
  env: ['LD_PRELOAD=/a.so', 'LD_AUDIT=/b.so'],
  tty: 'pts/3',
});

describe('decodeBatch', () => {
  test('reads an exec record whole', () => {
    const [record] = decode(exec);
    expect(record).toMatchObject({
      kind: 'exec',
      header: { cpu: 1, seq: 7, time_ns: 123_456_789_012 },
      task: { pid: 42, ppid: 1, start_ns: 99, parent_start_ns: 3, uid: 1000, egid: 1001, comm: 'node' },
      cgroupId: '18446744073709551615',
      inode: '9007199254740993',
      exec: { dev: 8388609, stdin_kind: 5 },
      executable: '/usr/bin/node',
      script: '',
      cwd: '/srv',
      args: 'node\0\0x y',
      env: 'LD_PRELOAD=/a.so\0LD_AUDIT=/b.so',
      tty: 'pts/3',
    });
  });

  test('reads every kind of record, back to back', () => {
    const records = decode(
      forkRecord({ task: { pid: 2 } }),
      execRecord({ executable: '/sbin/init' }, 'running'),
      exitRecord({ task: { pid: 2 }, status: 9, runNs: 5, cpuNs: 4, maxRss: 4096 }),
      execFailedRecord({ error: 13, path: './x', cwd: '/tmp', args: ['x'] }),
      cgroupRecord({ id: 77n, hierarchy: 8, path: '/a' }),
      bpfRecord({
        task: { pid: 9 },
        command: 6,
        programId: 41,
        programType: 17,
        attachType: 23,
        linkId: 3,
        linkType: 1,
        tag: '00a1b2c3d4e5f6ff',
        name: Uint8Array.of(0x78, 0xff),
        path: '/sys/fs/bpf/x',
      }),
    );
    expect(records.map((r) => r.kind)).toEqual(['fork', 'running', 'exit', 'exec_failed', 'cgroup', 'bpf']);
    expect(records[2]).toMatchObject({ exit: { status: 9, run_ns: 5, cpu_ns: 4, max_rss: 4096 } });
    expect(records[3]).toMatchObject({ failed: { error: 13 }, path: './x', cwd: '/tmp', args: 'x' });
    expect(records[4]).toMatchObject({ id: '77', hierarchy: 8, path: '/a' });
    expect(records[5]).toMatchObject({
      task: { pid: 9 },
      bpf: {
        command: 6,
        error: 0,
        program_id: 41,
        program_type: 17,
        attach_type: 23,
        link_id: 3,
        link_type: 1,
      },
      tag: '00a1b2c3d4e5f6ff',
      name: 'x\\xff',
      path: '/sys/fs/bpf/x',
    });
    expect(decode()).toEqual([]);
  });

  test('bytes that are not UTF-8 come back exactly', () => {
    const name = Uint8Array.of(0x2f, 0xff, 0x5c, 0x78, 0x34, 0x31, 0xc3, 0xa9);
    const [record] = decode(execRecord({ executable: name, args: [name, 'b'] }));
    const { executable, args } = record as ExecRecord;
    expect(executable).toBe('/\\xff\\x5cx41é');
    expect(unescapeBytes(executable)).toEqual(name);
    expect(args.split('\0').map(unescapeBytes)).toEqual([name, Uint8Array.of(0x62)]);
  });

  test('a type that this build does not know is left out and told', () => {
    const unknown: number[] = [];
    const batch = batchOf(strangeRecord(99, 32), exec, strangeRecord(0), strangeRecord(65535, 4096));
    expect(decodeBatch(batch, (type) => unknown.push(type))).toHaveLength(1);
    expect(unknown).toEqual([99, 0, 65535]);
  });

  test.each([
    ['a size of 0', patched(exec, 0, 0, 4)],
    ['a size that is no multiple of 8', patched(exec, 0, exec.length - 4, 4)],
    ['a size beyond the batch', patched(exec, 0, exec.length + 8, 4)],
    ['a size of 4 GiB', patched(exec, 0, 0xfffffff8, 4)],
    ['a size below its type’s', patched(exec, 0, 176, 4).slice(0, 176)],
    ['half a header', exec.slice(0, 16)],
    ['a string beyond the record', patched(exec, 182, 0xffff, 2)],
    ['a string inside the fixed part', patched(exec, 180, 8, 2)],
    ['rubbish behind a record', batchOf(exec, new Uint8Array(8))],
  ])('refuses %s', (_, batch) => {
    expect(() => decodeBatch(batch, () => {})).toThrow(DecodeError);
  });

  test('whatever bytes come, it returns or throws a DecodeError', () => {
    const valid = batchOf(
      ...[exec, forkRecord({}), exitRecord({}), execFailedRecord({ error: 2, path: 'x' })],
      bpfRecord({ command: 6, path: 'x' }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
        fc.nat(valid.length),
        (changes, length) => {
          const batch = valid.slice();
          for (const [at, byte] of changes) batch[at] = byte;
          try {
            decodeBatch(batch.subarray(0, length), () => {});
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
