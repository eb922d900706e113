/**
 * Bytes from the helper to records. They crossed a trust boundary: every size, type and string is checked, and what
 * does not fit is a DecodeError, after which that helper is not believed any more.
 */
import { Buffer, isAscii } from 'node:buffer';
import { escapeBytes } from '../../shared/bytes.ts';
import { NOT_PLAIN, plainHash } from '../plain.ts';
import {
  BPF_SIZE,
  BPF_TAG_AT,
  BPF_TASK_AT,
  CGROUP_ID_AT,
  CGROUP_SIZE,
  decimal64,
  EXEC_FAILED_SIZE,
  EXEC_FAILED_TASK_AT,
  EXEC_INODE_AT,
  EXEC_SIZE,
  EXEC_TASK_AT,
  EXIT_SIZE,
  EXIT_TASK_AT,
  FORK_SIZE,
  FORK_TASK_AT,
  HEADER_SIZE,
  MERLON_BPF,
  MERLON_CGROUP,
  MERLON_EXEC,
  MERLON_EXEC_FAILED,
  MERLON_EXIT,
  MERLON_FORK,
  MERLON_RUNNING,
  readBpf,
  readCgroup,
  readExec,
  readExecFailed,
  readExit,
  readFork,
  recordSize,
  recordType,
  TASK_CGROUP_ID_AT,
  type MerlonBpf,
  type MerlonCgroup,
  type MerlonExec,
  type MerlonExecFailed,
  type MerlonExit,
  type MerlonFork,
  type MerlonHeader,
  type MerlonTask,
} from './records.generated.ts';

export type { MerlonTask } from './records.generated.ts';

/** Strings are reversible text (shared/bytes.ts), '' where there is none; lists keep a NUL between their members. */
export interface ExecRecord {
  readonly kind: 'exec' | 'running';
  readonly header: MerlonHeader;
  readonly task: MerlonTask;
  readonly cgroupId: string;
  readonly exec: MerlonExec;
  readonly inode: string;
  readonly executable: string;
  readonly script: string;
  readonly interpreter: string;
  readonly cwd: string;
  readonly args: string;
  /** What `plainHash` (plain.ts) says of the arguments. */
  readonly argsPlain: number;
  readonly env: string;
  readonly tty: string;
}

export interface ExecFailedRecord {
  readonly kind: 'exec_failed';
  readonly header: MerlonHeader;
  readonly task: MerlonTask;
  readonly cgroupId: string;
  readonly failed: MerlonExecFailed;
  readonly path: string;
  readonly cwd: string;
  readonly args: string;
}

export interface ForkRecord {
  readonly kind: 'fork';
  readonly header: MerlonHeader;
  readonly task: MerlonTask;
  readonly cgroupId: string;
}

export interface ExitRecord {
  readonly kind: 'exit';
  readonly header: MerlonHeader;
  readonly task: MerlonTask;
  readonly cgroupId: string;
  readonly exit: MerlonExit;
}

export interface CgroupRecord {
  readonly kind: 'cgroup';
  readonly header: MerlonHeader;
  readonly id: string;
  readonly hierarchy: number;
  readonly path: string;
}

/** `task` called bpf(): `bpf` has the kernel’s numbers, which bpf-names.ts turns into names. */
export interface BpfRecord {
  readonly kind: 'bpf';
  readonly header: MerlonHeader;
  readonly task: MerlonTask;
  readonly cgroupId: string;
  readonly bpf: MerlonBpf;
  /** 16 hex digits, as the inventory has it; '' where no program is known. */
  readonly tag: string;
  readonly name: string;
  /** Where something was pinned, as the caller gave it. */
  readonly path: string;
}

export type DecodedRecord =
  ExecRecord | ExecFailedRecord | ForkRecord | ExitRecord | CgroupRecord | BpfRecord;

/** The bytes are not what bpf/events.h says. */
export class DecodeError extends Error {
  override name = 'DecodeError';
}

/**
 * The records of a batch, in the order in which they lie there.
 * @param onUnknown called with the type of each record that this build does not know; it is left out.
 * @throws DecodeError where a record does not hold together; nothing of the batch is to be believed then.
 */
export function decodeBatch(batch: Uint8Array, onUnknown: (type: number) => void): DecodedRecord[] {
  const bytes = Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength);
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const records: DecodedRecord[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < HEADER_SIZE)
      throw new DecodeError(`${bytes.length - at} bytes at ${at} are no header`);
    const size = recordSize(view, at);
    if (size < HEADER_SIZE || size % 8 !== 0 || size > bytes.length - at) {
      throw new DecodeError(`a record at ${at} of ${bytes.length} says that it has ${size} bytes`);
    }
    const record = decodeRecord(bytes, view, at, size);
    if (record === undefined) onUnknown(recordType(view, at));
    else records.push(record);
    at += size;
  }
  return records;
}

function decodeRecord(bytes: Buffer, view: DataView, at: number, size: number): DecodedRecord | undefined {
  switch (recordType(view, at)) {
    case MERLON_EXEC:
      return decodeExec('exec', bytes, view, at, size);
    case MERLON_RUNNING:
      return decodeExec('running', bytes, view, at, size);
    case MERLON_FORK: {
      mustHold(size, FORK_SIZE, 'fork');
      const fork: MerlonFork = readFork(view, at);
      return {
        kind: 'fork',
        header: fork.header,
        task: fork.task,
        cgroupId: cgroupId(view, at + FORK_TASK_AT),
      };
    }
    case MERLON_EXIT: {
      mustHold(size, EXIT_SIZE, 'exit');
      const exit = readExit(view, at);
      const id = cgroupId(view, at + EXIT_TASK_AT);
      return { kind: 'exit', header: exit.header, task: exit.task, cgroupId: id, exit };
    }
    case MERLON_EXEC_FAILED:
      return decodeExecFailed(bytes, view, at, size);
    case MERLON_CGROUP:
      return decodeCgroup(bytes, view, at, size);
    case MERLON_BPF:
      return decodeBpf(bytes, view, at, size);
    default:
      return undefined;
  }
}

function decodeExec(
  kind: 'exec' | 'running',
  bytes: Buffer,
  view: DataView,
  at: number,
  size: number,
): ExecRecord {
  mustHold(size, EXEC_SIZE, kind);
  const exec = readExec(view, at);
  const tail = new Tail(bytes, at, EXEC_SIZE, size);
  return {
    kind,
    header: exec.header,
    task: exec.task,
    cgroupId: cgroupId(view, at + EXEC_TASK_AT),
    exec,
    inode: decimal64(view, at + EXEC_INODE_AT),
    executable: tail.text(exec.executable_off, exec.executable_len),
    script: tail.text(exec.script_off, exec.script_len),
    interpreter: tail.text(exec.interpreter_off, exec.interpreter_len),
    cwd: tail.text(exec.cwd_off, exec.cwd_len),
    args: tail.text(exec.args_off, exec.args_len),
    argsPlain: tail.plain(exec.args_off, exec.args_len),
    env: tail.text(exec.env_off, exec.env_len),
    tty: tail.text(exec.tty_off, exec.tty_len),
  };
}

function decodeExecFailed(bytes: Buffer, view: DataView, at: number, size: number): ExecFailedRecord {
  mustHold(size, EXEC_FAILED_SIZE, 'exec_failed');
  const failed = readExecFailed(view, at);
  const tail = new Tail(bytes, at, EXEC_FAILED_SIZE, size);
  return {
    kind: 'exec_failed',
    header: failed.header,
    task: failed.task,
    cgroupId: cgroupId(view, at + EXEC_FAILED_TASK_AT),
    failed,
    path: tail.text(failed.path_off, failed.path_len),
    cwd: tail.text(failed.cwd_off, failed.cwd_len),
    args: tail.text(failed.args_off, failed.args_len),
  };
}

function decodeCgroup(bytes: Buffer, view: DataView, at: number, size: number): CgroupRecord {
  mustHold(size, CGROUP_SIZE, 'cgroup');
  const cgroup: MerlonCgroup = readCgroup(view, at);
  return {
    kind: 'cgroup',
    header: cgroup.header,
    id: decimal64(view, at + CGROUP_ID_AT),
    hierarchy: cgroup.hierarchy,
    path: new Tail(bytes, at, CGROUP_SIZE, size).text(cgroup.path_off, cgroup.path_len),
  };
}

function decodeBpf(bytes: Buffer, view: DataView, at: number, size: number): BpfRecord {
  mustHold(size, BPF_SIZE, 'bpf');
  const bpf = readBpf(view, at);
  const tagAt = at + BPF_TAG_AT;
  return {
    kind: 'bpf',
    header: bpf.header,
    task: bpf.task,
    cgroupId: cgroupId(view, at + BPF_TASK_AT),
    bpf,
    tag: bpf.program_id === 0 ? '' : bytes.toString('hex', tagAt, tagAt + 8),
    name: escapeBytes(Buffer.from(bpf.name, 'latin1')),
    path: new Tail(bytes, at, BPF_SIZE, size).text(bpf.path_off, bpf.path_len),
  };
}

function mustHold(size: number, least: number, kind: string): void {
  if (size < least) throw new DecodeError(`a record of type ${kind} has only ${size} bytes`);
}

/** The strings behind the fixed part. Nearly every tail is ASCII, and what it says is what is there. */
class Tail {
  readonly #bytes: Buffer;
  readonly #record: number;
  readonly #begin: number;
  readonly #end: number;
  readonly #asItIs: boolean;

  /** @param record offset in the batch; @param begin of the tail and @param end of the record, from its start. */
  constructor(bytes: Buffer, record: number, begin: number, end: number) {
    this.#bytes = bytes;
    this.#record = record;
    this.#begin = begin;
    this.#end = end;
    const tail = bytes.subarray(record + begin, record + end);
    this.#asItIs = isAscii(tail) && !tail.includes('\\x');
  }

  text(off: number, length: number): string {
    if (length === 0) return '';
    if (off < this.#begin || off + length > this.#end) {
      throw new DecodeError(`a string of ${length} bytes at ${off} lies outside of its record`);
    }
    const at = this.#record + off;
    if (this.#asItIs) return this.#bytes.toString('latin1', at, at + length);
    return escapeBytes(this.#bytes.subarray(at, at + length));
  }

  /** To be asked after `text`, which checks the bounds. */
  plain(off: number, length: number): number {
    return this.#asItIs ? plainHash(this.#bytes, this.#record + off, this.#record + off + length) : NOT_PLAIN;
  }
}

const MAX_IDS = 4096;
const ids = new Map<number, string>();

/** Few cgroups, many records: one string for each id. */
function cgroupId(view: DataView, task: number): string {
  const at = task + TASK_CGROUP_ID_AT;
  const low = view.getUint32(at, true);
  const high = view.getUint32(at + 4, true);
  if (high >= 0x200000) return decimal64(view, at);
  const key = high * 0x100000000 + low;
  let id = ids.get(key);
  if (id === undefined) {
    id = String(key);
    if (ids.size >= MAX_IDS) ids.clear();
    ids.set(key, id);
  }
  return id;
}
