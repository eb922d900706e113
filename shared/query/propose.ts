/** What may be written at a place of a query: pure, so that the list stands at once; values with counts come later. */
import { FIELDS, isFieldName, type FieldName } from '../event.ts';
import type { Completing } from './complete.ts';
import { formatLiteral } from './format.ts';
import { DURATION_FIELDS } from './values.ts';

export interface Suggestion {
  /** As it is shown, and as it is written. */
  readonly text: string;
  readonly kind: 'field' | 'operator' | 'keyword' | 'value';
  readonly about: string;
  /** More of it: values that a field takes. */
  readonly detail: string;
  /** Written in the place of what was typed. */
  readonly insert: string;
  /** Another choice is to be made right after. */
  readonly goesOn: boolean;
}

/** Fields, operators and joining words for a place; values are not known here. */
export function suggestionsAt(completing: Completing): readonly Suggestion[] {
  switch (completing.at) {
    case 'term':
      return completing.after
        ? [...joints(completing), ...fields(completing.prefix)]
        : fieldsAndWords(completing);
    case 'operator':
      return operatorsOf(completing.field);
    case 'value':
      return knownValues(completing);
  }
}

function joints({ prefix, closes }: Extract<Completing, { at: 'term' }>): readonly Suggestion[] {
  const words = [
    keyword('and', 'both must hold; the same as nothing between two terms'),
    keyword('or', 'one of them must hold'),
    ...(closes ? [{ ...keyword(')', 'ends the group'), insert: ') ' }] : []),
  ];
  return words.filter(({ text }) => text.startsWith(prefix.toLowerCase()));
}

function fieldsAndWords({ prefix }: Extract<Completing, { at: 'term' }>): readonly Suggestion[] {
  const found = fields(prefix);
  const not = keyword('not', 'the next term must not hold');
  return 'not'.startsWith(prefix.toLowerCase()) ? (prefix === '' ? [...found, not] : [not, ...found]) : found;
}

const keyword = (text: string, about: string): Suggestion => ({
  text,
  kind: 'keyword',
  about,
  detail: '',
  insert: `${text} `,
  goesOn: true,
});

const NAMES = Object.keys(FIELDS).filter(isFieldName);

/** Fields that begin so, then those of which a later part does. */
export function fields(prefix: string): readonly Suggestion[] {
  const wanted = prefix.toLowerCase();
  const begin = NAMES.filter((name) => name.startsWith(wanted));
  const within =
    wanted === '' ? [] : NAMES.filter((name) => !name.startsWith(wanted) && name.includes(wanted));
  return [...begin, ...within].map((name) => ({
    text: name,
    kind: 'field',
    about: FIELDS[name].about,
    detail: takes(name),
    insert: `${name}:`,
    goesOn: true,
  }));
}

/** What a field takes, in few words. */
export function takes(name: FieldName): string {
  const { kind, values }: { kind: string; values?: readonly string[] } = FIELDS[name];
  if (values !== undefined) return `${values.slice(0, 4).join(', ')}${values.length > 4 ? ' …' : ''}`;
  switch (kind) {
    case 'date':
      return 'date, such as now-10m';
    case 'long':
      return DURATION_FIELDS.has(name) ? 'duration, such as 20ms' : 'number';
    case 'ip':
      return 'address or CIDR block';
    case 'boolean':
      return 'true, false';
    case 'keywords':
      return 'list of texts';
    default:
      return 'text';
  }
}

const operator = (text: string, about: string, insert = text, goesOn = true): Suggestion => ({
  text,
  kind: 'operator',
  about,
  detail: '',
  insert,
  goesOn,
});

/** The operators that a field takes. */
export function operatorsOf(field: FieldName): readonly Suggestion[] {
  const { kind } = FIELDS[field];
  const is = operator(':', kind === 'keyword' || kind === 'keywords' ? 'is; * and ? stand for others' : 'is');
  const present = operator(':*', 'is there', ':* ');
  if (kind === 'boolean') return [is, present];
  const oneOf = operator(':(', 'is one of several');
  if (kind !== 'long' && kind !== 'date') return [is, oneOf, present];
  return [
    is,
    operator('>', kind === 'date' ? 'later than' : 'greater than'),
    operator('>=', kind === 'date' ? 'at that time or later' : 'at least'),
    operator('<', kind === 'date' ? 'earlier than' : 'less than'),
    operator('<=', kind === 'date' ? 'at that time or earlier' : 'at most'),
    operator(':[', 'in a range, such as [1 to 2]', ':[', false),
    present,
  ];
}

const MOMENTS: readonly (readonly [string, string])[] = [
  ['now-10m', 'ten minutes ago'],
  ['now-1h', 'an hour ago'],
  ['now-24h', 'a day ago'],
  ['now-7d', 'a week ago'],
];

/** Values that are known without asking: few that the field takes at all, and moments. */
function knownValues({ field, prefix = '' }: Extract<Completing, { at: 'value' }>): readonly Suggestion[] {
  const { kind, values = [] }: { kind: string; values?: readonly string[] } = FIELDS[field];
  if (kind === 'date') {
    return MOMENTS.filter(([text]) => text.startsWith(prefix)).map(([text, about]) =>
      valueOf(field, text, about),
    );
  }
  const known = kind === 'boolean' ? ['true', 'false'] : values;
  return known
    .filter((text) => text.startsWith(prefix.toLowerCase()))
    .map((text) => valueOf(field, text, ''));
}

/** @param value as `events.values` names it. */
export function valueOf(field: FieldName, value: string, about: string): Suggestion {
  const { kind } = FIELDS[field];
  const text = kind === 'keyword' || kind === 'keywords' ? formatLiteral(value) : value;
  return { text: value, kind: 'value', about, detail: '', insert: `${text} `, goesOn: true };
}
