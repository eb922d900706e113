import type Database from 'better-sqlite3';
import { formatCursor, type Event, type EventFields, type FieldName } from '../../shared/event.ts';
import { COLUMNS, KEY_COLUMNS } from './columns.ts';
import { readText } from './dictionary.ts';
import { readList } from './terms.ts';

const MAX_CACHED = 20_000;
const MAX_CACHED_CHARACTERS = 4 << 20;

/** Turns rows of `event`, columns as in ALL_COLUMNS_SQL, back into events. */
export class RowReader {
  readonly #strings: Cached<string>;
  readonly #lists: Cached<readonly string[]>;

  constructor(db: Database.Database) {
    const value = (table: string) =>
      db.prepare<[number]>(`SELECT value FROM main.${table} WHERE id = ?`).pluck();
    const string = value('string');
    const list = value('list');
    this.#strings = new Cached(
      (id) => readText(string.get(id)),
      (text) => text.length,
    );
    this.#lists = new Cached(
      (id) => readList(list.get(id)),
      (members) => members.reduce((sum, member) => sum + member.length, 0),
    );
  }

  /** @throws TypeError where the row is none of ours: the database is damaged. */
  eventOf(row: unknown): Event {
    if (!Array.isArray(row)) throw new TypeError('a row of events is no list');
    const cells: readonly unknown[] = row;
    const [boot, timeNs, sequence] = cells;
    if (typeof boot !== 'number' || typeof timeNs !== 'number' || typeof sequence !== 'number') {
      throw new TypeError('an event has no place');
    }
    const fields: Partial<Record<FieldName, EventFields[FieldName]>> = {};
    COLUMNS.forEach(({ name, kind }, i) => {
      const cell = cells[KEY_COLUMNS.length + i];
      if (cell === null) return;
      if (typeof cell !== 'number') throw new TypeError(`${name} of an event is no number`);
      if (kind === 'long' || kind === 'date') fields[name] = cell;
      else if (kind === 'boolean') fields[name] = cell === 1;
      else if (kind === 'keywords') fields[name] = this.#lists.get(cell);
      else fields[name] = this.#strings.get(cell);
    });
    // The loop above gave each field a value of its kind, which a record over all names cannot say.
    return { cursor: formatCursor({ boot, timeNs, sequence }), fields: fields as EventFields };
  }
}

/** A bounded cache of dictionary entries, emptied when it is full. */
class Cached<T> {
  readonly #load: (id: number) => T;
  readonly #sizeOf: (value: T) => number;
  readonly #values = new Map<number, T>();
  #characters = 0;

  constructor(load: (id: number) => T, sizeOf: (value: T) => number) {
    this.#load = load;
    this.#sizeOf = sizeOf;
  }

  get(id: number): T {
    const known = this.#values.get(id);
    if (known !== undefined) return known;
    const value = this.#load(id);
    if (this.#values.size >= MAX_CACHED || this.#characters >= MAX_CACHED_CHARACTERS) {
      this.#values.clear();
      this.#characters = 0;
    }
    this.#values.set(id, value);
    this.#characters += this.#sizeOf(value);
    return value;
  }
}
