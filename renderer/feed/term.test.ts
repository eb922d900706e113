import { expect, test } from 'vitest';
import type { Event, EventFields, FieldName } from '../../shared/event.ts';
import { parseQuery, toPredicate } from '../../shared/query.ts';
import { narrow, termOf } from './term.ts';

const fields: EventFields = {
  '@timestamp': Date.UTC(2026, 10, 22, 14, 34, 7) + 402.125,
  'process.name': 'curl',
  'process.command_line': 'curl "a*b" \\ (x) and\u202e',
  'process.pid': 4127,
  'process.args': ['curl', '-o', 'a b', '*'],
  'process.interactive': true,
  'event.duration': 1_840_000_123,
  'destination.ip': '2001:db8::1',
};
const event: Event = { cursor: '1.2.3', fields };

test.each(Object.keys(fields) as FieldName[])('the term of %s finds its own event', (field) => {
  const parsed = parseQuery(termOf(event, field) ?? 'not *');
  expect(parsed.ok && toPredicate(parsed.value)(fields)).toBe(true);
});

test('a wildcard in a value is not one in its term', () => {
  const parsed = parseQuery(
    termOf({ cursor: '1.2.3', fields: { 'process.name': 'a*' } }, 'process.name') ?? '',
  );
  expect(parsed.ok && toPredicate(parsed.value)({ 'process.name': 'ab' })).toBe(false);
});

test.each([
  ['', 'process.name:curl'],
  ['user.name:root', 'user.name:root and process.name:curl'],
  ['a or b', '(a or b) and process.name:curl'],
  ['process.pid:', 'process.name:curl'],
])('%s is narrowed', (query, narrowed) => {
  expect(narrow(query, 'process.name:curl')).toBe(narrowed);
});
