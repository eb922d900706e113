/** For tests: types, programs and kernel images, made byte by byte as compilers and the kernel's build make them. */
import { execFileSync } from 'node:child_process';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { KIND } from './btf.ts';
import type { Packing } from './decompress.ts';

export interface BuiltMember {
  readonly name: string;
  readonly type: number;
  /** In bytes. */
  readonly at: number;
}

export class BtfBuilder {
  readonly #types: Buffer[] = [];
  #strings = Buffer.from([0]);

  text(text: string): number {
    if (text === '') return 0;
    const at = this.#strings.length;
    this.#strings = Buffer.concat([this.#strings, Buffer.from(`${text}\0`, 'latin1')]);
    return at;
  }

  int(name: string, size = 4, signed = false): number {
    return this.#add(name, KIND.int, 0, size, [((signed ? 1 : 0) << 24) | (size * 8)]);
  }

  ptr(to: number): number {
    return this.#add('', KIND.ptr, 0, to);
  }

  array(of: number, count: number): number {
    return this.#add('', KIND.array, 0, 0, [of, of, count]);
  }

  struct(name: string, size: number, members: readonly BuiltMember[], kind: 4 | 5 = KIND.struct): number {
    return this.#add(
      name,
      kind,
      members.length,
      size,
      members.flatMap((each) => [this.text(each.name), each.type, each.at * 8]),
    );
  }

  enum(name: string, values: Readonly<Record<string, number>>): number {
    const all = Object.entries(values);
    return this.#add(
      name,
      KIND.enum,
      all.length,
      4,
      all.flatMap(([each, value]) => [this.text(each), value]),
    );
  }

  enum64(name: string, values: Readonly<Record<string, bigint>>): number {
    const all = Object.entries(values);
    const words = all.flatMap(([each, value]) => [
      this.text(each),
      Number(value & 0xffffffffn),
      Number(value >> 32n),
    ]);
    return this.#add(name, KIND.enum64, all.length, 8, words);
  }

  typedef(name: string, of: number): number {
    return this.#add(name, KIND.typedef, 0, of);
  }

  const(of: number): number {
    return this.#add('', KIND.const, 0, of);
  }

  func(name: string): number {
    return this.#add(name, KIND.func, 0, this.proto([]));
  }

  proto(parameters: readonly number[]): number {
    return this.#add(
      '',
      KIND.funcProto,
      parameters.length,
      0,
      parameters.flatMap((type) => [0, type]),
    );
  }

  /** Of the object, with its variables. */
  section(name: string, variables: readonly number[]): number {
    const all = variables.flatMap((each) => [each, 0, 8]);
    return this.#add(name, KIND.datasec, variables.length, 0, all);
  }

  /** Anything, for types that nobody should write. */
  raw(kind: number, vlen: number, third: number, words: readonly number[] = []): number {
    return this.#add('', kind, vlen, third, words);
  }

  build(): Buffer {
    const types = Buffer.concat(this.#types);
    const head = words([0x0001eb9f, 24, 0, types.length, types.length, this.#strings.length]);
    return Buffer.concat([head, types, this.#strings]);
  }

  #add(name: string, kind: number, vlen: number, third: number, rest: readonly number[] = []): number {
    this.#types.push(words([this.text(name), (kind << 24) | vlen, third, ...rest]));
    return this.#types.length;
  }
}

const words = (all: readonly number[]) => {
  const bytes = Buffer.alloc(all.length * 4);
  for (const [index, word] of all.entries()) bytes.writeUInt32LE(word >>> 0, index * 4);
  return bytes;
};

export interface BuiltSection {
  readonly name: string;
  readonly bytes: Buffer;
  readonly type?: number;
  readonly link?: number;
  readonly info?: number;
}

/** e_machine of what the test runs on. */
export const OWN_MACHINE = process.arch === 'arm64' ? 183 : 62;
const EM_BPF = 247;

/** Sections are numbered from 1, in the order given. */
export function elf(sections: readonly BuiltSection[], machine = OWN_MACHINE): Buffer {
  const all = [...sections, { name: '.shstrtab', bytes: Buffer.alloc(0), type: 3 }];
  const names = Buffer.from(`\0${all.map(({ name }) => name).join('\0')}\0`, 'latin1');
  const bodies = all.map((each) => (each.name === '.shstrtab' ? names : each.bytes));
  const head = Buffer.alloc(64);
  head.write('\x7fELF\x02\x01\x01', 'latin1');
  head.writeUInt16LE(machine, 18);
  head.writeUInt16LE(64, 58);
  head.writeUInt16LE(all.length + 1, 60);
  head.writeUInt16LE(all.length, 62);
  const table = Buffer.alloc(64 * (all.length + 1));
  let at = 64;
  for (const [index, { name, type = 1, link = 0, info = 0 }] of all.entries()) {
    const row = table.subarray(64 * (index + 1));
    row.writeUInt32LE(names.indexOf(`\0${name}\0`, 0, 'latin1') + 1, 0);
    row.writeUInt32LE(type, 4);
    row.writeBigUInt64LE(BigInt(at), 24);
    row.writeBigUInt64LE(BigInt(bodies[index]!.length), 32);
    row.writeUInt32LE(link, 40);
    row.writeUInt32LE(info, 44);
    at += bodies[index]!.length;
  }
  head.writeBigUInt64LE(BigInt(at), 40);
  return Buffer.concat([head, ...bodies, table]);
}

/** A kernel with these types, and what else a kernel is full of. */
export function vmlinux(types: Buffer | undefined, config?: string): Buffer {
  const filler = Buffer.alloc(1 << 16, 'some of the kernel’s own code ');
  const packed =
    config === undefined ? [] : [Buffer.from('IKCFG_ST'), gzipSync(config), Buffer.from('IKCFG_ED')];
  return elf([
    { name: '.text', bytes: filler },
    { name: '.rodata', bytes: Buffer.concat([Buffer.from('looks for IKCFG_ST, too'), ...packed]) },
    ...(types === undefined ? [] : [{ name: '.BTF', bytes: types }]),
  ]);
}

/** As the kernel's scripts/Makefile.lib packs it: its size follows, but for gzip, which has it within. */
export function packed(kernel: Buffer, packing: Packing): Buffer {
  const pipe = (tool: string, ...args: readonly string[]) =>
    execFileSync(tool, args, { input: kernel, maxBuffer: 64 << 20, stdio: ['pipe', 'pipe', 'ignore'] });
  const size = words([kernel.length]);
  switch (packing) {
    case 'gzip':
      return gzipSync(kernel);
    case 'zstd':
      return Buffer.concat([zstdCompressSync(kernel), size]);
    case 'xz':
      return Buffer.concat([pipe('xz', '--check=crc32', '--x86', '--lzma2', '-c'), size]);
    case 'lzma':
      return Buffer.concat([pipe('xz', '--format=lzma', '-9', '-c'), size]);
    case 'bzip2':
      return Buffer.concat([pipe('bzip2', '-c'), size]);
    case 'lz4':
      return Buffer.concat([pipe('lz4', '-l', '-c', '-'), size]);
    case 'lzop':
      return Buffer.concat([pipe('lzop', '-c'), size]);
  }
}

/** What a PC's boot loader is given (Documentation/arch/x86/boot.rst). */
export function bzImage(payload: Buffer, release = '6.1.0-test'): Buffer {
  const sectors = 15;
  const code = Buffer.alloc(0x2c4, 0x90);
  const setup = Buffer.alloc((sectors + 1) * 512);
  setup[0x1f1] = sectors;
  setup.writeUInt16LE(0xaa55, 0x1fe);
  setup.write('HdrS', 0x202, 'latin1');
  setup.writeUInt16LE(0x20f, 0x206);
  setup.writeUInt16LE(0x400, 0x20e);
  setup.writeUInt32LE(code.length, 0x248);
  setup.writeUInt32LE(payload.length, 0x24c);
  setup.write(`${release} (somebody@somewhere) #1 SMP\0`, 0x600, 'latin1');
  return Buffer.concat([setup, code, payload, Buffer.alloc(512)]);
}

/** What EFI starts on other processors (drivers/firmware/efi/libstub/zboot-header.S). */
export function zboot(payload: Buffer, packing: Packing): Buffer {
  const head = Buffer.alloc(0x1000);
  head.write('MZ\0\0zimg', 'latin1');
  head.writeUInt32LE(head.length, 8);
  head.writeUInt32LE(payload.length, 12);
  head.write(packing, 24, 'latin1');
  return Buffer.concat([head, payload]);
}

/** [opcode, destination | source << 4, offset, number] */
export type Instruction = readonly [opcode: number, registers: number, offset: number, immediate: number];

export function code(instructions: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(instructions.length * 8);
  for (const [index, [opcode, registers, offset, immediate]] of instructions.entries()) {
    bytes[index * 8] = opcode;
    bytes[index * 8 + 1] = registers;
    bytes.writeInt16LE(offset, index * 8 + 2);
    bytes.writeInt32LE(immediate, index * 8 + 4);
  }
  return bytes;
}

export const MOVE = 0xb7;
export const READ = 0x61;
export const JUMP_IF_EQUAL = 0x15;
export const CALL = 0x85;
export const EXIT: Instruction = [0x95, 0, 0, 0];

export interface BuiltProgram {
  readonly name: string;
  readonly attach: string;
  readonly code: readonly Instruction[];
  /** By number of the instruction. */
  readonly relocations?: readonly {
    readonly at: number;
    readonly type: number;
    readonly access: string;
    readonly kind: number;
  }[];
}

/** @param btf of the object; what the programs name in it is there already. */
export function bpfObject(btf: BtfBuilder, programs: readonly BuiltProgram[]): Buffer {
  const records = programs.map(({ attach, relocations = [] }) =>
    words([
      btf.text(attach),
      relocations.length,
      ...relocations.flatMap(({ at, type, access, kind }) => [at * 8, type, btf.text(access), kind]),
    ]),
  );
  const core = Buffer.concat([words([16]), ...records]);
  const extension = Buffer.concat([words([0x0001eb9f, 32, 0, 0, 0, 0, 0, core.length]), core]);
  const names = Buffer.from(`\0${programs.map(({ name }) => name).join('\0')}\0`, 'latin1');
  const symbols = programs.map(({ name, code: own }, index) => {
    const symbol = Buffer.alloc(24);
    symbol.writeUInt32LE(names.indexOf(`\0${name}\0`, 0, 'latin1') + 1, 0);
    symbol[4] = 0x12; // global, function
    symbol.writeUInt16LE(index + 1, 6);
    symbol.writeBigUInt64LE(BigInt(own.length * 8), 16);
    return symbol;
  });
  return elf(
    [
      ...programs.map((each) => ({ name: each.attach, bytes: code(each.code) })),
      { name: '.symtab', bytes: Buffer.concat([Buffer.alloc(24), ...symbols]), type: 2 },
      { name: '.strtab', bytes: names, type: 3 },
      { name: '.BTF.ext', bytes: extension },
      { name: '.BTF', bytes: btf.build() },
    ],
    EM_BPF,
  );
}
