import { expect, it } from 'vitest';
import type { BpfAttachment } from '../../shared/bpf.ts';
import { baselineOf, difference } from './baseline.ts';
import { attachment } from './inventory.builder.ts';

const at = (target: string, attachType = 'trace_raw_tp'): BpfAttachment => {
  const { program: _, ...rest } = attachment(1, { target, attach_type: attachType });
  return rest;
};
const one = (
  id: number,
  attachments: readonly BpfAttachment[] = [],
  fields: { type?: string; tag?: string } = {},
) =>
  ({
    id,
    type: 'tracing',
    name: 'x',
    tag: 'aa',
    owner: 'foreign',
    concerns: [],
    attachments,
    ...fields,
  }) as const;
const compare = (before: readonly ReturnType<typeof one>[], now: readonly ReturnType<typeof one>[]) => {
  const { isNew, gone } = difference(baselineOf(before, 5, false), now);
  return { isNew: [...isNew], gone: gone.map(({ target }) => target) };
};

it('a program is the same with another id', () => {
  expect(compare([one(1, [at('a')])], [one(9, [at('a')])])).toEqual({ isNew: [], gone: [] });
});
it('a program with other instructions is new, and the old one gone', () => {
  expect(compare([one(1, [at('a')])], [one(1, [at('a')], { tag: 'bb' })])).toEqual({
    isNew: [1],
    gone: ['a'],
  });
});
it('a program that is attached to something else is new', () => {
  expect(compare([one(1, [at('a')])], [one(1, [at('a'), at('b')])])).toEqual({ isNew: [1], gone: [] });
});
it('a known program that is not attached yet is not new', () => {
  expect(compare([one(1, [at('a')])], [one(1)]).isNew).toEqual([]);
});
it('a program that was only loaded is new where it is attached, and not gone', () => {
  expect(compare([one(1)], [one(1, [at('a')])])).toEqual({ isNew: [1], gone: [] });
});
it('a container’s filter is known in the next container', () => {
  const filter = (cgroup: string) => one(1, [at(cgroup, 'cgroup_device')], { type: 'cgroup_device' });
  expect(compare([filter('/docker/a')], [filter('/docker/b')])).toEqual({ isNew: [], gone: [] });
});
it('of many that were alike one is gone, without a place of only one of them', () => {
  const filter = (id: number, cgroup: string) => one(id, [at(cgroup, 'cgroup_skb')], { type: 'cgroup_skb' });
  expect(compare([filter(1, '/a'), filter(2, '/b')], [])).toEqual({ isNew: [], gone: [''] });
});
it('names that look like two programs stay one', () => {
  const odd = { ...one(1), name: 'x","aa' };
  expect([...difference(baselineOf([odd], 5, false), [one(2)]).isNew]).toEqual([2]);
});

it('concerns are accepted by a person, and only at the places where they were', () => {
  const armed = (id: number, ...targets: readonly string[]) =>
    ({
      ...one(
        id,
        targets.map((target) => at(target)),
      ),
      concerns: ['sends_signals', 'our_hook'],
    }) as const;
  const accepted = (isAccepted: boolean, ...targets: readonly string[]) =>
    difference(baselineOf([{ ...armed(1, 'a'), concerns: ['sends_signals'] }], 5, isAccepted), [
      armed(2, ...targets),
    ]).accepted.get(2);
  expect(accepted(true, 'a')).toEqual(['sends_signals']);
  expect(accepted(true)).toEqual(['sends_signals']);
  expect(accepted(true, 'a', 'b')).toBeUndefined();
  expect(accepted(false, 'a')).toBeUndefined();
});
