import { expect, test } from 'vitest';
import { FIELDS, type Event, type EventFields, type FieldName } from '../../shared/event.ts';
import { groupFields } from './fields.ts';

const groupsOf = (fields: EventFields) => groupFields({ cursor: '1.1.1', fields } satisfies Event);

test('every field of the contract is shown once, whatever its kind', () => {
  const samples = { keyword: 'x', keywords: ['x'], long: 1, date: 0, ip: '::1', boolean: false } as const;
  const all = Object.fromEntries(Object.entries(FIELDS).map(([name, { kind }]) => [name, samples[kind]]));
  const shown = groupsOf(all).flatMap((group) => group.fields.map((field) => field.name));
  expect(shown.toSorted()).toEqual((Object.keys(FIELDS) as FieldName[]).toSorted());
});

test('groups come in the order of the question, and only where they have something', () => {
  const groups = groupsOf({ 'merlon.exit.signal': 'SIGKILL', 'user.name': 'alex', 'process.parent.pid': 1 });
  expect(groups.map((group) => group.title)).toEqual(['Parent', 'Identity', 'Exit']);
});

test('lists have one line for each member, and say when they are empty', () => {
  const [group] = groupsOf({ 'process.args': ['a b', 'c'], 'process.env_vars': [] });
  expect(group?.fields.map((field) => field.lines)).toEqual([['a b', 'c'], ['none']]);
});

test('durations and sizes are read in units, beside the number', () => {
  const [group] = groupsOf({ 'event.duration': 1_840_000_000, 'merlon.exit.max_rss': 212 * 1024 ** 2 });
  expect(group?.fields.map((field) => field.reading)).toEqual(['1.84 s', '212 MiB']);
});
