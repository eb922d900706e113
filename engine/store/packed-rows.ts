import { FIELDS, type EventFields, type FieldName } from '../../shared/event.ts';
import { TEXT_FIELDS, toPredicate, type Pattern, type Query } from '../../shared/query.ts';
import { containing } from '../../shared/query/pattern.ts';
import type { PackedColumn } from './packed.ts';
import { MOST_CELLS } from './packs.ts';
import type { PartitionFile } from './partition-file.ts';
import { Planner } from './plan.ts';
import { RowSet } from './row-set.ts';
import { numberOf, spotOf } from './spots.ts';
import { QUICK, type Ids } from './terms.ts';

/** One chunk in so many costs as much to look at as all packs. */
const NARROW = 32;

/** A query of one field. */
type OfField = Extract<Query, { readonly field: FieldName }>;

/**
 * Finds the rows of a sealed partition that match a query without a look at them: from columns that are packed, and,
 * of others, from the index where it knows each row.
 */
export class PackedRows {
  readonly #file: PartitionFile;
  readonly #now: number;

  /** @param now epoch milliseconds that `now-10m` in queries counts from. */
  constructor(file: PartitionFile, now: number) {
    this.#file = file;
    this.#now = now;
  }

  /** Whether the index leaves so little to look at that looking costs less. */
  isNarrow(query: Query): boolean {
    const { chunks } = new Planner(this.#file, this.#now, QUICK).plan(query);
    return chunks !== null && (chunks.rows !== undefined || chunks.size * NARROW < this.#file.chunks.length);
  }

  /** @returns undefined where only the events can tell. @throws TypeError or RangeError where the file is damaged. */
  matching(query: Query): RowSet | undefined {
    switch (query.type) {
      case 'and':
        return this.#all(query.terms, (set, other) => set.keepOnly(other));
      case 'or':
        return this.#all(query.terms, (set, other) => set.addAll(other));
      case 'not': {
        const set = this.matching(query.term);
        set?.invert();
        return set;
      }
      case 'anywhere':
        return this.#anywhere(containing(query.pattern));
      default:
        return this.#packed(query) ?? this.#indexed(query);
    }
  }

  #all(terms: readonly Query[], join: (set: RowSet, other: RowSet) => void): RowSet | undefined {
    const [first, ...others] = terms;
    const set = first && this.matching(first);
    for (const term of set === undefined ? [] : others) {
      const other = this.matching(term);
      if (other === undefined) return undefined;
      join(set!, other);
    }
    return set;
  }

  /** By the different values of a packed column. */
  #packed(query: OfField): RowSet | undefined {
    const { field } = query;
    const column = this.#file.packed?.column(field);
    if (column === undefined) return undefined;
    const test = toPredicate(query, this.#now);
    const passes = column.values.map((value) => test(fieldsOf(field, value)));
    return this.#where(column, passes);
  }

  #where(column: PackedColumn, passes: readonly boolean[]): RowSet {
    const set = new RowSet(this.#file.chunks.events);
    if (!passes.includes(true)) return set;
    const rows = passes.includes(false) ? column.rows() : undefined;
    if (rows !== undefined)
      return RowSet.where(
        rows,
        Uint8Array.from({ length: MOST_CELLS }, (_, i) => (passes[i] === true ? 1 : 0)),
      );
    set.invert();
    return set;
  }

  #indexed(query: OfField): RowSet | undefined {
    if (query.type !== 'match') return undefined;
    const { index, rows } = this.#file;
    switch (rows.storageOf(query.field)) {
      case 'string':
        return this.#withIds(index.strings(query.pattern, QUICK), [query.field]);
      case 'list':
        return this.#withIds(index.lists(query.pattern, QUICK), [query.field]);
      default:
        return undefined;
    }
  }

  #withIds(found: Ids | undefined, fields: readonly FieldName[]): RowSet | undefined {
    const { index, chunks, rows } = this.#file;
    if (found?.exact !== true) return undefined;
    const columns = fields.map((field) => rows.columnNumber(field)).filter((column) => column !== undefined);
    const set = new RowSet(chunks.events);
    for (const used of index.uses(found.ids, columns).values()) {
      const spotted = used.rows;
      if (spotted === undefined) return undefined;
      for (const row of spotted) set.add(chunks.eventsBefore(numberOf(row)) + spotOf(row) - 1);
    }
    return set;
  }

  #anywhere(pattern: Pattern): RowSet | undefined {
    const { index, packed, rows } = this.#file;
    const fields = TEXT_FIELDS.filter((name) => rows.has(name));
    const others = fields.filter((name) => packed?.has(name) !== true);
    // Members of a split command line are found by the line itself.
    const lists = others.filter((field) => FIELDS[field].kind === 'keywords');
    const texts = others.filter((field) => !lists.includes(field));
    const set = this.#withIds(texts.length === 0 ? NO_IDS : index.strings(pattern, QUICK), texts);
    if (set === undefined) return undefined;
    const inLists = this.#withIds(lists.length === 0 ? NO_IDS : index.lists(pattern, QUICK), lists);
    if (inLists === undefined) return undefined;
    set.addAll(inLists);
    for (const field of fields.filter((name) => !others.includes(name))) {
      const found = this.#packed({ type: 'match', field, pattern });
      if (found !== undefined) set.addAll(found);
    }
    return set;
  }
}

const NO_IDS: Ids = { ids: [], exact: true };
const fieldsOf = (field: FieldName, value: EventFields[FieldName]): EventFields =>
  value === undefined ? {} : { [field]: value };
