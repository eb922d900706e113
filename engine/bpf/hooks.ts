/**
 * Where a program hangs, in words that are the same however it came there: a tracepoint is one hook for tracepoint,
 * raw_tracepoint and tp_btf programs, a function one for kprobe, fentry, fexit and fmod_ret. Pure.
 */
import type { BpfAttachment } from '../../shared/bpf.ts';

type Attached = Pick<BpfAttachment, 'type' | 'attach_type' | 'target'>;

const TRACEPOINTS: ReadonlySet<string> = new Set(['tracepoint', 'raw_tracepoint', 'raw_tracepoint_writable']);
/** Types of programs that are attached to cgroups, interfaces and network namespaces, whose names come and go. */
const MOVING: ReadonlySet<string> = new Set([
  ...['sched_cls', 'sched_act', 'xdp', 'netfilter', 'sock_ops', 'sk_skb', 'sk_msg', 'sk_lookup'],
  ...['flow_dissector', 'socket_filter', 'sk_reuseport', 'lwt_in', 'lwt_out', 'lwt_xmit', 'lwt_seg6local'],
]);

/** @returns one text for one hook; undefined where the kernel does not say what it is, or nothing passes there by itself. */
export function hookOf(programType: string, { type, attach_type: attachType, target }: Attached) {
  if (target === '' || attachType.includes('iter')) return undefined; // an iterator runs when it is read
  // A tracing program on a tracepoint (tp_btf) has a link of the type raw_tracepoint.
  if (TRACEPOINTS.has(programType) || type === 'raw_tracepoint' || attachType.includes('raw_tp'))
    return `tracepoint ${lastWord(target).replace(/^btf_trace_/, '')}`;
  if (programType === 'lsm' && !target.startsWith('/'))
    return `lsm ${lastWord(target).replace(/^bpf_lsm_/, '')}`;
  const isUser = target.startsWith('/') || `${type} ${attachType}`.includes('uprobe');
  if (!isUser && (programType === 'kprobe' || /fentry|fexit|mod(ify)?_ret|fsession/.test(attachType)))
    return `function ${functionName(target)}`;
  return `${attachType || type} ${target}`;
}

/**
 * The hook as it is the same at the next boot: of cgroups and of what belongs to the network only how it is attached, as a
 * container's cgroup or a veth has another name each time. '' where it is not known.
 */
export function placeOf(programType: string, attached: Attached): string {
  const how = attached.attach_type || attached.type;
  const isMoving =
    programType.startsWith('cgroup') || MOVING.has(programType) || attached.attach_type.includes('cgroup');
  if (isMoving) return how;
  return hookOf(programType, attached) ?? [how, attached.target].filter(Boolean).join(' ');
}

/** `sched:sched_process_exec` and `syscalls/sys_exit_execve` are written with and without their group. */
const lastWord = (target: string) =>
  target.slice(Math.max(target.lastIndexOf('/'), target.lastIndexOf(':')) + 1);

/** A system call's function has one name for each way into the kernel; an offset is still the same function. */
const functionName = (target: string) =>
  lastWord(target)
    .replace(/\+(0x)?[0-9a-f]+$/, '')
    .replace(/^__(x64|ia32|arm64|riscv|s390x?|se|do)_(compat_)?sys_/, 'sys_');
