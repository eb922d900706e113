/** The protections: what each is for a person, and the ways to it, the strongest first. Data, and nothing else. */
import type { FeatureId, ProtectionGroup, ProtectionId } from '../../shared/capabilities.ts';

export interface LadderRung {
  readonly name: string;
  readonly needs: readonly FeatureId[];
  /** What it cannot do that a stronger one can. Absent at the strongest. */
  readonly limits?: string;
}

export interface Ladder {
  readonly group: ProtectionGroup;
  readonly title: string;
  readonly rungs: readonly LadderRung[];
  /** What is lost where no rung works. */
  readonly without: string;
  readonly relied_on_by: readonly string[];
}

const RECORDS: readonly FeatureId[] = [
  'btf.vmlinux',
  'prog.tp_btf',
  'map.ringbuf',
  'map.array',
  'map.percpu_array',
  'helper.ktime_get_boot_ns',
  'helper.get_current_task_btf',
  'helper.probe_read_kernel_str',
  'helper.probe_read_user_str',
  'helper.ringbuf_output',
  'helper.ringbuf_query',
];

export const LADDERS: Readonly<Record<ProtectionId, Ladder>> = {
  see_programs: {
    group: 'sees',
    title: 'Every program that starts and ends',
    rungs: [{ name: 'typed tracepoints', needs: RECORDS }],
    without: 'Merlon sees nothing of what runs.',
    relied_on_by: ['sensing'],
  },
  see_failed_programs: {
    group: 'sees',
    title: 'Attempts to start a program that fail',
    rungs: [
      { name: 'function ends (fexit)', needs: ['prog.fexit'] },
      {
        name: 'system-call tracepoints',
        needs: ['prog.tracepoint'],
        limits:
          'Attempts by 32-bit programs are not seen, and every system call on the machine takes some nanoseconds longer.',
      },
    ],
    without: 'Programs that somebody tries to start and cannot are not seen.',
    relied_on_by: ['sensing'],
  },
  see_running: {
    group: 'sees',
    title: 'What runs already when Merlon starts',
    rungs: [
      {
        name: 'process iterator that reads memory',
        needs: ['prog.iter_task_sleepable', 'helper.copy_from_user_task', 'helper.d_path'],
      },
      {
        name: 'process iterator',
        needs: ['prog.iter_task'],
        limits: 'Arguments of what ran before come from /proc, a moment later.',
      },
      {
        name: '/proc',
        needs: [],
        limits: 'What ran before is known by name only, and not when it started to the nanosecond.',
      },
    ],
    without: 'What ran before Merlon is not known.',
    relied_on_by: ['sensing'],
  },
  see_files: {
    group: 'sees',
    title: 'File changes and sensitive reads',
    rungs: [
      { name: 'BPF LSM', needs: ['prog.lsm', 'helper.d_path'] },
      {
        name: 'fanotify',
        needs: ['fanotify.open_perm'],
        limits: 'Writes through shared memory are not seen.',
      },
    ],
    without: 'What happens to files cannot be seen.',
    relied_on_by: [],
  },
  see_connections: {
    group: 'sees',
    title: 'Connections and listeners',
    rungs: [
      {
        name: 'typed tracepoints, cgroup hooks',
        needs: ['prog.tp_btf', 'prog.cgroup_connect', 'prog.cgroup_sendmsg'],
      },
      {
        name: 'typed tracepoints',
        needs: ['prog.tp_btf'],
        limits: 'Datagrams are not told by process.',
      },
    ],
    without: 'Connections cannot be told by process.',
    relied_on_by: [],
  },
  see_bpf: {
    group: 'sees',
    title: 'BPF programs of others',
    rungs: [{ name: 'the kernel’s own list', needs: ['bpf.inventory'] }],
    without: 'BPF programs that somebody else loads stay unknown.',
    relied_on_by: [],
  },
  deny_exec: {
    group: 'stops',
    title: 'A program before it runs',
    rungs: [
      { name: 'BPF LSM', needs: ['prog.lsm'] },
      {
        name: 'fanotify',
        needs: ['fanotify.open_exec_perm'],
        limits: 'A program that a loader or a shell is asked to run, and one in memory, is not denied.',
      },
      {
        name: 'end at start',
        needs: ['prog.tp_btf', 'helper.send_signal'],
        limits: 'The program is ended before its first instruction: killed, not denied.',
      },
    ],
    without: 'No program can be stopped before it runs.',
    relied_on_by: [],
  },
  deny_file: {
    group: 'stops',
    title: 'Access to a file',
    rungs: [
      { name: 'BPF LSM', needs: ['prog.lsm'] },
      {
        name: 'fanotify',
        needs: ['fanotify.open_perm'],
        limits: 'Opening is denied; renaming, linking and deleting are not.',
      },
    ],
    without: 'Access to files can be told, not denied.',
    relied_on_by: [],
  },
  deny_connect: {
    group: 'stops',
    title: 'A process from reaching the network',
    rungs: [
      { name: 'cgroup hooks', needs: ['prog.cgroup_connect', 'prog.cgroup_sendmsg', 'prog.cgroup_skb'] },
      {
        name: 'BPF LSM',
        needs: ['prog.lsm'],
        limits: 'What is connected already stays so.',
      },
    ],
    without: 'A process cannot be cut off the network.',
    relied_on_by: [],
  },
  drop_traffic: {
    group: 'stops',
    title: 'Unwanted traffic from outside',
    rungs: [
      { name: 'XDP in the driver', needs: ['prog.xdp_native', 'map.lpm_trie'] },
      {
        name: 'XDP before the stack',
        needs: ['prog.xdp_generic', 'map.lpm_trie'],
        limits: 'Packets are dropped later, which costs more where there are many.',
      },
      {
        name: 'traffic control',
        needs: ['prog.tc', 'map.lpm_trie'],
        limits: 'Packets are dropped later still.',
      },
    ],
    without: 'Traffic cannot be dropped by Merlon.',
    relied_on_by: [],
  },
  end_process: {
    group: 'stops',
    title: 'A process that runs, and no other',
    rungs: [{ name: 'handle of the process', needs: ['pidfd.open', 'pidfd.signal'] }],
    without: 'A process cannot be ended without the risk of ending another one.',
    relied_on_by: [],
  },
  pause_process: {
    group: 'stops',
    title: 'A process for a while',
    rungs: [
      { name: 'cgroup freezer', needs: ['cgroup.freezer', 'cgroup.kill'] },
      {
        name: 'SIGSTOP',
        needs: ['pidfd.open', 'pidfd.signal'],
        limits: 'Its parent is told, and processes that it makes meanwhile go on.',
      },
    ],
    without: 'A process can be ended, not held.',
    relied_on_by: [],
  },
  protect_itself: {
    group: 'holds',
    title: 'Itself against root',
    rungs: [{ name: 'BPF LSM', needs: ['prog.lsm'] }],
    without: 'Root can end Merlon.',
    relied_on_by: [],
  },
  safe_paths: {
    group: 'holds',
    title: 'Paths that nobody leads astray',
    rungs: [{ name: 'openat2', needs: ['openat2.resolve'] }],
    without: 'A path could be exchanged for another between look and deed.',
    relied_on_by: [],
  },
  measure_itself: {
    group: 'holds',
    title: 'What its own programs cost',
    rungs: [{ name: 'BPF statistics', needs: ['bpf.stats'] }],
    without: 'What Merlon’s programs cost cannot be measured.',
    relied_on_by: [],
  },
};
