import type Database from 'better-sqlite3';

/** Bounds of one generation of a cache. */
const MAX_CHARACTERS = 16 << 20;
const MAX_ENTRIES = 200_000;

/** Characters that SQLite's LIKE takes for others, or that UTF-8 cannot hold: see `storedText`. */
const ODD = /[\0\ufffe\uffff]/;

/** Whether a text must not meet SQLite's own text functions. */
export function isOdd(text: string): boolean {
  return ODD.test(text) || !text.isWellFormed();
}

/**
 * A text as the dictionary keeps it: as TEXT, or, where that would lose or confuse something (NUL, U+FFFE, U+FFFF,
 * lone surrogates), as a BLOB of its JSON.
 */
export function storedText(text: string): string | Buffer {
  return isOdd(text) ? Buffer.from(JSON.stringify(text)) : text;
}

/** The inverse of `storedText`. */
export function readText(stored: unknown): string {
  if (typeof stored === 'string') return stored;
  if (!Buffer.isBuffer(stored)) throw new TypeError('a dictionary entry is neither text nor blob');
  const text: unknown = JSON.parse(stored.toString());
  if (typeof text !== 'string') throw new TypeError('a dictionary entry holds no text');
  return text;
}

/**
 * A table of texts, each named by a small number. Ids are given in ascending order and never change. The same text may
 * have several ids: the cache forgets, and looking every unknown text up would cost more than the rows it saves.
 * What was handed out since the last commit is void after `forget`.
 */
export class Dictionary {
  readonly #insert: Database.Statement<[number, string | Buffer]>;
  readonly #last: Database.Statement<[]>;
  readonly #stored: (text: string) => string | Buffer;
  #nextId = 1;
  #young = new Map<string, number>();
  #old = new Map<string, number>();
  #youngCharacters = 0;

  constructor(db: Database.Database, table: 'string' | 'list') {
    this.#insert = db.prepare(`INSERT INTO main.${table} (id, value) VALUES (?, ?)`);
    this.#last = db.prepare(`SELECT coalesce(max(id), 0) FROM main.${table}`).pluck();
    // A list is JSON: no NUL or lone surrogate is left in it, and SQLite's functions only narrow lists down.
    this.#stored = table === 'string' ? storedText : (text) => text;
    this.forget();
  }

  /** The id of a text; inserts it where the cache does not know it. Runs inside the caller's transaction. */
  idOf(text: string): number {
    const known = this.#young.get(text);
    if (known !== undefined) return known;
    let id = this.#old.get(text);
    if (id === undefined) {
      id = this.#nextId++;
      this.#insert.run(id, this.#stored(text));
    }
    this.#young.set(text, id);
    this.#youngCharacters += text.length;
    if (this.#youngCharacters > MAX_CHARACTERS || this.#young.size > MAX_ENTRIES) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngCharacters = 0;
    }
    return id;
  }

  /** Drops the cache and reads the last id again: after a rollback. */
  forget(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#youngCharacters = 0;
    const last = this.#last.get();
    this.#nextId = (typeof last === 'number' ? last : 0) + 1;
  }
}
