import { expect, test } from 'vitest';
import { Columns, fieldsOf, templateOf } from './columns.svelte.ts';

const ids = (columns: Columns) => columns.list.map(({ id }) => id);

test('a field becomes a column before the outcome, and goes again', () => {
  const columns = new Columns();
  columns.toggle('container.id');
  expect(ids(columns).slice(-2)).toEqual(['container.id', 'outcome']);
  columns.toggle('container.id');
  expect(columns.isFirst).toBe(true);
});

test('the last column cannot be hidden', () => {
  const columns = new Columns();
  for (const id of ids(columns)) columns.toggle(id);
  expect(columns.list).toHaveLength(1);
});

test('columns move by places and to each other', () => {
  const columns = new Columns();
  columns.move('time', 1);
  expect(ids(columns).slice(0, 3)).toEqual(['action', 'time', 'process']);
  columns.moveTo('outcome', 'action');
  expect(ids(columns)[0]).toBe('outcome');
  columns.move('outcome', -5);
  expect(ids(columns)[0]).toBe('outcome');
  columns.reset();
  expect(columns.isFirst).toBe(true);
});

test('a width stays within what can be used, and the target takes what is left', () => {
  const columns = new Columns();
  columns.size('user', 3);
  expect(templateOf(columns.list)).toContain('minmax(40px, 40px)');
  expect(templateOf(columns.list)).toContain('minmax(120px, 1fr)');
  columns.unsize('user');
  expect(columns.isFirst).toBe(true);
});

test('an export has the fields that the columns are made from, each once', () => {
  const columns = new Columns();
  columns.toggle('process.pid');
  expect(fieldsOf(columns.list).filter((field) => field === 'process.pid')).toHaveLength(1);
  expect(fieldsOf(columns.list)[0]).toBe('@timestamp');
});
