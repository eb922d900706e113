import type Database from 'better-sqlite3';
import * as v from 'valibot';
import { FIELDS, formatCursor, type Event, type EventFields, type FieldName } from '../../shared/event.ts';
import { COLUMNS, columnSql, KEY_COLUMNS, type Column, type Storage } from './columns.ts';
import { dateOfCell, momentUs } from './dates.ts';
import { entityIdOf, entityPrefix } from './derived.ts';
import { readText } from './dictionary.ts';
import { readList } from './terms.ts';
import { TextCache } from './text-cache.ts';

type Cells = readonly unknown[];
type Value = EventFields[FieldName];
type Reader = (cells: Cells) => Value | undefined;

const partitionRow = v.object({ boot: v.number(), boot_id: v.string(), wall_base_ms: v.number() });

/** Kept for the next question. */
const MOST_SELECTIONS = 32;

/** Which other cells a cell needs to be understood. */
const NEEDS: Partial<Record<Column['storage'], readonly FieldName[]>> = {
  date: ['process.entity_id'],
  process: ['process.pid'],
  parent: ['process.parent.pid'],
  pid: ['process.pid'],
  args_count: ['process.args', 'process.command_line'],
  args: ['process.command_line'],
};

/** Reads some fields of rows that were selected with `columns`. */
export interface Selection {
  /** What to select, as a list in SQL: `sequence` comes first. */
  readonly columns: string;
  /** @throws TypeError or SyntaxError where the row is none of ours: the database is damaged. */
  readonly fieldsOf: (row: unknown) => EventFields;
  /** One field. @throws as `fieldsOf`; also where it was not selected. */
  readonly read: (row: readonly unknown[], name: FieldName) => Value | undefined;
  /** Where a column is in a row; below 0 where it was not selected. */
  readonly place: (name: FieldName) => number;
}

/**
 * Turns rows of a partition's table `event` back into events, exactly as they were appended. Columns are found by
 * their names in the partition's own table: one that another version made may have fewer, or others.
 */
export class RowReader {
  /** Every field, for `eventOf`. */
  readonly all: Selection;
  readonly boot: number;
  readonly bootId: string;
  readonly #wallBaseMs: number;
  readonly #prefix: string;
  /** By name, from 0 with the key columns. */
  readonly #names: ReadonlyMap<unknown, number>;
  readonly #string: (id: number) => string;
  readonly #list: (id: number) => readonly string[];
  /** By the names of their fields: the same few are asked for again and again. */
  readonly #selections = new Map<string, Selection>();

  /** @throws TypeError, ValiError or SqliteError where the partition is damaged. */
  constructor(db: Database.Database, cache = new TextCache()) {
    const partition = v.parse(partitionRow, db.prepare('SELECT * FROM main.partition').get());
    this.boot = partition.boot;
    this.bootId = partition.boot_id;
    this.#wallBaseMs = partition.wall_base_ms;
    this.#prefix = entityPrefix(partition.boot_id);
    const names = db.prepare(`SELECT name FROM pragma_table_info('event', 'main')`).pluck().all();
    this.#names = new Map(names.map((name, number) => [name, number]));
    const value = (table: string) =>
      db.prepare<[number]>(`SELECT value FROM main.${table} WHERE id = ?`).pluck();
    const string = value('string');
    const list = value('list');
    this.#string = cache.over(
      (id) => readText(string.get(id)),
      (text) => text.length,
    );
    this.#list = cache.over(
      (id) => Object.freeze(readList(list.get(id))),
      (members) => members.reduce((sum, member) => sum + member.length + 16, 0),
    );
    this.all = this.selection(COLUMNS.map(({ name }) => name));
  }

  has(name: FieldName): boolean {
    return this.#names.has(name);
  }

  storageOf(name: FieldName): Storage | undefined {
    return this.has(name) ? columnOf(name).storage : undefined;
  }

  /** The column's place in the partition's table, as its index counts. */
  columnNumber(name: FieldName): number | undefined {
    return this.#names.get(name);
  }

  /** The text of an id. @throws TypeError where there is none. */
  text(id: number): string {
    return this.#string(id);
  }

  list(id: number): readonly string[] {
    return this.#list(id);
  }

  /** @param row selected with `all.columns`. @throws as `fieldsOf`. */
  eventOf(row: unknown): Event {
    const [sequence, timeNs] = cellsOf(row);
    if (typeof sequence !== 'number' || typeof timeNs !== 'number')
      throw new TypeError('an event has no place');
    const cursor = formatCursor({ boot: this.boot, timeNs, sequence });
    return { cursor, fields: this.all.fieldsOf(row) };
  }

  /** Reads these fields and no others, as far as the partition has them. */
  selection(names: readonly FieldName[]): Selection {
    const key = names.join();
    let known = this.#selections.get(key);
    if (known === undefined) {
      if (this.#selections.size === MOST_SELECTIONS) this.#selections.clear();
      this.#selections.set(key, (known = this.#select(names)));
    }
    return known;
  }

  #select(names: readonly FieldName[]): Selection {
    const wanted = COLUMNS.filter(({ name }) => names.includes(name) && this.#names.has(name));
    const selected: FieldName[] = wanted.map(({ name }) => name);
    for (const { storage } of wanted)
      for (const need of NEEDS[storage] ?? [])
        if (this.#names.has(need) && !selected.includes(need)) selected.push(need);
    const place = (name: FieldName) => {
      const at = selected.indexOf(name);
      return at < 0 ? -1 : KEY_COLUMNS.length + at;
    };
    const readers = wanted.map((column) => [column.name, this.#reader(column, place)] as const);
    const byName = new Map(readers);
    const columns = [...KEY_COLUMNS, ...selected.map(columnSql)].join(', ');
    const fieldsOf = (row: unknown): EventFields => {
      const cells = cellsOf(row);
      const fields: Partial<Record<FieldName, Value>> = {};
      for (const [name, read] of readers) {
        const value = read(cells);
        if (value !== undefined) fields[name] = value;
      }
      // Each reader gives a value of its field's kind, which a record over all names cannot say.
      return fields as EventFields;
    };
    const read = (row: Cells, name: FieldName) => {
      if (!this.#names.has(name)) return undefined;
      const reader = byName.get(name);
      if (reader === undefined) throw new TypeError(`${name} was not selected`);
      return reader(row);
    };
    return { columns, fieldsOf, read, place };
  }

  /** @param place where a column's cell is; below 0 where the partition does not have it. */
  #reader(column: Column, place: (name: FieldName) => number): Reader {
    const at = place(column.name);
    const plain = this.#plainReader(column, place);
    return (cells) => {
      const cell = cells[at];
      if (cell === null) return undefined;
      if (typeof cell === 'number') return plain(cell, cells);
      return oddValue(cell, column.name);
    };
  }

  #plainReader(
    { name, storage }: Column,
    place: (name: FieldName) => number,
  ): (cell: number, cells: Cells) => Value {
    const pid = place('process.pid');
    switch (storage) {
      case 'long':
        return (cell) => cell;
      case 'boolean':
        return (cell) => cell === 1;
      case 'string':
        return (cell) => this.#string(cell);
      case 'list':
        return (cell) => this.#list(cell);
      case 'date': {
        const start = name === 'process.start' ? place('process.entity_id') : -1;
        return (cell, cells) => {
          const since = start < 0 ? 0 : Math.max(0, numberAt(cells, start));
          return dateOfCell(cell, momentUs(this.#wallBaseMs, numberAt(cells, 1) - since));
        };
      }
      case 'process':
      case 'parent': {
        const own = storage === 'process' ? pid : place('process.parent.pid');
        return (cell, cells) =>
          cell < 0
            ? this.#string(-cell)
            : entityIdOf(this.#prefix, numberAt(cells, own), numberAt(cells, 1) - cell);
      }
      case 'boot':
        return (cell) => (cell === 0 ? this.bootId : this.#string(cell));
      case 'sequence':
        return (cell, cells) => numberAt(cells, 0) + cell;
      case 'pid':
        return (cell, cells) => numberAt(cells, pid) + cell;
      case 'args_count': {
        const args = this.#names.has('process.args')
          ? this.#reader(columnOf('process.args'), place)
          : () => undefined;
        return (cell, cells) => {
          const list = args(cells);
          return (Array.isArray(list) ? list.length : 0) + cell;
        };
      }
      case 'args': {
        const line = place('process.command_line');
        return (cell, cells) =>
          cell === 0 ? this.#string(numberAt(cells, line)).split(' ') : this.#list(cell);
      }
    }
  }
}

/** The cells of a row that was selected as a list. @throws TypeError where it is none. */
export function cellsOf(row: unknown): Cells {
  if (!Array.isArray(row)) throw new TypeError('a row of the database is no list');
  return row;
}

function columnOf(name: FieldName): Column {
  const column = COLUMNS.find((one) => one.name === name);
  if (column === undefined) throw new TypeError(`there is no column ${name}`);
  return column;
}

/** 0 where the cell is absent or odd, as what encodes takes it, too. */
function numberAt(cells: Cells, at: number): number {
  const cell = cells[at];
  if (typeof cell === 'number') return cell;
  if (typeof cell !== 'string') return 0;
  const value: unknown = JSON.parse(cell);
  return typeof value === 'number' ? value : 0;
}

/** The value of a cell that is JSON. */
function oddValue(cell: unknown, name: FieldName): Value {
  const value: unknown = typeof cell === 'string' ? JSON.parse(cell) : undefined;
  const { kind } = FIELDS[name];
  switch (kind) {
    case 'long':
    case 'date':
      if (typeof value === 'number') return value;
      break;
    case 'boolean':
      if (typeof value === 'boolean') return value;
      break;
    case 'keyword':
    case 'ip':
      if (typeof value === 'string') return value;
      break;
    case 'keywords':
      return readList(cell);
  }
  throw new TypeError(`${name} of an event is no ${kind}`);
}
