/** A field and its value as a piece of query, for "add to query". */
import { FIELDS, isoTime, type Event, type FieldName } from '../../shared/event.ts';
import { formatQuery, parseQuery, type Query } from '../../shared/query.ts';

/** List members that a query names at most. */
const MAX_MEMBERS = 8;

/** @returns the condition that this event's value of the field meets; undefined where it has none. */
export function termOf(event: Event, field: FieldName): string | undefined {
  const value = event.fields[field];
  if (value === undefined) return undefined;
  if (typeof value === 'object') {
    const terms = [...new Set(value)].slice(0, MAX_MEMBERS).map((member) => match(field, member));
    return terms.length === 0 ? undefined : formatQuery({ type: 'and', terms });
  }
  return formatQuery(condition(field, value));
}

const match = (field: FieldName, text: string): Query => ({
  type: 'match',
  field,
  pattern: [{ literal: text }],
});

function condition(field: FieldName, value: string | number | boolean): Query {
  if (typeof value === 'boolean') return { type: 'boolean', field, value };
  if (typeof value === 'string') return match(field, value);
  const scalar =
    FIELDS[field].kind === 'date'
      ? ({ of: 'time', text: isoTime(value) } as const)
      : ({ of: 'number', value } as const);
  return { type: 'compare', field, op: 'is', value: scalar };
}

/** @returns the query narrowed by the term; a query that does not parse gives way to it. */
export function narrow(query: string, term: string): string {
  const parsed = parseQuery(query);
  if (!parsed.ok || parsed.value === null) return term;
  const text = query.trim();
  return parsed.value.type === 'or' ? `(${text}) and ${term}` : `${text} and ${term}`;
}
