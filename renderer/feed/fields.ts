/** An event's fields as the inspector shows them: grouped, and each value in words. */
import { FIELDS, isFieldName, type Event, type FieldName } from '../../shared/event.ts';
import { bytes, count, duration, moment } from '../ui/units.ts';

export interface ShownField {
  readonly name: FieldName;
  readonly about: string;
  /** One line each; lists have several. */
  readonly lines: readonly string[];
  /** The value in a person's units, where `lines` has the machine's. */
  readonly reading?: string;
  /** As it is copied. */
  readonly text: string;
}

export interface FieldGroup {
  readonly title: string;
  readonly fields: readonly ShownField[];
}

const GROUPS = ['Process', 'Parent', 'Identity', 'Executable', 'Exit', 'Kernel', 'Event'] as const;
type Group = (typeof GROUPS)[number];

/** The first prefix that fits decides. */
const BELONGS: readonly (readonly [prefix: string, group: Group])[] = [
  ['process.parent.', 'Parent'],
  ['process.exit_code', 'Exit'],
  ['process.end', 'Exit'],
  ['merlon.exit.', 'Exit'],
  ['error.', 'Exit'],
  ['event.duration', 'Exit'],
  ['file.', 'Executable'],
  ['merlon.executable.', 'Executable'],
  ['merlon.process.script', 'Executable'],
  ['merlon.process.interpreter', 'Executable'],
  ['merlon.process.flags', 'Executable'],
  ['package.', 'Executable'],
  ['process.thread.', 'Kernel'],
  ['process.tty.', 'Kernel'],
  ['process.vpid', 'Kernel'],
  ['merlon.process.std', 'Kernel'],
  ['merlon.tty.', 'Kernel'],
  ['merlon.namespace.', 'Kernel'],
  ['merlon.cgroup.', 'Kernel'],
  ['host.', 'Kernel'],
  ['event.sequence', 'Kernel'],
  ['process.', 'Process'],
  ['merlon.process.', 'Process'],
  ['user.', 'Identity'],
  ['group.', 'Identity'],
  ['container.', 'Identity'],
  ['merlon.login.', 'Identity'],
  ['merlon.audit.', 'Identity'],
  ['merlon.systemd.', 'Identity'],
];

const DURATIONS: readonly FieldName[] = ['event.duration', 'merlon.exit.cpu_time'];
const BYTES: readonly FieldName[] = ['merlon.exit.max_rss', 'merlon.process.args_length'];

/** Read first in its group; the rest comes in the order of `FIELDS`. */
const FIRST: readonly FieldName[] = [
  'process.executable',
  'process.command_line',
  'process.working_directory',
];

export function groupFields({ fields }: Event): readonly FieldGroup[] {
  const groups = new Map<Group, ShownField[]>(GROUPS.map((group) => [group, []]));
  for (const name of new Set<string>([...FIRST, ...Object.keys(FIELDS)])) {
    if (!isFieldName(name)) continue;
    const shown = showField(name, fields[name]);
    if (shown === undefined) continue;
    const [, group = 'Event'] = BELONGS.find(([prefix]) => name.startsWith(prefix)) ?? [];
    groups.get(group)?.push(shown);
  }
  return [...groups].filter(([, list]) => list.length > 0).map(([title, list]) => ({ title, fields: list }));
}

type Value = Event['fields'][FieldName];

function showField(name: FieldName, value: Value): ShownField | undefined {
  if (value === undefined) return undefined;
  const { kind, about } = FIELDS[name];
  const base = { name, about };
  if (typeof value === 'object') {
    return { ...base, lines: value.length === 0 ? ['none'] : value, text: value.join('\n') };
  }
  if (kind === 'date' && typeof value === 'number') {
    return { ...base, lines: [moment(value)], text: new Date(value).toISOString() };
  }
  const text = String(value);
  const reading = typeof value === 'number' ? readingOf(name, value) : undefined;
  return reading === undefined ? { ...base, lines: [text], text } : { ...base, lines: [text], reading, text };
}

function readingOf(name: FieldName, value: number): string | undefined {
  if (DURATIONS.includes(name)) return duration(value);
  if (BYTES.includes(name)) return bytes(value);
  return name === 'event.sequence' ? count(value) : undefined;
}
