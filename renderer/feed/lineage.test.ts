import { expect, test } from 'vitest';
import type { Event } from '../../shared/event.ts';
import { Lineage } from './lineage.svelte.ts';

const event = (id: string, name: string, parent?: { id: string; name?: string }): Event => ({
  cursor: '1.1.1',
  fields: {
    'process.entity_id': id,
    'process.name': name,
    ...(parent === undefined ? {} : { 'process.parent.entity_id': parent.id }),
    ...(parent?.name === undefined ? {} : { 'process.parent.name': parent.name }),
  },
});

test('ancestors are named from the eldest to the parent', () => {
  const lineage = new Lineage();
  lineage.learn(event('a', 'systemd'));
  lineage.learn(event('b', 'bash', { id: 'a' }));
  lineage.learn(event('c', 'make', { id: 'b' }));
  expect(lineage.of(event('d', 'cc', { id: 'c' }))).toEqual(['systemd', 'bash', 'make']);
});

test('the parent is named as the event had it, whatever it became since', () => {
  const lineage = new Lineage();
  lineage.learn(event('a', 'sh'));
  lineage.learn(event('a', 'node'));
  expect(lineage.of(event('b', 'x', { id: 'a', name: 'sh' }))).toEqual(['sh']);
});

test('an unknown parent ends the line', () => {
  expect(new Lineage().of(event('b', 'x', { id: 'a' }))).toEqual([]);
});

test('a circle in what is known ends too', () => {
  const lineage = new Lineage();
  lineage.learn(event('a', 'a', { id: 'b' }));
  lineage.learn(event('b', 'b', { id: 'a' }));
  expect(lineage.of(event('c', 'c', { id: 'a' })).length).toBeLessThanOrEqual(6);
});

test('what runs is learnt from its list', () => {
  const lineage = new Lineage();
  lineage.learnProcesses([
    { entity_id: 'a', name: 'systemd', parent_entity_id: null },
    { entity_id: 'b', name: 'bash', parent_entity_id: 'a' },
  ]);
  expect(lineage.of(event('c', 'make', { id: 'b' }))).toEqual(['systemd', 'bash']);
});
