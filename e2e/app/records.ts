/** Writes kernel records as bpf/events.h lays them out, for the helper double. */

const HEADER = 24;
const TASK = 120;
const BODY = HEADER + TASK;

const TYPES = { exec: 1, exec_failed: 2, fork: 3, exit: 4, running: 5 } as const;

/** Who a record is about. What is left out is 0, root, or a process without parent. */
export interface Task {
  readonly pid: number;
  readonly ppid: number;
  readonly startNs: number;
  readonly parentStartNs: number;
  readonly comm: string;
  readonly uid?: number;
  /** Inode number of its mount namespace. */
  readonly mountNamespace?: number;
}

export type RecordSpec =
  | {
      readonly type: 'exec' | 'running';
      readonly task: Task;
      readonly executable: string;
      readonly args: readonly string[];
      readonly cwd?: string;
      /** enum merlon_exec_flag */
      readonly flags?: number;
      readonly inode?: number;
      /** The kernel's dev_t. */
      readonly device?: number;
    }
  | { readonly type: 'exec_failed'; readonly task: Task; readonly error: number; readonly path: string }
  | { readonly type: 'fork'; readonly task: Task }
  | {
      readonly type: 'exit';
      readonly task: Task;
      /** As wait(2) gives it: code << 8, or the signal. */
      readonly status: number;
      readonly runNs: number;
      readonly maxRss: number;
    };

/**
 * One whole record.
 * @param seq counts the records of CPU 0 from 1; 0 for what is not counted (snapshot).
 * @param timeNs boot-clock time.
 */
export function writeRecord(spec: RecordSpec, seq: number, timeNs: bigint): Buffer {
  const fixed = { exec: 208, running: 208, exec_failed: 168, fork: 144, exit: 176 }[spec.type];
  const record = new Writer(fixed);
  writeTask(record, spec.task);
  switch (spec.type) {
    case 'exec':
    case 'running':
      record.u64(144, BigInt(spec.inode ?? 4711));
      record.u32(152, spec.device ?? (8 << 20) | 1);
      record.u32(160, 0o100755);
      record.u32(164, spec.flags ?? 0);
      record.u32(168, listOf(spec.args).length);
      record.string(180, Buffer.from(spec.executable));
      record.string(192, Buffer.from(spec.cwd ?? '/'));
      record.string(196, listOf(spec.args));
      break;
    case 'exec_failed':
      record.u32(144, spec.error);
      record.string(156, Buffer.from(spec.path));
      record.string(160, Buffer.from('/'));
      record.string(164, listOf([spec.path]));
      break;
    case 'fork':
      break;
    case 'exit':
      record.u32(144, spec.status);
      record.u64(152, BigInt(spec.runNs));
      record.u64(160, BigInt(Math.floor(spec.runNs / 2)));
      record.u64(168, BigInt(spec.maxRss));
      break;
  }
  return record.finish(TYPES[spec.type], seq, timeNs);
}

/** NUL between arguments. */
function listOf(args: readonly string[]): Buffer {
  return Buffer.from(args.join('\0'));
}

function writeTask(record: Writer, task: Task): void {
  const uid = task.uid ?? 0;
  [task.pid, task.pid, task.ppid, task.pid].forEach((value, at) => record.u32(HEADER + 4 * at, value));
  record.u64(40, BigInt(task.startNs));
  record.u64(48, BigInt(task.parentStartNs));
  // uid, gid, euid, egid, loginuid, audit session, session leader
  [uid, uid, uid, uid, 0xffffffff, 0xffffffff, task.pid].forEach((value, at) =>
    record.u32(56 + 4 * at, value),
  );
  // mount, pid, net and user namespaces
  [task.mountNamespace ?? 4026531841, 4026531836, 4026531840, 4026531837].forEach((value, at) =>
    record.u32(92 + 4 * at, value),
  );
  record.bytes(128, Buffer.from(task.comm).subarray(0, 15));
}

class Writer {
  readonly #fixed: Buffer;
  readonly #tail: Buffer[] = [];
  #size: number;

  constructor(fixed: number) {
    if (fixed < BODY) throw new RangeError('shorter than header and task');
    this.#fixed = Buffer.alloc(fixed);
    this.#size = fixed;
  }

  u32(at: number, value: number): void {
    this.#fixed.writeUInt32LE(value, at);
  }

  u64(at: number, value: bigint): void {
    this.#fixed.writeBigUInt64LE(value, at);
  }

  bytes(at: number, value: Buffer): void {
    value.copy(this.#fixed, at);
  }

  string(at: number, value: Buffer): void {
    this.#fixed.writeUInt16LE(this.#size, at);
    this.#fixed.writeUInt16LE(value.length, at + 2);
    this.#tail.push(value);
    this.#size += value.length;
  }

  finish(type: number, seq: number, timeNs: bigint): Buffer {
    const padding = -this.#size & 7;
    this.u32(0, this.#size + padding);
    this.#fixed.writeUInt16LE(type, 4);
    this.u64(8, BigInt(seq));
    this.u64(16, timeNs);
    return Buffer.concat([this.#fixed, ...this.#tail, Buffer.alloc(padding)]);
  }
}
