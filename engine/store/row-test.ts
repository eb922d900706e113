import type { FieldName } from '../../shared/event.ts';
import { TEXT_FIELDS, toPredicate, type Query } from '../../shared/query.ts';
import { compileNetwork } from '../../shared/query/network.ts';
import { compilePattern, containing } from '../../shared/query/pattern.ts';
import type { RowReader, Selection } from './rows.ts';

/** Whether a row is a match. */
export type RowTest = (row: readonly unknown[]) => boolean;
type TextTest = (text: string) => boolean;

/**
 * The query's predicate over rows as they were selected: reads only the fields that it must, and tests a text of the
 * dictionary once, however many events have it.
 * @param now epoch milliseconds that `now-10m` counts from.
 */
export function rowTest(query: Query, now: number, rows: RowReader, selection: Selection): RowTest {
  const compile = (part: Query) => rowTest(part, now, rows, selection);
  switch (query.type) {
    case 'and': {
      const terms = query.terms.map(compile);
      return (row) => terms.every((term) => term(row));
    }
    case 'or': {
      const terms = query.terms.map(compile);
      return (row) => terms.some((term) => term(row));
    }
    case 'not': {
      const term = compile(query.term);
      return (row) => !term(row);
    }
    case 'anywhere': {
      const test = new Remembered(compilePattern(containing(query.pattern)), rows);
      const terms = TEXT_FIELDS.filter((name) => rows.has(name)).map((name) => test.of(name, selection));
      return (row) => terms.some((term) => term(row));
    }
    case 'match':
      if (!rows.has(query.field)) return () => false;
      return new Remembered(compilePattern(query.pattern), rows).of(query.field, selection);
    case 'network':
      if (!rows.has(query.field)) return () => false;
      return new Remembered(compileNetwork(query.network) ?? (() => false), rows).of(query.field, selection);
    default: {
      const { field } = query;
      const test = toPredicate(query, now);
      return (row) => test({ [field]: selection.read(row, field) });
    }
  }
}

/** A test of texts, and what it said of the dictionary's. */
class Remembered {
  readonly #test: TextTest;
  readonly #rows: RowReader;
  readonly #strings = new Map<number, boolean>();
  readonly #lists = new Map<number, boolean>();
  readonly #lines = new Map<number, boolean>();

  constructor(test: TextTest, rows: RowReader) {
    this.#test = test;
    this.#rows = rows;
  }

  of(name: FieldName, selection: Selection): RowTest {
    const at = selection.place(name);
    const storage = this.#rows.storageOf(name);
    const read = (row: readonly unknown[]) => this.#value(selection.read(row, name));
    switch (storage) {
      case 'string':
        return (row) => {
          const cell = row[at];
          if (cell === null) return false;
          return typeof cell === 'number' ? this.#string(cell) : read(row);
        };
      case 'list':
        return (row) => {
          const cell = row[at];
          if (cell === null) return false;
          return typeof cell === 'number' ? this.#list(cell) : read(row);
        };
      case 'args': {
        const lineAt = selection.place('process.command_line');
        return (row) => {
          const cell = row[at];
          if (cell === null) return false;
          if (typeof cell !== 'number') return read(row);
          if (cell !== 0) return this.#list(cell);
          const line = row[lineAt];
          return typeof line === 'number' ? this.#line(line) : read(row);
        };
      }
      default:
        return read;
    }
  }

  #value(value: unknown): boolean {
    if (typeof value === 'string') return this.#test(value);
    return Array.isArray(value) && value.some((member) => typeof member === 'string' && this.#test(member));
  }

  #string(id: number): boolean {
    return remembered(this.#strings, id, () => this.#test(this.#rows.text(id)));
  }

  #list(id: number): boolean {
    return remembered(this.#lists, id, () => this.#rows.list(id).some(this.#test));
  }

  #line(id: number): boolean {
    return remembered(this.#lines, id, () => this.#rows.text(id).split(' ').some(this.#test));
  }
}

function remembered(known: Map<number, boolean>, id: number, test: () => boolean): boolean {
  let passes = known.get(id);
  if (passes === undefined) known.set(id, (passes = test()));
  return passes;
}
