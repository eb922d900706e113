/**
 * Which instructions of a function can run at all, once a kernel has answered what it has and what it has not: numbers
 * are followed from where they are known through registers to the jumps that ask for them. The kernel's verifier does
 * the same, and more; so what is found out of reach here is out of reach there, but not always the other way round.
 * (Instructions: the kernel's Documentation/bpf/standardization/instruction-set.rst.)
 */
import { INSTRUCTION_BYTES, type BpfFunction } from './object.ts';

const CLASS = { ld: 0, ldx: 1, st: 2, stx: 3, alu: 4, jmp: 5, jmp32: 6, alu64: 7 } as const;
const JUMP = { always: 0x00, call: 0x80, exit: 0x90 } as const;
const LOAD_IMMEDIATE = 0x18;
const REGISTERS = 11;
/** Of a register: anything could be in it. Else it holds a number from 0 up to what fits into 31 bits. */
const ANY = -1;
const MOST = 0x7fffffff;

export interface Known {
  /**
   * What is written into the instruction at this place instead of its number.
   * @returns undefined where nothing is, null where it could be anything.
   */
  immediate(at: number): number | null | undefined;
  /** False where the instruction must not run: nothing after it counts. */
  passes(at: number): boolean;
}

/** @returns places in the section of the instructions that can run, in the order in which they were found. */
export function reachable(code: Buffer, { from, to }: BpfFunction, known: Known): ReadonlySet<number> {
  const states = new Map<number, Int32Array>();
  const waiting: number[] = [];
  const reach = (at: number, registers: Int32Array) => {
    if (at < from || at + INSTRUCTION_BYTES > to) return;
    const before = states.get(at);
    if (before === undefined) states.set(at, registers.slice());
    else if (!merge(before, registers)) return;
    waiting.push(at);
  };
  reach(from, new Int32Array(REGISTERS).fill(ANY));
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (!known.passes(at)) continue;
    const registers = states.get(at)!.slice();
    for (const next of step(code, at, registers, known)) reach(next, registers);
  }
  return new Set(states.keys());
}

/** Leaves only what is the same on both ways here. @returns whether that changed anything. */
function merge(into: Int32Array, other: Int32Array): boolean {
  let changed = false;
  for (let each = 0; each < REGISTERS; each++) {
    if (into[each] === ANY || into[each] === other[each]) continue;
    into[each] = ANY;
    changed = true;
  }
  return changed;
}

/** Carries one instruction out, on registers alone. @returns where it can go on. */
function step(code: Buffer, at: number, registers: Int32Array, known: Known): readonly number[] {
  const opcode = code[at]!;
  const next = at + INSTRUCTION_BYTES;
  switch (opcode & 7) {
    case CLASS.jmp:
    case CLASS.jmp32:
      return jump(code, at, registers);
    case CLASS.alu:
    case CLASS.alu64:
      registers[code[at + 1]! & 0xf] = computed(code, at, registers, known);
      return [next];
    case CLASS.ld:
      if (opcode !== LOAD_IMMEDIATE) registers.fill(ANY, 0, 6);
      else registers[code[at + 1]! & 0xf] = wide(code, at, known);
      return [opcode === LOAD_IMMEDIATE ? next + INSTRUCTION_BYTES : next];
    case CLASS.ldx:
      registers[code[at + 1]! & 0xf] = ANY;
      return [next];
    case CLASS.stx:
      // An atomic one may fetch what was there, into its source or into r0.
      registers[code[at + 1]! >> 4] = (opcode & 0xe0) === 0xc0 ? ANY : registers[code[at + 1]! >> 4]!;
      if ((opcode & 0xe0) === 0xc0) registers[0] = ANY;
      return [next];
    default:
      return [next];
  }
}

function jump(code: Buffer, at: number, registers: Int32Array): readonly number[] {
  const opcode = code[at]!;
  const operation = opcode & 0xf0;
  const next = at + INSTRUCTION_BYTES;
  if (operation === JUMP.exit) return [];
  if (operation === JUMP.call) {
    registers.fill(ANY, 0, 6);
    return [next];
  }
  const far = (opcode & 7) === CLASS.jmp32 && operation === JUMP.always;
  const target = next + (far ? code.readInt32LE(at + 4) : code.readInt16LE(at + 2)) * INSTRUCTION_BYTES;
  if (operation === JUMP.always) return [target];
  const left = registers[code[at + 1]! & 0xf]!;
  const right = operand(code, at, registers, undefined);
  const taken = left === ANY || right === ANY ? undefined : holds(operation, left, right);
  if (taken === undefined) return [next, target];
  return [taken ? target : next];
}

/** Numbers here are below 2^31: signed or not, 32 or 64 bits wide, they compare alike. */
function holds(operation: number, left: number, right: number): boolean | undefined {
  switch (operation) {
    case 0x10:
      return left === right;
    case 0x20:
    case 0x60:
      return left > right;
    case 0x30:
    case 0x70:
      return left >= right;
    case 0x40:
      return (left & right) !== 0;
    case 0x50:
      return left !== right;
    case 0xa0:
    case 0xc0:
      return left < right;
    case 0xb0:
    case 0xd0:
      return left <= right;
    default:
      return undefined;
  }
}

function computed(code: Buffer, at: number, registers: Int32Array, known: Known): number {
  const left = registers[code[at + 1]! & 0xf]!;
  const right = operand(code, at, registers, known.immediate(at));
  const operation = code[at]! & 0xf0;
  // With an offset it is another operation: signed, or with an extended sign.
  if (right === ANY || code.readInt16LE(at + 2) !== 0) return ANY;
  if (operation === 0xb0) return right;
  if (left === ANY) return operation === 0x50 && right === 0 ? 0 : ANY;
  return small(arithmetic(operation, left, right));
}

function arithmetic(operation: number, left: number, right: number): number {
  switch (operation) {
    case 0x00:
      return left + right;
    case 0x10:
      return left - right;
    case 0x40:
      return left | right;
    case 0x50:
      return left & right;
    case 0x60:
      return right < 31 ? left * 2 ** right : ANY;
    case 0x70:
      return right < 31 ? left >> right : ANY;
    case 0xa0:
      return left ^ right;
    default:
      return ANY;
  }
}

function operand(
  code: Buffer,
  at: number,
  registers: Int32Array,
  instead: number | null | undefined,
): number {
  const isRegister = (code[at]! & 8) !== 0;
  if (isRegister) return registers[code[at + 1]! >> 4]!;
  return small(instead === undefined ? code.readInt32LE(at + 4) : (instead ?? ANY));
}

function wide(code: Buffer, at: number, known: Known): number {
  const instead = known.immediate(at);
  if (instead !== undefined) return small(instead ?? ANY);
  const isNumber = code[at + 1]! >> 4 === 0 && at + 16 <= code.length;
  return isNumber && code.readInt32LE(at + 12) === 0 ? small(code.readInt32LE(at + 4)) : ANY;
}

const small = (value: number) => (Number.isInteger(value) && value >= 0 && value <= MOST ? value : ANY);
