/** What the page says of the host's BPF: its words, its figures and its sentences. */
import {
  openConcerns,
  type BpfAttachment,
  type BpfConcern,
  type BpfInventory,
  type BpfOwner,
  type BpfPower,
  type BpfProgram,
} from '../../shared/bpf.ts';
import { clock, count, counted, day, dayAndMinute } from '../ui/units.ts';

export const OWNER_WORDS: Readonly<Record<BpfOwner, string>> = {
  merlon: 'Merlon',
  systemd: 'systemd',
  container: 'container',
  package: 'package',
  foreign: 'foreign',
};

const OWNERS = Object.keys(OWNER_WORDS) as BpfOwner[];

/** In a sentence that counts them. */
const OWNERS_OF: Readonly<Record<BpfOwner, string>> = {
  merlon: 'Merlon’s',
  systemd: 'systemd’s',
  container: 'containers’',
  package: 'packages’',
  foreign: 'foreign',
};

const ONE_OF: Readonly<Partial<Record<BpfOwner, string>>> = {
  container: 'a container’s',
  package: 'a package’s',
};

/** A few words in a row … */
export const CONCERN_WORDS: Readonly<Record<BpfConcern, string>> = {
  our_hook: 'where Merlon’s own are',
  overrides_returns: 'changes what calls return',
  writes_user_memory: 'writes into programs’ memory',
  sends_signals: 'sends signals',
};

/** … and what they mean. */
export const CONCERN_SENTENCES: Readonly<Record<BpfConcern, string>> = {
  our_hook:
    'It is attached where one of Merlon’s own programs is. Tracers use the same places, so that alone says little.',
  overrides_returns:
    'It can make a function of the kernel return something else: a file can seem not to be there.',
  writes_user_memory: 'It can write into the memory of the process that runs at that moment.',
  sends_signals: 'It can send signals to the process that runs at that moment, and so end it.',
};

export function powersText(powers: readonly BpfPower[] | null): readonly string[] {
  if (powers === null) return ['The kernel does not show its instructions, so nobody knows.'];
  if (powers.length === 0)
    return [
      'None that Merlon looks for: it calls no helper that changes what calls return, writes into processes or signals them. Kernel functions and other programs that it calls are not looked at.',
    ];
  return powers.map((power) => CONCERN_WORDS[power]);
}

const PROGRAM_TYPES: Readonly<Record<string, string>> = {
  socket_filter: 'sees the packets of a socket',
  kprobe: 'runs where a kernel function begins or ends',
  tracepoint: 'runs at a place that the kernel marks for tracing',
  raw_tracepoint: 'runs at a place that the kernel marks for tracing',
  raw_tracepoint_writable:
    'runs at a place that the kernel marks for tracing, and may change what it is given',
  tracing: 'runs where a kernel function begins or ends, or reads the kernel’s lists',
  lsm: 'is asked before security decisions, and may refuse',
  perf_event: 'runs each time a counter or a timer fires',
  cgroup_skb: 'sees the packets of a group of processes, and may drop them',
  cgroup_sock: 'is asked when a group of processes makes sockets',
  cgroup_sock_addr: 'is asked when a group of processes connects, and may refuse or redirect',
  cgroup_device: 'decides which devices a group of processes may open',
  cgroup_sysctl: 'decides on kernel settings that a group of processes reads or writes',
  cgroup_sockopt: 'sees the socket options of a group of processes, and may change them',
  sock_ops: 'sees and tunes the connections of a group of processes',
  sched_cls: 'sees the packets of an interface, and may drop, change or redirect them',
  sched_act: 'acts on the packets of an interface',
  xdp: 'sees packets first, as they arrive, and may drop them',
  netfilter: 'is part of the packet filter',
  sk_skb: 'passes data from one socket to another',
  sk_msg: 'passes data from one socket to another',
  sk_lookup: 'chooses the socket that gets a connection',
  sk_reuseport: 'chooses among sockets on one port',
  flow_dissector: 'takes packets apart',
  struct_ops: 'stands in for a part of the kernel',
  ext: 'replaces a function of another BPF program',
  syscall: 'runs when a process asks for it',
  lirc_mode2: 'decodes infrared remote controls',
};

const MAP_TYPES: Readonly<Record<string, string>> = {
  hash: 'a table: values by key',
  lru_hash: 'a table that forgets what was used least',
  percpu_hash: 'a table, one for each processor',
  lru_percpu_hash: 'a table for each processor that forgets what was used least',
  array: 'numbered places',
  percpu_array: 'numbered places, for each processor',
  ringbuf: 'a queue to a process',
  user_ringbuf: 'a queue from a process',
  perf_event_array: 'a queue to a process, for each processor',
  prog_array: 'programs that another program can go on with',
  lpm_trie: 'addresses, by their longest prefix',
  stack_trace: 'call stacks',
  queue: 'first in, first out',
  stack: 'last in, first out',
  bloom_filter: 'tells what was surely not seen before',
  cgroup_array: 'groups of processes',
  task_storage: 'values that hang on processes',
  inode_storage: 'values that hang on files',
  sk_storage: 'values that hang on sockets',
  cgrp_storage: 'values that hang on groups of processes',
  array_of_maps: 'maps, by number',
  hash_of_maps: 'maps, by key',
  sockmap: 'sockets',
  sockhash: 'sockets, by key',
  devmap: 'interfaces',
  devmap_hash: 'interfaces, by key',
  cpumap: 'processors',
  xskmap: 'sockets that take packets directly',
  struct_ops: 'a part of the kernel, given by programs',
  arena: 'memory shared with a process',
};

/** What a program of this type is there for; empty where that is not known here. */
export const programType = (type: string): string => PROGRAM_TYPES[type] ?? '';
export const mapType = (type: string): string => MAP_TYPES[type] ?? '';

/** Where it hangs, in a few words. */
export function attachmentText({ target, attach_type, type }: BpfAttachment): string {
  return target || attach_type || type;
}

/** All its places in one line; empty where it is attached nowhere that the kernel tells. */
export function attachedText({ attachments }: Pick<BpfProgram, 'attachments'>): string {
  const [first, ...rest] = attachments;
  if (first === undefined) return '';
  return rest.length === 0 ? attachmentText(first) : `${attachmentText(first)} +${rest.length}`;
}

/** Percent of one processor: `0.06 %`, `4.2 %`, `12 %`. */
export function percent(value: number): string {
  if (value > 0 && value < 0.005) return '< 0.01 %';
  const digits = value === 0 || value >= 10 ? 0 : value >= 1 ? 1 : 2;
  return `${value.toFixed(digits)} %`;
}

/** A share needs two looks at a kernel that measures. */
export function cpuText(program: BpfProgram, statistics: boolean): string {
  if (program.cpu_percent !== null) return percent(program.cpu_percent);
  return statistics ? '…' : 'unknown';
}

/** Runs are counted only while the kernel measures: none is not 0 before it did. */
export function runsText(program: BpfProgram, statistics: boolean): string {
  return program.runs > 0 || statistics ? count(program.runs) : 'unknown';
}

/** `14:31`, of another day `9 Nov`: in a sentence, and in one piece. */
export function since(ms: number, now: number): string {
  const date = day(ms, now);
  return date === 'today' ? clock(ms).slice(0, 5) : date.replaceAll(' ', '\u00a0');
}

/** `14:31:02`, of another day `9 Nov 14:31`: in a column. */
export function when(ms: number, now: number): string {
  return day(ms, now) === 'today' ? clock(ms) : dayAndMinute(ms, now);
}

const are = (n: number, what: string) => `${count(n)} ${n === 1 ? 'is' : 'are'} ${what}`;

/** "41 programs: 12 Merlon’s, 22 systemd’s, 7 foreign; 1 is new since 12 Nov." */
export function headline({ programs, gone, baseline }: BpfInventory, now: number): string {
  if (programs.length === 0) return 'No BPF program is listed.';
  const owners = OWNERS.map((owner) => ({
    n: programs.filter((each) => each.owner === owner).length,
    owner,
  })).filter(({ n }) => n > 0);
  const whose = owners
    .map(({ n, owner }) => `${count(n)} ${(n === 1 ? ONE_OF[owner] : undefined) ?? OWNERS_OF[owner]}`)
    .join(', ');
  const all = `${counted(programs.length, 'program')}${whose === '' ? '' : `: ${whose}`}`;
  return `${all}; ${newsWords(programs.filter(({ is_new }) => is_new).length, gone.length, baseline, now)}.`;
}

function newsWords(added: number, gone: number, baseline: number | null, now: number): string {
  if (baseline === null) return 'there is nothing to compare them with yet';
  const from = `since ${since(baseline, now)}`;
  if (added === 0 && gone === 0) return `none is new or gone ${from}`;
  if (gone === 0) return `${are(added, 'new')} ${from}`;
  if (added === 0) return `${are(gone, 'gone')} ${from}`;
  return `${are(added, 'new')} and ${count(gone)} gone ${from}`;
}

/** "2 of the foreign ones are worth a look." Empty where none is. */
export function concernSentence(programs: readonly BpfProgram[]): string {
  const n = programs.filter((program) => openConcerns(program).length > 0).length;
  const foreign = programs.filter(({ owner }) => owner === 'foreign').length;
  if (n === 0) return '';
  if (foreign === 1) return 'The foreign one is worth a look.';
  return `${n === foreign ? 'All' : count(n)} of the foreign ones ${n === 1 ? 'is' : 'are'} worth a look.`;
}
