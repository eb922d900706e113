/**
 * Makes the bytes that the kernel's programs would send, for tests: bpf/events.h by hand, independent of the
 * generated readers, so that the two check each other.
 */

export interface TaskBytes {
  pid?: number;
  tid?: number;
  ppid?: number;
  vpid?: number;
  startNs?: number;
  parentStartNs?: number;
  uid?: number;
  gid?: number;
  euid?: number;
  egid?: number;
  loginuid?: number;
  auditSession?: number;
  sid?: number;
  ttyMajor?: number;
  ttyMinor?: number;
  mntNs?: number;
  pidNs?: number;
  netNs?: number;
  userNs?: number;
  capEffective?: bigint;
  cgroupId?: bigint;
  comm?: string | Uint8Array;
}

export interface HeaderBytes {
  cpu?: number;
  seq?: number;
  timeNs?: number;
}

type Text = string | Uint8Array;

export interface ExecBytes extends HeaderBytes {
  task?: TaskBytes;
  inode?: bigint;
  dev?: number;
  generation?: number;
  mode?: number;
  flags?: number;
  argsLength?: number;
  stdin?: number;
  stdout?: number;
  stderr?: number;
  executable?: Text;
  script?: Text;
  interpreter?: Text;
  cwd?: Text;
  args?: readonly Text[];
  env?: readonly Text[];
  tty?: Text;
}

const HEADER = 24;
const TASK = 120;
const encoder = new TextEncoder();

/** An exec record; `running` makes it one of the snapshot. */
export function execRecord(exec: ExecBytes, type: 'exec' | 'running' = 'exec'): Uint8Array {
  const strings = [
    exec.executable,
    exec.script,
    exec.interpreter,
    exec.cwd,
    list(exec.args),
    list(exec.env),
    exec.tty,
  ];
  return record(type === 'exec' ? 1 : 5, exec, 208, strings, 180, (view) => {
    writeTask(view, exec.task ?? {});
    view.setBigUint64(144, exec.inode ?? 0n, true);
    view.setUint32(152, exec.dev ?? 0, true);
    view.setUint32(156, exec.generation ?? 0, true);
    view.setUint32(160, exec.mode ?? 0o100755, true);
    view.setUint32(164, exec.flags ?? 0, true);
    view.setUint32(168, exec.argsLength ?? bytesOf(list(exec.args)).length, true);
    view.setUint32(172, bytesOf(list(exec.env)).length, true);
    view.setUint8(176, exec.stdin ?? 5);
    view.setUint8(177, exec.stdout ?? 2);
    view.setUint8(178, exec.stderr ?? 2);
  });
}

export function execFailedRecord(
  failed: HeaderBytes & {
    task?: TaskBytes;
    error: number;
    flags?: number;
    path: Text;
    cwd?: Text;
    args?: readonly Text[];
  },
): Uint8Array {
  return record(2, failed, 168, [failed.path, failed.cwd, list(failed.args)], 156, (view) => {
    writeTask(view, failed.task ?? {});
    view.setUint32(144, failed.error, true);
    view.setUint32(148, failed.flags ?? 0, true);
    view.setUint32(152, bytesOf(list(failed.args)).length, true);
  });
}

export function forkRecord(fork: HeaderBytes & { task?: TaskBytes }): Uint8Array {
  return record(3, fork, 144, [], 0, (view) => writeTask(view, fork.task ?? {}));
}

export function exitRecord(
  exit: HeaderBytes & { task?: TaskBytes; status?: number; runNs?: number; cpuNs?: number; maxRss?: number },
): Uint8Array {
  return record(4, exit, 176, [], 0, (view) => {
    writeTask(view, exit.task ?? {});
    view.setUint32(144, exit.status ?? 0, true);
    view.setBigUint64(152, BigInt(exit.runNs ?? 0), true);
    view.setBigUint64(160, BigInt(exit.cpuNs ?? 0), true);
    view.setBigUint64(168, BigInt(exit.maxRss ?? 0), true);
  });
}

export function cgroupRecord(
  cgroup: HeaderBytes & { id: bigint; hierarchy?: number; path: Text },
): Uint8Array {
  return record(6, cgroup, 40, [cgroup.path], 36, (view) => {
    view.setBigUint64(24, cgroup.id, true);
    view.setUint32(32, cgroup.hierarchy ?? 0, true);
  });
}

export function bpfRecord(
  bpf: HeaderBytes & {
    task?: TaskBytes;
    /** enum bpf_cmd */
    command: number;
    error?: number;
    flags?: number;
    programId?: number;
    programType?: number;
    attachType?: number;
    linkId?: number;
    linkType?: number;
    /** 16 hex digits. */
    tag?: string;
    name?: Text;
    path?: Text;
  },
): Uint8Array {
  return record(7, bpf, 208, [bpf.path], 200, (view) => {
    writeTask(view, bpf.task ?? {});
    const numbers = [bpf.command, bpf.error, bpf.flags, bpf.programId, bpf.programType, bpf.attachType];
    [...numbers, bpf.linkId, bpf.linkType].forEach((value, i) =>
      view.setUint32(HEADER + TASK + i * 4, value ?? 0, true),
    );
    const bytes = new Uint8Array(view.buffer);
    bytes.set(Buffer.from(bpf.tag ?? '', 'hex'), 176);
    bytes.set(bytesOf(bpf.name).subarray(0, 15), 184);
  });
}

/** A record of a type that this build may not know: `size` bytes with a header. */
export function strangeRecord(type: number, size = HEADER): Uint8Array {
  return record(type, {}, size, [], 0, () => {});
}

/** Records back to back. */
export function batchOf(...records: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(records));
}

function record(
  type: number,
  header: HeaderBytes,
  fixed: number,
  strings: readonly (Text | undefined)[],
  stringsAt: number,
  fill: (view: DataView) => void,
): Uint8Array {
  const parts = strings.map(bytesOf);
  const used = fixed + parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array((used + 7) & ~7);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, header.cpu ?? 0, true);
  view.setBigUint64(8, BigInt(header.seq ?? 0), true);
  view.setBigUint64(16, BigInt(header.timeNs ?? 0), true);
  fill(view);
  let at = fixed;
  parts.forEach((part, i) => {
    view.setUint16(stringsAt + i * 4, part.length === 0 ? 0 : at, true);
    view.setUint16(stringsAt + i * 4 + 2, part.length, true);
    bytes.set(part, at);
    at += part.length;
  });
  return bytes;
}

function writeTask(view: DataView, task: TaskBytes): void {
  const unset = 0xffffffff;
  const before = [task.pid, task.tid ?? task.pid, task.ppid, task.vpid ?? task.pid];
  before.forEach((value, i) => view.setUint32(HEADER + i * 4, value ?? 0, true));
  view.setBigUint64(HEADER + 16, BigInt(task.startNs ?? 0), true);
  view.setBigUint64(HEADER + 24, BigInt(task.parentStartNs ?? 0), true);
  const after = [
    task.uid,
    task.gid,
    task.euid ?? task.uid,
    task.egid ?? task.gid,
    task.loginuid ?? unset,
    task.auditSession ?? unset,
    task.sid,
    task.ttyMajor,
    task.ttyMinor,
    task.mntNs,
    task.pidNs,
    task.netNs,
    task.userNs,
  ];
  after.forEach((value, i) => view.setUint32(HEADER + 32 + i * 4, value ?? 0, true));
  view.setBigUint64(HEADER + 88, task.capEffective ?? 0n, true);
  view.setBigUint64(HEADER + 96, task.cgroupId ?? 1n, true);
  new Uint8Array(view.buffer).set(bytesOf(task.comm).subarray(0, 15), HEADER + TASK - 16);
}

function list(members: readonly Text[] | undefined): Uint8Array | undefined {
  if (members === undefined) return undefined;
  return Buffer.concat(
    members.flatMap((member, i) => (i === 0 ? [bytesOf(member)] : [Uint8Array.of(0), bytesOf(member)])),
  );
}

function bytesOf(text: Text | undefined): Uint8Array {
  return typeof text === 'string' ? encoder.encode(text) : (text ?? new Uint8Array());
}
