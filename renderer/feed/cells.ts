/** A field's value as one line of a row. */
import { FIELDS, type Event, type FieldName } from '../../shared/event.ts';
import { bytes, count, duration, moment } from '../ui/units.ts';
import { DURATION_FIELDS } from '../../shared/query/values.ts';

const BYTES: ReadonlySet<FieldName> = new Set<FieldName>([
  'merlon.exit.max_rss',
  'merlon.process.args_length',
]);
const COUNTS: ReadonlySet<FieldName> = new Set<FieldName>(['merlon.gap.lost', 'event.sequence']);

export function cellText({ fields }: Event, name: FieldName): string {
  const value = fields[name];
  if (value === undefined) return '';
  if (typeof value === 'object') return value.join(' ');
  if (typeof value !== 'number') return String(value);
  if (FIELDS[name].kind === 'date') return moment(value);
  if (DURATION_FIELDS.has(name)) return duration(value);
  if (BYTES.has(name)) return bytes(value);
  return COUNTS.has(name) ? count(value) : String(value);
}

/** Numbers stand to the right, so that their places are below each other. */
export const isNumber = (name: FieldName) => FIELDS[name].kind === 'long';
