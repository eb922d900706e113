import type Database from 'better-sqlite3';
import type { Cursor, EventFields, FieldName } from '../../shared/event.ts';
import { ALL_COLUMNS_SQL, COLUMNS, KEY_COLUMNS } from './columns.ts';
import { Dictionary } from './dictionary.ts';
import { Stage } from './stage.ts';
import { Stretches } from './stretches.ts';

/** An event with its place in the order of all events. */
export interface StoredEvent {
  readonly cursor: Cursor;
  readonly fields: Readonly<EventFields>;
}

const FIRST = KEY_COLUMNS.length;
type Cell = EventFields[FieldName];

/**
 * Copies an event's values into `cells`, in the order of the columns. Written out and compiled, since each place that
 * reads a property remembers the shapes it has met: 0.3 µs an event, where a loop over names takes 4 µs and one over
 * the event's own keys 2 µs. The source is made of our own field names and nothing else.
 */
// eslint-disable-next-line @typescript-eslint/no-implied-eval -- see above
const copyCells = new Function(
  'fields',
  'cells',
  COLUMNS.map(({ name }, i) => `cells[${i}] = fields[${JSON.stringify(name)}];`).join('\n'),
) as (fields: Readonly<EventFields>, cells: Cell[]) => void;

/** Appends batches; one transaction each. */
export class Writer {
  readonly #db: Database.Database;
  readonly #strings: Dictionary;
  readonly #lists: Dictionary;
  /** Ids of frozen lists by identity: the same few constants come with every event. */
  #frozenLists = new WeakMap<readonly string[], number>();
  readonly #cells: Cell[] = COLUMNS.map(() => undefined);
  readonly #lastTexts: (string | undefined)[] = COLUMNS.map(() => undefined);
  readonly #lastIds: number[] = COLUMNS.map(() => 0);
  readonly #stage: Stage;
  readonly #stretches: Stretches;
  /** The last batch failed: what caches learnt from it is not in the database. */
  #stale = false;
  readonly #begin: Database.Statement<[]>;
  readonly #commit: Database.Statement<[]>;
  readonly #insert: Database.Statement<[]>;
  readonly #row: (number | undefined)[] = Array.from({ length: FIRST + COLUMNS.length }, () => undefined);

  constructor(db: Database.Database, stagePath: string) {
    this.#db = db;
    this.#strings = new Dictionary(db, 'string');
    this.#lists = new Dictionary(db, 'list');
    this.#stretches = new Stretches(db);
    this.#stage = new Stage(db, stagePath);
    // Deferred: BEGIN IMMEDIATE would look at the stage, too, before it is sealed. There is no other writer.
    this.#begin = db.prepare('BEGIN');
    this.#commit = db.prepare('COMMIT');
    this.#insert = db.prepare(
      `INSERT INTO main.event (${ALL_COLUMNS_SQL}) SELECT ${ALL_COLUMNS_SQL} FROM stage.event`,
    );
  }

  get stretches(): Stretches {
    return this.#stretches;
  }

  /**
   * Stores all events or, when it throws, none.
   * @throws SqliteError, a file system error, or RangeError for a batch of more than MAX_STAGED_ROWS.
   */
  append(events: readonly StoredEvent[]): void {
    if (events.length === 0) return;
    if (this.#stale) this.#forget();
    try {
      this.#begin.run();
      this.#stage.begin();
      for (const event of events) this.#stage.add(this.#rowOf(event));
      this.#strings.flush();
      this.#lists.flush();
      this.#stage.seal();
      const { changes } = this.#insert.run();
      if (changes !== events.length) throw new Error(`${changes} of ${events.length} events were copied`);
      this.#stretches.add(events);
      this.#commit.run();
    } catch (error) {
      // SQLite rolls back by itself on some errors, a full disk for one.
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
      this.#stale = true;
      throw error;
    }
    this.#stretches.keep();
  }

  /** Drops what was remembered of a batch that was rolled back. */
  #forget(): void {
    this.#strings.forget();
    this.#lists.forget();
    this.#frozenLists = new WeakMap();
    this.#lastTexts.fill(undefined);
    this.#stale = false;
  }

  close(): void {
    this.#stage.close();
  }

  #rowOf({ cursor, fields }: StoredEvent): readonly (number | undefined)[] {
    const row = this.#row;
    row[0] = cursor.boot;
    row[1] = cursor.timeNs;
    row[2] = cursor.sequence;
    const cells = this.#cells;
    copyCells(fields, cells);
    for (let i = 0; i < cells.length; i++) {
      const value = cells[i];
      if (value === undefined || typeof value === 'number') row[FIRST + i] = value;
      else if (typeof value === 'string') row[FIRST + i] = this.#idOfText(value, i);
      else if (typeof value === 'boolean') row[FIRST + i] = value ? 1 : 0;
      else row[FIRST + i] = this.#idOfList(value);
    }
    return row;
  }

  /** Most columns repeat what the last event said there. */
  #idOfText(text: string, column: number): number | undefined {
    if (this.#lastTexts[column] === text) return this.#lastIds[column];
    const id = this.#strings.idOf(text);
    this.#lastTexts[column] = text;
    this.#lastIds[column] = id;
    return id;
  }

  #idOfList(list: readonly string[]): number {
    const known = this.#frozenLists.get(list);
    if (known !== undefined) return known;
    const id = this.#lists.idOf(JSON.stringify(list));
    if (Object.isFrozen(list)) this.#frozenLists.set(list, id);
    return id;
  }
}
