/** From a record and what is known of its process to the event that is stored and shown. */
import type { EventAction, EventFields, FieldName, FieldValue } from '../../shared/event.ts';
import type { Clock } from '../clock.ts';
import type { CgroupIdentity, Cgroups } from '../identity/cgroups.ts';
import type { Packages } from '../identity/packages.ts';
import type { Users } from '../identity/users.ts';
import type { CommandLine, Redactor } from '../redact.ts';
import { bpfAction, bpfFields, type LoadedProgram } from './bpf-events.ts';
import type {
  BpfRecord,
  DecodedRecord,
  ExecFailedRecord,
  ExecRecord,
  ExitRecord,
  ForkRecord,
  MerlonTask,
} from './decode.ts';
import { imageOf, nameOf, NO_COMMAND } from './image.ts';
import {
  ARGS_FROM_PROC,
  capabilityNames,
  commText,
  deviceName,
  errorName,
  exitCodeOf,
  flagNames,
  idText,
  sharedText,
  signalOf,
  streamName,
} from './names.ts';
import type { OwnProbe } from './own-probe.ts';
import type { Process, Processes } from './processes.ts';
import { MERLON_F_ARGS_MISSING, type MerlonExit } from './records.generated.ts';

/** Arguments from /proc, NUL between them; undefined where the pid belongs to another process by now. */
export type ReadArguments = (pid: number, startNs: number) => string | undefined;

export interface Surroundings {
  readonly bootId: string;
  readonly clock: Pick<Clock, 'wallOf'>;
  readonly processes: Processes;
  readonly users: Pick<Users, 'user' | 'group'>;
  readonly cgroups: Pick<Cgroups, 'of' | 'made' | 'containerName'>;
  readonly packages: Pick<Packages, 'owner'>;
  readonly redactor: Redactor;
  readonly readArguments: ReadArguments;
  /** Whose calls of bpf() are no events. */
  readonly probe?: OwnProbe;
  /** A BPF program was loaded, by whomever; who it is may be known later only. */
  readonly onLoaded?: (loaded: LoadedProgram) => void;
}

/**
 * Fields with a place for each name that this kind of event can have, in one order, undefined where it has none:
 * V8 then gives all events of a kind one shape. The store and the faces treat undefined as absent.
 */
type Shaped = { [F in FieldName]?: FieldValue<F> | undefined };
const fieldsOf = (shaped: Shaped): EventFields => shaped as EventFields;

const PROCESS = Object.freeze(['process']);
const START = Object.freeze(['start']);
const END = Object.freeze(['end']);
const INFO = Object.freeze(['info']);
const UNSET = 0xffffffff;

/** Turns records into events, keeping the process table up to date on the way. Records are given in time order. */
export class EventMaker {
  readonly #around: Surroundings;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** @returns undefined where the record makes no event (a cgroup's name, a second exit). */
  make(record: DecodedRecord, sequence: number): EventFields | undefined {
    switch (record.kind) {
      case 'exec':
        return this.#exec(record, sequence);
      case 'running':
        return this.#running(record, sequence);
      case 'exec_failed':
        return this.#execFailed(record, sequence);
      case 'fork':
        return this.#fork(record, sequence);
      case 'exit':
        return this.#exit(record, sequence);
      case 'bpf':
        return this.#bpf(record, sequence);
      case 'cgroup':
        this.#around.cgroups.made(record.id, record.hierarchy, record.path);
        return undefined;
    }
  }

  #exec(record: ExecRecord, sequence: number): EventFields {
    const { line, flags } = this.#arguments(record);
    const group = this.#around.cgroups.of(record.cgroupId, record.task.pid);
    const image = imageOf(record, line, group);
    this.#around.probe?.saw(record, image);
    const process = this.#around.processes.executed(record, image);
    return this.#program(record, sequence, process, group, line, flags, 'exec', START);
  }

  /**
   * A process of the snapshot. One that is known already with the same program (it began meanwhile, or the helper was
   * started again) is no news, and one whose end is known does not come back.
   */
  #running(record: ExecRecord, sequence: number): EventFields | undefined {
    const { processes } = this.#around;
    const known = processes.find(record.task.pid, record.task.start_ns);
    if (known?.status !== undefined) return undefined;
    const { line, flags } = this.#arguments(record);
    const group = this.#around.cgroups.of(record.cgroupId, record.task.pid);
    const image = imageOf(record, line, group);
    const same =
      known?.image !== undefined &&
      known.image.executable === image.executable &&
      known.image.commandLine === image.commandLine;
    this.#around.probe?.saw(record, image);
    const process = processes.executed(record, image);
    return same ? undefined : this.#program(record, sequence, process, group, line, flags, 'running', INFO);
  }

  #arguments(record: ExecRecord): { line: CommandLine; flags: number } {
    const { redactor, readArguments } = this.#around;
    if ((record.exec.flags & MERLON_F_ARGS_MISSING) === 0)
      return { line: lineOf(redactor, record.args, record.argsPlain), flags: record.exec.flags };
    const raw = readArguments(record.task.pid, record.task.start_ns);
    if (raw === undefined) return { line: NO_COMMAND, flags: record.exec.flags };
    return { line: redactor.commandLine(raw), flags: record.exec.flags | ARGS_FROM_PROC };
  }

  #program(
    record: ExecRecord,
    sequence: number,
    process: Process,
    group: CgroupIdentity | undefined,
    line: CommandLine,
    flags: number,
    action: 'exec' | 'running',
    type: readonly string[],
  ): EventFields {
    const { task } = record;
    const { bootId, clock, users, redactor, processes } = this.#around;
    const parent = processes.find(task.ppid, task.parent_start_ns);
    const owner =
      record.executable === ''
        ? undefined
        : this.#around.packages.owner(record.executable, record.inode, task.mnt_ns);
    const hasTty = task.tty_major !== 0 || task.tty_minor !== 0;
    const isProgram = record.executable !== '';
    const env = record.env === '' ? undefined : record.env.split('\0').map((entry) => redactor.text(entry));
    return fieldsOf({
      '@timestamp': clock.wallOf(record.header.time_ns),
      'event.kind': 'event',
      'event.category': PROCESS,
      'event.type': type,
      'event.action': action,
      'event.outcome': 'success',
      'event.sequence': sequence,
      'host.boot.id': bootId,
      'process.entity_id': process.entityId,
      'process.pid': task.pid,
      'process.vpid': task.vpid,
      'process.thread.id': task.tid,
      'process.name': nameOf(process.image, task),
      'process.executable': process.image?.executable,
      'process.args': line === NO_COMMAND ? undefined : line.args,
      'process.args_count': line === NO_COMMAND ? undefined : line.args.length,
      'process.command_line': line === NO_COMMAND ? undefined : line.text,
      'process.working_directory': record.cwd === '' ? undefined : sharedText(record.cwd),
      'process.start': clock.wallOf(task.start_ns),
      'process.interactive': hasTty,
      'process.tty.char_device.major': hasTty ? task.tty_major : undefined,
      'process.tty.char_device.minor': hasTty ? task.tty_minor : undefined,
      'process.session_leader.pid': task.sid === 0 ? undefined : task.sid,
      'process.env_vars': env,
      'process.thread.capabilities.effective': capabilityNames(task.cap_effective),
      'process.parent.entity_id': this.#parentId(task, parent),
      'process.parent.pid': task.ppid === 0 ? undefined : task.ppid,
      'process.parent.name': parent?.image === undefined ? undefined : nameOf(parent.image, parent),
      'process.parent.executable': parent?.image?.executable,
      'process.parent.command_line': parent?.image?.commandLine,
      'user.id': idText(task.uid),
      'user.name': users.user(task.uid),
      'user.effective.id': idText(task.euid),
      'user.effective.name': users.user(task.euid),
      'group.id': idText(task.gid),
      'group.name': users.group(task.gid),
      'container.id': group?.containerId,
      'container.name': this.#containerName(group),
      'container.runtime': group?.runtime,
      'package.name': owner?.name,
      'package.version': owner?.version,
      'merlon.process.comm': commText(task.comm),
      'merlon.process.script': record.script === '' ? undefined : redactor.text(record.script),
      'merlon.process.interpreter': orAbsent(record.interpreter),
      'merlon.process.flags': flagNames(flags),
      'merlon.process.stdin': isProgram ? streamName(record.exec.stdin_kind) : undefined,
      'merlon.process.stdout': isProgram ? streamName(record.exec.stdout_kind) : undefined,
      'merlon.process.stderr': isProgram ? streamName(record.exec.stderr_kind) : undefined,
      'merlon.process.args_length': isProgram ? record.exec.args_length : undefined,
      'merlon.executable.device': isProgram ? deviceName(record.exec.dev) : undefined,
      'merlon.executable.inode': isProgram ? record.inode : undefined,
      'merlon.executable.generation': isProgram ? record.exec.generation : undefined,
      'merlon.login.id': task.loginuid === UNSET ? undefined : idText(task.loginuid),
      'merlon.login.name': task.loginuid === UNSET ? undefined : users.user(task.loginuid),
      'merlon.audit.session': task.audit_session === UNSET ? undefined : task.audit_session,
      'merlon.tty.name': orAbsent(record.tty),
      'merlon.namespace.mount': task.mnt_ns,
      'merlon.namespace.pid': task.pid_ns,
      'merlon.namespace.net': task.net_ns,
      'merlon.namespace.user': task.user_ns,
      'merlon.cgroup.id': record.cgroupId,
      'merlon.cgroup.path': group?.path,
      'merlon.systemd.unit': group?.unit,
    });
  }

  /** The caller goes on as it was: name, executable and ids are the caller's; file and arguments what it tried to run. */
  #execFailed(record: ExecFailedRecord, sequence: number): EventFields {
    const { task } = record;
    const { bootId, clock, users, redactor, processes } = this.#around;
    const process = processes.seen(record);
    const parent = processes.find(task.ppid, task.parent_start_ns);
    const group = this.#around.cgroups.of(record.cgroupId, task.pid);
    const line = lineOf(redactor, record.args);
    return fieldsOf({
      '@timestamp': clock.wallOf(record.header.time_ns),
      'event.kind': 'event',
      'event.category': PROCESS,
      'event.type': START,
      'event.action': 'exec_failed',
      'event.outcome': 'failure',
      'event.sequence': sequence,
      'error.code': errorName(record.failed.error),
      'host.boot.id': bootId,
      'process.entity_id': process.entityId,
      'process.pid': task.pid,
      'process.vpid': task.vpid,
      'process.thread.id': task.tid,
      'process.name': nameOf(process.image, task),
      'process.executable': process.image?.executable,
      'process.args': line === NO_COMMAND ? undefined : line.args,
      'process.args_count': line === NO_COMMAND ? undefined : line.args.length,
      'process.command_line': line === NO_COMMAND ? undefined : line.text,
      'process.working_directory': record.cwd === '' ? undefined : sharedText(record.cwd),
      'process.start': clock.wallOf(task.start_ns),
      'process.interactive': task.tty_major !== 0 || task.tty_minor !== 0,
      'process.parent.entity_id': this.#parentId(task, parent),
      'process.parent.pid': task.ppid === 0 ? undefined : task.ppid,
      'process.parent.name': parent?.image === undefined ? undefined : nameOf(parent.image, parent),
      'process.parent.executable': parent?.image?.executable,
      'process.parent.command_line': parent?.image?.commandLine,
      'user.id': idText(task.uid),
      'user.name': users.user(task.uid),
      'user.effective.id': idText(task.euid),
      'user.effective.name': users.user(task.euid),
      'group.id': idText(task.gid),
      'group.name': users.group(task.gid),
      'container.id': group?.containerId,
      'container.name': this.#containerName(group),
      'container.runtime': group?.runtime,
      'file.path': orAbsent(absolutePath(record.path, record.cwd)),
      'merlon.process.comm': commText(task.comm),
      'merlon.process.flags': flagNames(record.failed.flags),
      'merlon.login.id': task.loginuid === UNSET ? undefined : idText(task.loginuid),
      'merlon.login.name': task.loginuid === UNSET ? undefined : users.user(task.loginuid),
      'merlon.namespace.mount': task.mnt_ns,
      'merlon.namespace.pid': task.pid_ns,
      'merlon.cgroup.id': record.cgroupId,
      'merlon.cgroup.path': group?.path,
      'merlon.systemd.unit': group?.unit,
    });
  }

  #fork(record: ForkRecord, sequence: number): EventFields {
    return this.#brief(record, sequence, this.#around.processes.forked(record), 'fork', START, undefined);
  }

  #exit(record: ExitRecord, sequence: number): EventFields | undefined {
    const process = this.#around.processes.exited(record, record.exit.status, record.header.time_ns);
    if (process === undefined) return undefined;
    return this.#brief(record, sequence, process, 'exit', END, record.exit);
  }

  #bpf(record: BpfRecord, sequence: number): EventFields | undefined {
    const { bpf, header, tag } = record;
    const { probe, processes, onLoaded } = this.#around;
    const action = bpfAction(record);
    const process = processes.seen(record);
    if (action === 'bpf_loaded' && bpf.program_id !== 0)
      onLoaded?.({ id: bpf.program_id, tag, atNs: header.time_ns, process });
    // Of a child that ended before it was found running, its parent is known.
    const image = process.image ?? processes.find(record.task.ppid, record.task.parent_start_ns)?.image;
    if (action === undefined || probe?.claims(image)) return undefined;
    const caller = nameOf(process.image, record.task) ?? commText(record.task.comm);
    return {
      ...this.#brief(record, sequence, process, action, INFO, undefined),
      ...bpfFields(record, action, caller, process.incomplete),
    };
  }

  /** What those have in common that tell no program; the rest of their story is in the exec that went before. */
  #brief(
    record: ForkRecord | ExitRecord | BpfRecord,
    sequence: number,
    process: Process,
    action: EventAction,
    type: readonly string[],
    exit: MerlonExit | undefined,
  ): EventFields {
    const { task } = record;
    const { bootId, clock, users, processes } = this.#around;
    const { image } = process;
    const parent = processes.find(task.ppid, task.parent_start_ns);
    const group = this.#around.cgroups.of(record.cgroupId, task.pid);
    const at = clock.wallOf(record.header.time_ns);
    return fieldsOf({
      '@timestamp': at,
      'event.kind': 'event',
      'event.category': PROCESS,
      'event.type': type,
      'event.action': action,
      'event.outcome': 'success',
      'event.duration': exit?.run_ns,
      'event.sequence': sequence,
      'host.boot.id': bootId,
      'process.entity_id': process.entityId,
      'process.pid': task.pid,
      'process.vpid': task.vpid,
      'process.thread.id': task.tid,
      'process.name': nameOf(image, task),
      'process.executable': image?.executable,
      'process.command_line': image?.commandLine,
      'process.start': clock.wallOf(task.start_ns),
      'process.end': exit === undefined ? undefined : at,
      'process.exit_code': exit === undefined ? undefined : exitCodeOf(exit.status),
      'process.parent.entity_id': this.#parentId(task, parent),
      'process.parent.pid': task.ppid === 0 ? undefined : task.ppid,
      'process.parent.name': parent?.image === undefined ? undefined : nameOf(parent.image, parent),
      'process.parent.executable': parent?.image?.executable,
      'user.id': idText(task.uid),
      'user.name': users.user(task.uid),
      'user.effective.id': idText(task.euid),
      'user.effective.name': users.user(task.euid),
      'group.id': idText(task.gid),
      'group.name': users.group(task.gid),
      'container.id': group?.containerId,
      'container.name': this.#containerName(group),
      'container.runtime': group?.runtime,
      'merlon.process.comm': commText(task.comm),
      'merlon.process.flags': process.incomplete ? INCOMPLETE : undefined,
      'merlon.login.id': task.loginuid === UNSET ? undefined : idText(task.loginuid),
      'merlon.login.name': task.loginuid === UNSET ? undefined : users.user(task.loginuid),
      'merlon.cgroup.id': record.cgroupId,
      'merlon.cgroup.path': group?.path,
      'merlon.systemd.unit': group?.unit,
      'merlon.exit.signal': exit === undefined ? undefined : signalOf(exit.status),
      'merlon.exit.core_dumped': exit === undefined ? undefined : (exit.status & 0x80) !== 0,
      'merlon.exit.cpu_time': exit?.cpu_ns,
      'merlon.exit.max_rss': exit?.max_rss,
    });
  }

  #parentId(task: MerlonTask, parent: Process | undefined): string | undefined {
    if (parent !== undefined) return parent.entityId;
    return task.ppid === 0 ? undefined : this.#around.processes.entityId(task.ppid, task.parent_start_ns);
  }

  #containerName(group: CgroupIdentity | undefined): string | undefined {
    return group?.containerId === undefined ? undefined : this.#around.cgroups.containerName(group);
  }
}

const INCOMPLETE = Object.freeze(['incomplete']);

function orAbsent(text: string): string | undefined {
  return text === '' ? undefined : text;
}

function lineOf(redactor: Redactor, raw: string, plain?: number): CommandLine {
  return raw === '' ? NO_COMMAND : redactor.commandLine(raw, plain);
}

/** What a program gave to execve, as seen from its working directory; `.` and `..` stay as given. */
function absolutePath(path: string, cwd: string): string {
  if (path === '' || path.startsWith('/') || cwd === '') return path;
  return `${cwd === '/' ? '' : cwd}/${path.startsWith('./') ? path.slice(2) : path}`;
}
