/**
 * Puts what can be read of damaged partitions into new files: row by row, around what cannot be read. A new file is
 * complete before it takes the place of the damaged one, which is kept beside it as NNNNNN.db.damaged.
 */
import Database from 'better-sqlite3';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { EventFields } from '../../shared/event.ts';
import type { Breath } from './breath.ts';
import { COLUMNS } from './columns.ts';
import type { StoredEvent } from './contract.ts';
import { Encoder } from './encoder.ts';
import { APPLICATION_ID, cataloguePath, eventsFolder, LAYOUT, openPath, sealedPath } from './layout.ts';
import { withNewFirstPage } from './first-page.ts';
import { linkOrCopy } from './link.ts';
import { PartitionWriter, readHead, type PartitionHead } from './partition.ts';
import { isUnreadable, readable, readOn, type Span } from './readable.ts';
import { RowReader } from './rows.ts';
import { sealPartition, sync, type SealedFacts } from './seal.ts';

/** What became of one damaged partition. */
export interface Salvaged {
  readonly number: number;
  readonly saved: number;
  /** Events that could not be read; null where nobody knows how many there were. */
  readonly lost: number | null;
  /** Values of saved events that could not be read, and are absent now. */
  readonly dropped: number;
  /** Of the sealed file that is there now; null where nothing could be read, and all is as it was. */
  readonly facts: SealedFacts | null;
}

const BATCH = 1000;

/** Where salvage works, in the data folder; void where none is under way. */
export const salvageFolder = (folder: string) => join(folder, 'salvage.part');

/** @throws SqliteError or a file system error where the new files cannot be written. */
export function salvagePartitions(
  folder: string,
  numbers: readonly number[],
  { pause, progress, turn }: Breath,
): readonly Salvaged[] {
  return numbers.map((number, i) => {
    turn();
    const told = (done: number) => progress((i + done) / numbers.length);
    return salvagePartition(folder, number, pause, told);
  });
}

function salvagePartition(
  folder: string,
  number: number,
  pause: () => void,
  progress: (done: number) => void,
): Salvaged {
  const workshop = salvageFolder(folder);
  rmSync(workshop, { recursive: true, force: true });
  mkdirSync(eventsFolder(workshop), { recursive: true, mode: 0o700 });
  try {
    const found = damagedFile(folder, number);
    const source = found === undefined || isNewer(found) ? undefined : found;
    const known = cataloguedSpan(folder, number);
    const copy = (from: string) => copyOut(from, workshop, number, known, pause, progress);
    const isSealed = source === sealedPath(folder, number);
    const copied =
      source === undefined ? undefined : (copy(source) ?? copy(withNewFirstPage(source, isSealed, workshop)));
    if (source === undefined || copied === undefined || copied.saved === 0)
      return { number, saved: 0, lost: known?.events ?? null, dropped: 0, facts: null };
    const facts = sealPartition(workshop, { number }, pause);
    putInPlace(folder, number, source, sealedPath(workshop, number));
    const { saved, dropped, expected } = copied;
    const lost = expected === null ? null : Math.max(0, expected - saved);
    return { number, saved, lost, dropped, facts };
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

function damagedFile(folder: string, number: number): string | undefined {
  return [sealedPath(folder, number), openPath(folder, number)].find((path) => existsSync(path));
}

/** What a newer Merlon wrote is for that one to read: this one would leave out what it does not know. */
function isNewer(path: string): boolean {
  const db = new Database(path, { readonly: true });
  try {
    const [owner, layout] = ['application_id', 'user_version'].map((name) =>
      db.pragma(name, { simple: true }),
    );
    return owner === APPLICATION_ID && typeof layout === 'number' && layout > LAYOUT;
  } catch (error) {
    if (isUnreadable(error)) return false;
    throw error;
  } finally {
    db.close();
  }
}

function putInPlace(folder: string, number: number, damaged: string, salvaged: string): void {
  const sealed = sealedPath(folder, number);
  let kept = `${sealed}.damaged`;
  for (let i = 2; existsSync(kept); i++) kept = `${sealed}.damaged-${i}`;
  // One of the two is in its place at any moment, should the engine be killed.
  for (const suffix of ['', '-wal'])
    if (existsSync(damaged + suffix)) linkOrCopy(damaged + suffix, kept + suffix);
  renameSync(salvaged, sealed);
  for (const suffix of ['', '-wal', '-shm'])
    if (damaged !== sealed || suffix !== '') rmSync(damaged + suffix, { force: true });
  sync(eventsFolder(folder));
}

const spanRow = v.object({ first: v.number(), last: v.number(), events: v.number() });
type KnownSpan = Span & { readonly events: number };

function spanOf(db: Database.Database, sql: string, ...params: number[]): KnownSpan | undefined {
  try {
    const row = v.safeParse(spanRow, db.prepare(sql).get(...params));
    return row.success && row.output.events > 0 ? row.output : undefined;
  } catch (error) {
    if (error instanceof Database.SqliteError) return undefined; // one of several places to ask
    throw error;
  }
}

/** What the catalogue says of a partition, if it does. */
function cataloguedSpan(folder: string, number: number): KnownSpan | undefined {
  const path = cataloguePath(folder);
  if (!existsSync(path)) return undefined;
  const db = new Database(path, { readonly: true });
  try {
    const sql =
      'SELECT first_sequence AS first, last_sequence AS last, events FROM partition WHERE number = ?';
    return spanOf(db, sql, number);
  } finally {
    db.close();
  }
}

interface Copied {
  readonly saved: number;
  readonly dropped: number;
  readonly expected: number | null;
}

/** Copies what can be read into an open partition. @returns undefined where the file cannot be used at all. */
function copyOut(
  source: string,
  workshop: string,
  number: number,
  known: KnownSpan | undefined,
  pause: () => void,
  progress: (done: number) => void,
): Copied | undefined {
  const db = new Database(source, { readonly: true });
  try {
    readOn(db);
    const reader = readerOf(db);
    if (reader === undefined) return undefined;
    const { rows, head } = reader;
    const span =
      known ??
      spanOf(
        db,
        'SELECT min(first_sequence) AS first, max(last_sequence) AS last, sum(events) AS events FROM chunk',
      ) ??
      spanOf(db, 'SELECT min(sequence) AS first, max(sequence) AS last, count(*) AS events FROM event');
    if (span === undefined) return undefined;
    const writer = PartitionWriter.create(workshop, { ...head, number });
    try {
      const encoder = new Encoder(head);
      const lenient = new LenientReader(db, rows);
      let batch: StoredEvent[] = [];
      const flush = () => {
        writer.append(encoder.encode(batch));
        batch = [];
      };
      for (const row of readable(db, `SELECT ${rows.all.columns} FROM event`, span)) {
        const event = lenient.eventOf(row);
        if (event === undefined) continue;
        batch.push(event);
        if (batch.length < BATCH) continue;
        flush();
        pause();
        progress((event.cursor.sequence - span.first) / (span.last - span.first + 1));
      }
      flush();
      return { saved: writer.totals.events, dropped: lenient.dropped, expected: span.events };
    } finally {
      writer.close();
    }
  } finally {
    db.close();
  }
}

/** Undefined where the file does not even say whose it is. */
function readerOf(db: Database.Database): { rows: RowReader; head: PartitionHead } | undefined {
  try {
    return { rows: new RowReader(db), head: readHead(db) };
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}

/** Reads events without the values that cannot be read. */
class LenientReader {
  readonly #rows: RowReader;
  readonly #fields: readonly {
    readonly fieldsOf: (row: unknown) => EventFields;
    readonly get: Database.Statement;
  }[];
  #last = { sequence: -Infinity, timeNs: -Infinity };
  dropped = 0;

  constructor(db: Database.Database, rows: RowReader) {
    this.#rows = rows;
    this.#fields = COLUMNS.filter(({ name }) => rows.has(name)).map(({ name }) => {
      const { columns, fieldsOf } = rows.selection([name]);
      return { fieldsOf, get: db.prepare(`SELECT ${columns} FROM event WHERE sequence = ?`).raw() };
    });
  }

  /** Undefined where the row says no place, or one out of order. */
  eventOf(row: unknown): StoredEvent | undefined {
    const cells: readonly unknown[] = Array.isArray(row) ? row : [];
    const [sequence, timeNs] = cells;
    if (typeof sequence !== 'number' || typeof timeNs !== 'number') return undefined;
    if (sequence <= this.#last.sequence || timeNs < this.#last.timeNs) return undefined;
    this.#last = { sequence, timeNs };
    return { cursor: { boot: this.#rows.boot, timeNs, sequence }, fields: this.#fieldsOf(row, sequence) };
  }

  #fieldsOf(row: unknown, sequence: number): EventFields {
    try {
      return this.#rows.all.fieldsOf(row);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
    }
    let fields: EventFields = {};
    for (const { get, fieldsOf } of this.#fields) {
      try {
        fields = { ...fields, ...fieldsOf(get.get(sequence)) };
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        this.dropped++;
      }
    }
    return fields;
  }
}
