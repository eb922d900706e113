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

/** The inverse of `storedText`. @throws TypeError or SyntaxError where the dictionary is damaged. */
export function readText(stored: unknown): string {
  if (typeof stored === 'string') return stored;
  if (!Buffer.isBuffer(stored)) throw new TypeError('a dictionary entry is neither text nor blob');
  const text: unknown = JSON.parse(stored.toString());
  if (typeof text !== 'string') throw new TypeError('a dictionary entry holds no text');
  return text;
}

/** What an entry costs beyond its characters, in characters: many short texts fill memory, too. */
const ENTRY_CHARACTERS = 24;

/** The texts of one partition, each named by a small number from 1 on, on the thread that encodes. */
export class Dictionary {
  readonly #ids: Map<string, number>;
  #characters = 0;
  /** Texts that `take` has not given out: the last ones. */
  #fresh: string[] = [];

  /** @param texts what the partition has already, in the order of their ids. */
  constructor(texts: readonly string[] = []) {
    this.#ids = new Map();
    for (const text of texts) this.idOf(text);
    this.#fresh = [];
  }

  /** How much it holds, in characters; each text counts a few more for its entries. */
  get characters(): number {
    return this.#characters;
  }

  /** Every text, in the order of the ids. */
  texts(): readonly string[] {
    return [...this.#ids.keys()];
  }

  idOf(text: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    const id = this.#ids.size + 1;
    this.#ids.set(text, id);
    this.#characters += text.length + ENTRY_CHARACTERS;
    this.#fresh.push(text);
    return id;
  }

  /** The texts that are new since the last call, and the id of the first. */
  take(): { readonly first: number; readonly texts: readonly string[] } {
    const texts = this.#fresh;
    this.#fresh = [];
    return { first: this.#ids.size - texts.length + 1, texts };
  }
}
