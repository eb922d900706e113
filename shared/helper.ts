/**
 * The contract between the engine and the privileged helper, on the helper's own stdin and stdout.
 * Commands are a closed union, parsed strictly at both ends: an unknown field is a refusal.
 */
import * as v from 'valibot';
import { SENSOR_LIMITS, SPARE_SENSORS } from './sensors.ts';

export const HELPER_PROTOCOL = 1;

/** The largest control payload, and the largest batch of records, that the engine accepts (bytes). */
export const MAX_CONTROL_BYTES = 4 << 20;
/** The largest command that the helper accepts. */
export const MAX_COMMAND_BYTES = 1 << 20;
export const MAX_RECORDS_BYTES = 4 << 20;

/** Default size of the kernel ring in bytes; a power of two. It counts in the helper's RSS once it has been filled. */
export const DEFAULT_RING_BYTES = 8 << 20;

const id = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(Number.MAX_SAFE_INTEGER));

/** Attach the sensors, stream what already runs, then what happens. Refused when protocol or layout differ. */
const start = v.strictObject({
  id,
  command: v.literal('start'),
  protocol: v.number(),
  layout: v.pipe(v.string(), v.maxLength(128)),
  ringBytes: v.pipe(
    v.number(),
    v.integer(),
    v.minValue(4096),
    v.maxValue(256 << 20),
    v.check((n) => (n & (n - 1)) === 0, 'must be a power of two'),
  ),
});

/** The counters of every program, and the losses by record type and CPU. */
const stats = v.strictObject({ id, command: v.literal('stats') });

/** What the kernel takes and refuses, as it was tried when this helper was started. Answers with a ProbeOutput. */
const capabilities = v.strictObject({ id, command: v.literal('capabilities') });

/** All BPF of the host. Answers with a BpfOutput. */
const bpf = v.strictObject({ id, command: v.literal('bpf') });

/** Has the kernel measure the runs of BPF programs, which costs each run some 20 ns, or no longer. */
const measure = v.strictObject({ id, command: v.literal('measure'), on: v.boolean() });

/** Has a sensor tell all, a few or none of its events. Refused where it cannot be attached again. */
const limit = v.strictObject({
  id,
  command: v.literal('limit'),
  sensor: v.picklist(SPARE_SENSORS),
  to: v.picklist(SENSOR_LIMITS),
});

/** Detach everything and end. */
const stop = v.strictObject({ id, command: v.literal('stop') });

export const helperCommand = v.variant('command', [start, stats, capabilities, bpf, measure, limit, stop]);
export type HelperCommand = v.InferOutput<typeof helperCommand>;
export type HelperCommandName = HelperCommand['command'];

export const programStats = v.strictObject({
  /** The BPF program's name, as bpftool shows it. */
  name: v.string(),
  /** `run_cnt`, 0 while the kernel's BPF statistics are off. */
  runs: v.number(),
  /** `run_time_ns`, likewise. */
  run_ns: v.number(),
  /** Runs that the kernel skipped because the program was already running on that CPU (`recursion_misses`). */
  missed: v.number(),
});

/** How many processes and threads were made; it means something where `task_made` is attached. */
export const taskCounts = v.strictObject({
  /** `processes` of /proc/stat: every task since the machine booted, read before the others … */
  kernel_before: v.number(),
  /** … and after them. */
  kernel_after: v.number(),
  /** Tasks since the program was attached, by `task_made`. */
  made: v.number(),
  /** Of these, processes. */
  processes: v.number(),
  /** Processes, by `process_fork`. */
  told: v.number(),
});
export type TaskCounts = v.InferOutput<typeof taskCounts>;

export const helperStats = v.strictObject({
  programs: v.array(programStats),
  tasks: v.optional(taskCounts),
  /** Records that did not fit into the ring: `lost[type][cpu]`. */
  lost: v.array(v.array(v.number())),
  /** Records that a limit left out, by type. */
  left_out: v.array(v.number()),
  /** Records read from the ring since start. */
  received: v.number(),
  /** Bytes waiting in the ring now. */
  pending: v.number(),
});
export type HelperStats = v.InferOutput<typeof helperStats>;

const HELPER_ERROR_CODES = [
  'layout_mismatch', // helper and engine were built from different records
  'already_started',
  'not_started',
  'not_permitted', // CAP_BPF or CAP_PERFMON is missing
  'unsupported', // the kernel lacks what the sensor needs (no BTF, no such hook)
  'rejected', // the verifier refused a program; detail is its log
  'no_memory',
  'failed', // anything else that the kernel or libbpf said; detail has it
  'bad_command',
] as const;
export type HelperErrorCode = (typeof HELPER_ERROR_CODES)[number];

export const helperFailure = v.strictObject({
  code: v.picklist(HELPER_ERROR_CODES),
  message: v.string(),
  detail: v.optional(v.string()),
});

/** First thing that the helper says, before any command. */
const hello = v.strictObject({
  notice: v.literal('hello'),
  protocol: v.number(),
  layout: v.string(),
  version: v.string(),
  pid: v.number(),
  /** Effective capabilities that the helper kept, as names. */
  capabilities: v.array(v.string()),
});

/** The snapshot of what already ran has been streamed whole; records after it are live. */
const snapshotDone = v.strictObject({ notice: v.literal('snapshot_done'), processes: v.number() });

export const helperMessage = v.union([
  hello,
  snapshotDone,
  v.strictObject({ id, ok: v.literal(true), value: v.unknown() }),
  v.strictObject({ id, ok: v.literal(false), error: helperFailure }),
]);
export type HelperMessage = v.InferOutput<typeof helperMessage>;

/** What `start` answers with. */
export const startReply = v.strictObject({
  /** Names of the attached programs. */
  attached: v.array(v.string()),
  /** Programs that this kernel refused, with the reason in the kernel's words. */
  refused: v.array(v.strictObject({ name: v.string(), reason: v.string() })),
});
export type StartReply = v.InferOutput<typeof startReply>;
