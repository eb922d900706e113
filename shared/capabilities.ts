/**
 * What this kernel lets Merlon do: what was tried on it (features), and what that means for a person (protections).
 * `merlon capabilities --json` prints a report as it is here; names stay, new ones may come.
 */
import * as v from 'valibot';

/** Raised when a name below changes its meaning or goes. */
export const CAPABILITIES_SCHEMA = 1;

/** Everything that is tried, with what it is for. native/probe tries these; a test holds the two together. */
export const FEATURES = {
  'btf.vmlinux': 'the kernel’s types',
  'prog.tp_btf': 'program on a typed tracepoint',
  'prog.raw_tracepoint': 'program on a raw tracepoint',
  'prog.tracepoint': 'program on a tracepoint',
  'prog.fentry': 'program at a function’s entry',
  'prog.fexit': 'program at a function’s end',
  'prog.kprobe': 'program on a kprobe',
  'prog.lsm': 'program on a security hook',
  'prog.lsm_sleepable': 'program on a security hook that may sleep',
  'prog.lsm_cgroup': 'program on a security hook, for one cgroup',
  'prog.iter_task': 'program that lists processes',
  'prog.iter_task_sleepable': 'program that lists processes and reads their memory',
  'prog.xdp_native': 'program in a network driver (veth)',
  'prog.xdp_generic': 'program before the network stack',
  'prog.tc': 'program in traffic control',
  'prog.tcx': 'program in traffic control, by link',
  'prog.cgroup_connect': 'program at a cgroup’s connect',
  'prog.cgroup_sendmsg': 'program at a cgroup’s sendmsg',
  'prog.cgroup_skb': 'program at a cgroup’s packets',
  'prog.cgroup_sysctl': 'program at a cgroup’s sysctl writes',
  'map.array': 'array',
  'map.percpu_array': 'array for each processor',
  'map.hash': 'hash',
  'map.lru_hash': 'hash that forgets the oldest',
  'map.lpm_trie': 'network prefixes',
  'map.ringbuf': 'ring buffer',
  'map.task_storage': 'storage at a task',
  'map.cgrp_storage': 'storage at a cgroup',
  'helper.ktime_get_boot_ns': 'boot clock',
  'helper.get_current_task_btf': 'the running task',
  'helper.probe_read_kernel_str': 'text from the kernel',
  'helper.probe_read_user_str': 'text from a program',
  'helper.copy_from_user_task': 'memory of another program',
  'helper.d_path': 'path of a file',
  'helper.ringbuf_output': 'sending a record',
  'helper.ringbuf_query': 'filling of the ring',
  'helper.send_signal': 'signal from a program',
  'bpf.stats': 'run time of programs',
  'bpf.inventory': 'list of all programs',
  'bpf.pin': 'pins in a BPF file system',
  'bpf.signing': 'signed programs',
  'fanotify.open_exec_perm': 'answer before a file is executed',
  'fanotify.open_perm': 'answer before a file is opened',
  'pidfd.open': 'handle of a process',
  'pidfd.signal': 'signal by handle',
  'cgroup.freezer': 'freezing a cgroup',
  'cgroup.kill': 'ending a cgroup',
  'openat2.resolve': 'paths that are not led astray',
} as const;
export type FeatureId = keyof typeof FEATURES;
export const FEATURE_IDS = Object.keys(FEATURES) as readonly FeatureId[];

export const FEATURE_STATES = [
  'works', // tried, and seen to run
  'refused', // tried, and refused: `step` says where, the rest in the kernel's words
  'untried', // not tried: `message` says why
] as const;
export type FeatureState = (typeof FEATURE_STATES)[number];

const feature = v.strictObject({
  state: v.picklist(FEATURE_STATES),
  /** Where it ended: create, load, attach, run, … */
  step: v.optional(v.string()),
  /** Positive, of errno(3). */
  errno: v.optional(v.number()),
  /** Its name: EPERM. */
  error: v.optional(v.string()),
  /** The kernel's own words: the end of the verifier's log, an extended acknowledgement, or what errno means. */
  message: v.optional(v.string()),
});
export type Feature = v.InferOutput<typeof feature>;

const networkInterface = v.strictObject({
  name: v.string(),
  /** null where it has none that is named (loopback). */
  driver: v.nullable(v.string()),
  /** XDP in the driver. */
  native: feature,
  /** XDP before the stack, on every interface alike. */
  generic: feature,
});

/** What native/probe prints: JSON, one object. */
export const probeOutput = v.strictObject({
  probe: v.literal(1),
  features: v.record(v.string(), feature),
  interfaces: v.array(networkInterface),
  facts: v.strictObject({
    /** /sys/kernel/security/lsm as it is; null where securityfs cannot be mounted. */
    lsm: v.nullable(v.string()),
    /** /sys/kernel/security/lockdown as it is. */
    lockdown: v.nullable(v.string()),
    /** Where cgroup v2 is. */
    cgroup2: v.nullable(v.string()),
    /** What was not mounted, and was for the probe alone. */
    mounted: v.array(v.string()),
  }),
  took_ms: v.number(),
});
export type ProbeOutput = v.InferOutput<typeof probeOutput>;

export const PROTECTION_GROUPS = {
  sees: 'what runs, what it touches, what it talks to',
  stops: 'before it happens, or at once',
  holds: 'the way back, the count, itself',
} as const;
export type ProtectionGroup = keyof typeof PROTECTION_GROUPS;

export const PROTECTION_STATES = [
  'works', // by the strongest rung
  'degraded', // by a lower rung, or not everywhere
  'impossible', // no rung works
  'unknown', // not tried: needs root
] as const;
export type ProtectionState = (typeof PROTECTION_STATES)[number];

export const PROTECTION_IDS = [
  'see_programs',
  'see_failed_programs',
  'see_running',
  'see_files',
  'see_connections',
  'see_bpf',
  'deny_exec',
  'deny_file',
  'deny_connect',
  'drop_traffic',
  'end_process',
  'pause_process',
  'protect_itself',
  'safe_paths',
  'measure_itself',
] as const;
export type ProtectionId = (typeof PROTECTION_IDS)[number];

/** One way to do it, the strongest first. */
export interface Rung {
  /** "BPF LSM" */
  readonly name: string;
  readonly state: 'works' | 'refused' | 'unknown';
  /** The features that it needs; all of them. */
  readonly needs: readonly FeatureId[];
  /** What it cannot do that a stronger one can; a sentence. Absent at the strongest. */
  readonly limits?: string;
}

export interface Protection {
  readonly group: ProtectionGroup;
  /** "A program before it runs": completes the group's title. */
  readonly title: string;
  readonly state: ProtectionState;
  /** Index into `rungs` of the one in use; null where none works or none was tried. */
  readonly rung: number | null;
  readonly rungs: readonly Rung[];
  /** Why it is so; a sentence or two. */
  readonly why: string;
  /** What is lost until it is repaired; a sentence. null where nothing is. */
  readonly lost: string | null;
  /** Ids of `repairs` that would lift it. */
  readonly repairs: readonly string[];
  /** What relies on it now: "sensing". Empty: nothing of Merlon uses it yet. */
  readonly relied_on_by: readonly string[];
}

/** A change to one file, to be looked at before anything is done. */
export interface RepairDiff {
  readonly file: string;
  /** Whole lines, as `diff -u` shows them, without its head. */
  readonly lines: readonly string[];
}

export interface Repair {
  readonly id: string;
  /** "Let BPF LSM load" */
  readonly title: string;
  readonly kind: 'boot' | 'sysctl' | 'package' | 'kernel' | 'mount';
  /** What to do, in order; commands as they are typed. */
  readonly steps: readonly { readonly text: string; readonly command?: string }[];
  readonly diffs: readonly RepairDiff[];
  /** How it is taken back; a sentence. */
  readonly undo: string;
  readonly lifts: readonly ProtectionId[];
}

/** An installed kernel that does not run, held against the sensor programs. */
export interface KernelForecast {
  /** "6.12.57+deb13-amd64" */
  readonly version: string;
  readonly state: 'fits' | 'partly' | 'not' | 'unknown';
  readonly programs: number;
  readonly fitting: number;
  /** What will stop working, or why nobody can know; sentences. */
  readonly findings: readonly string[];
}

/** One difference between two reports. */
export interface CapabilityChange {
  readonly protection: ProtectionId;
  readonly before: ProtectionState;
  readonly after: ProtectionState;
  /** "BPF LSM → fanotify": the names of the rungs in use. */
  readonly rungs: readonly [before: string | null, after: string | null];
}

export interface CapabilityReport {
  readonly schema: typeof CAPABILITIES_SCHEMA;
  /** Epoch milliseconds. */
  readonly made: number;
  readonly boot_id: string;
  readonly kernel_version: string;
  readonly architecture: string;
  /** Whether root tried; otherwise only what anybody can know is here, and `why_not` says how to have the rest. */
  readonly privileged: boolean;
  readonly why_not: string | null;
  readonly took_ms: number;
  /** The one sentence on top. */
  readonly summary: string;
  readonly btf_available: boolean;
  readonly bpf_features: Readonly<Record<FeatureId, Feature>>;
  readonly lsm: {
    /** In the kernel's order; null where it does not say. */
    readonly active: readonly string[] | null;
    /** "bpf" is in the list. */
    readonly bpf_listed: boolean | null;
    /** A program on a security hook loads, attaches and runs. */
    readonly bpf_works: boolean | null;
  };
  readonly xdp: Readonly<
    Record<string, { readonly driver: string | null; readonly native: Feature; readonly generic: Feature }>
  >;
  readonly hardening: {
    readonly lockdown: 'none' | 'integrity' | 'confidentiality' | null;
    readonly jit: 'off' | 'on' | 'debug' | null;
    readonly jit_harden: 'off' | 'unprivileged' | 'all' | null;
    readonly unprivileged_bpf: 'allowed' | 'off' | 'off for good' | null;
    readonly perf_event_paranoid: number | null;
    readonly kptr_restrict: number | null;
    readonly modules_disabled: boolean | null;
    readonly program_signing: boolean | null;
  };
  readonly protections: Readonly<Record<ProtectionId, Protection>>;
  readonly repairs: readonly Repair[];
  /** null while they are looked at. */
  readonly kernels: readonly KernelForecast[] | null;
  /** Against the last report of another boot, or an earlier one of this; null where there is none. */
  readonly since_last: {
    readonly made: number;
    readonly kernel_version: string;
    readonly same_boot: boolean;
    readonly changes: readonly CapabilityChange[];
  } | null;
}
