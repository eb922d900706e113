/**
 * Our own programs as they lie in merlon.bpf.o: their instructions, what calls what, and what libbpf would have to
 * rewrite in them for a kernel (CO-RE relocations, in .BTF.ext; the kernel's Documentation/bpf/llvm_reloc.rst).
 */
import { Btf, KIND } from './btf.ts';
import {
  HeldBytes,
  readElf,
  sectionBytes,
  symbols,
  SYMBOL_FUNCTION,
  type Elf,
  type ElfSymbol,
} from './elf.ts';
import { Misfit } from './misfit.ts';

export const INSTRUCTION_BYTES = 8;
const EM_BPF = 247;
const MAX_SECTION_BYTES = 16 << 20;
const EXTENSION_MAGIC = 0xeb9f;
/** Functions that several programs call. */
const SHARED_CODE = '.text';
const CALL = 0x85;
const LOAD_IMMEDIATE = 0x18;
const PSEUDO_CALL = 1;
const PSEUDO_KERNEL_CALL = 2;

/** bpf_core_relo: what of a type libbpf looks up in the kernel's, to write it into an instruction. */
export interface Relocation {
  /** Of its instruction, in bytes from the beginning of the section. */
  readonly at: number;
  /** In the object's own BTF. */
  readonly type: number;
  /** "0:3:1": from the type to the part meant. */
  readonly access: string;
  /** enum bpf_core_relo_kind. */
  readonly kind: number;
}

export interface BpfFunction {
  readonly name: string;
  /** Index of the ELF section. */
  readonly section: number;
  /** In bytes, within the section. */
  readonly from: number;
  readonly to: number;
}

export interface BpfProgram extends BpfFunction {
  /** The section's name: "tp_btf/sched_process_exec". */
  readonly attach: string;
}

export class BpfObject {
  readonly btf: Btf;
  readonly programs: readonly BpfProgram[];
  /** enum bpf_map_type of each map; all are made, whichever program is loaded. */
  readonly mapTypes: readonly number[];
  readonly #code: ReadonlyMap<number, Buffer>;
  readonly #functions: readonly BpfFunction[];
  readonly #relocations: ReadonlyMap<number, readonly Relocation[]>;
  /** What the linker left to be filled in, by section and place. */
  readonly #symbols: ReadonlyMap<number, ReadonlyMap<number, ElfSymbol>>;

  private constructor(parts: Parts) {
    this.btf = parts.btf;
    this.#code = parts.code;
    this.#functions = parts.functions;
    this.#relocations = parts.relocations;
    this.#symbols = parts.symbols;
    this.programs = parts.functions
      .map((each) => ({ ...each, attach: parts.names[each.section] ?? '' }))
      .filter(({ attach }) => attach !== SHARED_CODE);
    this.mapTypes = mapTypes(parts.btf);
  }

  /** @throws Misfit where it is no object of ours. */
  static async read(bytes: Buffer): Promise<BpfObject> {
    return new BpfObject(await partsOf(bytes));
  }

  code(section: number): Buffer {
    return this.#code.get(section) ?? Buffer.alloc(0);
  }

  relocations({ section, from, to }: BpfFunction): readonly Relocation[] {
    return (this.#relocations.get(section) ?? []).filter(({ at }) => at >= from && at < to);
  }

  /** The program's own function and whatever it may call, which is what libbpf loads for it. */
  loadedWith(program: BpfFunction): readonly BpfFunction[] {
    const found: BpfFunction[] = [program];
    for (const each of found)
      for (let at = each.from; at + INSTRUCTION_BYTES <= each.to; at += INSTRUCTION_BYTES) {
        const callee = this.#callee(each.section, at);
        if (callee && !found.some((one) => one.section === callee.section && one.from === callee.from))
          found.push(callee);
      }
    return found;
  }

  /** The kernel's function that a call at this place names; undefined where it is none of the kernel's. */
  kernelFunction(section: number, at: number): { readonly name: string; readonly weak: boolean } | undefined {
    const code = this.code(section);
    if (code[at] !== CALL || code[at + 1]! >> 4 !== PSEUDO_KERNEL_CALL) return undefined;
    return this.#symbols.get(section)?.get(at);
  }

  /** Whether the loader puts a number there: the address of a map, say. */
  isFilledIn(section: number, at: number): boolean {
    return this.#symbols.get(section)?.has(at) ?? false;
  }

  #callee(section: number, at: number): BpfFunction | undefined {
    const code = this.code(section);
    const [opcode, source] = [code[at], code[at + 1]! >> 4];
    const immediate = code.readInt32LE(at + 4);
    const symbol = this.#symbols.get(section)?.get(at);
    if (opcode === CALL && source === PSEUDO_CALL) {
      // As in libbpf's bpf_object__reloc_code(): relative to the next instruction, or to the symbol.
      const [into, base] = symbol ? [symbol.section, symbol.value] : [section, at];
      const relative = immediate + 1;
      return this.#functionAt(into, base + relative * INSTRUCTION_BYTES);
    }
    // The address of a function, to be called back.
    if (opcode === LOAD_IMMEDIATE && symbol && this.#code.has(symbol.section))
      return this.#functionAt(symbol.section, symbol.value + immediate);
    return undefined;
  }

  #functionAt(section: number, at: number): BpfFunction | undefined {
    return this.#functions.find((each) => each.section === section && each.from === at);
  }
}

interface Parts {
  readonly btf: Btf;
  readonly names: readonly string[];
  readonly code: ReadonlyMap<number, Buffer>;
  readonly functions: readonly BpfFunction[];
  readonly relocations: ReadonlyMap<number, readonly Relocation[]>;
  readonly symbols: ReadonlyMap<number, ReadonlyMap<number, ElfSymbol>>;
}

async function partsOf(bytes: Buffer): Promise<Parts> {
  const source = new HeldBytes(bytes);
  const elf = await readElf(source);
  if (elf.machine !== EM_BPF) throw new Misfit('it holds no BPF programs.');
  const need = async (name: string) => {
    const found = await sectionBytes(source, elf, name, MAX_SECTION_BYTES);
    if (found === undefined) throw new Misfit(`it has no section ${name}.`);
    return found;
  };
  const btf = Btf.read(await need('.BTF'));
  const all = symbols(await need('.symtab'), await need('.strtab'));
  const functions = all.filter(({ type }) => type === SYMBOL_FUNCTION).map(functionOf);
  const code = new Map<number, Buffer>();
  for (const section of new Set(functions.map((each) => each.section))) {
    const { offset, size } = elf.sections[section] ?? { offset: 0, size: 0 };
    code.set(section, await source.read(offset, size));
  }
  for (const { section, from, to } of functions)
    if (to > code.get(section)!.length || from % INSTRUCTION_BYTES !== 0)
      throw new Misfit('a function of it ends beyond its section.');
  return {
    btf,
    names: elf.sections.map(({ name }) => name),
    code,
    functions,
    relocations: relocationsOf(await need('.BTF.ext'), btf, elf),
    symbols: await placesOf(source, elf, all),
  };
}

const functionOf = ({ name, section, value, size }: ElfSymbol): BpfFunction => ({
  name,
  section,
  from: value,
  to: value + size,
});

/** .BTF.ext: a header, then for each kind of information a record's size, and for each section its records. */
function relocationsOf(bytes: Buffer, btf: Btf, elf: Elf): ReadonlyMap<number, readonly Relocation[]> {
  const all = new Map<number, Relocation[]>();
  if (bytes.readUInt16LE(0) !== EXTENSION_MAGIC) throw new Misfit('its .BTF.ext is damaged.');
  const headerBytes = bytes.readUInt32LE(4);
  if (headerBytes < 32) return all; // before CO-RE
  const from = headerBytes + bytes.readUInt32LE(24);
  const end = from + bytes.readUInt32LE(28);
  if (from === end) return all;
  const recordBytes = bytes.readUInt32LE(from);
  if (recordBytes < 16) throw new Misfit('its .BTF.ext is damaged.');
  for (let at = from + 4; at < end;) {
    const name = btf.text(bytes.readUInt32LE(at));
    const section = elf.sections.findIndex((each) => each.name === name);
    const records = all.get(section) ?? [];
    const count = bytes.readUInt32LE(at + 4);
    at += 8;
    for (let left = count; left > 0; left--, at += recordBytes)
      records.push({
        at: bytes.readUInt32LE(at),
        type: bytes.readUInt32LE(at + 4),
        access: btf.text(bytes.readUInt32LE(at + 8)),
        kind: bytes.readUInt32LE(at + 12),
      });
    all.set(section, records);
  }
  return all;
}

/** The symbols that instructions name: in sections called .rel…, each entry a place and a symbol. */
async function placesOf(
  source: HeldBytes,
  elf: Elf,
  all: readonly ElfSymbol[],
): Promise<ReadonlyMap<number, ReadonlyMap<number, ElfSymbol>>> {
  const SHT_REL = 9;
  const ENTRY_BYTES = 16;
  const places = new Map<number, Map<number, ElfSymbol>>();
  for (const { type, info, offset, size } of elf.sections) {
    if (type !== SHT_REL) continue;
    const table = await source.read(offset, size);
    const into = new Map<number, ElfSymbol>();
    for (let at = 0; at + ENTRY_BYTES <= table.length; at += ENTRY_BYTES) {
      const symbol = all[table.readUInt32LE(at + 12)];
      if (symbol) into.set(table.readUInt32LE(at), symbol);
    }
    places.set(info, into);
  }
  return places;
}

/** bpf_helpers.h, __uint(type, …): a pointer to an array that has as many elements as the number says. */
function mapTypes(btf: Btf): readonly number[] {
  const types: number[] = [];
  for (let id = 1; id < btf.count; id++) {
    if (btf.kind(id) !== KIND.datasec || btf.name(id) !== '.maps') continue;
    for (let index = 0; index < btf.vlen(id); index++) {
      const map = btf.skip(btf.target(btf.variable(id, index)));
      for (let each = 0; each < btf.vlen(map); each++) {
        const { name, type } = btf.member(map, each);
        const pointed = name === 'type' ? btf.skip(btf.target(btf.skip(type))) : 0;
        if (btf.kind(pointed) === KIND.array) types.push(btf.element(pointed).count);
      }
    }
  }
  return types;
}
