/** The records' layout as BTF states it, in a form that does not depend on type numbers or on the compiler. */
import { createHash } from 'node:crypto';
import * as v from 'valibot';

const anyType = v.looseObject({ id: v.number(), kind: v.string() });
const struct = v.object({
  kind: v.literal('STRUCT'),
  name: v.string(),
  size: v.number(),
  members: v.array(v.object({ name: v.string(), type_id: v.number(), bits_offset: v.number() })),
});
const enumeration = v.object({
  kind: v.literal('ENUM'),
  name: v.string(),
  values: v.array(v.object({ name: v.string(), val: v.number() })),
});
const alias = v.object({ kind: v.picklist(['TYPEDEF', 'CONST', 'VOLATILE']), type_id: v.number() });
const integer = v.object({ kind: v.literal('INT'), size: v.number(), encoding: v.string() });
const array = v.object({ kind: v.literal('ARRAY'), type_id: v.number(), nr_elems: v.number() });
const btf = v.object({ types: v.array(anyType) });

/** What a member is: an unsigned integer of so many bytes, a fixed character array, or another record. */
export type MemberType =
  | { readonly kind: 'integer'; readonly bytes: 1 | 2 | 4 | 8 }
  | { readonly kind: 'characters'; readonly length: number }
  | { readonly kind: 'struct'; readonly name: string };

export interface Member {
  readonly name: string;
  /** Bytes from the start of the struct. */
  readonly offset: number;
  readonly type: MemberType;
}
export interface Struct {
  readonly name: string;
  readonly size: number;
  readonly members: readonly Member[];
}
export interface Enumeration {
  readonly name: string;
  readonly values: readonly { readonly name: string; readonly value: number }[];
}
export interface Layout {
  readonly structs: readonly Struct[];
  readonly enumerations: readonly Enumeration[];
}

const PREFIX = 'merlon_';

/** @throws Error (or ValiError) where the dump holds what no reader could be made for: a pointer, a bitfield, a hole. */
export function describeLayout(dump: unknown): Layout {
  const { types } = v.parse(btf, dump);
  const byId = new Map(types.map((type) => [type.id, type]));
  const structs = types
    .filter((type) => v.is(struct, type) && type.name.startsWith(PREFIX))
    .map((type) => describeStruct(v.parse(struct, type), byId))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const enumerations = types
    .filter((type) => v.is(enumeration, type) && type.name.startsWith(PREFIX))
    .map((type) => v.parse(enumeration, type))
    .map(({ name, values }) => ({ name, values: values.map((one) => ({ name: one.name, value: one.val })) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { structs, enumerations };
}

function describeStruct(raw: v.InferOutput<typeof struct>, byId: ReadonlyMap<number, unknown>): Struct {
  const members = raw.members.map((member) => {
    if (member.bits_offset % 8 !== 0) throw new Error(`${raw.name}.${member.name} is a bitfield`);
    return {
      name: member.name,
      offset: member.bits_offset / 8,
      type: describeType(member.type_id, byId, `${raw.name}.${member.name}`),
    };
  });
  let end = 0;
  for (const member of members) {
    if (member.offset !== end) throw new Error(`${raw.name} has a hole before ${member.name}: name it as padding`);
    end += sizeOf(member.type, byId);
  }
  if (end !== raw.size) throw new Error(`${raw.name} has a hole at its end: name it as padding`);
  return { name: raw.name, size: raw.size, members };
}

function describeType(id: number, byId: ReadonlyMap<number, unknown>, where: string): MemberType {
  const type = byId.get(id);
  if (v.is(alias, type)) return describeType(type.type_id, byId, where);
  if (v.is(struct, type)) return { kind: 'struct', name: type.name };
  if (v.is(integer, type)) return { kind: 'integer', bytes: bytesOf(type, where) };
  if (v.is(array, type)) {
    const element = describeType(type.type_id, byId, where);
    if (element.kind === 'integer' && element.bytes === 1) return { kind: 'characters', length: type.nr_elems };
  }
  throw new Error(`${where} is neither an unsigned integer, nor characters, nor a record`);
}

function bytesOf(type: v.InferOutput<typeof integer>, where: string): 1 | 2 | 4 | 8 {
  if (type.encoding === 'SIGNED' && type.size !== 1) throw new Error(`${where} is signed`);
  const { size } = type;
  if (size === 1 || size === 2 || size === 4 || size === 8) return size;
  throw new Error(`${where} has ${size} bytes`);
}

function sizeOf(type: MemberType, byId: ReadonlyMap<number, unknown>): number {
  switch (type.kind) {
    case 'integer':
      return type.bytes;
    case 'characters':
      return type.length;
    case 'struct': {
      const found = [...byId.values()].find((one) => v.is(struct, one) && one.name === type.name);
      return v.parse(struct, found).size;
    }
  }
}

/** SHA-256, in hex, of names, offsets, sizes and values: equal exactly where two builds understand each other's records. */
export function hashOf(layout: Layout): string {
  return createHash('sha256').update(JSON.stringify(layout)).digest('hex');
}
