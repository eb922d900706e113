import { describe, expect, it } from 'vitest';
import type { BpfAttachment } from '../../shared/bpf.ts';
import { concernsOf } from './concerns.ts';
import { hookOf, placeOf } from './hooks.ts';
import { attachment } from './inventory.builder.ts';

const at = (target: string, attachType = '', type = 'tracing'): BpfAttachment => {
  const { program: _, ...rest } = attachment(1, { target, attach_type: attachType, type });
  return rest;
};
const OURS = new Set(['tracepoint sched_process_exec', 'function sys_execve', 'tracepoint sys_exit_execve']);

describe('a stranger is at Merlon’s hook', () => {
  it.each([
    ['by tp_btf', 'tracing', at('sched_process_exec', 'trace_raw_tp')],
    ['by a BTF name', 'tracing', at('btf_trace_sched_process_exec', 'trace_raw_tp')],
    ['by raw_tracepoint', 'raw_tracepoint', at('sched_process_exec', '', 'raw_tracepoint')],
    ['by a tracepoint with its group', 'tracepoint', at('sched:sched_process_exec', 'perf_event')],
    ['by the tracepoint of a system call', 'tracepoint', at('syscalls/sys_exit_execve', 'perf_event')],
    ['by fentry', 'tracing', at('__x64_sys_execve', 'trace_fentry')],
    ['by fmod_ret', 'tracing', at('__x64_sys_execve', 'modify_return')],
    ['by kprobe', 'kprobe', at('__x64_sys_execve', 'perf_event', 'perf_event')],
    ['by a kprobe inside the function', 'kprobe', at('__x64_sys_execve+0x12', 'perf_event')],
  ] as const)('%s', (_, type, where) => {
    const told = concernsOf({ owner: 'foreign', type, attachments: [where], powers: [] }, OURS);
    expect(told).toEqual(['our_hook']);
  });

  it.each([
    ['at another tracepoint', 'tracepoint', at('sched:sched_switch', 'perf_event')],
    ['at a function of that name in a program', 'kprobe', at('/usr/bin/x:sys_execve', 'perf_event')],
    ['where the kernel does not say', 'tracing', at('', 'trace_raw_tp')],
    ['as an iterator', 'tracing', at('task', 'trace_iter')],
  ] as const)('not %s', (_, type, where) => {
    expect(concernsOf({ owner: 'foreign', type, attachments: [where], powers: null }, OURS)).toEqual([]);
  });
});

it('what a stranger can do to others is a concern, what anybody else can is none', () => {
  const program = {
    type: 'kprobe',
    attachments: [],
    powers: ['overrides_returns', 'sends_signals'],
  } as const;
  expect(concernsOf({ ...program, owner: 'foreign' }, OURS)).toEqual(['overrides_returns', 'sends_signals']);
  expect(concernsOf({ ...program, owner: 'package' }, OURS)).toEqual([]);
});

it('a hook is one text, whatever leads there, and a name cannot make one of another kind', () => {
  expect(hookOf('lsm', at('bpf_lsm_file_open', 'lsm_mac'))).toBe('lsm file_open');
  expect(hookOf('xdp', at('function sys_execve', 'xdp'))).toBe('xdp function sys_execve');
});

it('the place of a cgroup’s or an interface’s program has no name that is another one tomorrow', () => {
  expect(placeOf('cgroup_device', at('/system.slice/a.service', 'cgroup_device'))).toBe('cgroup_device');
  expect(placeOf('sched_cls', at('veth12ab', 'tcx_ingress'))).toBe('tcx_ingress');
  expect(placeOf('kprobe', at('do_exit', 'perf_event'))).toBe('function do_exit');
  expect(placeOf('perf_event', at('', '', 'perf_event'))).toBe('perf_event');
});
