import { expect, test } from 'vitest';
import type { Event, EventFields } from '../../shared/event.ts';
import { csvFields, csvHead, csvLines } from './csv.ts';

const line = (fields: EventFields) => {
  const event: Event = { cursor: '1.1.1', fields };
  return csvLines([event], ['process.command_line']).trimEnd();
};

test('the head names the fields, those that tell of gaps included', () => {
  expect(csvHead(csvFields(['@timestamp', 'process.name']))).toBe(
    '@timestamp,event.action,process.name,event.start,event.end,message\r\n',
  );
});

test.each([
  ['=cmd|/c calc', "'=cmd|/c calc"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\tx', "'\tx"],
  ['\rx', '"\'\rx"'],
  ['a "b", c', '"a ""b"", c"'],
  ['two\nlines', '"two\nlines"'],
  ['plain', 'plain'],
])('%j cannot run, and cannot leave its cell', (text, expected) => {
  expect(line({ 'process.command_line': text })).toBe(expected.trimEnd());
});

test('numbers, dates and lists are written as they are', () => {
  const event: Event = {
    cursor: '1.1.1',
    fields: { '@timestamp': Date.UTC(2026, 10, 22), 'process.exit_code': -1, 'process.args': ['a', 'b c'] },
  };
  expect(csvLines([event], ['@timestamp', 'process.exit_code', 'process.args', 'user.name'])).toBe(
    '2026-11-22T00:00:00.000000Z,-1,a b c,\r\n',
  );
});
