/** When libbpf takes a type of the kernel for one of ours: relo_core.c, by names without flavour. */
import { KIND, type Btf } from './btf.ts';
import { essential, isComposite, isEnum, sameKind } from './names.ts';

/** Both functions there stop at this depth. */
const MAX_DEPTH = 32;

/** bpf_core_fields_are_compat(): what may be read by the same instruction. */
export function compatibleFields(ours: Btf, our: number, kernel: Btf, their: number): boolean {
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    [our, their] = [ours.skip(our), kernel.skip(their)];
    const [kind, theirKind] = [ours.kind(our), kernel.kind(their)];
    if (isComposite(kind) && isComposite(theirKind)) return true;
    if (!sameKind(kind, theirKind)) return false;
    if (kind === KIND.ptr || kind === KIND.float) return true;
    if (kind === KIND.int) return ours.intOffset(our) === 0 && kernel.intOffset(their) === 0;
    if (kind === KIND.fwd || isEnum(kind)) {
      const [name, theirName] = [essential(ours.name(our)), essential(kernel.name(their))];
      return name === '' || theirName === '' || name === theirName;
    }
    if (kind !== KIND.array) return false;
    [our, their] = [ours.element(our).type, kernel.element(their).type];
  }
  return false;
}

/** __bpf_core_types_are_compat(): what a question about a whole type takes for the same one. */
export function compatibleTypes(
  ours: Btf,
  our: number,
  kernel: Btf,
  their: number,
  level = MAX_DEPTH,
): boolean {
  if (!sameKind(ours.kind(our), kernel.kind(their))) return false;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    [our, their] = [ours.skip(our), kernel.skip(their)];
    const kind = ours.kind(our);
    if (!sameKind(kind, kernel.kind(their))) return false;
    if (kind === 0 || isComposite(kind) || isEnum(kind) || kind === KIND.fwd) return true;
    if (kind === KIND.int) return ours.intOffset(our) === 0 && kernel.intOffset(their) === 0;
    if (kind === KIND.array) [our, their] = [ours.element(our).type, kernel.element(their).type];
    else if (kind === KIND.ptr) [our, their] = [ours.target(our), kernel.target(their)];
    else if (kind === KIND.funcProto) {
      if (level <= 0 || !compatibleParameters(ours, our, kernel, their, level)) return false;
      [our, their] = [ours.target(our), kernel.target(their)];
    } else return false;
  }
  return false;
}

function compatibleParameters(ours: Btf, our: number, kernel: Btf, their: number, level: number): boolean {
  const count = ours.vlen(our);
  if (count !== kernel.vlen(their)) return false;
  for (let index = 0; index < count; index++) {
    const [one, other] = [ours.skip(ours.parameter(our, index)), kernel.skip(kernel.parameter(their, index))];
    if (!compatibleTypes(ours, one, kernel, other, level - 1)) return false;
  }
  return true;
}
