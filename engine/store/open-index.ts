import type Database from 'better-sqlite3';
import type { Pattern } from '../../shared/query.ts';
import { compilePattern } from '../../shared/query/pattern.ts';
import { ChunkSet } from './chunk-set.ts';
import { ChunkUses } from './chunk-uses.ts';
import type { ChunkTable } from './chunk-table.ts';
import { readText } from './dictionary.ts';
import { hashText } from './hash.ts';
import { cellsOf } from './rows.ts';
import {
  exactText,
  foldText,
  isOddPattern,
  literalsOf,
  readList,
  type Effort,
  type Ids,
  type TermIndex,
} from './terms.ts';
import { FoldedTexts } from './folded-texts.ts';
import type { Trigrams } from './trigrams.ts';

/** The index of a partition that is still written to, in memory: as long as the file, it only grows. */
export class OpenIndex implements TermIndex {
  readonly #chunks: ChunkTable;
  readonly #trigrams: Trigrams;
  readonly #strings = new FoldedTexts();
  readonly #odd = new Map<number, string>();
  readonly #lists: (readonly string[])[] = [[]];
  readonly #uses: ChunkUses[] = [];
  readonly #newStrings: Database.Statement<[number]>;
  readonly #newLists: Database.Statement<[number]>;
  readonly #newUses: Database.Statement<[number]>;

  readonly #layout: number;

  constructor(db: Database.Database, chunks: ChunkTable, trigrams: Trigrams, layout: number) {
    this.#layout = layout;
    this.#chunks = chunks;
    this.#trigrams = trigrams;
    const after = (sql: string) => db.prepare<[number]>(sql).raw();
    this.#newStrings = after('SELECT id, value FROM main.string WHERE id > ? ORDER BY id');
    this.#newLists = after('SELECT id, value FROM main.list WHERE id > ? ORDER BY id');
    this.#newUses = after('SELECT number, uses FROM main.chunk WHERE number >= ? ORDER BY number');
  }

  /**
   * Takes over what is new, in the same transaction as the chunks were.
   * @param from the first chunk that changed. @throws TypeError or RangeError where the file is damaged.
   */
  refresh(from: number): void {
    for (const row of this.#newStrings.iterate(this.#strings.last)) this.#addString(row);
    for (const row of this.#newLists.iterate(this.#lists.length - 1)) {
      const [id, value] = cellsOf(row);
      if (id !== this.#lists.length) throw new TypeError('lists in the dictionary are not in their order');
      this.#lists.push(readList(value));
    }
    for (const row of this.#newUses.iterate(from)) {
      const [number, uses] = cellsOf(row);
      if (typeof number !== 'number' || !Buffer.isBuffer(uses)) throw new TypeError('a chunk has no uses');
      this.#uses[number] = new ChunkUses(uses, this.#layout);
    }
  }

  #addString(row: unknown): void {
    const [id, value] = cellsOf(row);
    if (typeof id !== 'number') throw new TypeError('a text in the dictionary has no number');
    const text = readText(value);
    const odd = typeof value !== 'string';
    if (odd) this.#odd.set(id, text);
    const folded = foldText(text);
    this.#strings.add(id, odd ? '' : folded, hashText(text));
    if (!odd) this.#trigrams.add(folded);
  }

  strings(pattern: Pattern, effort: Effort): Ids | undefined {
    const test = compilePattern(pattern);
    const exact = exactText(pattern);
    const odd = [...this.#odd].filter(([, text]) => test(text)).map(([id]) => id);
    const isOdd = (id: number) => this.#odd.has(id);
    const passes = (id: number) => !isOdd(id) && test(this.#strings.text(id));
    const known = isOddPattern(pattern)
      ? []
      : exact === undefined
        ? this.#strings.containing(literalsOf(pattern)[0] ?? '', effort.ids, passes)
        : this.#strings.withHash(hashText(exact)).filter(passes);
    return known === undefined ? undefined : within({ ids: [...known, ...odd], exact: true }, effort);
  }

  addresses(test: (text: string) => boolean, effort: Effort): Ids | undefined {
    const ids = this.#strings.matching(
      /^[\d.]+$|:/,
      (id) => !this.#odd.has(id) && test(this.#strings.text(id)),
    );
    const odd = [...this.#odd].filter(([, text]) => test(text)).map(([id]) => id);
    return within({ ids: [...ids, ...odd], exact: true }, effort);
  }

  lists(pattern: Pattern, effort: Effort): Ids | undefined {
    const test = compilePattern(pattern);
    const ids: number[] = [];
    this.#lists.forEach((members, id) => {
      if (members.some(test)) ids.push(id);
    });
    return within({ ids, exact: true }, effort);
  }

  uses(ids: readonly number[], columns: readonly number[]): ReadonlyMap<number, ChunkSet> {
    const found = new Map<number, ChunkSet>();
    if (ids.length === 0) return found;
    const sorted = Float64Array.from(ids).sort();
    for (let chunk = 0; chunk < this.#chunks.length; chunk++) {
      const uses = this.#uses[chunk];
      if (uses === undefined) throw new TypeError('a chunk has no uses');
      if (!uses.mayHaveAny(sorted)) continue;
      for (const column of columns) {
        if (!uses.hasAny(column, sorted)) continue;
        let set = found.get(column);
        if (set === undefined) found.set(column, (set = new ChunkSet(this.#chunks.length)));
        set.add(chunk);
      }
    }
    return found;
  }
}

const within = (found: Ids, effort: Effort) => (found.ids.length > effort.ids ? undefined : found);
