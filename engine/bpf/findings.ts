/** What is told of foreign programs, each once while it is there and the host runs. */
import { openConcerns, type BpfConcern, type BpfProgram } from '../../shared/bpf.ts';
import { assertNever } from '../../shared/result.ts';

export interface Finding {
  /** A foreign program that was not there before, or why a foreign one should be looked at. */
  readonly what: 'foreign_program' | BpfConcern;
  readonly program: BpfProgram;
  /** For a person; the names in it are whatever somebody chose. */
  readonly sentence: string;
}

/** Remembers what was told. A program is (id, when it was loaded, tag), as ids are used again. */
export class Told {
  #keys: ReadonlySet<string>;

  constructor(keys: readonly string[]) {
    this.#keys = new Set(keys);
  }

  get keys(): readonly string[] {
    return [...this.#keys];
  }

  /** What was not told yet; programs that are gone are forgotten. @returns whether `keys` changed, too. */
  take(programs: readonly BpfProgram[], loadedNs: (id: number) => number) {
    const found: Finding[] = [];
    const keys = new Set<string>();
    for (const program of programs) {
      if (program.owner !== 'foreign') continue;
      for (const what of whatOf(program)) {
        const key = [program.id, loadedNs(program.id), program.tag, what].join(' ');
        keys.add(key);
        if (!this.#keys.has(key)) found.push({ what, program, sentence: sentenceOf(what, program) });
      }
    }
    // What was told stays told while it is there, even where the baseline no longer calls it new.
    const there = new Set(programs.map(({ id, tag }) => [id, loadedNs(id), tag].join(' ')));
    for (const key of this.#keys) if (there.has(key.slice(0, key.lastIndexOf(' ')))) keys.add(key);
    const changed = keys.size !== this.#keys.size || found.length > 0;
    this.#keys = keys;
    return { found, changed };
  }
}

const whatOf = (program: BpfProgram): readonly Finding['what'][] => [
  ...(program.is_new ? (['foreign_program'] as const) : []),
  ...openConcerns(program),
];

function sentenceOf(what: Finding['what'], program: BpfProgram): string {
  const it = `The BPF program ${called(program)}`;
  const at = program.attachments.map(({ target }) => target).find(Boolean);
  switch (what) {
    case 'foreign_program':
      return `${it}${at === undefined ? '' : ` at ${at}`} was not there before. ${program.owner_why}`;
    case 'our_hook':
      return `${it} is attached where Merlon’s own programs are. ${program.owner_why}`;
    case 'overrides_returns':
      return `${it} can make functions of the kernel return something else. ${program.owner_why}`;
    case 'writes_user_memory':
      return `${it} can write into the memory of other processes. ${program.owner_why}`;
    case 'sends_signals':
      return `${it} can send signals to other processes, and so end them. ${program.owner_why}`;
    default:
      return assertNever(what);
  }
}

const called = ({ id, name, type }: BpfProgram) =>
  `${name === '' ? 'without a name' : name} (${type}, id ${id})`;
