/**
 * Whether a program of ours would load and attach on a kernel that does not run, as far as its types tell: whether there
 * is something to attach it to, what libbpf would write into it, which helpers and maps there are. What else the
 * verifier might dislike, only the verifier knows. (Held against the kernels of Debian 11 to 14 under QEMU.)
 */
import { KIND, type Btf } from './btf.ts';
import type { KernelConfig } from './config.ts';
import { essential, TypeNames } from './names.ts';
import {
  INSTRUCTION_BYTES,
  type BpfFunction,
  type BpfObject,
  type BpfProgram,
  type Relocation,
} from './object.ts';
import { reachable, type Known } from './reach.ts';
import { Relocator, type Outcome } from './relocate.ts';

/** `why` is what comes after "this kernel": "has no tracepoint sched_process_exec". */
export type Fit = { readonly fits: true } | Misses;
export interface Misses {
  readonly fits: false;
  readonly why: string;
  /** There is nothing to attach it to. */
  readonly target?: 'missing';
}

const CALL = 0x85;
const MAX_OFFSET = 0x7fff;
/** What BPF can read or write at once. */
const WIDTHS = [1, 2, 4, 8];
/** "bpf: Add instructions for atomic_[cmp]xchg", 5ffa25502b5a, came with Linux 5.12, and so did this helper. */
const HELPER_OF_5_12 = 163;
const HELPERS = 'bpf_func_id';
const MAPS = 'bpf_map_type';

/** Where a program is attached, by the section that it is in (libbpf's section_defs). */
interface Target {
  readonly kind: number;
  readonly name: string;
  /** In words. */
  readonly says: string;
}

function targetOf(attach: string): Target | undefined {
  const [how = '', ...rest] = attach.split('/');
  const name = rest.join('/');
  switch (how.replace(/\.s$/, '')) {
    case 'tp_btf':
      return { kind: KIND.typedef, name: `btf_trace_${name}`, says: `tracepoint ${name}` };
    case 'fentry':
    case 'fexit':
    case 'fmod_ret':
      return { kind: KIND.func, name, says: `function ${name}` };
    case 'iter':
      return { kind: KIND.func, name: `bpf_iter_${name}`, says: `iterator over ${name}` };
    case 'lsm':
      return { kind: KIND.func, name: `bpf_lsm_${name}`, says: `security hook ${name}` };
    default:
      return undefined;
  }
}

/** What must be built in for a program in such a section, whatever the types say; whatForbidsAll() has what all need. */
const REQUIRED: readonly { readonly in: RegExp; readonly option: string; readonly says: string }[] = [
  { in: /^(fentry|fexit|fmod_ret|lsm)\b/, option: 'BPF_JIT', says: 'the compiler for such programs' },
  {
    in: /^(fentry|fexit|fmod_ret)\b/,
    option: 'DYNAMIC_FTRACE_WITH_DIRECT_CALLS',
    says: 'programs at functions of its own',
  },
  { in: /^(tp|tracepoint)\/syscalls\//, option: 'FTRACE_SYSCALLS', says: 'tracepoints at system calls' },
  { in: /^lsm\b/, option: 'BPF_LSM', says: 'programs on security hooks' },
];

/** The names that `fitOf` looks up, so that nothing else of the kernel's types needs to be remembered. */
export function namesFor(object: BpfObject): Set<string> {
  const names = new Set([HELPERS, MAPS]);
  for (const program of object.programs) {
    const target = targetOf(program.attach);
    if (target) names.add(essential(target.name));
    for (const loaded of object.loadedWith(program)) {
      for (const { type } of object.relocations(loaded)) names.add(essential(object.btf.name(type)));
      for (let at = loaded.from; at < loaded.to; at += INSTRUCTION_BYTES) {
        const called = object.kernelFunction(loaded.section, at);
        if (called) names.add(essential(called.name));
      }
    }
  }
  return names;
}

/** Answers for one kernel. */
export class Kernel {
  readonly #names: TypeNames;
  readonly #config: KernelConfig;
  readonly #helpers: number;
  readonly #mapTypes: number;

  constructor(names: TypeNames, config: KernelConfig) {
    this.#names = names;
    this.#config = config;
    this.#helpers = highest(names, HELPERS);
    this.#mapTypes = highest(names, MAPS);
  }

  fitOf(object: BpfObject, program: BpfProgram): Fit {
    for (const { in: sections, option, says } of REQUIRED)
      if (sections.test(program.attach) && this.#config.option(option) === 'off')
        return { fits: false, why: `is built without ${says} (CONFIG_${option})` };
    const target = targetOf(program.attach);
    if (target && this.#names.find(target.name, target.kind) === undefined)
      return { fits: false, why: `has no ${target.says}`, target: 'missing' };
    const map = object.mapTypes.find((type) => type > this.#mapTypes);
    if (map !== undefined) return { fits: false, why: `is too old for a kind of map (${map})` };
    const relocator = new Relocator(object.btf, this.#names);
    for (const loaded of object.loadedWith(program)) {
      const why = this.#trouble(object, loaded, relocator);
      if (why !== undefined) return { fits: false, why };
    }
    return { fits: true };
  }

  /** What libbpf or the verifier would stumble over in a function; undefined where nothing is known. */
  #trouble(object: BpfObject, loaded: BpfFunction, relocator: Relocator): string | undefined {
    const code = object.code(loaded.section);
    if (this.#helpers < HELPER_OF_5_12 && exchanges(code, loaded)) return 'is too old for atomic exchanges';
    const outcomes = new Map<number, Outcome>();
    for (const relocation of object.relocations(loaded)) {
      const outcome = written(code, relocation, relocator.outcome(relocation));
      if (outcome.is === 'refused') return outcome.why;
      outcomes.set(relocation.at, outcome);
    }
    const known: Known = {
      immediate: (at) => {
        const outcome = outcomes.get(at);
        if (outcome?.is === 'value') return outcome.value ?? null;
        return object.isFilledIn(loaded.section, at) ? null : undefined;
      },
      passes: (at) => outcomes.get(at)?.is !== 'poison',
    };
    // libbpf leaves an instruction that it cannot relocate as one that the verifier refuses, but the verifier never gets
    // to what a question before it has ruled out (relo_core.c, above bpf_core_patch_insn(); llvm_reloc.rst). So whether
    // the program guards it is not guessed from what it asks: it is followed.
    for (const at of reachable(code, loaded, known)) {
      const outcome = outcomes.get(at);
      if (outcome?.is === 'poison') return outcome.why;
      const lacks = this.#lackingCall(object, loaded, at);
      if (lacks !== undefined) return lacks;
    }
    return undefined;
  }

  #lackingCall(object: BpfObject, { section }: BpfFunction, at: number): string | undefined {
    const called = object.kernelFunction(section, at);
    if (called && !called.weak && this.#names.find(called.name, KIND.func) === undefined)
      return `has no function ${called.name}`;
    const code = object.code(section);
    if (code[at] !== CALL || code[at + 1]! >> 4 !== 0) return undefined;
    const helper = code.readInt32LE(at + 4);
    return helper > this.#helpers ? `is too old for ${helperName(object.btf, helper)}` : undefined;
  }
}

/**
 * Older verifiers look at the form of every instruction before they find out which of them can run: a question before
 * it does not help ("BPF_STX uses reserved fields").
 */
function exchanges(code: Buffer, { from, to }: BpfFunction): boolean {
  const STX_ATOMIC = 0xc3;
  for (let at = from; at < to; at += INSTRUCTION_BYTES)
    if ((code[at]! & 0xe7) === STX_ATOMIC && code.readInt32LE(at + 4) !== 0) return true;
  return false;
}

/** What the instruction makes of it: one that reads or writes memory cannot do so by any width (bpf_core_patch_insn()). */
function written(code: Buffer, { at }: Relocation, outcome: Outcome): Outcome {
  const kind = code[at]! & 7;
  const readsOrWrites = kind >= 1 && kind <= 3;
  if (outcome.is !== 'value' || !readsOrWrites) return outcome;
  const { value, field } = outcome;
  if (value === undefined || field === undefined) return outcome;
  if (value > MAX_OFFSET) return { is: 'refused', why: `has ${field.part} too far behind` };
  if (field.ours === field.theirs) return outcome;
  const why = `has another width for ${field.part}`;
  if (!field.adjusts) return { is: 'poison', why };
  return WIDTHS.includes(field.theirs) ? outcome : { is: 'refused', why };
}

/** The greatest value that the enumeration has a name for; where the kernel does not tell, any is taken for known. */
function highest(names: TypeNames, name: string): number {
  const values = names
    .candidates(name, KIND.enum)
    .flatMap((id) =>
      valuesOf(names.btf, id).map(({ name: each, value }) => (isEnd(each) ? value - 1 : value)),
    );
  return values.length === 0 ? Infinity : values.reduce((most, value) => Math.max(most, value));
}

/** __BPF_FUNC_MAX_ID and __MAX_BPF_MAP_TYPE are one more than the last. */
const isEnd = (name: string) => name.startsWith('__');

function valuesOf(btf: Btf, id: number) {
  return Array.from({ length: btf.vlen(id) }, (_, index) => btf.value(id, index));
}

/** "the helper copy_from_user_task": enum bpf_func_id is in our own types where a program asks about it. */
function helperName(btf: Btf, helper: number): string {
  for (let id = 1; id < btf.count; id++) {
    if (btf.kind(id) !== KIND.enum || btf.name(id) !== HELPERS) continue;
    const found = valuesOf(btf, id).find(({ value }) => value === helper);
    if (found) return `the helper ${found.name.replace('BPF_FUNC_', '')}`;
  }
  return `a helper (${helper})`;
}
