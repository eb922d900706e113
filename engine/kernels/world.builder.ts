/** For tests: a kernel and our programs, small and made up, that fit each other until something is taken away. */
import {
  BtfBuilder,
  bpfObject,
  CALL,
  EXIT,
  JUMP_IF_EQUAL,
  MOVE,
  READ,
  type BuiltProgram,
} from './kernels.builder.ts';
import { RELOCATION } from './relocate.ts';

export const CONFIG = [
  '64BIT',
  'BPF_SYSCALL',
  'DEBUG_INFO_BTF',
  'BPF_EVENTS',
  'BPF_JIT',
  'BPF_LSM',
  'CGROUP_BPF',
]
  .concat('FANOTIFY_ACCESS_PERMISSIONS', 'DYNAMIC_FTRACE_WITH_DIRECT_CALLS', 'FTRACE_SYSCALLS')
  .map((name) => `CONFIG_${name}=y\n`)
  .concat('CONFIG_LSM="yama,bpf"\n')
  .join('');

/** Where each program of ours is attached here, and what of the kernel it is attached to. */
const ATTACHED: Readonly<Record<string, string>> = {
  process_exec: 'tp_btf/exec',
  process_fork: 'tp_btf/fork',
  process_exit: 'tp_btf/exit',
  cgroup_made: 'tp_btf/cgroup',
  task_made: 'tp_btf/task',
  snapshot: 'iter.s/task',
  snapshot_plain: 'iter/task',
  fexit_exec: 'fexit/sys_exec',
  fexit_execat: 'fexit/sys_execat',
  fexit_exec32: 'fexit/sys_exec32',
  fexit_execat32: 'fexit/sys_execat32',
  fexit_bpf: 'fexit/sys_bpf',
  fexit_bpf32: 'fexit/sys_bpf32',
  exec_failed: 'tracepoint/syscalls/exec',
  execveat_failed: 'tracepoint/syscalls/execat',
  bpf_called: 'tracepoint/syscalls/bpf',
};

/** Programs that read task.pid, and task.age where there is one; the snapshot also calls a helper. */
export function ownObject(): Buffer {
  const btf = new BtfBuilder();
  const int = btf.int('int');
  const task = btf.struct('task', 64, [
    { name: 'pid', type: int, at: 0 },
    { name: 'age', type: int, at: 4 },
  ]);
  const programs = Object.entries(ATTACHED).map(([name, attach]): BuiltProgram => ({
    name,
    attach,
    code: [
      [READ, 0x12, 0, 0], // task->pid
      [MOVE, 3, 0, 1], // is there task->age?
      [JUMP_IF_EQUAL, 3, 1, 0],
      [READ, 0x12, 4, 0], // task->age
      [CALL, 0, 0, name === 'snapshot' ? 190 : 2],
      EXIT,
    ],
    relocations: [
      { at: 0, type: task, access: '0:0', kind: RELOCATION.fieldOffset },
      { at: 1, type: task, access: '0:1', kind: RELOCATION.fieldExists },
      { at: 3, type: task, access: '0:1', kind: RELOCATION.fieldOffset },
    ],
  }));
  return bpfObject(btf, programs);
}

export interface Kernelish {
  readonly lacks?: readonly string[];
  readonly members?: readonly string[];
  readonly helpers?: number;
}

export function kernelTypes({ lacks = [], members = ['pid', 'age'], helpers = 200 }: Kernelish = {}): Buffer {
  const btf = new BtfBuilder();
  const int = btf.int('int');
  btf.struct(
    'task',
    64,
    members.map((name, index) => ({ name, type: int, at: 8 + index * 4 })),
  );
  btf.enum('bpf_func_id', { BPF_FUNC_unspec: 0, BPF_FUNC_last: helpers, __BPF_FUNC_MAX_ID: helpers + 1 });
  for (const name of ['exec', 'fork', 'exit', 'cgroup', 'task'])
    if (!lacks.includes(name)) btf.typedef(`btf_trace_${name}`, btf.ptr(btf.proto([int])));
  for (const name of ['bpf_iter_task', 'sys_exec', 'sys_execat', 'sys_exec32', 'sys_execat32'].concat(
    'sys_bpf',
    'sys_bpf32',
  ))
    if (!lacks.includes(name)) btf.func(name);
  return btf.build();
}
