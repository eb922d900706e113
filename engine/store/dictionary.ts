import type Database from 'better-sqlite3';

/** Bounds of one generation of a cache. */
const MAX_CHARACTERS = 16 << 20;
const MAX_ENTRIES = 200_000;

/** Texts inserted by one statement: a statement costs more than its values. */
const ROWS_PER_INSERT = 64;

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
  readonly #insertOne: Database.Statement<(string | Buffer)[]>;
  readonly #insertMany: Database.Statement<(string | Buffer)[]>;
  readonly #last: Database.Statement<[]>;
  readonly #stored: (text: string) => string | Buffer;
  #nextId = 1;
  /** Texts whose ids were given and that are not inserted yet: the last ones before #nextId. */
  #waiting: (string | Buffer)[] = [];
  #young = new Map<string, number>();
  #old = new Map<string, number>();
  #youngCharacters = 0;

  constructor(db: Database.Database, table: 'string' | 'list') {
    const insert = (rows: number) =>
      db.prepare<(string | Buffer)[]>(
        `INSERT INTO main.${table} (value) VALUES ${Array(rows).fill('(?)').join(', ')}`,
      );
    this.#insertOne = insert(1);
    this.#insertMany = insert(ROWS_PER_INSERT);
    this.#last = db.prepare(`SELECT coalesce(max(id), 0) FROM main.${table}`).pluck();
    // A list is JSON: no NUL or lone surrogate is left in it, and SQLite's functions only narrow lists down.
    this.#stored = table === 'string' ? storedText : (text) => text;
    this.forget();
  }

  /** The id of a text; one that the cache does not know is inserted, at the latest by `flush`, in this transaction. */
  idOf(text: string): number {
    const known = this.#young.get(text);
    if (known !== undefined) return known;
    let id = this.#old.get(text);
    if (id === undefined) {
      id = this.#nextId++;
      this.#waiting.push(this.#stored(text));
      if (this.#waiting.length === ROWS_PER_INSERT)
        this.#insert(this.#insertMany, this.#waiting.splice(0), id);
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

  /** Inserts what still waits: before the commit. */
  flush(): void {
    const texts = this.#waiting.splice(0);
    const first = this.#nextId - texts.length;
    texts.forEach((text, i) => this.#insert(this.#insertOne, [text], first + i));
  }

  /** SQLite numbers rows by itself, from the largest on, as this class does. */
  #insert(
    statement: Database.Statement<(string | Buffer)[]>,
    texts: (string | Buffer)[],
    lastId: number,
  ): void {
    const { lastInsertRowid } = statement.run(...texts);
    if (lastInsertRowid !== lastId) throw new Error(`text ${lastId} got the number ${lastInsertRowid}`);
  }

  /** Drops the cache and reads the last id again: after a rollback. */
  forget(): void {
    this.#waiting = [];
    this.#young = new Map();
    this.#old = new Map();
    this.#youngCharacters = 0;
    const last = this.#last.get();
    this.#nextId = (typeof last === 'number' ? last : 0) + 1;
  }
}
