import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FIELDS, isoTime, type EventFields } from './event.ts';
import { formatQuery, parseQuery, tokensOf, toPredicate, type Query } from './query.ts';
import { anyQuery, eventFields, hostileText, RANDOM_NOW } from './query/arbitrary.ts';

function parsed(text: string): Query | null {
  const result = parseQuery(text);
  if (!result.ok) throw new Error(`${result.error.column}: ${result.error.message}`);
  return result.value;
}
const matches = (text: string, fields: EventFields) => toPredicate(parsed(text), RANDOM_NOW)(fields);
function refused(text: string) {
  const result = parseQuery(text);
  if (result.ok) throw new Error(`parsed: ${JSON.stringify(result.value)}`);
  return result.error;
}

const curl: EventFields = {
  '@timestamp': Date.UTC(2026, 10, 22, 10, 30, 15) + 123.4564,
  'event.duration': 25_000_000,
  'process.name': 'curl',
  'process.executable': '/usr/bin/curl',
  'process.command_line': 'curl -s http://example.org/100%_done',
  'process.args': ['curl', '-s', 'http://example.org/100%_done'],
  'process.pid': 150,
  'process.exit_code': 7,
  'process.interactive': true,
  'user.name': 'root',
  'source.ip': '10.1.2.3',
  'destination.ip': '2001:db8::5',
};

describe('a query', () => {
  test.each([
    'process.name:curl and user.name:(root or www-data) and not process.parent.executable:/usr/bin/* and process.exit_code>0',
    'process.name:CURL',
    'process.name:c?r*',
    'process.name:c\\url',
    'process.name: curl process.pid : 150',
    'process.args:-s',
    'process.args:(curl and -s)',
    'process.pid:[100 to 200]',
    'process.pid:[150 to *]',
    'process.pid:[* to 150]',
    'process.pid:(1 or >=150)',
    'process.pid:(1 or [149 to 151])',
    'process.pid>=150 process.pid<=150',
    'process.pid < 151',
    'event.duration>20ms and event.duration<1s and event.duration:25ms',
    '@timestamp:2026-11-22',
    '@timestamp:2026-11-22T10:30',
    '@timestamp:2026-11-22T11:30:15+01:00',
    '@timestamp:2026-11-22T10:30:15.123Z',
    '@timestamp:2026-11-22T10:30:15.123456Z',
    '@timestamp>2026-11-21 and @timestamp<=2026-11-22',
    '@timestamp:[2026-11-22T10 to *] or @timestamp:[now to now+1h]',
    '@timestamp>now-10m',
    'source.ip:10.0.0.0/8',
    'source.ip:10.1.*',
    'destination.ip:2001:0db8:0::0005',
    'destination.ip:2001:db8::/32',
    'process.interactive:true',
    'EXAMPLE',
    '"-s http://"',
    '100%_done',
    'exa*org',
    'process.command_line:"curl -s http://example.org/100%_done"',
    'process.parent.name:* or process.name:*',
    'not process.parent.name:x',
    'not (process.name:wget or user.name:nobody)',
    'NOT process.name:wget AND user.name:root',
  ])('selects the event: %s', (text) => {
    if (text.includes('T10 to')) return expect(refused(text).column).toBe(13);
    expect(matches(text, curl)).toBe(true);
  });

  test.each([
    'process.name:cur',
    'process.name:"c*"',
    'process.name:c\\*',
    'process.name:curl?',
    'process.pid:15',
    'process.pid>150',
    'process.parent.pid:[* to *]',
    'not process.parent.pid>=0 and process.parent.pid<0',
    '@timestamp>2026-11-22',
    '@timestamp<2026-11-22T10:30',
    '@timestamp>now+40m',
    'source.ip:11.0.0.0/8',
    'source.ip:2001:db8::/32',
    'process.interactive:false',
    'process.args:"-s http*"',
    'not process.name:curl',
    'exam?e',
    '100a_done',
  ])('does not select the event: %s', (text) => expect(matches(text, curl)).toBe(false));

  test('binds not before and before or', () => {
    expect(parsed('not process.pid:1 process.pid:2 or process.pid:3')).toEqual(
      parsed('((not process.pid:1) and process.pid:2) or process.pid:3'),
    );
  });

  test('that is empty is none, and everything passes', () => {
    expect(parsed(' \n ')).toBeNull();
    expect(toPredicate(null)({})).toBe(true);
    expect(formatQuery(null)).toBe('');
  });

  test('takes ? for one character, even outside the basic plane', () => {
    expect(matches('process.name:?x', { 'process.name': '😀x' })).toBe(true);
    expect(matches('process.name:??x', { 'process.name': '😀x' })).toBe(false);
  });

  test('does not look for free words in the ids that Merlon makes', () => {
    const made = {
      'process.entity_id': '6c2f-1-2',
      'process.parent.entity_id': '6c2f-1',
      'host.boot.id': '6c2f',
    };
    expect(matches('6c2f', made)).toBe(false);
    expect(matches('6c2f', { ...made, 'user.name': 'x6c2fx' })).toBe(true);
    expect(matches('process.entity_id:6c2f*', made)).toBe(true);
  });

  test('folds A to Z only', () => {
    expect(matches('process.name:k', { 'process.name': '\u212a' })).toBe(false);
    expect(matches('process.name:é', { 'process.name': 'É' })).toBe(false);
  });

  test('answers hostile wildcards in linear time', () => {
    const text = `process.command_line:${'*a'.repeat(31)}*b`;
    const begin = performance.now();
    expect(matches(text, { 'process.command_line': 'a'.repeat(8192) })).toBe(false);
    expect(performance.now() - begin).toBeLessThan(500);
  });

  test('finds the time that a face shows for any event', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (nanos) => {
        const at = RANDOM_NOW + nanos / 1e6;
        return matches(`@timestamp:${isoTime(at)}`, { '@timestamp': at });
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a syntax error names column and expectation', () => {
  test.each<[string, number, RegExp, string]>([
    ['process.nam:curl', 1, /no field “process\.nam”.*Did you mean process\.name/, 'process.name'],
    ['user.name:root and pid:1', 20, /Did you mean process\.pid/, 'process.pid'],
    ['http://x', 1, /quotes/, 'a field'],
    ['process.pid:abc', 13, /whole number.*abc/, 'a whole number'],
    ['process.pid:1.5', 13, /whole number/, 'a whole number'],
    ['process.pid:99999999999999999', 13, /whole number/, 'a whole number'],
    ['process.pid:1*', 13, /whole number/, 'a whole number'],
    ['event.duration>3x', 16, /none/, '20ms'],
    ['@timestamp>2026-02-30', 12, /date/, 'now-10m'],
    ['source.ip:10.0.0.0/33', 11, /CIDR/, 'a CIDR block'],
    ['source.ip>10.0.0.1', 10, /CIDR block/, ':'],
    ['user.name>5', 10, /neither/, ':'],
    ['user.name:[a to b]', 11, /neither/, ':'],
    ['process.interactive:yes', 21, /true or false/, 'true'],
    ['(a or b', 8, /opened in column 1 is never closed/, ')'],
    ['a or b)', 7, /no opening/, 'end of the query'],
    ['user.name:(a or b', 18, /opened in column 11/, ')'],
    ['a and', 6, /stops/, 'a field'],
    ['or a', 1, /not “or”/, 'not'],
    ['a not', 6, /stops/, '('],
    ['()', 2, /not “\)”/, 'a word'],
    ['process.pid:', 13, /value of process\.pid/, 'a whole number'],
    ['user.name: and a', 12, /quotes/, 'a text'],
    ['user.name:', 11, /should follow/, 'a text'],
    ['process.pid:[1 5]', 16, /from to until/, 'to'],
    ['process.pid:[1 to 5', 20, /never closed/, ']'],
    ['"abc', 1, /never closed/, '"'],
    ['abc\\', 4, /backslash/, 'a character'],
    ['*', 1, /at least one character/, 'a word'],
  ])('%s', (text, column, message, expected) => {
    const error = refused(text);
    expect({ ...error, message: error.message.match(message)?.[0] }).toEqual({
      column,
      message: expect.any(String),
      expected: expect.arrayContaining([expected]),
    });
  });

  test.each<[string, string, RegExp]>([
    ['length', 'a'.repeat(8193), /8,193 characters/],
    ['depth of parentheses', '('.repeat(65) + 'a' + ')'.repeat(65), /64 levels/],
    ['depth of nots', 'not '.repeat(65) + 'a', /64 levels/],
    ['conditions', 'a '.repeat(129), /128 conditions/],
    ['wildcards', '?a'.repeat(65), /64 wildcards/],
  ])('a bound on %s', (_, text, message) => expect(refused(text).message).toMatch(message));

  test('and never throws, whatever the text', () => {
    const pieces = fc.constantFrom(
      'and',
      'or',
      'not',
      'to',
      '(',
      ')',
      '[',
      ']',
      ':',
      '>',
      '<=',
      '"',
      '\\',
      '*',
      ' ',
      'process.pid',
      'a',
      '5',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(pieces).map((p) => p.join('')),
          fc.string(),
          hostileText,
        ),
        (text) => {
          const result = parseQuery(text);
          const column = result.ok ? 1 : result.error.column;
          expect(column).toBeGreaterThanOrEqual(1);
          expect(column).toBeLessThanOrEqual(text.length + 1);
          if (result.ok) expect(parsed(formatQuery(result.value))).toEqual(result.value);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

test('a formatted query parses to the same query', () => {
  fc.assert(
    fc.property(anyQuery, (query) => {
      expect(parsed(formatQuery(query))).toEqual(query);
    }),
    { numRuns: 2000 },
  );
});

test('a query and its negation never agree', () => {
  fc.assert(
    fc.property(anyQuery, eventFields, (query, fields) => {
      const not: Query = { type: 'not', term: query };
      return toPredicate(query, RANDOM_NOW)(fields) !== toPredicate(not, RANDOM_NOW)(fields);
    }),
  );
});

test('tokens colour a query, also one that is wrong', () => {
  const kinds = (text: string) =>
    tokensOf(text).map(({ kind, from, to }) => `${kind} ${text.slice(from, to)}`);
  expect(kinds('not user.name:(root or "x y") process.pid>=[5 to now-1h] http')).toEqual([
    ...[
      'keyword not',
      'field user.name',
      'operator :',
      'paren (',
      'value root',
      'keyword or',
      'value "x y"',
      'paren )',
    ],
    ...[
      'field process.pid',
      'operator >=',
      'paren [',
      'number 5',
      'keyword to',
      'number now-1h',
      'paren ]',
      'value http',
    ],
  ]);
  expect(kinds('user.name:"un')).toEqual(['field user.name', 'operator :', 'value "un']);
  expect(Object.keys(FIELDS).every((name) => tokensOf(`${name}:x`)[0]?.kind === 'field')).toBe(true);
});
