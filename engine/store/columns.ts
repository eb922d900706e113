import { FIELDS, isFieldName, type FieldKind, type FieldName } from '../../shared/event.ts';

/**
 * How a column's cell says the field's value. NULL: absent, whatever the kind. A TEXT cell: the value as JSON, where a
 * rule below cannot say it exactly (a column of no type keeps what it is given). Else the cell is a number:
 *
 * - `long`: the value.
 * - `boolean`: 0 or 1.
 * - `string`, `list`: the id in the partition's dictionary of strings or lists.
 * - `date`: microseconds after the moment that the boot clock gives: the partition's `wall_base_ms` plus the event's
 *   `time_ns` (`process.start`: plus the start of the process) in ms; or, from ±1e11 on, epoch milliseconds as they are.
 * - `process`, `parent`: an entity id of this boot, as nanoseconds from the start of the process to `time_ns`; its pid
 *   is the cell of `process.pid` (`process.parent.pid`). Negative: −id of the string that it is.
 * - `boot`: 0 for the partition's own boot id, else the id of a string.
 * - `sequence`, `pid`, `args_count`: the difference to the event's sequence, to `process.pid`, to the length of
 *   `process.args` (each 0 where absent).
 * - `args`: 0 for `process.command_line` cut at each space; else the id of a list.
 */
export type Storage =
  | 'long'
  | 'boolean'
  | 'string'
  | 'list'
  | 'date'
  | 'process'
  | 'parent'
  | 'boot'
  | 'sequence'
  | 'pid'
  | 'args_count'
  | 'args';

/** One column of the table `event`: named like its field. */
export interface Column {
  readonly name: FieldName;
  readonly kind: FieldKind;
  readonly storage: Storage;
}

const DERIVED: Partial<Record<FieldName, Storage>> = {
  'process.entity_id': 'process',
  'process.parent.entity_id': 'parent',
  'host.boot.id': 'boot',
  'event.sequence': 'sequence',
  'process.vpid': 'pid',
  'process.thread.id': 'pid',
  'process.args_count': 'args_count',
  'process.args': 'args',
};

/** Fields that few events have come last: NULLs at the end of a row take no space. */
const SELDOM: readonly FieldName[] = [
  'process.end',
  'process.exit_code',
  'event.duration',
  'merlon.exit.core_dumped',
  'merlon.exit.cpu_time',
  'merlon.exit.max_rss',
  'merlon.exit.signal',
  'process.env_vars',
  'merlon.process.script',
  'merlon.process.interpreter',
  'container.id',
  'container.name',
  'container.runtime',
  'error.code',
  'file.path',
  'source.ip',
  'source.port',
  'destination.ip',
  'destination.port',
  'message',
  'event.reason',
  'event.start',
  'event.end',
  'merlon.gap.lost',
  'merlon.bpf.command',
  'merlon.bpf.program.id',
  'merlon.bpf.program.name',
  'merlon.bpf.program.type',
  'merlon.bpf.program.tag',
  'merlon.bpf.attach_type',
  'merlon.bpf.link.id',
  'merlon.bpf.link.type',
];

const NAMES = Object.keys(FIELDS).filter(isFieldName);

/** Every field has a column. The order here is that of the rows that are written; other layouts may have others. */
export const COLUMNS: readonly Column[] = [
  ...NAMES.filter((name) => !SELDOM.includes(name)),
  ...NAMES.filter((name) => SELDOM.includes(name)),
].map((name) => ({ name, kind: FIELDS[name].kind, storage: storageOf(name) }));

function storageOf(name: FieldName): Storage {
  const { kind } = FIELDS[name];
  switch (kind) {
    case 'keyword':
    case 'ip':
      return DERIVED[name] ?? 'string';
    case 'keywords':
      return DERIVED[name] ?? 'list';
    case 'long':
      return DERIVED[name] ?? 'long';
    case 'date':
      return 'date';
    case 'boolean':
      return 'boolean';
  }
}

/** The first columns of every row: the event's place in its boot. `sequence` is the row's number. */
export const KEY_COLUMNS = ['sequence', 'time_ns'] as const;

/** Numbers that are asked for by their value, and indexed as the ids of strings are. */
export const INDEXED_LONGS: readonly FieldName[] = [
  'process.pid',
  'process.parent.pid',
  'process.exit_code',
  'process.session_leader.pid',
  'source.port',
  'destination.port',
  'merlon.bpf.program.id',
];

/** Whether the partition's index of chunks (see layout.ts) has this column's ids or values. */
export function isIndexed({ name, storage }: Column): boolean {
  switch (storage) {
    case 'string':
    case 'list':
    case 'args': // but for 0
    case 'process': // the ids of strings, as their numbers: but for the regular ones
    case 'parent':
    case 'boot': // but for 0
      return true;
    case 'long':
      return INDEXED_LONGS.includes(name);
    default:
      return false;
  }
}

/** A field's column in SQL. Field names are ours and hold no quotes; that is what makes this safe. */
export const columnSql = (name: FieldName) => `"${name}"`;

/** All columns, key first, as a list in SQL. */
export const ALL_COLUMNS_SQL = [...KEY_COLUMNS, ...COLUMNS.map(({ name }) => columnSql(name))].join(', ');
