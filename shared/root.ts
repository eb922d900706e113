/** What the one process that runs as root keeps, loads and obeys, in words for a person. */
import type { HelperCommandName } from './helper.ts';

/** Capabilities that the helper keeps; it gives up every other one before it does anything. */
export const ROOT_CAPABILITIES: Readonly<Record<string, string>> = {
  CAP_BPF: 'loads programs into the kernel, which checks each of them first',
  CAP_PERFMON: 'lets those programs read what the kernel knows of a process',
  CAP_DAC_READ_SEARCH:
    'reads the kernel’s list of places to attach them to; it would let it read any file, and no command does',
};

/** The second program that runs as root, for about a second at each start: it can do what root can, and takes nothing. */
export const ROOT_PROBE =
  'merlon-probe tries what this kernel takes, on folders, groups and networks that it makes for that and removes. It reads nothing that anybody says, has all of root’s powers for about a second, and ends.';

/** The third one, which stays as long as the helper, and keeps five capabilities that the helper gives up. */
export const ROOT_INVENTORY =
  'merlon-inventory answers the helper’s questions about all BPF of this machine: which programs there are, who holds them, and what they cost. For that it keeps CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_SYS_PTRACE, CAP_SYSLOG and CAP_DAC_READ_SEARCH. It takes questions of one byte, no names and no paths, changes nothing but the kernel’s own measuring, and ends with the helper.';

/** What is loaded, by what it tells of; a kernel that lacks fexit gets `exec_failed`, `execveat_failed` and `bpf_called` instead. */
export const ROOT_PROGRAMS: readonly { readonly names: readonly string[]; readonly tells: string }[] = [
  { names: ['process_exec'], tells: 'a program that starts' },
  { names: ['process_fork'], tells: 'a process that is made' },
  { names: ['process_exit'], tells: 'a process that ends' },
  { names: ['cgroup_made'], tells: 'a container or service that is made' },
  {
    names: ['task_made'],
    tells: 'how many processes and threads were made, to be compared with the kernel’s own count',
  },
  { names: ['snapshot', 'snapshot_plain'], tells: 'what runs already, once' },
  {
    names: ['fexit_exec', 'fexit_execat', 'fexit_exec32', 'fexit_execat32'],
    tells: 'an attempt to start a program that the kernel turned down',
  },
  { names: ['exec_failed', 'execveat_failed'], tells: 'the same, on kernels without fexit' },
  {
    names: ['fexit_bpf', 'fexit_bpf32'],
    tells: 'who loads programs into the kernel, attaches and detaches them, or may not',
  },
  { names: ['bpf_called'], tells: 'that, too, on kernels without fexit' },
];

/** The only commands that the helper obeys. */
export const ROOT_COMMANDS: Readonly<Record<HelperCommandName, string>> = {
  start: 'load the programs and pass on what they see',
  stats: 'say how many events the kernel had no room for',
  capabilities: 'say what this kernel takes and what it refuses',
  bpf: 'say which BPF programs there are on this machine, Merlon’s and everybody’s',
  measure: 'have the kernel measure how long BPF programs run, or no longer',
  limit: 'leave out some of the events that cost too much, or tell them again',
  stop: 'take everything out again and end',
};
