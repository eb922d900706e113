import { expect, it } from 'vitest';
import { Btf, KIND } from './btf.ts';
import { KernelConfig } from './config.ts';
import { Kernel, namesFor, type Fit } from './fit.ts';
import {
  BtfBuilder,
  bpfObject,
  CALL,
  EXIT,
  JUMP_IF_EQUAL,
  MOVE,
  READ,
  type Instruction,
} from './kernels.builder.ts';
import { TypeNames } from './names.ts';
import { BpfObject } from './object.ts';
import { RELOCATION } from './relocate.ts';

const MOVE_NOTHING: Instruction = [MOVE, 3, 0, 0];
const EXCHANGE: Instruction = [0xdb, 0x10, 0, 0xe1];
const ADD_ATOMICALLY: Instruction = [0xdb, 0x10, 0, 0];

interface Asked {
  readonly code?: readonly Instruction[];
  readonly attach?: string;
  /** Adds to our types, and returns what is relocated, which is the first instruction. */
  readonly ours?: (btf: BtfBuilder) => number;
  readonly theirs?: (btf: BtfBuilder) => void;
  readonly helpers?: number;
  readonly config?: KernelConfig;
}

async function fitOf(asked: Asked): Promise<Fit> {
  const { code = [MOVE_NOTHING, EXIT], attach = 'kprobe/any', ours, theirs, helpers = 200 } = asked;
  const own = new BtfBuilder();
  own.int('nothing');
  const type = ours?.(own);
  const relocations =
    type === undefined ? [] : [{ at: 0, type, access: '0:0', kind: RELOCATION.fieldOffset }];
  const object = await BpfObject.read(bpfObject(own, [{ name: 'ours', attach, code, relocations }]));
  const kernel = new BtfBuilder();
  kernel.enum('bpf_func_id', { BPF_FUNC_unspec: 0, last: helpers });
  kernel.enum('bpf_map_type', { BPF_MAP_TYPE_UNSPEC: 0, last: 5 });
  theirs?.(kernel);
  const names = new TypeNames(Btf.read(kernel.build()), namesFor(object));
  return new Kernel(names, asked.config ?? new KernelConfig(undefined)).fitOf(object, object.programs[0]!);
}

const FITS = { fits: true };
const misses = (why: string): unknown =>
  expect.objectContaining({ fits: false, why: expect.stringContaining(why) });

it.each([
  ['tp_btf/start', (btf: BtfBuilder) => btf.typedef('btf_trace_start', btf.int('int')), 'tracepoint start'],
  ['fexit/start', (btf: BtfBuilder) => btf.func('start'), 'function start'],
  ['fentry.s/start', (btf: BtfBuilder) => btf.func('start'), 'function start'],
  ['iter/task', (btf: BtfBuilder) => btf.func('bpf_iter_task'), 'iterator over task'],
  ['iter.s/task', (btf: BtfBuilder) => btf.func('bpf_iter_task'), 'iterator over task'],
  ['lsm/file_open', (btf: BtfBuilder) => btf.func('bpf_lsm_file_open'), 'security hook file_open'],
])('attaches %s where the kernel has what it is attached to', async (attach, theirs, lacks) => {
  expect(await fitOf({ attach, theirs })).toEqual(FITS);
  expect(await fitOf({ attach })).toEqual(misses(lacks));
});

it.each([
  ['fexit/start', 'DYNAMIC_FTRACE_WITH_DIRECT_CALLS'],
  ['fexit/start', 'BPF_JIT'],
  ['tracepoint/syscalls/sys_exit_execve', 'FTRACE_SYSCALLS'],
  ['lsm/file_open', 'BPF_LSM'],
])('does not attach %s where the kernel is built without %s', async (attach, option) => {
  const others = ['BPF_JIT', 'DYNAMIC_FTRACE_WITH_DIRECT_CALLS', 'FTRACE_SYSCALLS', 'BPF_LSM'];
  const text = others.filter((each) => each !== option).map((each) => `CONFIG_${each}=y\n`);
  expect(await fitOf({ attach, config: new KernelConfig(text.join('')) })).toEqual(
    misses(`CONFIG_${option}`),
  );
});

it('needs the helpers that it calls, but for those that it never comes to call', async () => {
  const code: readonly Instruction[] = [MOVE_NOTHING, [JUMP_IF_EQUAL, 3, 1, 0], [CALL, 0, 0, 300], EXIT];
  expect(await fitOf({ code })).toEqual(FITS);
  expect(await fitOf({ code: [[CALL, 0, 0, 300], EXIT] })).toEqual(misses('too old for a helper'));
});

it('needs a kernel that knows atomic exchanges even where none is ever made', async () => {
  const code: readonly Instruction[] = [MOVE_NOTHING, [JUMP_IF_EQUAL, 3, 1, 0], EXCHANGE, EXIT];
  expect(await fitOf({ code, helpers: 163 })).toEqual(FITS);
  expect(await fitOf({ code, helpers: 162 })).toEqual(misses('atomic'));
  expect(await fitOf({ code: [ADD_ATOMICALLY, EXIT], helpers: 162 })).toEqual(FITS);
});

it('needs the kinds of maps that it is made with', async () => {
  const withMap = (type: number) => (btf: BtfBuilder) => {
    const int = btf.int('int');
    const map = btf.struct('', 8, [{ name: 'type', type: btf.ptr(btf.array(int, type)), at: 0 }]);
    btf.section('.maps', [btf.raw(KIND.var, 0, map, [1])]);
    return btf.struct('task', 8, [{ name: 'pid', type: int, at: 0 }]);
  };
  const theirs = (btf: BtfBuilder) => btf.struct('task', 8, [{ name: 'pid', type: btf.int('int'), at: 0 }]);
  expect(await fitOf({ ours: withMap(5), theirs })).toEqual(FITS);
  expect(await fitOf({ ours: withMap(27), theirs })).toEqual(misses('map (27)'));
});

it('reads a field of another width only where nothing is lost by it', async () => {
  const task = (size: number, signed: boolean) => (btf: BtfBuilder) =>
    btf.struct('task', 8, [{ name: 'pid', type: btf.int('number', size, signed), at: 0 }]);
  const code: readonly Instruction[] = [[READ, 0x12, 0, 0], EXIT];
  const read = (ours: (btf: BtfBuilder) => number, theirs: (btf: BtfBuilder) => number) =>
    fitOf({ ours, theirs, code });
  expect(await read(task(4, false), task(8, false))).toEqual(FITS);
  expect(await read(task(4, true), task(8, true))).toEqual(misses('another width for struct task.pid'));
});

it('does not read a field that lies too far from the beginning', async () => {
  const task = (at: number) => (btf: BtfBuilder) =>
    btf.struct('task', 70_000, [{ name: 'pid', type: btf.int('int'), at }]);
  const code: readonly Instruction[] = [[READ, 0x12, 0, 0], EXIT];
  expect(await fitOf({ ours: task(0), theirs: task(32_764), code })).toEqual(FITS);
  expect(await fitOf({ ours: task(0), theirs: task(40_000), code })).toEqual(misses('too far behind'));
});
