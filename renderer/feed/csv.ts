/** Events as a table in a text file (RFC 4180). */
import { FIELDS, isoTime, type Event, type FieldName } from '../../shared/event.ts';

/** What a row needs so that a blind interval can be told from an event. */
const ALWAYS: readonly FieldName[] = ['@timestamp', 'event.action'];
const OF_GAPS: readonly FieldName[] = ['event.start', 'event.end', 'message'];

/** The columns of the file: those that were chosen, and what tells of gaps. */
export const csvFields = (chosen: readonly FieldName[]): readonly FieldName[] => [
  ...new Set([...ALWAYS, ...chosen, ...OF_GAPS]),
];

export const csvHead = (fields: readonly FieldName[]) => `${fields.join(',')}\r\n`;

export function csvLines(events: readonly Event[], fields: readonly FieldName[]): string {
  return events
    .map((event) => `${fields.map((name) => cell(name, event.fields[name])).join(',')}\r\n`)
    .join('');
}

function cell(name: FieldName, value: Event['fields'][FieldName]): string {
  if (value === undefined) return '';
  // Only a text can be taken for a formula, and a negative number is none.
  if (typeof value === 'number') return FIELDS[name].kind === 'date' ? isoTime(value) : String(value);
  const text = typeof value === 'object' ? value.join(' ') : String(value);
  // A spreadsheet would run what begins so: an apostrophe makes it text.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
