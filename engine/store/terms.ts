import type Database from 'better-sqlite3';
import type { Pattern } from '../../shared/query.ts';
import { compileNetwork } from '../../shared/query/network.ts';
import { compilePattern } from '../../shared/query/pattern.ts';
import { isOdd, readText } from './dictionary.ts';

/** What a query asks of texts: a set of ids of one dictionary, found by SQLite as far as it can and by `test` beyond. */
export interface Term {
  readonly key: string;
  readonly table: 'string' | 'list';
  /** A LIKE pattern (escaped by \) that no matching TEXT fails; null where no TEXT matches. */
  readonly like: string | null;
  /** Whether LIKE alone decides. */
  readonly exact: boolean;
  /** The full test of an entry as it is stored. */
  readonly test: (stored: unknown) => boolean;
}

/** SQLite refuses longer patterns (SQLITE_MAX_LIKE_PATTERN_LENGTH). A query's texts reach it only by JSON's escapes. */
const MAX_LIKE_BYTES = 50_000;

const escapeLike = (text: string) => text.replace(/[\\%_]/g, '\\$&');

/** Texts that match. LIKE folds A–Z and takes code points as characters, just as `compilePattern` does. */
export function stringTerm(pattern: Pattern): Term {
  const test = compilePattern(pattern);
  const odd = pattern.some((part) => 'literal' in part && isOdd(part.literal));
  const parts = pattern.map((part) =>
    'literal' in part ? escapeLike(part.literal) : part.wildcard === '*' ? '%' : '_',
  );
  return {
    key: `string ${JSON.stringify(pattern)}`,
    table: 'string',
    like: odd ? null : parts.join(''),
    exact: true,
    test: (stored) => test(readText(stored)),
  };
}

/** Lists with a member that matches: LIKE finds those whose JSON holds all the literals, `test` looks at the members. */
export function listTerm(pattern: Pattern): Term {
  const test = compilePattern(pattern);
  const literals = pattern.flatMap((part) => ('literal' in part ? [part.literal] : []));
  const like = `%${literals.map((literal) => `${escapeLike(JSON.stringify(literal).slice(1, -1))}%`).join('')}`;
  return {
    key: `list ${JSON.stringify(pattern)}`,
    table: 'list',
    like: Buffer.byteLength(like) > MAX_LIKE_BYTES ? '%' : like,
    exact: false,
    test: (stored) => readList(stored).some(test),
  };
}

/** Addresses in a network. */
export function networkTerm(network: string): Term {
  const test = compileNetwork(network) ?? (() => false);
  return {
    key: `network ${network}`,
    table: 'string',
    like: network.includes(':') ? '%:%' : '%.%.%.%',
    exact: false,
    test: (stored) => test(readText(stored)),
  };
}

/** The inverse of how the writer stores a list. */
export function readList(stored: unknown): readonly string[] {
  const list: unknown = JSON.parse(typeof stored === 'string' ? stored : 'null');
  if (!Array.isArray(list) || !list.every((member) => typeof member === 'string')) {
    throw new TypeError('a dictionary entry holds no list of texts');
  }
  return list;
}

/** Ids looked at between two looks at the clock of cancellation. */
const CHUNK = 50_000;
const MAX_KEPT = 64;

/** The ids that a term selects: a table of one column, its smallest and its largest. */
export interface Ids {
  readonly table: string;
  readonly first: number;
  readonly last: number;
}

interface TermSet {
  readonly name: string;
  /** Ids up to here were looked at. */
  upTo: number;
}

/**
 * The ids of each term, in temporary tables that outlive a query: dictionaries only grow, so that a set is extended by
 * what is new since it was last used. All runs inside the caller's read transaction.
 */
export class TermSets {
  readonly #db: Database.Database;
  /** Least recently used first. */
  readonly #sets = new Map<string, TermSet>();
  #made = 0;

  constructor(db: Database.Database) {
    this.#db = db;
    db.pragma('temp_store = MEMORY');
  }

  /** The term's ids, up to date; undefined where there are none. @param pause called now and then; may throw to give up. */
  idsOf(term: Term, pause: () => void): Ids | undefined {
    const known = this.#sets.get(term.key);
    const set = known ?? { name: `temp.term_${++this.#made}`, upTo: 0 };
    if (known === undefined) this.#db.exec(`CREATE TABLE ${set.name} (id INTEGER PRIMARY KEY)`);
    this.#sets.delete(term.key);
    this.#sets.set(term.key, set);
    this.#extend(term, set, pause);
    const end = (which: 'min' | 'max') =>
      this.#db.prepare(`SELECT ${which}(id) FROM ${set.name}`).pluck().get();
    const first = end('min');
    const last = end('max');
    if (typeof first !== 'number' || typeof last !== 'number') return undefined;
    return { table: set.name, first, last };
  }

  #extend(term: Term, set: TermSet, pause: () => void): void {
    const last = this.#db.prepare(`SELECT coalesce(max(id), 0) FROM main.${term.table}`).pluck().get();
    if (typeof last !== 'number' || last === set.upTo) return;
    const extend = this.#extender(term, set.name);
    while (set.upTo < last) {
      pause();
      const to = Math.min(last, set.upTo + CHUNK);
      extend(set.upTo, to);
      set.upTo = to;
    }
  }

  /** Drops the sets that were not used for longest. Call between queries: one query may need more than are kept. */
  trim(): void {
    for (const [key, { name }] of this.#sets) {
      if (this.#sets.size <= MAX_KEPT) return;
      this.#db.exec(`DROP TABLE ${name}`);
      this.#sets.delete(key);
    }
  }

  /** Drops all: after a rollback, which took some of their rows along. */
  clear(): void {
    for (const { name } of this.#sets.values()) this.#db.exec(`DROP TABLE IF EXISTS ${name}`);
    this.#sets.clear();
  }

  #extender(term: Term, name: string): (after: number, to: number) => void {
    const { like } = term;
    const insert = this.#db.prepare<[unknown]>(`INSERT INTO ${name} VALUES (?)`);
    const verify = (rows: readonly unknown[]) => {
      for (const row of rows) if (Array.isArray(row) && term.test(row[1])) insert.run(row[0]);
    };
    const from = `FROM main.${term.table} WHERE id > ? AND id <= ?`;
    const texts = `${from} AND typeof(value) = 'text' AND value LIKE ? ESCAPE '\\'`;
    const steps: ((after: number, to: number) => void)[] = [];
    if (like !== null && term.exact) {
      const copy = this.#db.prepare<[number, number, string]>(`INSERT INTO ${name} SELECT id ${texts}`);
      steps.push((after, to) => copy.run(after, to, like));
    } else if (like !== null) {
      const candidates = this.#db.prepare<[number, number, string]>(`SELECT id, value ${texts}`).raw();
      steps.push((after, to) => verify(candidates.all(after, to, like)));
    }
    if (term.table === 'string') {
      const odd = this.#db
        .prepare<[number, number]>(`SELECT id, value ${from} AND typeof(value) = 'blob'`)
        .raw();
      steps.push((after, to) => verify(odd.all(after, to)));
    }
    return (after, to) => steps.forEach((step) => step(after, to));
  }
}
