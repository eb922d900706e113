import Database from 'better-sqlite3';
import { closeSync, openSync } from 'node:fs';
import * as v from 'valibot';
import type { Batch } from './batch.ts';
import { ROW_CELLS } from './batch.ts';
import { Chunks, type ChunkRow } from './chunks.ts';
import { storedText, readText } from './dictionary.ts';
import { removeFile } from './files.ts';
import { APPLICATION_ID, LAYOUT, OPEN_SQL, openPath, PARTITION_PAGE_BYTES, stagePath } from './layout.ts';
import { MinuteCounter } from './minute-counter.ts';
import type { MinuteCount } from './minutes.ts';
import { Stage } from './stage.ts';
import type { Dictionaries } from './writing.ts';

/** What a partition says of itself. */
const headRow = v.object({
  number: v.number(),
  boot: v.number(),
  boot_id: v.string(),
  wall_base_ms: v.number(),
});

export interface PartitionHead {
  readonly number: number;
  readonly boot: number;
  readonly bootId: string;
  readonly wallBaseMs: number;
}

/** What a partition holds, as its chunks tell it. Sequences and times are 0 where it has no event. */
const totalsRow = v.object({
  events: v.number(),
  firstSequence: v.number(),
  lastSequence: v.number(),
  firstTimeNs: v.number(),
  lastTimeNs: v.number(),
  firstMs: v.nullable(v.number()),
  lastMs: v.nullable(v.number()),
});
export type PartitionTotals = v.InferOutput<typeof totalsRow>;

const TOTALS_SQL = `
  SELECT coalesce(sum(events), 0) AS events,
    coalesce(min(first_sequence), 0) AS firstSequence, coalesce(max(last_sequence), 0) AS lastSequence,
    coalesce(min(first_time_ns), 0) AS firstTimeNs, coalesce(max(last_time_ns), 0) AS lastTimeNs,
    min(first_ms) AS firstMs, max(last_ms) AS lastMs
  FROM main.chunk`;

/** A row of `chunk` in an open partition; a sealed one has no `uses`. */
export const chunkRow = v.object({
  number: v.number(),
  events: v.number(),
  first_sequence: v.number(),
  last_sequence: v.number(),
  first_time_ns: v.number(),
  last_time_ns: v.number(),
  first_ms: v.nullable(v.number()),
  last_ms: v.nullable(v.number()),
  uses: v.instance(Buffer),
});

/** Texts inserted by one statement: a statement costs more than its values. */
const ROWS_PER_INSERT = 64;
/** The log is moved into the file each time it has so many bytes: some tens of milliseconds on a slow disk. */
const CHECKPOINT_BYTES = 16 << 20;
const CACHE_KIB = 4096;

/** @throws ValiError or SqliteError where the partition is damaged. */
export function readHead(db: Database.Database): PartitionHead {
  const row = v.parse(headRow, db.prepare('SELECT * FROM main.partition').get());
  return { number: row.number, boot: row.boot, bootId: row.boot_id, wallBaseMs: row.wall_base_ms };
}

/** @throws ValiError or SqliteError where the partition is damaged. */
export function readTotals(db: Database.Database): PartitionTotals {
  return v.parse(totalsRow, db.prepare(TOTALS_SQL).get());
}

/** An open partition, written to. One writer at a time. */
export class PartitionWriter {
  readonly head: PartitionHead;
  readonly #db: Database.Database;
  readonly #stage: Stage;
  readonly #chunks = new Chunks();
  readonly #insertRows: Database.Statement<[]>;
  readonly #putChunk: Database.Statement<[ChunkRow]>;
  readonly #strings: TextInserter;
  readonly #lists: TextInserter;
  #totals: PartitionTotals;
  /** Undefined where the partition had events before it was opened. */
  readonly #minutes: MinuteCounter | undefined;
  /** The last batch failed: what is remembered of the table may be ahead of it. */
  #stale = false;

  /** Makes the file. @throws SqliteError or a file system error, also where it exists. */
  static create(folder: string, head: PartitionHead): PartitionWriter {
    const path = openPath(folder, head.number);
    closeSync(openSync(path, 'wx', 0o600)); // SQLite gives its other files the same mode
    let db: Database.Database | undefined;
    try {
      db = new Database(path, { timeout: 5000 });
      configure(db);
      begin(db, head);
      return new PartitionWriter(folder, db);
    } catch (error) {
      db?.close();
      removeFile(path);
      throw error;
    }
  }

  /** Goes on with a file. @throws SqliteError, ValiError or RangeError where it is damaged. */
  static open(folder: string, number: number): PartitionWriter {
    const db = new Database(openPath(folder, number), { timeout: 5000, fileMustExist: true });
    try {
      configure(db);
      return new PartitionWriter(folder, db);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  private constructor(folder: string, db: Database.Database) {
    this.#db = db;
    this.head = readHead(db);
    this.#stage = new Stage(db, stagePath(folder));
    // All columns in their order, so that SQLite may take the rows as they are.
    this.#insertRows = db.prepare('INSERT INTO main.event SELECT * FROM stage.event');
    this.#putChunk = db.prepare(
      `INSERT OR REPLACE INTO main.chunk VALUES (:number, :events, :first_sequence, :last_sequence,
       :first_time_ns, :last_time_ns, :first_ms, :last_ms, :uses)`,
    );
    this.#strings = new TextInserter(db, 'string', storedText);
    this.#lists = new TextInserter(db, 'list', (text) => text);
    this.#totals = this.#load();
    this.#minutes = this.#totals.events === 0 ? new MinuteCounter() : undefined;
  }

  get totals(): PartitionTotals {
    return this.#totals;
  }

  /** Its events by minute and action; undefined where only the file can tell. */
  minutes(): readonly MinuteCount[] | undefined {
    const text = this.#db.prepare<[number]>('SELECT value FROM main.string WHERE id = ?').pluck();
    return this.#minutes?.list((id) => readText(text.get(id)));
  }

  /** Everything in the dictionaries, in the order of the ids. @throws TypeError where they are damaged. */
  dictionaries(): { readonly strings: readonly string[]; readonly lists: readonly string[] } {
    const all = (table: string) =>
      this.#db.prepare(`SELECT value FROM main.${table} ORDER BY id`).pluck().all().map(readText);
    return { strings: all('string'), lists: all('list') };
  }

  /** Begins the dictionaries with what another partition has, for batches that refer to it. @throws SqliteError. */
  begin({ strings, lists }: Dictionaries): void {
    this.#db.transaction(() => {
      this.#strings.insert(strings, 1);
      this.#lists.insert(lists, 1);
    })();
  }

  /**
   * Stores a batch in one transaction: all of it or, when it throws, nothing; it may be tried again then. A batch that
   * is stored already is passed over.
   * @throws SqliteError or a file system error.
   */
  append(batch: Batch): void {
    if (batch.rows === 0) return;
    if (this.#stale) this.#totals = this.#load();
    this.#stale = true;
    const lastSequence = batch.cells[(batch.rows - 1) * ROW_CELLS]!;
    if (this.#totals.events > 0 && lastSequence <= this.#totals.lastSequence) {
      this.#stale = false;
      return;
    }
    this.#stage.fill(batch);
    const chunks = this.#chunks.add(batch);
    try {
      // Deferred: BEGIN IMMEDIATE would write to the stage, too.
      this.#db.exec('BEGIN');
      this.#strings.insert(batch.strings, batch.firstString);
      this.#lists.insert(batch.lists, batch.firstList);
      const { changes } = this.#insertRows.run();
      if (changes !== batch.rows) throw new Error(`${changes} of ${batch.rows} events were copied`);
      for (const chunk of chunks) this.#putChunk.run(chunk);
      this.#db.exec('COMMIT');
    } catch (error) {
      // SQLite rolls back by itself on some errors, a full disk for one.
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
    this.#totals = added(this.#totals, batch, chunks);
    this.#minutes?.add(batch);
    this.#stale = false;
  }

  /** Moves the log into the file, where no reader needs it, and gives the file back. */
  close(): void {
    this.#stage.close();
    this.#db.close();
  }

  #load(): PartitionTotals {
    const last = this.#db.prepare('SELECT * FROM main.chunk ORDER BY number DESC LIMIT 1').get();
    this.#chunks.resume(last === undefined ? undefined : v.parse(chunkRow, last));
    return readTotals(this.#db);
  }
}

function begin(db: Database.Database, head: PartitionHead): void {
  db.transaction(() => {
    db.exec(OPEN_SQL('main'));
    db.prepare('INSERT INTO main.partition VALUES (?, ?, ?, ?)').run(
      ...[head.number, head.boot, head.bootId, head.wallBaseMs],
    );
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${LAYOUT}`);
  })();
}

function configure(db: Database.Database): void {
  db.pragma(`page_size = ${PARTITION_PAGE_BYTES}`);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = NORMAL');
  db.pragma(`wal_autocheckpoint = ${CHECKPOINT_BYTES / PARTITION_PAGE_BYTES}`);
  db.pragma(`cache_size = ${-CACHE_KIB}`);
}

function added(before: PartitionTotals, batch: Batch, chunks: readonly ChunkRow[]): PartitionTotals {
  const first = chunks[0]!;
  const last = chunks.at(-1)!;
  const empty = before.events === 0;
  const times = (pick: (one: ChunkRow) => number | null, known: number | null) =>
    [known, ...chunks.map(pick)].filter((ms) => ms !== null);
  const firsts = times(({ first_ms }) => first_ms, before.firstMs);
  const lasts = times(({ last_ms }) => last_ms, before.lastMs);
  return {
    events: before.events + batch.rows,
    firstSequence: empty ? first.first_sequence : before.firstSequence,
    lastSequence: last.last_sequence,
    firstTimeNs: empty ? first.first_time_ns : before.firstTimeNs,
    lastTimeNs: last.last_time_ns,
    firstMs: firsts.length === 0 ? null : Math.min(...firsts),
    lastMs: lasts.length === 0 ? null : Math.max(...lasts),
  };
}

/** The ids of a batch's texts do not follow those that the file has: what it refers to is not there. */
export class MissingTexts extends Error {
  override name = 'MissingTexts';
}

/** Inserts texts under given ids. */
class TextInserter {
  readonly #one: Database.Statement<(string | Buffer)[]>;
  readonly #many: Database.Statement<(string | Buffer)[]>;
  readonly #last: Database.Statement<[], number>;
  readonly #stored: (text: string) => string | Buffer;

  constructor(db: Database.Database, table: 'string' | 'list', stored: (text: string) => string | Buffer) {
    const insert = (rows: number) =>
      db.prepare<(string | Buffer)[]>(
        `INSERT INTO main.${table} (value) VALUES ${Array(rows).fill('(?)').join(', ')}`,
      );
    this.#one = insert(1);
    this.#many = insert(ROWS_PER_INSERT);
    this.#last = db.prepare<[], number>(`SELECT coalesce(max(id), 0) FROM main.${table}`).pluck();
    this.#stored = stored;
  }

  /**
   * SQLite numbers rows by itself, from the largest on; that it gives the ids that were meant is made sure of. Texts
   * that are there already are passed over: a partition that goes on for a broken one begins with all of them.
   * @throws MissingTexts
   */
  insert(texts: readonly string[], first: number): void {
    if (texts.length === 0) return;
    const last = this.#last.get() ?? 0;
    if (first > last + 1) throw new MissingTexts(`texts ${last + 1} to ${first - 1} are not in the file`);
    for (let at = last + 1 - first; at < texts.length;) {
      const many = at + ROWS_PER_INSERT <= texts.length;
      const count = many ? ROWS_PER_INSERT : 1;
      this.#run(many ? this.#many : this.#one, texts.slice(at, at + count).map(this.#stored), first + at);
      at += count;
    }
  }

  #run(statement: Database.Statement<(string | Buffer)[]>, texts: (string | Buffer)[], first: number): void {
    const { lastInsertRowid } = statement.run(...texts);
    const last = first + texts.length - 1;
    if (lastInsertRowid !== last) throw new Error(`text ${last} got the number ${lastInsertRowid}`);
  }
}
