/** All that is known of a process, in groups, as its inspector shows it. Pure. */
import type { ProcessProgram, ProcessSummary, ProcessUsage, ProgramProblem } from '../../shared/console.ts';
import type { Event, EventFields, FieldName } from '../../shared/event.ts';
import { formatQuery, type Query } from '../../shared/query.ts';
import { bytes, counted, duration, moment } from '../ui/units.ts';
import { percent } from './figures.ts';

export interface Detail {
  readonly label: string;
  /** What the machine said, a line each; empty where there is only a word of ours. */
  readonly lines: readonly string[];
  /** Ours: a reading of it, or why there is nothing. */
  readonly note?: string;
  /** Whether the note needs a person. */
  readonly striking?: boolean;
  /** The condition that this value meets. */
  readonly query?: string;
  /** Another process, whose page this leads to. */
  readonly process?: string;
}

export interface DetailGroup {
  readonly title: string;
  readonly details: readonly Detail[];
}

/** What there is to make details from. */
export interface Known {
  readonly process: ProcessSummary;
  /** The newest values of its events; empty where only the process table knows it. */
  readonly fields: Readonly<EventFields>;
  /** Undefined while it is being asked for. */
  readonly program?: ProcessProgram | undefined;
  readonly usage?: ProcessUsage | undefined;
  /** When its executable was first seen in what is stored, and whether by this very process. */
  readonly firstSeen?: { readonly at: number; readonly here: boolean } | undefined;
  /** In words; undefined while it is being asked for. */
  readonly gaps?: string | undefined;
}

/** The newest value of every field; the arguments of a failed exec are not the process's own. */
export function fieldsOf(events: readonly Event[]): EventFields {
  let fields: EventFields = {};
  for (const event of events)
    if (event.fields['event.action'] !== 'exec_failed') fields = { ...fields, ...event.fields };
  return fields;
}

export function detailsOf(known: Known): readonly DetailGroup[] {
  const groups = [
    { title: 'Program', details: programDetails(known) },
    { title: 'Start', details: startDetails(known) },
    { title: 'Identity', details: identityDetails(known) },
    { title: 'Use', details: useDetails(known) },
    { title: 'Namespaces', details: namespaceDetails(known) },
    { title: 'Seen by', details: seenDetails(known) },
  ];
  return groups.filter(({ details }) => details.length > 0);
}

const PROBLEMS: Readonly<Record<ProgramProblem, string>> = {
  no_path: 'no file is known',
  memory: 'it was never a file on disk',
  gone: 'nothing has this path any more',
  elsewhere: 'this path is another file outside of its mount namespace',
  denied: 'not readable for the user who runs Merlon',
  not_a_file: 'no regular file has this path now',
  too_large: 'larger than 1 GiB: not hashed',
  changing: 'it was written to while it was read',
  unreadable: 'the disk could not read it',
};

const SINCE_RUN = {
  replaced: 'changed since it was run: another file has its place',
  written: 'changed since it was run: it was written to',
  same: 'as on disk now, unchanged since it was run',
  unknown: 'as on disk now; which file was run is not known',
} as const;

function programDetails({ process, fields, program, firstSeen }: Known): Detail[] {
  const details: Detail[] = [];
  const path = program?.path ?? process.executable;
  details.push(
    path === null
      ? { label: 'process.executable', lines: [], note: 'none: a kernel thread, or its start was not seen' }
      : text('process.executable', path),
  );
  details.push(
    ...optional('merlon.process.script', fields),
    ...optional('merlon.process.interpreter', fields),
  );
  if (program !== undefined) details.push(...fileDetails(program));
  const inode = fields['merlon.executable.inode'];
  if (inode !== undefined) {
    const device = fields['merlon.executable.device'] ?? '?';
    details.push({
      label: 'inode as run',
      lines: [`${device} ${inode}`],
      query: is('merlon.executable.inode', inode),
    });
  }
  if (firstSeen !== undefined)
    details.push({
      label: 'first seen',
      lines: [moment(firstSeen.at)],
      note: firstSeen.here ? 'this run' : 'of what is stored',
    });
  const flags = fields['merlon.process.flags'] ?? [];
  for (const flag of flags)
    details.push({ label: 'merlon.process.flags', lines: [flag], query: is('merlon.process.flags', flag) });
  return details;
}

function fileDetails({ file, problem, package: owner, path }: ProcessProgram): Detail[] {
  const details: Detail[] = [];
  if (owner !== null) details.push({ ...text('package.name', owner.name), note: owner.version });
  else if (path !== null)
    details.push({ label: 'package.name', lines: [], note: file === null ? 'unknown' : 'none owns it' });
  if (file === null) {
    if (problem !== undefined && problem !== 'no_path')
      details.push({ label: 'file on disk', lines: [], note: PROBLEMS[problem], striking: true });
    return details;
  }
  const striking = file.since_run === 'replaced' || file.since_run === 'written';
  const since = SINCE_RUN[file.since_run];
  details.push(
    file.sha256 === null
      ? { label: 'sha256', lines: [], note: PROBLEMS[file.unhashed ?? 'unreadable'] }
      : { label: 'sha256', lines: [file.sha256] },
    { label: 'file on disk', lines: [], note: since, striking },
    { label: 'file mode', lines: [modeText(file.mode)], ...special(file.mode) },
    { label: 'file owner', lines: [`${file.owner}:${file.group}`] },
    { label: 'file size', lines: [], note: bytes(file.size) },
    { label: 'file modified', lines: [moment(file.modified)] },
  );
  return details;
}

/** `0755 rwxr-xr-x` */
export function modeText(mode: number): string {
  const letters = [...'rwxrwxrwx'].map((letter, at) => ((mode >> (8 - at)) & 1 ? letter : '-'));
  return `${mode.toString(8).padStart(4, '0')} ${letters.join('')}`;
}

function special(mode: number): Pick<Detail, 'note' | 'striking'> {
  const words = [mode & 0o4000 ? 'setuid' : '', mode & 0o2000 ? 'setgid' : ''].filter(Boolean);
  return words.length === 0 ? {} : { note: words.join(', '), striking: true };
}

function startDetails({ process, fields }: Known): Detail[] {
  const line = process.command_line ?? fields['process.command_line'];
  const parent = fields['process.parent.name'];
  return [
    line == null
      ? { label: 'process.command_line', lines: [], note: 'unknown' }
      : text('process.command_line', line),
    ...optional('process.working_directory', fields),
    { label: 'process.start', lines: [moment(process.start)] },
    ...(process.parent_entity_id === null
      ? []
      : [
          {
            label: 'process.parent',
            lines: parent === undefined ? [] : [parent],
            note: String(process.ppid),
            process: process.parent_entity_id,
            query: is('process.parent.entity_id', process.parent_entity_id),
          },
        ]),
    ...optional('merlon.tty.name', fields, 'process.interactive' in fields ? 'none' : undefined),
    ...optional('process.session_leader.pid', fields),
    ...(fields['process.env_vars'] ?? []).map((entry) => ({
      label: 'process.env_vars',
      lines: [entry],
      query: is('process.env_vars', entry),
    })),
    ...streams(fields),
  ];
}

function streams(fields: Readonly<EventFields>): Detail[] {
  const kinds = (['stdin', 'stdout', 'stderr'] as const).map((name) => fields[`merlon.process.${name}`]);
  return kinds.some((kind) => kind !== undefined)
    ? [{ label: 'in, out, error', lines: [kinds.map((kind) => kind ?? 'unknown').join(', ')] }]
    : [];
}

function identityDetails({ process, fields }: Known): Detail[] {
  const who = (name: FieldName, id: FieldName): Detail[] => {
    const [named, number] = [fields[name], fields[id]];
    if (named === undefined) return optional(id, fields);
    return [{ ...text(name, String(named)), ...(number === undefined ? {} : { note: String(number) }) }];
  };
  const capabilities = fields['process.thread.capabilities.effective'];
  const user =
    fields['user.id'] === undefined && process.user !== null ? [text('user.name', process.user)] : [];
  return [
    ...user,
    ...who('user.name', 'user.id'),
    ...who('user.effective.name', 'user.effective.id'),
    ...who('group.name', 'group.id'),
    ...who('merlon.login.name', 'merlon.login.id'),
    ...optional('merlon.audit.session', fields),
    process.container === null
      ? { label: 'container.id', lines: [], note: 'on the host' }
      : {
          ...text('container.id', process.container),
          ...(process.container_name ? { note: process.container_name } : {}),
        },
    ...optional('container.runtime', fields),
    ...(process.unit === null ? [] : [text('merlon.systemd.unit', process.unit)]),
    ...optional('merlon.cgroup.path', fields),
    ...(capabilities === undefined
      ? []
      : [
          {
            label: 'capabilities',
            lines: capabilities,
            ...(capabilities.length === 0 ? { note: 'none effective' } : {}),
          },
        ]),
  ];
}

function useDetails({ process, fields, usage }: Known): Detail[] {
  const ours = (label: string, note: string): Detail => ({ label, lines: [], note });
  if (process.end === null) {
    if (usage === undefined) return [];
    const said = (value: number | null | undefined, words: (value: number) => string) =>
      value == null ? 'unknown' : words(value);
    return [
      ours('CPU now', said(usage.cpu_percent, percent)),
      ours('CPU so far', said(usage.cpu_time_ns, duration)),
      ours('memory', said(usage.rss_bytes, bytes)),
      ...(usage.peak_rss_bytes === undefined
        ? []
        : [ours('largest memory', said(usage.peak_rss_bytes, bytes))]),
    ];
  }
  const cpu = fields['merlon.exit.cpu_time'];
  const peak = fields['merlon.exit.max_rss'];
  return [
    { label: 'process.end', lines: [moment(process.end)] },
    ...optional('process.exit_code', fields),
    ...optional('merlon.exit.signal', fields),
    ...(fields['merlon.exit.core_dumped'] === true
      ? [ours('core dump', 'written, or handed to a handler')]
      : []),
    ...(cpu === undefined ? [] : [ours('CPU in all', duration(cpu))]),
    ...(peak === undefined ? [] : [ours('largest memory', bytes(peak))]),
  ];
}

function namespaceDetails({ fields }: Known): Detail[] {
  const names = ['mount', 'pid', 'net', 'user'] as const;
  return [
    ...names.flatMap((name) => optional(`merlon.namespace.${name}`, fields)),
    ...(fields['process.vpid'] === fields['process.pid'] ? [] : optional('process.vpid', fields)),
  ];
}

const SOURCES: Readonly<Record<string, string>> = {
  exec: 'sched_process_exec',
  fork: 'sched_process_fork',
  exit: 'sched_process_exit',
  running: 'iter/task',
};

function seenDetails({ process, fields, gaps }: Known): Detail[] {
  const action = fields['event.action'];
  const source = action === undefined ? undefined : SOURCES[action];
  return [
    ...(source === undefined
      ? []
      : [
          {
            label: 'last seen by',
            lines: [source],
            ...(action === 'running' ? { note: 'it ran before Merlon sensed' } : {}),
          },
        ]),
    ...(gaps === undefined ? [] : [{ label: 'blind intervals', lines: [], note: gaps }]),
    { ...text('process.entity_id', process.entity_id) },
    ...optional('host.boot.id', fields),
  ];
}

/** How much of its life was not seen. @param spans of those gaps, in milliseconds. */
export function gapWords(spans: readonly number[]): string {
  if (spans.length === 0) return 'none in this life span';
  const sum = spans.reduce((total, each) => total + each, 0);
  return `${counted(spans.length, 'interval')}, ${duration(sum * 1e6)} together`;
}

function text(field: FieldName, value: string): Detail {
  return { label: field, lines: [value], query: is(field, value) };
}

/** @param otherwise what is said where it is not there. */
function optional(field: FieldName, fields: Readonly<EventFields>, otherwise?: string): Detail[] {
  const value = fields[field];
  if (value === undefined)
    return otherwise === undefined ? [] : [{ label: field, lines: [], note: otherwise }];
  if (typeof value === 'number') {
    const query: Query = { type: 'compare', field, op: 'is', value: { of: 'number', value } };
    return [{ label: field, lines: [String(value)], query: formatQuery(query) }];
  }
  return typeof value === 'string' ? [text(field, value)] : [];
}

/** The condition that a text field has this value. */
export function is(field: FieldName, value: string): string {
  return formatQuery({ type: 'match', field, pattern: [{ literal: value }] });
}
