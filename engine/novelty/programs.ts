/** The programs that were ever seen on this host, each with its first sight. */
import { compareCursors, parseCursor, type Cursor, type EventFields } from '../../shared/event.ts';

/** What is worth remembering of the first sight of a program. */
export interface Sighting {
  readonly executable: string;
  /** The package that owns the file; undefined where none does, or where that was not known at that moment. */
  readonly package: string | undefined;
  /** The container it ran in: a path there is another file than the same path on the host. */
  readonly container: string | undefined;
  readonly user: string | undefined;
  readonly entityId: string | undefined;
  readonly cursor: Cursor;
  readonly atMs: number;
}

export interface Program extends Sighting {
  /** When it was last seen, for who leaves first. */
  lastMs: number;
}

/** So many are remembered; beyond, those that were not seen for the longest time leave. */
export const MAX_PROGRAMS = 100_000;
/** Leave at once, so that a host at the limit does not sort the rest for each newcomer. */
const LEAVE = MAX_PROGRAMS / 20;

/**
 * A program is a path, told apart by where it is (the host, or any container) and by the package that owns it. An
 * inode would change with each update, and a hash would have to be read: neither is what a person calls a program.
 * It may be told of in any order: the earliest sight counts.
 */
export class Programs {
  readonly #known = new Map<string, Program>();
  #forgotten = 0;

  get size(): number {
    return this.#known.size;
  }
  /** How many left because there were too many. */
  get forgotten(): number {
    return this.#forgotten;
  }

  all(): IterableIterator<Program> {
    return this.#known.values();
  }

  /**
   * Looks at an event that is about to be stored: nearly always it is of a known program, or of none.
   * @returns its sighting where the program is not known so.
   */
  look(fields: Readonly<EventFields>, cursor: Cursor): Sighting | undefined {
    const action = fields['event.action'];
    if (action !== 'exec' && action !== 'running') return undefined;
    const executable = fields['process.executable'];
    if (executable === undefined) return undefined;
    const container = fields['container.id'];
    const known = this.#known.get(keyOf(executable, container));
    const atMs = fields['@timestamp'] ?? 0;
    const owner = fields['package.name'];
    if (known !== undefined && sameOwner(known.package, owner)) {
      if (atMs > known.lastMs) known.lastMs = atMs;
      // Its package may not have been known yet; and what is read from the store later may be older.
      if ((known.package !== undefined || owner === undefined) && compareCursors(cursor, known.cursor) >= 0)
        return undefined;
    }
    return {
      executable,
      package: owner,
      container: container === undefined ? undefined : (fields['container.name'] ?? container.slice(0, 12)),
      user: fields['user.name'] ?? fields['user.id'],
      entityId: fields['process.entity_id'],
      cursor,
      atMs,
    };
  }

  /** Remembers a sighting, once its event is stored. @returns the program where something new is known of it. */
  learn(sighting: Sighting): Program | undefined {
    const key = keyOf(sighting.executable, sighting.container);
    const known = this.#known.get(key);
    if (known === undefined) return this.#put(key, { ...sighting, lastMs: sighting.atMs });
    const earlier = compareCursors(sighting.cursor, known.cursor) < 0;
    const lastMs = Math.max(known.lastMs, sighting.atMs);
    // Another package's file at the same path is another program, from then on.
    if (!sameOwner(known.package, sighting.package))
      return earlier ? undefined : this.#put(key, { ...sighting, lastMs });
    const first = earlier ? sighting : known;
    const owner = known.package ?? sighting.package;
    if (!earlier && owner === known.package) return undefined;
    return this.#put(key, { ...first, package: owner, lastMs });
  }

  /** Puts back what was kept. */
  restore(program: Program): void {
    this.#known.set(keyOf(program.executable, program.container), program);
  }

  /** @returns whether some had to leave. */
  trim(): boolean {
    if (this.#known.size <= MAX_PROGRAMS) return false;
    const byAge = [...this.#known].sort(([, a], [, b]) => a.lastMs - b.lastMs);
    const leaving = this.#known.size - MAX_PROGRAMS + LEAVE;
    for (const [key] of byAge.slice(0, leaving)) this.#known.delete(key);
    this.#forgotten += leaving;
    return true;
  }

  clear(): void {
    this.#known.clear();
    this.#forgotten = 0;
  }

  /** First seen at that moment or later, newest first. */
  newest(sinceMs: number, limit: number): Program[] {
    const found: Program[] = [];
    for (const program of this.#known.values()) if (program.atMs >= sinceMs) found.push(program);
    return found.sort((a, b) => compareCursors(b.cursor, a.cursor)).slice(0, limit);
  }

  #put(key: string, program: Program): Program {
    this.#known.set(key, program);
    return program;
  }
}

/** Containers come and go with new names; their programs are one place. A path has no NUL in it. */
const keyOf = (executable: string, container: string | undefined) =>
  container === undefined ? executable : `${executable}\0`;

const sameOwner = (a: string | undefined, b: string | undefined) =>
  a === undefined || b === undefined || a === b;

/** The place before every event. */
export const START: Cursor = parseCursor('0.0.0')!;
