import type Database from 'better-sqlite3';
import type { Pattern } from '../../shared/query.ts';
import { compilePattern } from '../../shared/query/pattern.ts';
import { ChunkSet } from './chunk-set.ts';
import type { ChunkTable } from './chunk-table.ts';
import { hashText } from './hash.ts';
import { cellsOf, type RowReader } from './rows.ts';
import {
  exactText,
  foldText,
  isOddPattern,
  literalsOf,
  type Effort,
  type Ids,
  type TermIndex,
} from './terms.ts';
import type { Trigrams } from './trigrams.ts';
import { numberOf, spotOf } from './spots.ts';
import { decodeChunks } from './uses.ts';

/** Candidates looked at for each id that may be found. */
const TRIGRAM_CANDIDATES = 4;

/** The index that sealing made. */
export class SealedIndex implements TermIndex {
  readonly #layout: number;
  readonly #rows: RowReader;
  readonly #chunks: ChunkTable;
  readonly #trigrams: Trigrams;
  readonly #byHash: Database.Statement<[number]>;
  readonly #listsByHash: Database.Statement<[number]>;
  readonly #byTrigrams: Database.Statement<[string, number]>;
  readonly #use: Database.Statement<[number, number]>;
  readonly #usesOf: Database.Statement<[number]>;
  readonly #texts: Database.Statement<[]>;
  readonly #lists: Database.Statement<[]>;
  readonly #odd: Database.Statement<[]>;
  /** Ids of texts that the trigrams do not know; looked for when they are first needed. */
  #oddIds: readonly number[] | undefined;
  #addressIds: readonly number[] | undefined;
  #listIds: readonly number[] | undefined;

  constructor(
    db: Database.Database,
    rows: RowReader,
    chunks: ChunkTable,
    trigrams: Trigrams,
    layout: number,
  ) {
    this.#layout = layout;
    this.#rows = rows;
    this.#chunks = chunks;
    this.#trigrams = trigrams;
    const one = (sql: string) => db.prepare<[]>(sql).pluck();
    this.#byHash = db.prepare<[number]>('SELECT id FROM main.string_hash WHERE hash = ?').pluck();
    this.#listsByHash = db.prepare<[number]>('SELECT id FROM main.list_hash WHERE hash = ?').pluck();
    this.#byTrigrams = db
      .prepare<[string, number]>('SELECT rowid FROM main.string_trigram WHERE string_trigram MATCH ? LIMIT ?')
      .pluck();
    this.#use = db
      .prepare<[number, number]>('SELECT chunks FROM main.use WHERE id = ? AND "column" = ?')
      .pluck();
    this.#usesOf = db.prepare<[number]>('SELECT "column", chunks FROM main.use WHERE id = ?').raw();
    this.#texts = db.prepare<[]>(`SELECT id, value FROM main.string WHERE typeof(value) = 'text'`).raw();
    this.#lists = one('SELECT id FROM main.list');
    this.#odd = one(`SELECT id FROM main.string WHERE typeof(value) = 'blob'`);
  }

  strings(pattern: Pattern, effort: Effort): Ids | undefined {
    const test = compilePattern(pattern);
    const passes = (id: number) => test(this.#rows.text(id));
    const exact = exactText(pattern);
    if (exact !== undefined) {
      const ids = numbers(this.#byHash.all(hashText(exact))).filter(passes);
      return ids.length > effort.ids ? undefined : { ids, exact: true };
    }
    const odd = this.#oddTexts().filter(passes);
    if (isOddPattern(pattern)) return odd.length > effort.ids ? undefined : { ids: odd, exact: true };
    const trigrams = this.#trigrams.rarest(literalsOf(pattern));
    const known = trigrams.length > 0 ? this.#withTrigrams(trigrams, effort) : this.#scanned(test, effort);
    if (known === undefined) return undefined;
    const ids = [...(trigrams.length > 0 ? known.filter(passes) : known), ...odd];
    return ids.length > effort.ids ? undefined : { ids, exact: true };
  }

  addresses(test: (text: string) => boolean, effort: Effort): Ids | undefined {
    if (this.#addressIds === undefined) {
      if (!effort.scan) return undefined;
      const ids: number[] = [];
      for (const [id, text] of this.#everyText()) if (/^[\d.]+$|:/.test(text)) ids.push(id);
      this.#addressIds = [...ids, ...this.#oddTexts()];
    }
    if (this.#addressIds.length > effort.ids * 4) return undefined;
    const ids = this.#addressIds.filter((id) => test(this.#rows.text(id)));
    return ids.length > effort.ids ? undefined : { ids, exact: true };
  }

  lists(pattern: Pattern, effort: Effort): Ids | undefined {
    const test = compilePattern(pattern);
    const exact = exactText(pattern);
    this.#listIds ??= exact === undefined ? numbers(this.#lists.all()) : undefined;
    const known =
      exact === undefined ? (this.#listIds ?? []) : numbers(this.#listsByHash.all(hashText(exact)));
    if (known.length > effort.ids) return undefined;
    return { ids: known.filter((id) => this.#rows.list(id).some(test)), exact: true };
  }

  uses(ids: readonly number[], columns: readonly number[]): ReadonlyMap<number, ChunkSet> {
    const found = new Map<number, ChunkSet>();
    const [column] = columns;
    if (column !== undefined && columns.length === 1) {
      for (const id of ids) this.#add(found, column, this.#use.get(id, column));
      return found;
    }
    for (const id of ids) {
      for (const row of this.#usesOf.all(id)) {
        const [used, chunks] = cellsOf(row);
        if (typeof used === 'number' && columns.includes(used)) this.#add(found, used, chunks);
      }
    }
    return found;
  }

  #add(found: Map<number, ChunkSet>, column: number, chunks: unknown): void {
    if (chunks === undefined) return;
    if (!Buffer.isBuffer(chunks)) throw new TypeError('a use in the index has no chunks');
    let set = found.get(column);
    if (set === undefined) found.set(column, (set = new ChunkSet(this.#chunks.length)));
    for (const chunk of decodeChunks(chunks, this.#layout)) set.add(numberOf(chunk), spotOf(chunk));
  }

  /** Some may not hold the texts: trigrams of a text may stand in another order, and fold more letters. */
  #withTrigrams(trigrams: readonly string[], effort: Effort): readonly number[] | undefined {
    const match = trigrams.map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(' AND ');
    const most = effort.ids * TRIGRAM_CANDIDATES;
    const ids = numbers(this.#byTrigrams.all(match, most + 1));
    return ids.length > most ? undefined : ids;
  }

  /** TEXTs that pass. */
  #scanned(test: (text: string) => boolean, effort: Effort): readonly number[] | undefined {
    if (!effort.scan) return undefined;
    const ids: number[] = [];
    for (const [id, text] of this.#everyText()) {
      if (test(text)) ids.push(id);
      if (ids.length > effort.ids) return undefined;
    }
    return ids;
  }

  *#everyText(): Generator<readonly [number, string]> {
    for (const row of this.#texts.iterate()) {
      const [id, text] = cellsOf(row);
      if (typeof id !== 'number' || typeof text !== 'string')
        throw new TypeError('a text in the dictionary is none');
      yield [id, text];
    }
  }

  #oddTexts(): readonly number[] {
    return (this.#oddIds ??= numbers(this.#odd.all()));
  }

  /** Counts a sample of the dictionary. */
  sample(): void {
    let left = 4000;
    for (const [, text] of this.#everyText()) {
      this.#trigrams.add(foldText(text));
      if (--left === 0) return;
    }
  }
}

/** @throws TypeError where one is no number: the index is damaged. */
function numbers(values: readonly unknown[]): number[] {
  return values.map((value) => {
    if (typeof value !== 'number') throw new TypeError('the index holds an id that is no number');
    return value;
  });
}
