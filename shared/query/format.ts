import { assertNever } from '../result.ts';
import type { Comparison, Pattern, Query, Scalar } from './ast.ts';
import { DURATION_FIELDS, formatAgo, formatDuration } from './values.ts';
import type { FieldName } from '../event.ts';

const SYMBOLS: Readonly<Record<Comparison, string>> = { is: ':', gt: '>', gte: '>=', lt: '<', lte: '<=' };

/** The query as text that parses to the same query; null is the empty text. */
export function formatQuery(query: Query | null): string {
  return query === null ? '' : format(query);
}

function format(query: Query): string {
  switch (query.type) {
    case 'or':
      return query.terms
        .map((term) => (term.type === 'or' ? `(${format(term)})` : format(term)))
        .join(' or ');
    case 'and':
      return query.terms.map(tight).join(' and ');
    case 'not':
      return `not ${tight(query.term)}`;
    case 'anywhere':
      return formatPattern(query.pattern, true);
    case 'present':
      return `${query.field}:*`;
    case 'match':
      return `${query.field}:${formatPattern(query.pattern, false)}`;
    case 'compare':
      return `${query.field}${SYMBOLS[query.op]}${formatScalar(query.field, query.value)}`;
    case 'between': {
      const end = (scalar: Scalar | null) => (scalar === null ? '*' : formatScalar(query.field, scalar));
      return `${query.field}:[${end(query.from)} to ${end(query.to)}]`;
    }
    case 'boolean':
      return `${query.field}:${query.value}`;
    case 'network':
      return `${query.field}:${query.network}`;
    default:
      return assertNever(query);
  }
}

const tight = (query: Query) =>
  query.type === 'or' || query.type === 'and' ? `(${format(query)})` : format(query);

function formatScalar(field: FieldName, scalar: Scalar): string {
  switch (scalar.of) {
    case 'number':
      return DURATION_FIELDS.has(field) ? formatDuration(scalar.value) : String(scalar.value);
    case 'time':
      return scalar.text;
    case 'ago':
      return formatAgo(scalar.ms);
  }
}

/** A text as the value of a field, and no other: quoted where it must be. */
export const formatLiteral = (text: string) => formatPattern([{ literal: text }], false);

/** Quoted where that reads better and nothing in it is a wildcard, else with backslashes. */
function formatPattern(pattern: Pattern, free: boolean): string {
  const special = free ? /[\s()"\\*?:<>]/ : /[\s()"\\*?]|^[[<>]/;
  const wild = pattern.some((part) => 'wildcard' in part);
  if (!wild) {
    const text = pattern.map((part) => ('literal' in part ? part.literal : '')).join('');
    const plain = text !== '' && !special.test(text) && !/^(and|or|not)$/i.test(text);
    return plain ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
  }
  const escape = (text: string) => text.replace(/[\s()"\\*?:<>[]/g, '\\$&');
  return pattern.map((part) => ('literal' in part ? escape(part.literal) : part.wildcard)).join('');
}
