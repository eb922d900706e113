/** The parts of an ELF file that name its sections and symbols; 64 bit, little-endian, and not to be trusted. */
import { Misfit } from './misfit.ts';

/** Where the bytes are: in memory, or in a file that is too large for it. */
export interface Source {
  readonly size: number;
  /** Exactly so many bytes. @throws Misfit where there are fewer. */
  read(at: number, length: number): Promise<Buffer>;
}

export interface Section {
  readonly name: string;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  /** Of the section that this one speaks of: a relocation's code, a symbol table's names. */
  readonly link: number;
  readonly info: number;
}

export interface Elf {
  /** e_machine: 62 is x86-64, 183 arm64, 247 BPF. */
  readonly machine: number;
  readonly sections: readonly Section[];
}

export interface ElfSymbol {
  readonly name: string;
  readonly type: number;
  readonly weak: boolean;
  readonly section: number;
  readonly value: number;
  readonly size: number;
}

export const ELF_MAGIC = Buffer.from('\x7fELF');
export const SECTION_WITHOUT_BYTES = 8;
export const SYMBOL_FUNCTION = 2;

const HEADER_BYTES = 64;
const SECTION_BYTES = 64;
const SYMBOL_BYTES = 24;
const MAX_SECTIONS = 4096;
const MAX_NAMES_BYTES = 1 << 20;

export class HeldBytes implements Source {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  read(at: number, length: number): Promise<Buffer> {
    if (at + length > this.#bytes.length) return Promise.reject(cutOff());
    return Promise.resolve(this.#bytes.subarray(at, at + length));
  }
}

export const cutOff = () => new Misfit('it is cut off: it ends before what it names. Install it again.');

/** @throws Misfit where it is no ELF file that we can read. */
export async function readElf(source: Source): Promise<Elf> {
  const head = await source.read(0, HEADER_BYTES);
  if (!head.subarray(0, 4).equals(ELF_MAGIC)) throw new Misfit('it is no ELF file.');
  if (head[4] !== 2 || head[5] !== 1)
    throw new Misfit('it is for a 32-bit or a big-endian processor, which Merlon does not run on.');
  const machine = head.readUInt16LE(18);
  const at = number64(head, 40);
  const [each, count, names] = [head.readUInt16LE(58), head.readUInt16LE(60), head.readUInt16LE(62)];
  if (count === 0 || at === 0) return { machine, sections: [] };
  if (each !== SECTION_BYTES || count > MAX_SECTIONS || names >= count)
    throw new Misfit('its table of sections makes no sense. Install it again.');
  const table = await source.read(at, count * SECTION_BYTES);
  const raw = Array.from({ length: count }, (_, index) => section(table, index * SECTION_BYTES));
  const { offset, size } = raw[names]!;
  if (size > MAX_NAMES_BYTES) throw new Misfit('its table of sections makes no sense. Install it again.');
  const texts = await source.read(offset, size);
  return { machine, sections: raw.map((each) => ({ ...each, name: textAt(texts, each.nameAt) })) };
}

function section(table: Buffer, at: number): Omit<Section, 'name'> & { readonly nameAt: number } {
  return {
    nameAt: table.readUInt32LE(at),
    type: table.readUInt32LE(at + 4),
    offset: number64(table, at + 24),
    size: number64(table, at + 32),
    link: table.readUInt32LE(at + 40),
    info: table.readUInt32LE(at + 44),
  };
}

/** The bytes of a section, or undefined where there is none of this name. @throws Misfit where it is too large. */
export async function sectionBytes(
  source: Source,
  elf: Elf,
  name: string,
  most: number,
): Promise<Buffer | undefined> {
  const found = elf.sections.find((each) => each.name === name && each.type !== SECTION_WITHOUT_BYTES);
  if (found === undefined) return undefined;
  if (found.size > most) throw new Misfit(`its section ${name} is larger than anything real.`);
  return source.read(found.offset, found.size);
}

export function symbols(table: Buffer, names: Buffer): readonly ElfSymbol[] {
  return Array.from({ length: Math.floor(table.length / SYMBOL_BYTES) }, (_, index) => {
    const at = index * SYMBOL_BYTES;
    return {
      name: textAt(names, table.readUInt32LE(at)),
      type: table[at + 4]! & 0xf,
      weak: table[at + 4]! >> 4 === 2,
      section: table.readUInt16LE(at + 6),
      value: number64(table, at + 8),
      size: number64(table, at + 16),
    };
  });
}

function textAt(texts: Buffer, at: number): string {
  const end = texts.indexOf(0, at);
  return texts.toString('latin1', Math.min(at, texts.length), end < 0 ? texts.length : end);
}

/** Beyond 2^53 nothing in a file can be: it is then refused as too large, exact or not. */
function number64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}
