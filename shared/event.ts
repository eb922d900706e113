/**
 * The event: what sensors produce, the store keeps, queries select and faces show.
 * `FIELDS` is the only definition of a field. Names are ECS's (Elastic Common Schema); what ECS has no name for
 * stands under `merlon.` and is listed in docs/architecture.md.
 */

/**
 * How a field's value is typed, stored and compared.
 * `date` is milliseconds since the Unix epoch (fractions carry microseconds); `long` is an integer, exact to 2^53;
 * `ip` is text in canonical form and takes CIDR ranges in queries; `keywords` is a list, matched if any member matches.
 */
export type FieldKind = 'keyword' | 'keywords' | 'long' | 'date' | 'ip' | 'boolean';

export interface Field {
  readonly kind: FieldKind;
  /** What it means, in the person's words; shown by completion and the inspector. */
  readonly about: string;
  /** The values it can take, where they are few and known. */
  readonly values?: readonly string[];
}

const field = <K extends FieldKind>(kind: K, about: string, values?: readonly string[]) =>
  values === undefined ? ({ kind, about } as const) : ({ kind, about, values } as const);

export const EVENT_ACTIONS = [
  'exec',
  'exec_failed',
  'fork',
  'exit',
  'running',
  'bpf_loaded',
  'bpf_refused',
  'bpf_attached',
  'bpf_detached',
  'bpf_pinned',
  'gap',
  'sensor_started',
  'sensor_stopped',
  'clock_stepped',
  'capabilities_changed',
  'canary_missed',
  'canary_returned',
  'tampered',
  'foreign_bpf',
  'sensor_limited',
  'sensor_restored',
  'budget_exceeded',
] as const;
export type EventAction = (typeof EVENT_ACTIONS)[number];

export const STREAM_KINDS = ['closed', 'tty', 'pipe', 'socket', 'file', 'null', 'other'] as const;

export const PROCESS_FLAGS = [
  'memfd',
  'deleted',
  'setuid',
  'setgid',
  'file_capabilities',
  'ld_preload',
  'ld_audit',
  'ld_library_path',
  'executable_cut',
  'script_cut',
  'working_directory_cut',
  'args_cut',
  'env_cut',
  'args_from_proc',
  'incomplete',
] as const;

/** Calls of bpf() that are told. */
export const BPF_COMMANDS = [
  'prog_load',
  'obj_pin',
  'prog_attach',
  'prog_detach',
  'raw_tracepoint_open',
  'link_create',
  'link_update',
  'link_detach',
] as const;
export type BpfCommand = (typeof BPF_COMMANDS)[number];

export const FIELDS = {
  '@timestamp': field('date', 'when it happened, by the wall clock'),
  'event.kind': field('keyword', 'event; state is what Merlon says of itself', ['event', 'state']),
  'event.category': field('keywords', 'kind of event', ['process', 'driver', 'host']),
  'event.type': field('keywords', 'what became of it', ['start', 'end', 'change', 'info']),
  'event.action': field('keyword', 'what happened', EVENT_ACTIONS),
  'event.outcome': field('keyword', 'whether it succeeded', ['success', 'failure', 'unknown']),
  'event.reason': field('keyword', 'why, where Merlon knows'),
  'event.duration': field('long', 'how long it took or lived, in nanoseconds; queries take 20ms, 3s'),
  'event.start': field('date', 'when a span began'),
  'event.end': field('date', 'when a span ended'),
  'event.sequence': field('long', 'the number of the event in this boot'),
  'error.code': field('keyword', 'the kernel’s error, such as ENOENT'),
  'host.boot.id': field('keyword', 'which start of the machine'),
  message: field('keyword', 'the event as a sentence'),

  'process.entity_id': field('keyword', 'this process and no other: boot, pid and start time'),
  'process.pid': field('long', 'process id'),
  'process.vpid': field('long', 'process id inside its container'),
  'process.thread.id': field('long', 'thread id'),
  'process.name': field('keyword', 'base name of the executable'),
  'process.executable': field('keyword', 'absolute path of the executable'),
  'process.args': field('keywords', 'arguments, one by one; of a failed exec those that were tried'),
  'process.args_count': field('long', 'how many arguments'),
  'process.command_line': field(
    'keyword',
    'arguments joined by spaces; of a failed exec those that were tried',
  ),
  'process.working_directory': field('keyword', 'where it was started'),
  'process.start': field('date', 'when the process was created'),
  'process.end': field('date', 'when the process ended'),
  'process.exit_code': field('long', 'exit code; 128 + signal when a signal ended it'),
  'process.interactive': field('boolean', 'whether it has a controlling terminal'),
  'process.tty.char_device.major': field('long', 'controlling terminal, major number'),
  'process.tty.char_device.minor': field('long', 'controlling terminal, minor number'),
  'process.session_leader.pid': field('long', 'pid of the session’s leader'),
  'process.env_vars': field('keywords', 'LD_PRELOAD, LD_AUDIT and LD_LIBRARY_PATH where set'),
  'process.thread.capabilities.effective': field('keywords', 'effective capabilities'),
  'process.parent.entity_id': field('keyword', 'the parent, and no other process'),
  'process.parent.pid': field('long', 'parent’s process id'),
  'process.parent.name': field('keyword', 'base name of the parent’s executable'),
  'process.parent.executable': field('keyword', 'path of the parent’s executable'),
  'process.parent.command_line': field('keyword', 'the parent’s arguments'),

  'user.id': field('keyword', 'real user id'),
  'user.name': field('keyword', 'real user'),
  'user.effective.id': field('keyword', 'effective user id'),
  'user.effective.name': field('keyword', 'effective user'),
  'group.id': field('keyword', 'real group id'),
  'group.name': field('keyword', 'real group'),

  'container.id': field('keyword', 'container id'),
  'container.name': field('keyword', 'container name'),
  'container.runtime': field('keyword', 'docker, podman, containerd, cri-o, lxc'),
  'package.name': field('keyword', 'package that owns the executable'),
  'package.version': field('keyword', 'version of that package'),

  'file.path': field(
    'keyword',
    'file that the event is about; of a failed exec what it tried to run; where BPF was pinned',
  ),

  'source.ip': field('ip', 'source address'),
  'source.port': field('long', 'source port'),
  'destination.ip': field('ip', 'destination address'),
  'destination.port': field('long', 'destination port'),

  'merlon.process.comm': field('keyword', 'the name the task gave itself (it can say anything)'),
  'merlon.process.script': field('keyword', 'path that was executed, where it is a script'),
  'merlon.process.interpreter': field('keyword', 'interpreter that the script names'),
  'merlon.process.flags': field('keywords', 'what is unusual about the program or the record', PROCESS_FLAGS),
  'merlon.process.stdin': field('keyword', 'what standard input is', STREAM_KINDS),
  'merlon.process.stdout': field('keyword', 'what standard output is', STREAM_KINDS),
  'merlon.process.stderr': field('keyword', 'what standard error is', STREAM_KINDS),
  'merlon.process.args_length': field('long', 'true length of the arguments in bytes'),
  'merlon.executable.device': field('keyword', 'the kernel’s device number of the executable, major:minor'),
  'merlon.executable.inode': field('keyword', 'inode of the executable'),
  'merlon.executable.generation': field('long', 'generation of that inode'),
  'merlon.login.id': field('keyword', 'user id that logged in (loginuid); survives sudo and su'),
  'merlon.login.name': field('keyword', 'user that logged in; survives sudo and su'),
  'merlon.audit.session': field('long', 'audit session number'),
  'merlon.tty.name': field('keyword', 'controlling terminal'),
  'merlon.namespace.mount': field('long', 'mount namespace'),
  'merlon.namespace.pid': field('long', 'pid namespace'),
  'merlon.namespace.net': field('long', 'network namespace'),
  'merlon.namespace.user': field('long', 'user namespace'),
  'merlon.cgroup.id': field('keyword', 'cgroup id'),
  'merlon.cgroup.path': field('keyword', 'cgroup path'),
  'merlon.systemd.unit': field('keyword', 'systemd unit'),
  'merlon.exit.signal': field('keyword', 'signal that ended it, such as SIGKILL'),
  'merlon.exit.core_dumped': field('boolean', 'whether it dumped core'),
  'merlon.exit.cpu_time': field('long', 'processor time used, in nanoseconds'),
  'merlon.exit.max_rss': field('long', 'largest resident memory, in bytes'),
  'merlon.gap.lost': field('long', 'how many events were lost; absent where nobody can know'),
  'merlon.bpf.command': field('keyword', 'what bpf() was called for', BPF_COMMANDS),
  'merlon.bpf.program.id': field('long', 'the kernel’s number of the BPF program'),
  'merlon.bpf.program.name': field('keyword', 'name of the BPF program (it can say anything)'),
  'merlon.bpf.program.type': field('keyword', 'type of the BPF program, such as tracing, xdp, lsm'),
  'merlon.bpf.program.tag': field('keyword', 'hash of the BPF program’s instructions'),
  'merlon.bpf.attach_type': field('keyword', 'what the BPF program is for, such as trace_fentry, lsm_mac'),
  'merlon.bpf.link.id': field('long', 'the kernel’s number of the link that attaches it'),
  'merlon.bpf.link.type': field('keyword', 'type of that link'),
} as const satisfies Record<string, Field>;

export type FieldName = keyof typeof FIELDS;

interface ValueOfKind {
  readonly keyword: string;
  readonly keywords: readonly string[];
  readonly long: number;
  readonly date: number;
  readonly ip: string;
  readonly boolean: boolean;
}

export type FieldValue<F extends FieldName> = ValueOfKind[(typeof FIELDS)[F]['kind']];

/** An event's values by flat, dotted name; an absent field was not measured or does not apply. */
export type EventFields = { [F in FieldName]?: FieldValue<F> };

export interface Event {
  /** Where it stands in the order of all events: see `Cursor`. */
  readonly cursor: string;
  readonly fields: Readonly<EventFields>;
}

/** The order of events: number of the boot in this database, boot-clock nanoseconds, sequence. */
export interface Cursor {
  readonly boot: number;
  readonly timeNs: number;
  readonly sequence: number;
}

export function formatCursor(cursor: Cursor): string {
  return `${cursor.boot}.${cursor.timeNs}.${cursor.sequence}`;
}

/** @returns undefined where the text is not a cursor. */
export function parseCursor(text: string): Cursor | undefined {
  const match = /^(\d{1,15})\.(\d{1,19})\.(\d{1,15})$/.exec(text);
  if (!match) return undefined;
  return { boot: Number(match[1]), timeNs: Number(match[2]), sequence: Number(match[3]) };
}

export function compareCursors(a: Cursor, b: Cursor): number {
  return a.boot - b.boot || a.timeNs - b.timeNs || a.sequence - b.sequence;
}

export function isFieldName(name: string): name is FieldName {
  return Object.hasOwn(FIELDS, name);
}

/** ISO 8601 in UTC with microseconds. */
export function isoTime(ms: number): string {
  const whole = Math.floor(ms);
  const micros = Math.min(999, Math.round((ms - whole) * 1000));
  return new Date(whole).toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`);
}

/** The event as ECS JSON: nested by the dots, dates in ISO 8601, absent fields left out. */
export function toEcs(event: Event): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(event.fields)) {
    if (value === undefined || !isFieldName(name)) continue;
    const parts = name.split('.');
    let node = root;
    for (const part of parts.slice(0, -1)) {
      const inner = node[part];
      if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) {
        node = inner as Record<string, unknown>;
      } else {
        const made: Record<string, unknown> = {};
        node[part] = made;
        node = made;
      }
    }
    node[parts.at(-1)!] = FIELDS[name].kind === 'date' ? isoTime(value as number) : value;
  }
  return root;
}
