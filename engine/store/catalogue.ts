import Database from 'better-sqlite3';
import { closeSync, openSync } from 'node:fs';
import * as v from 'valibot';
import type { Cut, Hold } from './contract.ts';
import { cataloguePath } from './layout.ts';
import { migrate, mustBeOurs } from './migrate.ts';
import type { PartitionTotals } from './partition.ts';

const partitionRow = v.object({
  number: v.number(),
  boot: v.number(),
  state: v.picklist(['open', 'full', 'sealed', 'damaged']),
  problem: v.nullable(v.string()),
  events: v.number(),
  bytes: v.number(),
  firstSequence: v.nullable(v.number()),
  lastSequence: v.nullable(v.number()),
  firstTimeNs: v.nullable(v.number()),
  lastTimeNs: v.nullable(v.number()),
  firstMs: v.nullable(v.number()),
  lastMs: v.nullable(v.number()),
});
/** What the catalogue says of a partition; of an open one it does not know how much is in it. */
export type CataloguedPartition = v.InferOutput<typeof partitionRow>;

export const cutRow = v.object({
  atMs: v.number(),
  reason: v.picklist(['age', 'size', 'disk_full', 'wiped', 'damaged', 'set_aside']),
  boot: v.number(),
  events: v.nullable(v.number()),
  bytes: v.number(),
  firstMs: v.nullable(v.number()),
  lastMs: v.nullable(v.number()),
  folder: v.nullable(v.string()),
  why: v.nullable(v.string()),
});

const bootRow = v.object({ number: v.number(), bootId: v.string() });

const holdRow = v.object({
  id: v.string(),
  reason: v.string(),
  boot: v.number(),
  firstSequence: v.number(),
  lastSequence: v.number(),
});

const SPANS = `first_sequence AS firstSequence, last_sequence AS lastSequence, first_time_ns AS firstTimeNs,
  last_time_ns AS lastTimeNs, first_ms AS firstMs, last_ms AS lastMs`;

/** What a partition is known to hold, with its size on disk. */
export type Sized = PartitionTotals & { readonly bytes: number };

/** catalogue.db, as the one thread that writes to it sees it. Every method throws SqliteError where the disk refuses. */
export class Catalogue {
  readonly #db: Database.Database;

  /**
   * Opens it, made or brought up to date where needed.
   * @throws StoreError newer, corrupt (another program's); SqliteError also where it is damaged.
   */
  constructor(folder: string) {
    const path = cataloguePath(folder);
    closeSync(openSync(path, 'a', 0o600)); // SQLite gives its other files the same mode
    this.#db = new Database(path, { timeout: 5000 });
    try {
      mustBeOurs(this.#db, path); // before anything is changed
      this.#db.pragma('journal_mode = WAL');
      this.#db.pragma('synchronous = FULL'); // what is held or cut is said once
      migrate(this.#db);
      // Small: everything in it is looked at once, so that damage shows at the start.
      const sound: unknown = this.#db.pragma('integrity_check(1)', { simple: true });
      if (sound !== 'ok') throw new Database.SqliteError(String(sound), 'SQLITE_CORRUPT');
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  close(): void {
    this.#db.close();
  }

  /** Does everything in it or nothing. */
  atOnce(act: () => void): void {
    this.#db.transaction(act).immediate();
  }

  /** The number of a boot, given where it is new: in the order of first sight. */
  bootNumber(bootId: string): number {
    this.#db.prepare('INSERT OR IGNORE INTO boot (boot_id) VALUES (?)').run(bootId);
    return v.parse(
      v.number(),
      this.#db.prepare('SELECT number FROM boot WHERE boot_id = ?').pluck().get(bootId),
    );
  }

  /** Undefined where no boot has that number. */
  bootId(number: number): string | undefined {
    const bootId = this.#db.prepare('SELECT boot_id FROM boot WHERE number = ?').pluck().get(number);
    return v.parse(v.optional(v.string()), bootId);
  }

  /** In the order of their numbers. */
  boots(): readonly { readonly number: number; readonly bootId: string }[] {
    return this.#db
      .prepare('SELECT number, boot_id AS bootId FROM boot ORDER BY number')
      .all()
      .map((row) => v.parse(bootRow, row));
  }

  /** Takes over what is known of a boot elsewhere, where the catalogue does not know it. */
  learnBoot(number: number, bootId: string): void {
    this.#db.prepare('INSERT OR IGNORE INTO boot (number, boot_id) VALUES (?, ?)').run(number, bootId);
  }

  /** In the order of their numbers, which is that of their events. */
  partitions(): readonly CataloguedPartition[] {
    return this.#db
      .prepare(`SELECT number, boot, state, problem, events, bytes, ${SPANS} FROM partition ORDER BY number`)
      .all()
      .map((row) => v.parse(partitionRow, row));
  }

  /** A partition that is written to from now on. */
  opened(number: number, boot: number): void {
    this.#db
      .prepare(`INSERT OR REPLACE INTO partition (number, boot, state) VALUES (?, ?, 'open')`)
      .run(number, boot);
  }

  /** It is written to no more. */
  full(number: number, sized: Sized): void {
    this.#know(number, 'full', sized, null);
  }

  sealed(number: number, sized: Sized, minutes: Uint8Array): void {
    this.#know(number, 'sealed', sized, Buffer.from(minutes));
  }

  /** It cannot be read, or not whole. What was known of it stays, but for what it takes on disk. */
  damaged(number: number, boot: number, problem: string, bytes: number): void {
    this.#db
      .prepare(
        `INSERT INTO partition (number, boot, state, problem, bytes) VALUES (:number, :boot, 'damaged', :problem, :bytes)
         ON CONFLICT (number) DO UPDATE SET state = 'damaged', problem = :problem, bytes = :bytes`,
      )
      .run({ number, boot, problem, bytes });
  }

  /** There is no such partition. */
  forget(number: number): void {
    this.#db.prepare('DELETE FROM partition WHERE number = ?').run(number);
  }

  recordCut(cut: Cut): void {
    this.#db
      .prepare(
        `INSERT INTO cut (at_ms, reason, boot, events, bytes, first_ms, last_ms, folder, why)
         VALUES (:atMs, :reason, :boot, :events, :bytes, :firstMs, :lastMs, :folder, :why)`,
      )
      .run(cut);
  }

  /** Newest first. */
  cuts(): readonly Cut[] {
    return this.#db
      .prepare(
        `SELECT at_ms AS atMs, reason, boot, events, bytes, first_ms AS firstMs, last_ms AS lastMs, folder, why
         FROM cut ORDER BY at_ms DESC, id DESC`,
      )
      .all()
      .map((row) => v.parse(cutRow, row));
  }

  holds(): readonly Hold[] {
    return this.#db
      .prepare(
        `SELECT id, reason, boot, first_sequence AS firstSequence, last_sequence AS lastSequence
         FROM hold ORDER BY id`,
      )
      .all()
      .map((row) => v.parse(holdRow, row));
  }

  hold(hold: Hold): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO hold VALUES (:id, :reason, :boot, :firstSequence, :lastSequence)')
      .run(hold);
  }

  release(id: string): void {
    this.#db.prepare('DELETE FROM hold WHERE id = ?').run(id);
  }

  #know(number: number, state: 'full' | 'sealed', sized: Sized, minutes: Buffer | null): void {
    const { changes } = this.#db
      .prepare(
        `UPDATE partition SET state = :state, problem = NULL, events = :events, bytes = :bytes,
         first_sequence = :firstSequence, last_sequence = :lastSequence, first_time_ns = :firstTimeNs,
         last_time_ns = :lastTimeNs, first_ms = :firstMs, last_ms = :lastMs, minutes = :minutes
         WHERE number = :number`,
      )
      .run({ ...sized, number, state, minutes });
    if (changes !== 1) throw new Error(`the catalogue does not know partition ${number}`);
  }
}
