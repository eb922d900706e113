/**
 * All BPF of the host: what the helper's inventory says (`bpfOutput`, native/inventory prints it) and what the engine
 * makes of it (`BpfInventory`). Types of programs, maps, links and attach points are named as bpftool names them.
 */
import * as v from 'valibot';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = v.pipe(v.string(), v.maxLength(4096));

/** What a program can do to others, by the helpers that it calls; kfuncs, and programs that it goes on with, are not looked at. */
export const BPF_POWERS = [
  'overrides_returns', // bpf_override_return
  'writes_user_memory', // bpf_probe_write_user
  'sends_signals', // bpf_send_signal, bpf_send_signal_thread
] as const;
export type BpfPower = (typeof BPF_POWERS)[number];

const program = v.strictObject({
  id: count,
  type: text,
  name: text,
  /** 16 hex digits: a hash of its instructions. */
  tag: text,
  /** Boot-clock nanoseconds. */
  loaded_ns: count,
  /** Who loaded it. */
  uid: count,
  gpl: v.boolean(),
  /** Instructions that the verifier walked; 0 where the kernel does not say (before 5.16). */
  verified: count,
  translated_bytes: count,
  /** 0 where it is interpreted, or the kernel does not show it. */
  jited_bytes: count,
  memory_bytes: count,
  /** Nanoseconds and runs while the kernel's BPF statistics were on, since it was loaded. */
  run_ns: count,
  runs: count,
  /** Runs that the kernel skipped because the program was running already on that processor. */
  missed: count,
  maps: v.array(count),
  /** null where its instructions are not shown: then nobody knows. */
  powers: v.nullable(v.array(v.picklist(BPF_POWERS))),
});

const map = v.strictObject({
  id: count,
  type: text,
  name: text,
  key_bytes: count,
  value_bytes: count,
  max_entries: count,
  memory_bytes: count,
  frozen: v.boolean(),
});

/** How a program hangs on the kernel, by a link or without one. */
const attachment = v.strictObject({
  program: count,
  /** null where it was attached without one: by bpf(BPF_PROG_ATTACH), netlink, or a perf event. */
  link: v.nullable(count),
  /** Such as tracing, raw_tracepoint, cgroup, xdp, tc, perf_event, struct_ops. */
  type: text,
  /** enum bpf_attach_type, as bpftool names it; empty where there is none. */
  attach_type: text,
  /** Function, tracepoint, cgroup's path or interface; empty where the kernel does not say. */
  target: text,
  /** Whether the kernel can detach it and attach it again: links of cgroups, interfaces and network namespaces. */
  detachable: v.boolean(),
});

export const BPF_KINDS = ['program', 'map', 'link'] as const;
export type BpfKind = (typeof BPF_KINDS)[number];
const kind = v.picklist(BPF_KINDS);

export const bpfOutput = v.strictObject({
  taken_ms: count,
  /** Boot-clock nanoseconds. */
  at_ns: count,
  /** Whether the kernel measures runs now. */
  statistics: v.boolean(),
  programs: v.array(program),
  maps: v.array(map),
  attachments: v.array(attachment),
  pins: v.array(v.strictObject({ path: text, kind, id: count })),
  /** Processes that have a descriptor of it. */
  holders: v.array(
    v.strictObject({
      kind,
      id: count,
      pid: count,
      /** Field 22 of /proc/PID/stat, clock ticks since boot. */
      start_ticks: count,
      comm: text,
    }),
  ),
  /** What could not be read, a sentence each. */
  unread: v.array(text),
});
export type BpfOutput = v.InferOutput<typeof bpfOutput>;

/** Whose it is, as far as can be told. */
export const BPF_OWNERS = ['merlon', 'systemd', 'container', 'package', 'foreign'] as const;
export type BpfOwner = (typeof BPF_OWNERS)[number];

/** Why a person should look at it. */
export const BPF_CONCERNS = [
  'our_hook', // it is attached where Merlon's own programs are
  ...BPF_POWERS,
] as const;
export type BpfConcern = (typeof BPF_CONCERNS)[number];

/** A process that holds or loaded something. */
export interface BpfProcess {
  readonly pid: number;
  /** null where the process table does not know it. */
  readonly entity_id: string | null;
  readonly name: string;
  readonly executable: string | null;
  readonly user: string | null;
}

export interface BpfProgram {
  readonly id: number;
  readonly type: string;
  readonly name: string;
  readonly tag: string;
  /** Epoch milliseconds. */
  readonly loaded: number;
  /** User who loaded it, by name where it has one. */
  readonly user: string;
  /** As seen by Merlon's sensors; null where they have not seen it. */
  readonly loader: BpfProcess | null;
  readonly holders: readonly BpfProcess[];
  readonly owner: BpfOwner;
  /** A sentence: why it counts as that owner's. */
  readonly owner_why: string;
  readonly attachments: readonly BpfAttachment[];
  readonly pins: readonly string[];
  readonly maps: readonly number[];
  readonly gpl: boolean;
  readonly verified: number;
  readonly translated_bytes: number;
  readonly jited_bytes: number;
  readonly memory_bytes: number;
  /** While the kernel measured it. */
  readonly run_ns: number;
  readonly runs: number;
  readonly missed: number;
  /** Percent of one processor since the look before; null while nothing is measured. */
  readonly cpu_percent: number | null;
  readonly powers: readonly BpfPower[] | null;
  /** Of a foreign program alone. */
  readonly concerns: readonly BpfConcern[];
  /** Those of its concerns that a person accepted with the baseline; left out where there are none. */
  readonly accepted?: readonly BpfConcern[];
  /** Not in the baseline. */
  readonly is_new: boolean;
}

/** What a person has not accepted yet. */
export const openConcerns = ({
  concerns,
  accepted = [],
}: Pick<BpfProgram, 'concerns' | 'accepted'>): readonly BpfConcern[] =>
  concerns.filter((each) => !accepted.includes(each));

export interface BpfAttachment {
  readonly link: number | null;
  readonly type: string;
  readonly attach_type: string;
  readonly target: string;
  readonly detachable: boolean;
}

export interface BpfMap {
  readonly id: number;
  readonly type: string;
  readonly name: string;
  readonly key_bytes: number;
  readonly value_bytes: number;
  readonly max_entries: number;
  readonly memory_bytes: number;
  readonly frozen: boolean;
  /** Ids of the programs that use it. */
  readonly programs: readonly number[];
  readonly holders: readonly BpfProcess[];
  readonly pins: readonly string[];
  readonly owner: BpfOwner;
}

/** What the baseline had and is there no more. */
export interface BpfGone {
  readonly type: string;
  readonly name: string;
  readonly tag: string;
  readonly owner: BpfOwner;
  readonly target: string;
}

export interface BpfInventory {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Whether the kernel measures runs now. */
  readonly statistics: boolean;
  readonly programs: readonly BpfProgram[];
  readonly maps: readonly BpfMap[];
  readonly gone: readonly BpfGone[];
  /** Epoch milliseconds of the baseline; null before the first look has been kept as one. */
  readonly baseline: number | null;
  readonly unread: readonly string[];
}
