import Database from 'better-sqlite3';
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Cursor, Event, EventFields } from '../../shared/event.ts';
import { Checkpointing } from './checkpointing.ts';
import { StoreError, storeError } from './error.ts';
import { lockFolder } from './lock.ts';
import { migrate } from './migrate.ts';
import type { Page, PageRequest } from './pages.ts';
import { Reading } from './reading.ts';
import { Writer, type StoredEvent } from './writer.ts';

export { StoreError, type StoreErrorCode } from './error.ts';
export type { Page, PageRequest } from './pages.ts';
export type { StoredEvent } from './writer.ts';

const FILE_NAME = 'events.db';
/** Fewer, larger pages: rows are a few hundred bytes and come in batches. Fixed when the file is made. */
const PAGE_BYTES = 16_384;
/** The write-ahead log is cut back to this once it was checkpointed. */
const WAL_BYTES_KEPT = 64 << 20;
/**
 * Past this the appending thread moves what the checkpointing one has just left over: a log that is in the database
 * whole begins anew with the next append, and only the thread that appends can see to it without a wait. (RESTART in
 * the other thread holds the writer's lock meanwhile: appends waited up to 6 s for it, measured in a storm.)
 */
const WAL_BYTES_LONG = 128 << 20;
/** Past this the appending thread checkpoints by itself: the thread that should have has failed. */
const WAL_BYTES_MOST = 1 << 30;

/** Everything that happened, on disk. Events are never changed. */
export interface Store {
  /** The number of a boot in this database: stable, ascending in the order of first sight. @throws StoreError */
  bootNumber(bootId: string): number;
  /** The largest sequence stored for a boot; 0 where there is none. @throws StoreError */
  lastSequence(boot: number): number;
  /**
   * Stores a batch in one transaction, on the calling thread: all of it, or, when it throws, nothing; the store stays
   * usable. Lists that are frozen (Object.freeze) and come again and again are recognised without a look inside.
   * @throws StoreError, also where an event's cursor is taken.
   */
  append(events: readonly StoredEvent[]): void;
  /** One page, found in a thread of its own. @param signal gives it up; the promise rejects with its reason. */
  page(request: Omit<PageRequest, 'now'> & { readonly now?: number }, signal?: AbortSignal): Promise<Page>;
  get(cursor: Cursor): Promise<Event | undefined>;
  /** The newest value of every field that the last 64 events of a process have; undefined where there are none. */
  process(entityId: string, signal?: AbortSignal): Promise<EventFields | undefined>;
  /** Exact and immediate. `bytes` is what the database takes on disk; `oldest` is in epoch milliseconds. */
  stats(): {
    readonly path: string;
    readonly bytes: number;
    readonly events: number;
    readonly oldest: number | null;
  };
  /** Ends reading and writing and gives the database back; idempotent. */
  close(): Promise<void>;
}

/**
 * Opens the database in a folder (made where it is missing, closed to other users) and brings it up to date. One
 * process at a time: the folder stays locked until `close` or the end of the process, however it ends.
 * @throws StoreError in_use, newer, corrupt, read_only, failed.
 */
export function openStore(folder: string): Store {
  const path = join(folder, FILE_NAME);
  const umask = process.umask(0o077);
  let release: (() => void) | undefined;
  let db: Database.Database | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
    release = lockFolder(folder);
    db = openDatabase(path);
    const writer = new Writer(db, join(folder, 'stage.db'));
    return new SqliteStore(path, db, writer, release);
  } catch (error) {
    db?.close();
    release?.();
    throw storeError(error, path);
  } finally {
    process.umask(umask);
  }
}

function openDatabase(path: string): Database.Database {
  const db = new Database(path, { timeout: 5000 });
  try {
    db.pragma(`page_size = ${PAGE_BYTES}`);
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    db.pragma(`journal_size_limit = ${WAL_BYTES_KEPT}`);
    db.pragma(`wal_autocheckpoint = ${WAL_BYTES_MOST / PAGE_BYTES}`);
    migrate(db, path);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

class SqliteStore implements Store {
  readonly #path: string;
  readonly #db: Database.Database;
  readonly #writer: Writer;
  readonly #release: () => void;
  readonly #reading: Reading;
  readonly #checkpointing: Checkpointing;
  #open = true;

  constructor(path: string, db: Database.Database, writer: Writer, release: () => void) {
    this.#path = path;
    this.#db = db;
    this.#writer = writer;
    this.#release = release;
    this.#reading = new Reading(path);
    this.#checkpointing = new Checkpointing(path, (pages) => {
      if (this.#open && pages * PAGE_BYTES > WAL_BYTES_LONG) this.#db.pragma('wal_checkpoint(PASSIVE)');
    });
  }

  bootNumber(bootId: string): number {
    return this.#guarded(() => {
      this.#db.prepare('INSERT OR IGNORE INTO main.boot (boot_id) VALUES (?)').run(bootId);
      return this.#numberFrom('SELECT number FROM main.boot WHERE boot_id = ?', bootId);
    });
  }

  lastSequence(boot: number): number {
    const sql = 'SELECT coalesce(max(last_sequence), 0) FROM main.stretch WHERE boot = ?';
    return this.#guarded(() => this.#numberFrom(sql, boot));
  }

  append(events: readonly StoredEvent[]): void {
    this.#guarded(() => this.#writer.append(events));
  }

  page(request: Omit<PageRequest, 'now'> & { readonly now?: number }, signal?: AbortSignal): Promise<Page> {
    return this.#reading.ask({ ask: 'page', request: { now: Date.now(), ...request } }, signal);
  }

  get(cursor: Cursor): Promise<Event | undefined> {
    return this.#reading.ask({ ask: 'get', cursor });
  }

  process(entityId: string, signal?: AbortSignal): Promise<EventFields | undefined> {
    return this.#reading.ask({ ask: 'process', entityId, now: Date.now() }, signal);
  }

  stats() {
    const bytes = ['', '-wal', '-shm']
      .map((suffix) => statSync(this.#path + suffix, { throwIfNoEntry: false })?.size ?? 0)
      .reduce((sum, size) => sum + size, 0);
    const { events, oldest } = this.#writer.stretches;
    return { path: this.#path, bytes, events, oldest };
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#reading.close();
    await this.#checkpointing.close();
    this.#writer.close();
    this.#db.close();
    this.#release();
  }

  #numberFrom(sql: string, param: string | number): number {
    const value = this.#db.prepare(sql).pluck().get(param);
    if (typeof value !== 'number')
      throw new StoreError('failed', `The database ${this.#path} gave no number.`);
    return value;
  }

  #guarded<T>(use: () => T): T {
    if (!this.#open) throw new StoreError('failed', 'The database is closed.');
    try {
      return use();
    } catch (error) {
      throw storeError(error, this.#path);
    }
  }
}
