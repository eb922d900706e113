/** The kernel's types by name, for those names that anybody asks about: a kernel has 150 000 types. */
import { KIND, type Btf } from './btf.ts';

const SEPARATOR = '___';

/**
 * The name without its flavour: of `cred___u32_pair` it is `cred`, of which it describes one of several shapes
 * (bpf_core_essential_name_len() in libbpf's relo_core.c).
 */
export function essential(name: string): string {
  for (let at = name.length - 5; at >= 0; at--)
    if (name.startsWith(SEPARATOR, at + 1) && name[at] !== '_' && name[at + 4] !== '_')
      return name.slice(0, at + 1);
  return name;
}

export class TypeNames {
  readonly btf: Btf;
  /** By name without flavour. */
  readonly #ids = new Map<string, number[]>();

  constructor(btf: Btf, wanted: Iterable<string>) {
    this.btf = btf;
    for (const name of wanted) this.#ids.set(name, []);
    for (let id = 1; id < btf.count; id++) {
      const name = btf.name(id);
      if (name !== '') this.#ids.get(essential(name))?.push(id);
    }
  }

  /** Those of the kind, or of a kind that is as good (btf_kind_core_compat()), whatever their flavour. */
  candidates(name: string, kind: number): number[] {
    return (this.#ids.get(name) ?? []).filter((id) => sameKind(this.btf.kind(id), kind));
  }

  /** By its very name. */
  find(name: string, kind: number): number | undefined {
    return this.#ids.get(name)?.find((id) => this.btf.kind(id) === kind && this.btf.name(id) === name);
  }
}

export function sameKind(one: number, other: number): boolean {
  return one === other || (isEnum(one) && isEnum(other));
}

export const isEnum = (kind: number) => kind === KIND.enum || kind === KIND.enum64;
export const isComposite = (kind: number) => kind === KIND.struct || kind === KIND.union;
