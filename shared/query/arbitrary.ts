/** Random queries and events for property tests: hostile strings, absent fields, every kind of condition. */
import fc from 'fast-check';
import { FIELDS, isFieldName, type EventFields, type FieldKind, type FieldName } from '../event.ts';
import { join, type Condition, type Pattern, type Query, type Scalar } from './ast.ts';
import { normalPattern } from './pattern.ts';

const NAMES = Object.keys(FIELDS).filter(isFieldName);
const namesOf = (...kinds: FieldKind[]) => NAMES.filter((name) => kinds.includes(FIELDS[name].kind));

/** Few letters, so that patterns and values meet; and every character that some layer treats specially. */
const LETTERS = [
  ...[
    'a',
    'b',
    'A',
    'B',
    'k',
    'K',
    '\u212a',
    'é',
    'É',
    'İ',
    'ſ',
    's',
    '%',
    '_',
    '[',
    ']',
    '{',
    '*',
    '?',
    '\\',
    '"',
    "'",
  ],
  ...[
    '.',
    ' ',
    '(',
    ')',
    ':',
    '<',
    '>',
    '/',
    '-',
    '\0',
    '\n',
    '\u202e',
    '\ufffd',
    '\ufffe',
    '\uffff',
    '\ud83d',
    '\ude00',
    '😀',
  ],
];

export const hostileText: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 4, arbitrary: fc.array(fc.constantFrom('a', 'b', 'A', '%', '_', '\\'), { maxLength: 4 }) },
    { weight: 4, arbitrary: fc.array(fc.constantFrom(...LETTERS), { maxLength: 6 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(['and'], ['NOT'], ['to'], ['["a"]'], ['null'], ['a'.repeat(300)]),
    },
  )
  .map((letters) => letters.join(''));

const addresses = fc.constantFrom(
  '10.1.2.3',
  '10.0.0.1',
  '192.168.0.1',
  '::1',
  'fe80::1',
  '2001:db8::5',
  'no address',
  '',
);
const numbers = fc.oneof(
  fc.integer({ min: -3, max: 300 }),
  fc.constantFrom(
    0,
    127,
    128,
    32767,
    32768,
    8388607,
    8388608,
    2 ** 31,
    2 ** 47,
    2 ** 47 + 1,
    2 ** 53 - 1,
    -(2 ** 31),
    -(2 ** 53 - 1),
  ),
);
const BASE = Date.UTC(2026, 10, 22, 10, 0, 0);
const dates = fc.oneof(
  fc.integer({ min: -3_600_000, max: 3_600_000 }).map((ms) => BASE + ms),
  fc.integer({ min: -3000, max: 3000 }).map((micros) => BASE + micros / 1000),
);

const VALUES: { readonly [K in FieldKind]: fc.Arbitrary<string | number | boolean | readonly string[]> } = {
  keyword: hostileText,
  keywords: fc.array(hostileText, { maxLength: 3 }),
  ip: addresses,
  long: numbers,
  date: dates,
  boolean: fc.boolean(),
};

/** Fields that random queries and events concentrate on, so that they meet. */
const FAVOURITES: readonly FieldName[] = [
  ...([
    'process.name',
    'user.name',
    'process.args',
    'process.env_vars',
    'process.pid',
    'event.duration',
  ] as const),
  ...(['@timestamp', 'process.start', 'process.interactive', 'source.ip', 'destination.ip'] as const),
];
const pick = (...kinds: FieldKind[]) =>
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.constantFrom(...FAVOURITES.filter((name) => kinds.includes(FIELDS[name].kind))),
    },
    { weight: 1, arbitrary: fc.constantFrom(...namesOf(...kinds)) },
  );

/** Any event: each field absent or with a value of its kind. */
export const eventFields: fc.Arbitrary<EventFields> = fc
  .array(
    fc
      .oneof(
        { weight: 4, arbitrary: fc.constantFrom(...FAVOURITES) },
        { weight: 1, arbitrary: fc.constantFrom(...NAMES) },
      )
      .chain((name) => VALUES[FIELDS[name].kind].map((value) => [name, value] as const)),
    { maxLength: 12 },
  )
  .map((entries) => Object.fromEntries(entries) as EventFields);

const pattern: fc.Arbitrary<Pattern> = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: hostileText.map((literal) => ({ literal })) },
      { weight: 2, arbitrary: fc.constantFrom('*' as const, '?' as const).map((wildcard) => ({ wildcard })) },
    ),
    { maxLength: 4 },
  )
  .map(normalPattern);

const isPresence = (parts: Pattern) =>
  parts.length === 1 && parts.some((part) => 'wildcard' in part && part.wildcard === '*');

const number: fc.Arbitrary<Scalar> = numbers.map((value) => ({ of: 'number', value }));
const time: fc.Arbitrary<Scalar> = fc.oneof(
  fc.tuple(dates, fc.constantFrom(10, 16, 19, 21, 23, 26)).map(([ms, length]) => {
    const micros = String(Math.round((ms - Math.floor(ms)) * 1000) % 1000).padStart(3, '0');
    const text = (new Date(Math.floor(ms)).toISOString().slice(0, 23) + micros).slice(0, length);
    return { of: 'time' as const, text: length === 10 ? text : `${text}Z` };
  }),
  fc.integer({ min: -100, max: 100 }).map((minutes) => ({ of: 'ago' as const, ms: minutes * 60_000 || 0 })),
);
const ordered = fc.oneof(
  fc.tuple(pick('long'), number, fc.option(number)),
  fc.tuple(pick('date'), time, fc.option(time)),
);

const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.constantFrom(...NAMES).map((field) => ({ type: 'present' as const, field })),
  pick('keyword', 'keywords', 'ip').map((field) => ({ type: 'present' as const, field })),
  pattern
    .filter((parts) => parts.some((part) => 'literal' in part))
    .map((parts) => ({ type: 'anywhere' as const, pattern: parts })),
  fc
    .tuple(pick('keyword', 'keywords'), pattern)
    .filter(([, parts]) => !isPresence(parts))
    .map(([field, parts]) => ({ type: 'match' as const, field, pattern: parts })),
  fc
    .tuple(fc.constantFrom('is', 'gt', 'gte', 'lt', 'lte'), ordered)
    .map(([op, [field, value]]) => ({ type: 'compare' as const, op, field, value })),
  ordered.map(([field, from, to]) => ({ type: 'between' as const, field, from, to })),
  fc
    .tuple(pick('boolean'), fc.boolean())
    .map(([field, value]) => ({ type: 'boolean' as const, field, value })),
  fc
    .tuple(
      pick('ip'),
      fc.constantFrom('10.0.0.0/8', '10.1.2.3', '0.0.0.0/0', '::1', 'fe80::/10', '::/0', '0:0:0:0:0:0:0:1'),
    )
    .map(([field, network]) => ({ type: 'network' as const, field, network })),
);

/** Any query that the parser can give. */
export const anyQuery: fc.Arbitrary<Query> = fc.letrec<{ query: Query }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    condition,
    tie('query').map((term): Query => ({ type: 'not', term })),
    fc
      .tuple(
        fc.constantFrom('and' as const, 'or' as const),
        fc.array(tie('query'), { minLength: 2, maxLength: 3 }),
      )
      .map(([type, terms]) => join(type, terms)),
  ),
})).query;

/** The moment that random dates lie around. */
export const RANDOM_NOW = BASE;
