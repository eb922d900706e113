import { describe, expect, it } from 'vitest';
import { describeLayout, hashOf } from './layout.ts';
import { renderReaders } from './render.ts';

const u32 = { id: 1, kind: 'INT', name: 'unsigned int', size: 4, encoding: '(none)' };
const u64 = { id: 2, kind: 'INT', name: 'unsigned long long', size: 8, encoding: '(none)' };
const pointer = { id: 3, kind: 'PTR', type_id: 1 };
const signed = { id: 4, kind: 'INT', name: 'int', size: 4, encoding: 'SIGNED' };

function record(size: number, ...members: readonly [name: string, type: number, bits: number][]) {
  const struct = {
    id: 9,
    kind: 'STRUCT',
    name: 'merlon_thing',
    size,
    members: members.map(([name, type_id, bits_offset]) => ({ name, type_id, bits_offset })),
  };
  return { types: [u32, u64, pointer, signed, struct] };
}

describe('the layout of a record', () => {
  it('is refused where it has a hole, which would leave the kernel unzeroed', () => {
    expect(() => describeLayout(record(16, ['a', 1, 0], ['b', 2, 64]))).toThrow('hole before b');
    expect(() => describeLayout(record(16, ['a', 2, 0], ['b', 1, 64]))).toThrow('hole at its end');
  });

  it.each([
    ['a pointer', 3],
    ['a signed integer', 4],
  ])('is refused where a member is %s', (_, type) => {
    expect(() => describeLayout(record(4, ['a', type, 0]))).toThrow('merlon_thing.a');
  });

  it('is refused where a member is a bitfield', () => {
    expect(() => describeLayout(record(4, ['a', 1, 3]))).toThrow('bitfield');
  });

  it('has another hash as soon as a member moves or is renamed, and the same for another order of types', () => {
    const one = record(8, ['a', 1, 0], ['b', 1, 32]);
    const hash = hashOf(describeLayout(one));
    expect(hashOf(describeLayout(record(8, ['b', 1, 0], ['a', 1, 32])))).not.toBe(hash);
    expect(hashOf(describeLayout(record(8, ['a', 1, 0], ['c', 1, 32])))).not.toBe(hash);
    expect(hashOf(describeLayout({ types: one.types.toReversed() }))).toBe(hash);
  });

  it('gives a reader for each member, and where each 64-bit one lies', () => {
    const text = renderReaders(describeLayout(record(16, ['count', 1, 0], ['pad', 1, 32], ['inode', 2, 64])), 'h');
    expect(text).toContain('export const THING_INODE_AT = 8;');
    expect(text).toContain('    count: view.getUint32(at, true),');
    expect(text).toContain('    inode: read64(view, at + 8),');
    expect(text).not.toContain('pad:');
  });
});
