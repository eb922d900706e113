/**
 * Types as BTF lays them out (the kernel's Documentation/bpf/btf.rst): of a kernel's image, or of our own programs.
 * Nothing here is believed: whoever wrote the file may want to lead the reader astray.
 */
import { Misfit } from './misfit.ts';

export const KIND = {
  int: 1,
  ptr: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  fwd: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  func: 12,
  funcProto: 13,
  var: 14,
  datasec: 15,
  float: 16,
  declTag: 17,
  typeTag: 18,
  enum64: 19,
} as const;

const MAGIC = 0xeb9f;
const VERSION = 1;
/** Of version 1; a newer kernel may append to it. */
const HEADER_BYTES = 24;
const MAX_HEADER_BYTES = 256;
/** Six times that of a distribution's kernel. */
export const MAX_BTF_BYTES = 64 << 20;
const TYPE_BYTES = 12;
/** Each hop of a chain of typedefs and modifiers; libbpf stops at 32 as well (MAX_RESOLVE_DEPTH). */
const MAX_HOPS = 32;
const POINTER_BYTES = 8;
/** Twice the kernel's KSYM_NAME_LEN. */
const MAX_NAME_BYTES = 1024;

/** What follows a type's three words: so many bytes, and so many for each of its `vlen`. By kind. */
const FOLLOWS: readonly (readonly [fixed: number, each: number] | undefined)[] = [
  undefined,
  [4, 0],
  [0, 0],
  [12, 0],
  [0, 12],
  [0, 12],
  [0, 8],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 8],
  [4, 0],
  [0, 12],
  [0, 0],
  [4, 0],
  [0, 0],
  [0, 12],
];

export interface Member {
  readonly name: string;
  readonly type: number;
  /** From the beginning of its struct, in bits. */
  readonly bits: number;
  /** Width of a bit-field; 0 for what is none. */
  readonly width: number;
}

interface Header {
  readonly bytes: number;
  readonly types: readonly [from: number, to: number];
  readonly strings: readonly [from: number, to: number];
  readonly end: number;
}

/** The header at this place, or why there is none. */
function header(bytes: Buffer, at: number): Header | string {
  if (bytes.length - at < HEADER_BYTES) return 'too short';
  if (bytes.readUInt16LE(at) !== MAGIC) return 'no BTF, or for another processor';
  if (bytes[at + 2] !== VERSION) return `version ${bytes[at + 2]!} of BTF`;
  const length = bytes.readUInt32LE(at + 4);
  if (length < HEADER_BYTES || length > MAX_HEADER_BYTES) return 'a strange header';
  const [typesAt, typesLength, stringsAt, stringsLength] = [8, 12, 16, 20].map((offset) =>
    bytes.readUInt32LE(at + offset),
  ) as [number, number, number, number];
  const types = [at + length + typesAt, at + length + typesAt + typesLength] as const;
  const strings = [at + length + stringsAt, at + length + stringsAt + stringsLength] as const;
  const end = Math.max(types[1], strings[1]);
  if (end > bytes.length) return 'cut off';
  if (end - at > MAX_BTF_BYTES) return 'too large';
  if (typesLength === 0 || stringsLength === 0) return 'empty';
  return { bytes: length, types, strings, end };
}

/**
 * Where BTF lies in an image that has no table of sections (arm64's Image): a copy of the section, somewhere.
 * @returns undefined where there is none.
 */
export function findBtf(image: Buffer): Buffer | undefined {
  const magic = Buffer.from([MAGIC & 0xff, MAGIC >> 8, VERSION]);
  for (let at = image.indexOf(magic); at >= 0; at = image.indexOf(magic, at + 1)) {
    const found = header(image, at);
    // Any three bytes may look so; a kernel has types by the thousand, and its strings begin with an empty one.
    if (typeof found === 'string' || found.end - at < 1 << 10 || image[found.strings[0]] !== 0) continue;
    return image.subarray(at, found.end);
  }
  return undefined;
}

/** Types by id; 0 is void. Reading beyond the end throws a RangeError, a type that is none a Misfit. */
export class Btf {
  readonly #bytes: Buffer;
  readonly #strings: Buffer;
  /** Where each type begins. */
  readonly #starts: Uint32Array;

  private constructor(bytes: Buffer, strings: Buffer, starts: Uint32Array) {
    this.#bytes = bytes;
    this.#strings = strings;
    this.#starts = starts;
  }

  /** @throws Misfit where it is not BTF as we know it. */
  static read(bytes: Buffer): Btf {
    const found = header(bytes, 0);
    if (typeof found === 'string') throw new Misfit(`its types cannot be read (${found}).`);
    const [from, to] = found.types;
    const starts = new Uint32Array(1 + Math.floor((to - from) / TYPE_BYTES));
    let count = 1;
    for (let at = from; at < to; count++) {
      if (at + TYPE_BYTES > to) throw new Misfit('its types cannot be read (the last one is cut off).');
      const info = bytes.readUInt32LE(at + 4);
      const follows = FOLLOWS[kindOf(info)];
      if (follows === undefined)
        throw new Misfit(
          `its types are of a kind that Merlon does not know (${kindOf(info)}): a newer Merlon may.`,
        );
      starts[count] = at;
      at += TYPE_BYTES + follows[0] + follows[1] * vlenOf(info);
      if (at > to) throw new Misfit('its types cannot be read (the last one is cut off).');
    }
    return new Btf(bytes, bytes.subarray(...found.strings), starts.subarray(0, count));
  }

  /** One more than the highest id. */
  get count(): number {
    return this.#starts.length;
  }

  kind(id: number): number {
    return id === 0 ? 0 : kindOf(this.#info(id));
  }

  /** How many members, values, parameters or variables it has. */
  vlen(id: number): number {
    return id === 0 ? 0 : vlenOf(this.#info(id));
  }

  name(id: number): string {
    return id === 0 ? '' : this.text(this.#bytes.readUInt32LE(this.#start(id)));
  }

  /** What is longer than any real name is cut, and so is none that anybody asks for. */
  text(offset: number): string {
    if (offset >= this.#strings.length) throw new Misfit('its types cannot be read (a name is missing).');
    const text = this.#strings.subarray(offset, offset + MAX_NAME_BYTES);
    const end = text.indexOf(0);
    return text.toString('latin1', 0, end < 0 ? text.length : end);
  }

  /** The type that a pointer, typedef, modifier, variable or function names. */
  target(id: number): number {
    return this.#third(id);
  }

  isSigned(id: number): boolean {
    return (this.#bytes.readUInt32LE(this.#start(id) + TYPE_BYTES) >>> 24) % 2 === 1;
  }

  /** Not 0 only in what compilers wrote before bit-fields belonged to members. */
  intOffset(id: number): number {
    return (this.#bytes.readUInt32LE(this.#start(id) + TYPE_BYTES) >>> 16) & 0xff;
  }

  element(id: number): { readonly type: number; readonly count: number } {
    const at = this.#start(id) + TYPE_BYTES;
    return { type: this.#bytes.readUInt32LE(at), count: this.#bytes.readUInt32LE(at + 8) };
  }

  member(id: number, index: number): Member {
    const at = this.#start(id) + TYPE_BYTES + index * 12;
    const packed = this.#info(id) >>> 31 === 1;
    const offset = this.#bytes.readUInt32LE(at + 8);
    return {
      name: this.text(this.#bytes.readUInt32LE(at)),
      type: this.#bytes.readUInt32LE(at + 4),
      bits: packed ? offset & 0xffffff : offset,
      width: packed ? offset >>> 24 : 0,
    };
  }

  /** A value of an enumeration; of those that are wider than 53 bits, only the name is exact. */
  value(id: number, index: number): { readonly name: string; readonly value: number } {
    const wide = this.kind(id) === KIND.enum64;
    const at = this.#start(id) + TYPE_BYTES + index * (wide ? 12 : 8);
    const low = wide ? this.#bytes.readUInt32LE(at + 4) : this.#bytes.readInt32LE(at + 4);
    const high = wide ? this.#bytes.readInt32LE(at + 8) : 0;
    return { name: this.text(this.#bytes.readUInt32LE(at)), value: high * 2 ** 32 + low };
  }

  /** The type of a section's variable. */
  variable(id: number, index: number): number {
    return this.#bytes.readUInt32LE(this.#start(id) + TYPE_BYTES + index * 12);
  }

  parameter(id: number, index: number): number {
    return this.#bytes.readUInt32LE(this.#start(id) + TYPE_BYTES + index * 8 + 4);
  }

  /** What is left without typedef, const and the like. */
  skip(id: number): number {
    for (let hop = 0; hop <= MAX_HOPS; hop++) {
      const kind = this.kind(id);
      const named =
        kind === KIND.typedef || kind === KIND.typeTag || (kind >= KIND.volatile && kind <= KIND.restrict);
      if (!named) return id;
      id = this.#third(id);
    }
    throw new Misfit('its types cannot be read (they go in a circle).');
  }

  /** In bytes; undefined for what has no size (void, a function, a struct that is only announced). */
  size(id: number): number | undefined {
    let times = 1;
    for (let hop = 0; hop < MAX_HOPS; hop++) {
      id = this.skip(id);
      switch (this.kind(id)) {
        case KIND.ptr:
          return times * POINTER_BYTES;
        case KIND.array: {
          const { type, count } = this.element(id);
          times *= count;
          id = type;
          break;
        }
        case KIND.int:
        case KIND.struct:
        case KIND.union:
        case KIND.enum:
        case KIND.enum64:
        case KIND.float:
          return times * this.#third(id);
        default:
          return undefined;
      }
    }
    return undefined;
  }

  #third(id: number): number {
    return this.#bytes.readUInt32LE(this.#start(id) + 8);
  }

  #info(id: number): number {
    return this.#bytes.readUInt32LE(this.#start(id) + 4);
  }

  #start(id: number): number {
    const start = this.#starts[id];
    if (start === undefined || id === 0) throw new Misfit('its types cannot be read (one is missing).');
    return start;
  }
}

const kindOf = (info: number) => (info >>> 24) & 0x1f;
const vlenOf = (info: number) => info & 0xffff;
