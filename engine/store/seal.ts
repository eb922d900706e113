/**
 * Makes an immutable file of a full partition: its tables copied as they are, and the indexes that searching wants,
 * which cost less made at once, in the order of their keys, than row by row as events come in.
 */
import Database from 'better-sqlite3';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import * as v from 'valibot';
import { readText } from './dictionary.ts';
import { hashText } from './hash.ts';
import { invertUses } from './invert.ts';
import {
  APPLICATION_ID,
  eventsFolder,
  LAYOUT,
  openPath,
  PARTITION_PAGE_BYTES,
  SEALED_SQL,
  sealedPath,
} from './layout.ts';
import { countMinutes } from './minute-counts.ts';
import { packEvents } from './packing.ts';
import { encodeMinutes, type MinuteCount } from './minutes.ts';
import { readTotals, type PartitionTotals } from './partition.ts';
import { readList } from './terms.ts';

/** What the catalogue says of a sealed partition. */
export interface SealedFacts extends PartitionTotals {
  /** What the file takes on disk. */
  readonly bytes: number;
  /** Its table `minute`, as the catalogue's column `minutes` has it. */
  readonly minutes: Buffer;
}

/** A partition to be sealed. */
export interface FullPartition {
  readonly number: number;
  /** What its table `minute` has to say, where the writer has counted it. */
  readonly minutes?: readonly MinuteCount[] | undefined;
}

const minuteRow = v.object({ minute: v.nullable(v.number()), action: v.string(), events: v.number() });
/** The table `use` says what the chunks used. */
const CHUNK_COLUMNS =
  'number, events, first_sequence, last_sequence, first_time_ns, last_time_ns, first_ms, last_ms, NULL';

const CACHE_KIB = 2048;
/** Words of the trigram index are gathered in memory up to so many bytes, so that little is merged afterwards. */
const FTS_HASH_BYTES = 4 << 20;
const STRINGS_AT_ONCE = 8192;
const ROWS_PER_INSERT = 32;

/**
 * Seals partition `number`: makes NNNNNN.db of NNNNNN.open.db, which stays. Interrupted at any point, it leaves
 * nothing but NNNNNN.db.part, which counts for nothing.
 * @param pause called often; whatever it throws ends the work.
 * @throws SqliteError, a file system error, RangeError or TypeError where the open partition is damaged.
 */
export function sealPartition(
  folder: string,
  { number, minutes }: FullPartition,
  pause: () => void = () => {},
): SealedFacts {
  const sealed = sealedPath(folder, number);
  const part = `${sealed}.part`;
  rmSync(part, { force: true });
  try {
    closeSync(openSync(part, 'wx', 0o600)); // SQLite would make it readable by others where the umask lets it
    const built = build(part, openPath(folder, number), minutes, pause);
    sync(part);
    const bytes = statSync(part).size;
    renameSync(part, sealed);
    sync(eventsFolder(folder));
    return { ...built, bytes };
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

function build(
  part: string,
  open: string,
  counted: readonly MinuteCount[] | undefined,
  pause: () => void,
): Omit<SealedFacts, 'bytes'> {
  const db = new Database(part);
  try {
    db.pragma(`page_size = ${PARTITION_PAGE_BYTES}`);
    db.pragma('journal_mode = OFF');
    db.pragma('synchronous = OFF');
    db.pragma('main.locking_mode = EXCLUSIVE'); // not of the open partition, which the reader reads, too
    db.pragma(`cache_size = -${CACHE_KIB}`);
    statSync(open); // else SQLite would make it
    db.prepare('ATTACH ? AS open').run(open);
    db.pragma(`open.cache_size = -${CACHE_KIB}`);
    db.exec('BEGIN');
    const layout = v.parse(v.number(), db.pragma('open.user_version', { simple: true }));
    makeTables(db);
    copy(db, pause);
    const totals = readTotals(db);
    writeUses(db, layout, pause);
    writeHashes(db, pause);
    writeTrigrams(db, pause);
    const minutes = counted ?? minutesOf(db, pause);
    writeMinutes(db, minutes);
    packEvents(db, wallBaseOf(db), pause);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${LAYOUT}`);
    db.exec('COMMIT');
    return { ...totals, minutes: encodeMinutes(minutes) };
  } finally {
    db.close();
  }
}

/** Makes the tables as the file has them, which another version may have made: first, so that their roots come first. */
function makeTables(db: Database.Database): void {
  const tables = db
    .prepare(`SELECT sql FROM open.sqlite_schema WHERE type = 'table' ORDER BY rowid`)
    .pluck()
    .all();
  for (const sql of tables) db.exec(v.parse(v.string(), sql));
  db.exec(SEALED_SQL);
}

/** Tables that are made alike are copied record by record, without a look inside. */
function copy(db: Database.Database, pause: () => void): void {
  for (const table of ['partition', 'string', 'list', 'event']) {
    db.exec(`INSERT INTO main.${table} SELECT * FROM open.${table}`);
    pause();
  }
  db.exec(`INSERT INTO main.chunk SELECT ${CHUNK_COLUMNS} FROM open.chunk`);
}

function writeUses(db: Database.Database, layout: number, pause: () => void): void {
  const uses = db.prepare<[number]>('SELECT uses FROM open.chunk WHERE number = ?').pluck();
  const chunks = db.prepare<[], number>('SELECT count(*) FROM open.chunk').pluck().get() ?? 0;
  const insert = (rows: number) =>
    db.prepare<(number | Buffer)[]>(`INSERT INTO use VALUES ${Array(rows).fill('(?, ?, ?)').join(', ')}`);
  const many = insert(ROWS_PER_INSERT);
  const one = insert(1);
  const usesOf = (chunk: number) => {
    const bytes = uses.get(chunk);
    if (!Buffer.isBuffer(bytes)) throw new TypeError(`chunk ${chunk} has no uses`);
    return bytes;
  };
  let row: (number | Buffer)[] = [];
  for (const use of invertUses(chunks, layout, usesOf)) {
    row.push(...use);
    if (row.length < 3 * ROWS_PER_INSERT) continue;
    many.run(...row);
    row = [];
    pause();
  }
  for (let i = 0; i < row.length; i += 3) one.run(...row.slice(i, i + 3));
}

/** SQLite sorts, beside a file where there are many. */
function writeHashes(db: Database.Database, pause: () => void): void {
  db.function('hash_of', (stored) => hashText(readText(stored)));
  db.exec('INSERT INTO string_hash SELECT hash_of(value), id FROM main.string ORDER BY 1, 2');
  pause();
  db.table('members', {
    parameters: ['list'],
    columns: ['hash'],
    *rows(list: unknown) {
      for (const hash of new Set(readList(list).map(hashText))) yield [hash];
    },
  });
  db.exec(
    'INSERT INTO list_hash SELECT members.hash, list.id FROM main.list, members(list.value) ORDER BY 1, 2',
  );
  pause();
}

function writeTrigrams(db: Database.Database, pause: () => void): void {
  db.exec(
    `INSERT INTO string_trigram (string_trigram, rank) VALUES ('hashsize', ${FTS_HASH_BYTES}), ('automerge', 0)`,
  );
  const last = db.prepare<[], number>('SELECT coalesce(max(id), 0) FROM main.string').pluck().get() ?? 0;
  const insert = db.prepare<[number, number]>(
    `INSERT INTO string_trigram (rowid, value)
     SELECT id, value FROM main.string WHERE id > ? AND id <= ? AND typeof(value) = 'text'`,
  );
  for (let id = 0; id < last; id += STRINGS_AT_ONCE) {
    insert.run(id, id + STRINGS_AT_ONCE);
    pause();
  }
  db.exec(`INSERT INTO string_trigram (string_trigram) VALUES ('optimize')`);
  pause();
}

function wallBaseOf(db: Database.Database): number {
  const base: unknown = db.prepare('SELECT wall_base_ms FROM main.partition').pluck().get();
  if (typeof base !== 'number') throw new TypeError('a partition does not say when it began');
  return base;
}

function minutesOf(db: Database.Database, pause: () => void): readonly MinuteCount[] {
  const text = db.prepare<[number]>('SELECT value FROM main.string WHERE id = ?').pluck();
  return countMinutes(db, wallBaseOf(db), (id) => readText(text.get(id)), pause);
}

function writeMinutes(db: Database.Database, minutes: readonly MinuteCount[]): void {
  const insert = db.prepare<[number | null, string, number]>('INSERT INTO minute VALUES (?, ?, ?)');
  for (const { minute, action, events } of minutes) insert.run(minute, action, events);
}

/** The same of a file that is sealed already. @throws SqliteError, ValiError or TypeError where it is damaged. */
export function readSealed(path: string): SealedFacts {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  try {
    const minutes = db
      .prepare('SELECT minute, action, events FROM minute')
      .all()
      .map((row) => v.parse(minuteRow, row));
    return { ...readTotals(db), bytes: statSync(path).size, minutes: encodeMinutes(minutes) };
  } finally {
    db.close();
  }
}

/** Has a file, or what a folder names, written to the disk. */
export function sync(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
