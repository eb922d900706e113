/**
 * What a person would write in an afternoon: one table with a column for each field, three indexes, and FTS5 with
 * trigrams over what one looks for parts of. Same pragmas and batches as Merlon's store; lists are JSON.
 */
import Database from 'better-sqlite3';
import { statSync } from 'node:fs';
import { COLUMNS } from '../../engine/store/columns.ts';
import type { StoredEvent } from '../../engine/store/contract.ts';

const quoted = (name: string) => `"${name}"`;
const SEARCHED = ['process.command_line', 'process.executable', 'process.name'] as const;

export class PlainStore {
  readonly #path: string;
  readonly #db: Database.Database;
  readonly append: (events: readonly StoredEvent[]) => void;

  constructor(path: string) {
    this.#path = path;
    this.#db = new Database(path);
    this.#db.pragma('journal_mode = WAL');
    this.#db.pragma('synchronous = NORMAL');
    const columns = COLUMNS.map(({ name }) => quoted(name));
    const searched = SEARCHED.map(quoted).join(', ');
    this.#db.exec(`
      CREATE TABLE event (boot, time_ns, sequence, ${columns.join(', ')});
      CREATE INDEX by_name ON event ("process.name");
      CREATE INDEX by_executable ON event ("process.executable");
      CREATE INDEX by_entity ON event ("process.entity_id");
      CREATE VIRTUAL TABLE words USING fts5(${searched}, content='event', tokenize='trigram');
    `);
    const insert = this.#db.prepare(
      `INSERT INTO event VALUES (${Array(COLUMNS.length + 3)
        .fill('?')
        .join(', ')})`,
    );
    const index = this.#db.prepare(`INSERT INTO words (rowid, ${searched}) VALUES (?, ?, ?, ?)`);
    this.append = this.#db.transaction((events: readonly StoredEvent[]) => {
      for (const { cursor, fields } of events) {
        const cells = COLUMNS.map(({ name }) => {
          const value = fields[name];
          if (Array.isArray(value)) return JSON.stringify(value);
          return typeof value === 'boolean' ? Number(value) : (value ?? null);
        });
        const { lastInsertRowid } = insert.run(cursor.boot, cursor.timeNs, cursor.sequence, ...cells);
        index.run(lastInsertRowid, ...SEARCHED.map((name) => fields[name] ?? null));
      }
    });
  }

  /** The sequences of the newest 100 events with a value. */
  newestWith(field: 'process.name' | 'process.executable', value: string): number[] {
    return this.#numbers(
      `SELECT sequence FROM event WHERE ${quoted(field)} = ? ORDER BY rowid DESC LIMIT 100`,
      value,
    );
  }

  /** The same of those with a part of at least three characters. */
  newestContaining(part: string): number[] {
    const sql = `SELECT sequence FROM event WHERE rowid IN
      (SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT 100) ORDER BY rowid DESC`;
    return this.#numbers(sql, `"${part.replaceAll('"', '""')}"`);
  }

  /** How many events a bucket of time had, by action. */
  histogram(fromMs: number, untilMs: number, stepMs: number): unknown[] {
    const sql = `SELECT CAST(("@timestamp" - ?) / ? AS INTEGER) AS bucket, "event.action" AS action, count(*) AS events
      FROM event WHERE "@timestamp" >= ? AND "@timestamp" < ? GROUP BY bucket, action`;
    return this.#db.prepare(sql).all(fromMs, stepMs, fromMs, untilMs);
  }

  #numbers(sql: string, value: string): number[] {
    return this.#db.prepare<[string], number>(sql).pluck().all(value);
  }

  /** @returns bytes on disk. */
  close(): number {
    this.#db.pragma('wal_checkpoint(TRUNCATE)');
    this.#db.close();
    return statSync(this.#path).size;
  }
}
