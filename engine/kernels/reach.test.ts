import { expect, it } from 'vitest';
import { code, EXIT, JUMP_IF_EQUAL, MOVE, READ, type Instruction } from './kernels.builder.ts';
import { reachable, type Known } from './reach.ts';

const NOTHING: Known = { immediate: () => undefined, passes: () => true };

/** The numbers of the instructions that can run. */
function running(instructions: readonly Instruction[], known: Known = NOTHING): readonly number[] {
  const bytes = code(instructions);
  const found = reachable(bytes, { name: 'f', section: 1, from: 0, to: bytes.length }, known);
  return [...found].map((at) => at / 8).sort((one, other) => one - other);
}

const move = (register: number, value: number): Instruction => [MOVE, register, 0, value];
const ifEqual = (register: number, value: number, skip: number): Instruction => [
  JUMP_IF_EQUAL,
  register,
  skip,
  value,
];
const read: Instruction = [READ, 0x12, 4, 0];

it('follows both ways where a register may hold anything', () => {
  expect(running([read, ifEqual(2, 0, 1), EXIT, EXIT])).toEqual([0, 1, 2, 3]);
});

it('follows one way where it is known what the register holds', () => {
  expect(running([move(1, 0), ifEqual(1, 0, 1), read, EXIT])).toEqual([0, 1, 3]);
  expect(running([move(1, 1), ifEqual(1, 0, 1), read, EXIT])).toEqual([0, 1, 2, 3]);
});

it('takes what is written into an instruction for its number', () => {
  const instructions = [move(1, 1), ifEqual(1, 0, 1), read, EXIT];
  const answered = (value: number | null): Known => ({
    ...NOTHING,
    immediate: (at) => (at === 0 ? value : undefined),
  });
  expect(running(instructions, answered(0))).toEqual([0, 1, 3]);
  expect(running(instructions, answered(1))).toEqual([0, 1, 2, 3]);
  expect(running(instructions, answered(null))).toEqual([0, 1, 2, 3]);
});

it('forgets a number where two ways with different ones meet, and keeps it where they agree', () => {
  const fork = (left: number, right: number): readonly Instruction[] => [
    ifEqual(2, 7, 2),
    move(1, left),
    [0x05, 0, 1, 0], // goto
    move(1, right),
    ifEqual(1, 0, 1),
    read,
    EXIT,
  ];
  expect(running(fork(0, 1))).toContain(5);
  expect(running(fork(0, 0))).not.toContain(5);
});

it('carries numbers through copies and sums', () => {
  const instructions: readonly Instruction[] = [
    move(1, 3),
    [0xbf, 0x12, 0, 0], // r2 = r1
    [0x07, 2, 0, -3], // unknown: negative numbers are not followed
    [0x57, 1, 0, 2], // r1 &= 2
    ifEqual(1, 2, 1),
    read,
    EXIT,
  ];
  expect(running(instructions)).not.toContain(5);
});

it('forgets what a call may have overwritten', () => {
  expect(running([move(1, 0), [0x85, 0, 0, 5], ifEqual(1, 0, 1), read, EXIT])).toContain(3);
});

it('ends at an instruction that does not pass', () => {
  expect(running([read, read, EXIT], { ...NOTHING, passes: (at) => at !== 8 })).toEqual([0, 1]);
});

it('ends with loops, and with jumps that lead out of the function', () => {
  expect(running([read, ifEqual(2, 0, -2), EXIT])).toEqual([0, 1, 2]);
  expect(running([ifEqual(2, 0, 1000), ifEqual(2, 0, -1000), EXIT])).toEqual([0, 1, 2]);
});
