/** The kernel’s numbers of BPF as bpftool names them, and the inventory does (native/inventory/names.cc). */
import type { BpfCommand } from '../../shared/event.ts';

const words = (...lines: readonly string[]): readonly string[] => lines.join(' ').split(' ');

/** enum bpf_prog_type */
const PROGRAM_TYPES = words(
  'unspec socket_filter kprobe sched_cls sched_act tracepoint xdp perf_event cgroup_skb cgroup_sock lwt_in',
  'lwt_out lwt_xmit sock_ops sk_skb cgroup_device sk_msg raw_tracepoint cgroup_sock_addr lwt_seg6local',
  'lirc_mode2 sk_reuseport flow_dissector cgroup_sysctl raw_tracepoint_writable cgroup_sockopt tracing',
  'struct_ops ext lsm sk_lookup syscall netfilter',
);

/** enum bpf_attach_type */
const ATTACH_TYPES = words(
  'cgroup_inet_ingress cgroup_inet_egress cgroup_inet_sock_create cgroup_sock_ops sk_skb_stream_parser',
  'sk_skb_stream_verdict cgroup_device sk_msg_verdict cgroup_inet4_bind cgroup_inet6_bind',
  'cgroup_inet4_connect cgroup_inet6_connect cgroup_inet4_post_bind cgroup_inet6_post_bind',
  'cgroup_udp4_sendmsg cgroup_udp6_sendmsg lirc_mode2 flow_dissector cgroup_sysctl cgroup_udp4_recvmsg',
  'cgroup_udp6_recvmsg cgroup_getsockopt cgroup_setsockopt trace_raw_tp trace_fentry trace_fexit',
  'modify_return lsm_mac trace_iter cgroup_inet4_getpeername cgroup_inet6_getpeername',
  'cgroup_inet4_getsockname cgroup_inet6_getsockname xdp_devmap cgroup_inet_sock_release xdp_cpumap',
  'sk_lookup xdp sk_skb_verdict sk_reuseport_select sk_reuseport_select_or_migrate perf_event',
  'trace_kprobe_multi lsm_cgroup struct_ops netfilter tcx_ingress tcx_egress trace_uprobe_multi',
  'cgroup_unix_connect cgroup_unix_sendmsg cgroup_unix_recvmsg cgroup_unix_getpeername',
  'cgroup_unix_getsockname netkit_primary netkit_peer trace_kprobe_session trace_uprobe_session',
);

/** enum bpf_link_type */
const LINK_TYPES = words(
  'unspec raw_tracepoint tracing cgroup iter netns xdp perf_event kprobe_multi struct_ops netfilter tcx',
  'uprobe_multi netkit sockmap',
);

/** enum bpf_cmd: those that bpf/asked.bpf.h tells of. */
const COMMANDS: ReadonlyMap<number, BpfCommand> = new Map([
  [5, 'prog_load'],
  [6, 'obj_pin'],
  [8, 'prog_attach'],
  [9, 'prog_detach'],
  [17, 'raw_tracepoint_open'],
  [28, 'link_create'],
  [29, 'link_update'],
  [34, 'link_detach'],
]);

const nameIn = (table: readonly string[], number: number) => table[number] ?? `type ${number}`;

export const programType = (number: number): string => nameIn(PROGRAM_TYPES, number);
export const linkType = (number: number): string => nameIn(LINK_TYPES, number);

/** 0 is a type of cgroup_skb programs, and what all those have that know no attach type. */
export function attachType(number: number, ofProgram: number): string | undefined {
  if (number === 0 && programType(ofProgram) !== 'cgroup_skb') return undefined;
  return nameIn(ATTACH_TYPES, number);
}

/** undefined for one that the kernel's programs do not tell of. */
export const commandName = (number: number): BpfCommand | undefined => COMMANDS.get(number);
