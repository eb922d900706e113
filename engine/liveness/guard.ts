/**
 * Notices when somebody lays hands on Merlon's own files: its programs, its database, its socket. It looks at what the
 * kernel says of them (inode, size, times), a hundred files in a millisecond, and reads none.
 */
import { lstatSync, readdirSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { StoreStats } from '../store/contract.ts';

export const TAMPERED_WITH = ['program', 'database', 'socket'] as const;
export type TamperedWith = (typeof TAMPERED_WITH)[number];

export interface Finding {
  readonly what: TamperedWith;
  readonly how: 'changed' | 'gone';
  /** Those concerned, at least one; of many the first. */
  readonly paths: readonly string[];
  /** How many there are in all. */
  readonly count: number;
}

export interface GuardOptions {
  /** Folders of Merlon's own programs; empty where it runs from its sources, which are there to be changed. */
  readonly programs: readonly string[];
  readonly data: string;
  readonly socket: string;
  /** How many files of events the store has; undefined while it does not know. */
  readonly partitions: () => number | undefined;
  readonly onFound: (finding: Finding) => void;
}

/** With the second look that a missing file is given: told within ten seconds. */
export const LOOK_EVERY_MS = 4000;
const NAMED = 5;
/** Never written again once they have this name (engine/store/layout.ts). */
const SEALED = /^(\d+)\.db$/;
const OPEN = /^(\d+)\.open\.db$/;
/** Written to all the time, but by name always the same file. */
const STANDING = ['catalogue.db', 'lock.db', 'redaction.key'];

/** What must stay as it is. */
type Mark = string;
type Marks = Map<string, Mark>;

export class Guard {
  readonly #options: GuardOptions;
  #programs: Marks | undefined;
  /** Programs that were not as before at the last look. */
  #odd: ReadonlySet<string> = new Set();
  #exchanging = 0;
  #database: Marks = new Map();
  #socket: Mark | undefined;
  #socketTold = false;
  /** What was odd about the database at the last look may have been Merlon's own hand: it is told at the second. */
  #suspects: ReadonlySet<string> = new Set();
  #missing = 0;
  #missingTold = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.look();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Exchanges files of the database by Merlon's own hand, which is no finding. */
  async exchanging<T>(work: () => Promise<T>): Promise<T> {
    this.#exchanging++;
    try {
      return await work();
    } finally {
      this.#exchanging--;
      this.#forgetDatabase();
    }
  }

  #forgetDatabase(): void {
    this.#database = new Map();
    this.#suspects = new Set();
    this.#missing = this.#missingTold = 0;
  }

  /** One look at everything. */
  look(): void {
    this.#lookAtPrograms();
    this.#lookAtDatabase();
    this.#lookAtSocket();
  }

  /**
   * Told at the second look: what changes many files, a build, is one finding then. A file that is gone stays known: what
   * comes in its place would run. Files under other names are none of Merlon's.
   */
  #lookAtPrograms(): void {
    const before = this.#programs;
    const now: Marks = new Map();
    for (const path of before?.keys() ?? this.#options.programs.flatMap(filesBelow))
      now.set(path, programMark(path));
    this.#programs = now;
    if (before === undefined) return;
    const told = this.#odd;
    this.#odd = new Set([...before].filter(([path, was]) => now.get(path) !== was).map(([path]) => path));
    const gone = (path: string) => now.get(path) === GONE;
    this.#tell(
      'program',
      'changed',
      [...told].filter((path) => !gone(path)),
    );
    this.#tell('program', 'gone', [...told].filter(gone));
  }

  #lookAtDatabase(): void {
    const { data, partitions } = this.#options;
    // While it cannot be written to, or is damaged, its files come and go.
    if (partitions() === undefined || this.#exchanging > 0) return this.#forgetDatabase();
    const known = this.#database;
    const odd: string[] = [];
    const numbers = new Set<string>();
    const look = (path: string, of: (stats: Stats) => Mark): boolean => {
      const stats = seen(path);
      const now = stats === undefined ? undefined : of(stats);
      if (!known.has(path)) {
        if (now !== undefined) known.set(path, now);
      } else if (known.get(path) !== now) odd.push(path);
      return now !== undefined;
    };
    for (const name of namesIn(join(data, 'events'))) {
      const number = (SEALED.exec(name) ?? OPEN.exec(name))?.[1];
      if (number === undefined) continue;
      const of = SEALED.test(name)
        ? ({ ino, size, mtimeMs }: Stats) => mark(ino, size, mtimeMs)
        : ({ ino }: Stats) => mark(ino);
      if (look(join(data, 'events', name), of)) numbers.add(number);
    }
    for (const name of STANDING) look(join(data, name), ({ ino }) => mark(ino));
    const told = odd.filter((path) => this.#suspects.has(path));
    this.#suspects = new Set(odd);
    for (const path of told) known.delete(path);
    this.#tell(
      'database',
      'changed',
      told.filter((path) => seen(path) !== undefined),
    );
    this.#tell(
      'database',
      'gone',
      told.filter((path) => seen(path) === undefined),
    );
    this.#count(numbers.size);
  }

  /** Files of events that are gone, whatever their names were; told once, as long as no more go. */
  #count(there: number): void {
    const wanted = this.#options.partitions();
    const missing = wanted === undefined ? 0 : Math.max(0, wanted - there);
    if (missing > this.#missingTold && missing === this.#missing) {
      const paths = [join(this.#options.data, 'events')];
      this.#options.onFound({ what: 'database', how: 'gone', paths, count: missing - this.#missingTold });
      this.#missingTold = missing;
    }
    this.#missingTold = Math.min(this.#missingTold, missing);
    this.#missing = missing;
  }

  #lookAtSocket(): void {
    const { socket } = this.#options;
    const stats = seen(socket);
    const now = stats?.isSocket() ? mark(stats.ino, stats.mode, stats.uid) : undefined;
    this.#socket ??= now;
    const fits = this.#socket === undefined || now === this.#socket;
    if (!fits && !this.#socketTold) this.#tell('socket', now === undefined ? 'gone' : 'changed', [socket]);
    this.#socketTold = !fits;
  }

  #tell(what: TamperedWith, how: Finding['how'], paths: readonly string[]): void {
    if (paths.length === 0) return;
    this.#options.onFound({ what, how, paths: paths.slice(0, NAMED), count: paths.length });
  }
}

const GONE: Mark = 'gone';

/** A change of an inode leaves a trace whatever its times are set to: ctime is the kernel's own. A link counts with its target. */
function programMark(path: string): Mark {
  const stats = seen(path);
  if (stats === undefined) return GONE;
  const own = mark(stats.ino, stats.size, stats.mode, stats.ctimeMs);
  if (!stats.isSymbolicLink()) return own;
  const target = statSync(path, { throwIfNoEntry: false });
  return target === undefined ? own : `${own} ${mark(target.ino, target.size, target.mode, target.ctimeMs)}`;
}

const mark = (...parts: readonly number[]): Mark => parts.join(' ');

function seen(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined; // gone, or out of reach: either way not where it was
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // the files in it are missing then
  }
}

function filesBelow(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return []; // this build has no such part
  }
}

/** Files of events that must be there; not known where some are damaged, or the database is not open or refuses. */
export function knownPartitions(stats: StoreStats): number | undefined {
  const { partitions, damagedPartitions, unopened, refused } = stats;
  return damagedPartitions > 0 || unopened === true || refused !== undefined ? undefined : partitions;
}
