import { expect, it } from 'vitest';
import { Btf, KIND } from './btf.ts';
import { BtfBuilder } from './kernels.builder.ts';
import { essential, TypeNames } from './names.ts';
import { RELOCATION, Relocator, type Outcome } from './relocate.ts';

type Build = (btf: BtfBuilder) => number;

/** Our type is what `ours` returns; the kernel's are whatever `theirs` adds. */
function ask(ours: Build, theirs: (btf: BtfBuilder) => void, kind: number, access: string): Outcome {
  const here = new BtfBuilder();
  const type = ours(here);
  const there = new BtfBuilder();
  theirs(there);
  const own = Btf.read(here.build());
  const names = new TypeNames(Btf.read(there.build()), [essential(own.name(type))]);
  return new Relocator(own, names).outcome({ at: 0, type, access, kind });
}

const task =
  (name: string, members: Readonly<Record<string, number>>): Build =>
  (btf) => {
    const int = btf.int('int');
    const all = Object.entries(members).map(([each, at]) => ({ name: each, type: int, at }));
    return btf.struct(name, 64, all);
  };
const pid = task('task', { pid: 0 });

it('finds a field by its name, wherever the kernel keeps it', () => {
  const found = ask(pid, task('task', { other: 0, pid: 40 }), RELOCATION.fieldOffset, '0:0');
  expect(found).toMatchObject({ is: 'value', value: 40 });
});

it('finds a field in what has no name of its own, and through typedefs and const', () => {
  const kernel = (btf: BtfBuilder) => {
    const int = btf.int('int');
    const inner = btf.struct('', 16, [{ name: 'pid', type: btf.const(btf.typedef('pid_t', int)), at: 12 }]);
    const union = btf.struct('', 16, [{ name: '', type: inner, at: 0 }], KIND.union);
    btf.struct('task', 64, [
      { name: 'other', type: int, at: 0 },
      { name: '', type: union, at: 8 },
    ]);
  };
  expect(ask(pid, kernel, RELOCATION.fieldOffset, '0:0')).toMatchObject({ is: 'value', value: 20 });
});

it('poisons the read of a field that the kernel has not, and says which', () => {
  const found = ask(pid, task('task', { pid_new: 0 }), RELOCATION.fieldOffset, '0:0');
  expect(found).toEqual({ is: 'poison', why: 'has no struct task.pid' });
});

it('answers questions about what is not there with no', () => {
  expect(ask(pid, task('task', { new: 0 }), RELOCATION.fieldExists, '0:0')).toEqual({
    is: 'value',
    value: 0,
  });
  expect(ask(pid, task('task', { pid: 0 }), RELOCATION.fieldExists, '0:0')).toEqual({
    is: 'value',
    value: 1,
  });
});

it('is refused where the kernel lacks the whole type, even by a question: the helper may not search modules', () => {
  for (const kind of [RELOCATION.fieldOffset, RELOCATION.fieldExists])
    expect(ask(pid, task('other', { pid: 0 }), kind, '0:0')).toEqual({
      is: 'refused',
      why: 'has no struct task at all',
    });
});

it('ignores flavours of the name, here and there', () => {
  expect(
    ask(task('task___old', { pid: 0 }), task('task___2', { pid: 8 }), RELOCATION.fieldOffset, '0:0'),
  ).toMatchObject({
    value: 8,
  });
  expect(['task___old', 'a___b___c', '___x', 'x____y', 'x___', 'plain'].map(essential)).toEqual([
    'task',
    'a___b',
    '___x',
    'x____y',
    'x___',
    'plain',
  ]);
});

it('takes several types of the same name for one while they agree', () => {
  const both = (first: number, second: number) => (btf: BtfBuilder) => {
    task('task', { pid: first })(btf);
    task('task', { pid: second })(btf);
  };
  expect(ask(pid, both(8, 8), RELOCATION.fieldOffset, '0:0')).toMatchObject({ is: 'value', value: 8 });
  expect(ask(pid, both(8, 16), RELOCATION.fieldOffset, '0:0')).toMatchObject({ is: 'refused' });
});

it('does not take a pointer for a number', () => {
  const kernel = (btf: BtfBuilder) => btf.struct('task', 64, [{ name: 'pid', type: btf.ptr(0), at: 0 }]);
  expect(ask(pid, kernel, RELOCATION.fieldOffset, '0:0')).toMatchObject({ is: 'poison' });
});

const array =
  (count: number, more = false): Build =>
  (btf) => {
    const int = btf.int('int');
    const tail = more ? [{ name: 'end', type: int, at: 60 }] : [];
    return btf.struct('task', 64, [{ name: 'all', type: btf.array(int, count), at: 4 }, ...tail]);
  };

it('finds an element of an array, and none behind its end', () => {
  expect(ask(array(4), array(9), RELOCATION.fieldOffset, '0:0:2')).toMatchObject({ value: 12 });
  expect(ask(array(4), array(2), RELOCATION.fieldOffset, '0:0:2')).toMatchObject({ is: 'poison' });
});

it('lets an array without a length at the end of a struct be as long as it is used', () => {
  expect(ask(array(4), array(0), RELOCATION.fieldOffset, '0:0:2')).toMatchObject({ value: 12 });
  expect(ask(array(4), array(0, true), RELOCATION.fieldOffset, '0:0:2')).toMatchObject({ is: 'poison' });
});

const colours =
  (values: Readonly<Record<string, number>>): Build =>
  (btf) =>
    btf.enum('colour', values);

it('looks up a value by its name', () => {
  const ours = colours({ RED: 0, BLUE: 1 });
  expect(ask(ours, colours({ RED: 0, GREEN: 1, BLUE: 2 }), RELOCATION.value, '1')).toEqual({
    is: 'value',
    value: 2,
  });
  expect(ask(ours, colours({ RED: 0 }), RELOCATION.value, '1')).toEqual({
    is: 'poison',
    why: 'has no BLUE in enum colour',
  });
  expect(ask(ours, colours({ RED: 0 }), RELOCATION.valueExists, '1')).toEqual({ is: 'value', value: 0 });
  expect(ask(ours, (btf) => btf.enum64('colour', { BLUE: 1n << 33n }), RELOCATION.value, '1')).toEqual({
    is: 'value',
    value: 2 ** 33,
  });
});

it('tells types apart by their kind, and functions by how many parameters they have', () => {
  const tracepoint =
    (parameters: number): Build =>
    (btf) => {
      const int = btf.int('int');
      return btf.typedef('btf_trace_exit', btf.ptr(btf.proto(Array.from({ length: parameters }, () => int))));
    };
  expect(ask(tracepoint(3), tracepoint(3), RELOCATION.typeExists, '0')).toEqual({ is: 'value', value: 1 });
  expect(ask(tracepoint(3), tracepoint(2), RELOCATION.typeExists, '0')).toEqual({ is: 'value', value: 0 });
});

it('gives sizes and numbers of types', () => {
  expect(ask(pid, task('task', { pid: 0 }), RELOCATION.typeSize, '0')).toEqual({ is: 'value', value: 64 });
  expect(ask(pid, task('task', { pid: 0 }), RELOCATION.typeTarget, '0')).toEqual({ is: 'value', value: 2 });
  expect(ask(pid, task('task', { pid: 0 }), RELOCATION.typeLocal, '0')).toEqual({ is: 'value', value: 2 });
});

it('says how wide a field is here and there, and whether that can be made up for', () => {
  const wide =
    (size: number, signed: boolean): Build =>
    (btf) =>
      btf.struct('task', 64, [{ name: 'pid', type: btf.int('x', size, signed), at: 0 }]);
  const field = (ours: Build, theirs: Build) => {
    const found = ask(ours, theirs, RELOCATION.fieldOffset, '0:0');
    return found.is === 'value' ? found.field : undefined;
  };
  expect(field(wide(4, false), wide(8, false))).toMatchObject({ ours: 4, theirs: 8, adjusts: true });
  expect(field(wide(4, true), wide(8, true))).toMatchObject({ ours: 4, theirs: 8, adjusts: false });
});

it('does not follow types in a circle', () => {
  const circle = (btf: BtfBuilder) => {
    btf.raw(KIND.const, 0, 2);
    btf.raw(KIND.const, 0, 1);
    btf.struct('task', 64, [{ name: '', type: 4, at: 0 }]);
    btf.struct('', 64, [{ name: '', type: 4, at: 0 }]);
  };
  expect(() => ask(pid, circle, RELOCATION.fieldOffset, '0:0')).toThrow('too deep');
});
