/**
 * What libbpf would make of a CO-RE relocation on another kernel: bpf_core_calc_relo_insn() and what it calls, in
 * libbpf's src/relo_core.c, written again over a kernel that does not run. The kinds are those of enum
 * bpf_core_relo_kind in linux/bpf.h.
 */
import { KIND, type Btf } from './btf.ts';
import { compatibleFields, compatibleTypes } from './compatible.ts';
import { Misfit } from './misfit.ts';
import { essential, isComposite, isEnum, type TypeNames } from './names.ts';
import type { Relocation } from './object.ts';

export const RELOCATION = {
  fieldOffset: 0,
  fieldSize: 1,
  fieldExists: 2,
  fieldSigned: 3,
  fieldLeftShift: 4,
  fieldRightShift: 5,
  typeLocal: 6,
  typeTarget: 7,
  typeExists: 8,
  typeSize: 9,
  valueExists: 10,
  value: 11,
  typeMatches: 12,
} as const;

/** BPF_CORE_SPEC_MAX_LEN */
const MAX_DEPTH = 64;
/** Members looked at for one program; on a real kernel some 5000. */
const MAX_STEPS = 1_000_000;

export type Outcome =
  /** This is written into the instruction; undefined where it could be anything. */
  | { readonly is: 'value'; readonly value: number | undefined; readonly field?: Field }
  /** The instruction is made one that the verifier refuses, unless it can never run. `why` comes after "this kernel". */
  | { readonly is: 'poison'; readonly why: string }
  /** libbpf gives up loading. */
  | { readonly is: 'refused'; readonly why: string };

/** How wide the field is here and there; matters to instructions that read or write memory. */
export interface Field {
  /** "struct task_struct.pid" */
  readonly part: string;
  readonly ours: number;
  readonly theirs: number;
  /** Whether an instruction may read it by another width. */
  readonly adjusts: boolean;
}

/** A turn on the way to a field: a member by name, or an element by number. */
interface Turn {
  readonly type: number;
  readonly index: number;
  readonly name: string | undefined;
}

interface Spec {
  readonly turns: Turn[];
  bits: number;
}

/** For one program: as libbpf does, candidates that did not fit one relocation are not asked about the next. */
export class Relocator {
  readonly #ours: Btf;
  readonly #names: TypeNames;
  readonly #kernel: Btf;
  readonly #candidates = new Map<number, readonly number[]>();
  #steps = 0;

  constructor(ours: Btf, names: TypeNames) {
    this.#ours = ours;
    this.#names = names;
    this.#kernel = names.btf;
  }

  outcome(relocation: Relocation): Outcome {
    const { type, kind } = relocation;
    if (kind === RELOCATION.typeLocal) return { is: 'value', value: type };
    if (kind > RELOCATION.typeMatches)
      return { is: 'refused', why: `would need relocation ${kind}, which Merlon does not know` };
    const candidates = this.#candidatesOf(type);
    // Then libbpf 1.1 goes on to the modules' types, which takes CAP_SYS_ADMIN, and the helper has none: the load fails,
    // even where the question was whether the type exists.
    if (candidates.length === 0) return { is: 'refused', why: `has no ${this.#typeName(type)} at all` };
    return this.#among(relocation, candidates);
  }

  #among(relocation: Relocation, candidates: readonly number[]): Outcome {
    const spec = this.#spec(relocation);
    const part = this.#partName(relocation, spec);
    const found: { readonly id: number; readonly bits: number; readonly outcome: Outcome }[] = [];
    for (const id of candidates) {
      this.#step();
      const match = this.#match(relocation, spec, id);
      if (match === undefined) continue;
      found.push({ id, bits: match.bits, outcome: this.#calculated(relocation, spec, match, { id, part }) });
    }
    const first = found[0];
    if (first === undefined) return absent(relocation.kind, part);
    const unlike = found.some(
      ({ bits, outcome }) => bits !== first.bits || valueOf(outcome) !== valueOf(first.outcome),
    );
    if (unlike) return { is: 'refused', why: `has several ${part}, which differ` };
    this.#candidates.set(
      relocation.type,
      found.map(({ id }) => id),
    );
    return first.outcome;
  }

  #candidatesOf(type: number): readonly number[] {
    let known = this.#candidates.get(type);
    if (known === undefined) {
      known = this.#names.candidates(essential(this.#ours.name(type)), this.#ours.kind(type));
      this.#candidates.set(type, known);
    }
    return known;
  }

  /** Our side: bpf_core_parse_spec(). */
  #spec({ type, access, kind }: Relocation): Spec {
    const ours = this.#ours;
    if (isTypeBased(kind)) return { turns: [], bits: 0 };
    const [first, ...rest] = access.split(':').map(Number) as [number, ...number[]];
    let id = ours.skip(type);
    if (isValueBased(kind))
      return { turns: [{ type: id, index: first, name: ours.value(id, first).name }], bits: 0 };
    const spec: Spec = { turns: [{ type: id, index: first, name: undefined }], bits: 0 };
    spec.bits = first * sizeOf(ours, id) * 8;
    for (const index of rest) {
      id = ours.skip(id);
      if (isComposite(ours.kind(id))) {
        const member = ours.member(id, index);
        spec.bits += member.bits;
        if (member.name !== '') spec.turns.push({ type: id, index, name: member.name });
        id = member.type;
      } else {
        id = ours.skip(ours.element(id).type);
        spec.turns.push({ type: id, index, name: undefined });
        spec.bits += index * sizeOf(ours, id) * 8;
      }
    }
    return spec;
  }

  /** The kernel's side: bpf_core_spec_match(). */
  #match({ kind, type }: Relocation, { turns }: Spec, id: number): Spec | undefined {
    const kernel = this.#kernel;
    const spec: Spec = { turns: [], bits: 0 };
    if (isTypeBased(kind))
      // Closer than compatible, and only Merlon's reader would know how close: both answers are reckoned with.
      return kind === RELOCATION.typeMatches || compatibleTypes(this.#ours, type, kernel, id)
        ? spec
        : undefined;
    if (isValueBased(kind)) return this.#matchValue(turns[0]!, kernel.skip(id));
    for (const [depth, turn] of turns.entries()) {
      id = kernel.skip(id);
      if (turn.name !== undefined) {
        const next = this.#matchMember(turn, id, spec, 0);
        if (next === undefined) return undefined;
        id = next;
        continue;
      }
      if (depth > 0) {
        if (kernel.kind(id) !== KIND.array) return undefined;
        const { type: element, count } = kernel.element(id);
        if (turn.index >= count && !this.#isFlexible(spec.turns.at(-1), count)) return undefined;
        id = kernel.skip(element);
      }
      spec.turns.push({ type: id, index: turn.index, name: undefined });
      spec.bits += turn.index * sizeOf(kernel, id) * 8;
    }
    return spec;
  }

  /** An array without a length, at the end of a struct: is_flex_arr(). */
  #isFlexible(holder: Turn | undefined, count: number): boolean {
    return count === 0 && holder?.name !== undefined && holder.index === this.#kernel.vlen(holder.type) - 1;
  }

  #matchValue({ name }: Turn, id: number): Spec | undefined {
    const kernel = this.#kernel;
    if (!isEnum(kernel.kind(id))) return undefined;
    for (let index = 0; index < kernel.vlen(id); index++) {
      this.#step();
      if (essential(kernel.value(id, index).name) === essential(name!))
        return { turns: [{ type: id, index, name }], bits: 0 };
    }
    return undefined;
  }

  /** Through whatever has no name of its own: bpf_core_match_member(). @returns the member's type. */
  #matchMember(turn: Turn, id: number, spec: Spec, depth: number): number | undefined {
    const kernel = this.#kernel;
    if (depth > MAX_DEPTH) throw new Misfit('its types cannot be read (they lie too deep in each other).');
    id = kernel.skip(id);
    if (!isComposite(kernel.kind(id))) return undefined;
    for (let index = 0; index < kernel.vlen(id); index++) {
      this.#step();
      const member = kernel.member(id, index);
      if (member.name === '') {
        const found = this.#matchMember(turn, member.type, spec, depth + 1);
        if (found === undefined) continue;
        spec.bits += member.bits;
        return found;
      }
      if (member.name !== turn.name) continue;
      const ours = this.#ours.member(turn.type, turn.index);
      if (!compatibleFields(this.#ours, ours.type, kernel, member.type)) return undefined;
      spec.turns.push({ type: id, index, name: member.name });
      spec.bits += member.bits;
      return member.type;
    }
    return undefined;
  }

  /** What is written for this candidate: bpf_core_calc_relo(). */
  #calculated(
    { kind }: Relocation,
    ours: Spec,
    theirs: Spec,
    { id, part }: { readonly id: number; readonly part: string },
  ): Outcome {
    switch (kind) {
      case RELOCATION.fieldExists:
      case RELOCATION.typeExists:
      case RELOCATION.valueExists:
        return { is: 'value', value: 1 };
      case RELOCATION.typeTarget:
        return { is: 'value', value: id };
      case RELOCATION.typeSize:
        return { is: 'value', value: sizeOf(this.#kernel, id) };
      case RELOCATION.value: {
        const { type, index } = theirs.turns[0]!;
        return { is: 'value', value: this.#kernel.value(type, index).value };
      }
      case RELOCATION.fieldOffset:
        return this.#offset(ours, theirs, part);
      default:
        return { is: 'value', value: undefined };
    }
  }

  #offset(ours: Spec, theirs: Spec, part: string): Outcome {
    const value = Math.floor(theirs.bits / 8);
    const [here, there] = [fieldOf(this.#ours, ours), fieldOf(this.#kernel, theirs)];
    // Where a bit-field is read from follows from its width; libbpf does not check that either.
    if (here.width > 0 || there.width > 0) return { is: 'value', value: undefined };
    const field = {
      part,
      ours: sizeOf(this.#ours, here.type),
      theirs: sizeOf(this.#kernel, there.type),
      adjusts: adjusts(this.#ours, here.type) && adjusts(this.#kernel, there.type),
    };
    const bothPointers =
      this.#ours.kind(here.type) === KIND.ptr && this.#kernel.kind(there.type) === KIND.ptr;
    return { is: 'value', value, field: { ...field, adjusts: field.adjusts || bothPointers } };
  }

  /** "struct task_struct" */
  #typeName(type: number): string {
    const name = essential(this.#ours.name(type));
    const words = new Map<number, string>([
      [KIND.struct, 'struct'],
      [KIND.union, 'union'],
      [KIND.enum, 'enum'],
      [KIND.enum64, 'enum'],
    ]);
    return [words.get(this.#ours.kind(type)) ?? 'type', name].join(' ');
  }

  /** "struct task_struct.loginuid.val" */
  #partName({ type, kind }: Relocation, { turns }: Spec): string {
    if (isValueBased(kind)) return `${turns[0]!.name!} in ${this.#typeName(type)}`;
    const path = turns.flatMap(({ name }) => name ?? []);
    return [this.#typeName(type), ...path].join('.');
  }

  #step(): void {
    if (++this.#steps > MAX_STEPS)
      throw new Misfit('its types cannot be read (looking through them takes too long).');
  }
}

/** No candidate fits: what exists not is a plain answer, and whatever else was asked has none. */
function absent(kind: number, part: string): Outcome {
  if (isTypeBased(kind) || kind === RELOCATION.fieldExists || kind === RELOCATION.valueExists)
    return { is: 'value', value: 0 };
  return { is: 'poison', why: `has no ${part}` };
}

/** The type of the field meant, without its modifiers, and its width where it is a bit-field. */
function fieldOf(btf: Btf, { turns }: Spec): { readonly type: number; readonly width: number } {
  const { type, index, name } = turns.at(-1)!;
  if (name === undefined) return { type: btf.skip(type), width: 0 };
  const member = btf.member(type, index);
  return { type: btf.skip(member.type), width: member.width };
}

const adjusts = (btf: Btf, type: number) => btf.kind(type) === KIND.int && !btf.isSigned(type);
const valueOf = (outcome: Outcome) => (outcome.is === 'value' ? outcome.value : outcome.is);
const isTypeBased = (kind: number) =>
  (kind >= RELOCATION.typeLocal && kind <= RELOCATION.typeSize) || kind === RELOCATION.typeMatches;
const isValueBased = (kind: number) => kind === RELOCATION.valueExists || kind === RELOCATION.value;

function sizeOf(btf: Btf, id: number): number {
  const size = btf.size(id);
  if (size === undefined) throw new Misfit('its types cannot be read (one that is used has no size).');
  return size;
}
