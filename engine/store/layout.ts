/**
 * What lies in the data folder:
 *
 *     lock.db            held by the engine that uses the folder (lock.ts)
 *     catalogue.db       boots, partitions, cuts and holds: small, and made again from the partitions where it is lost
 *     events/            partitions, numbered in the order of their events
 *       000001.db        sealed: never written again; with the indexes that searching wants
 *       000002.open.db   still written to, or full and waiting to be sealed (WAL: with -wal and -shm beside it)
 *       000001.db.part   a sealed file being made: void
 *       000001.db.damaged  what a salvaged one was made from: kept, and read by nobody
 *       000001.db.cut    about to be deleted: void, unless the catalogue still has the partition
 *     stage.db           void between batches (stage.ts)
 *     backup.part/       a backup being gathered, and salvage.part/ a partition being salvaged: void
 *     set-aside-2026-11-25T10-00-00Z/  what was set aside, a data folder itself, with a record.json; .part: not done yet
 *     reserve            zeros: given up where a full disk has no room to note what is cut
 *
 * Each partition is a database of its own with everything that its events need, so that one can be cut, copied or
 * damaged without the others. It has events of one boot, in the order of (time_ns, sequence): the numbers of rows are
 * the sequences and ascend. `user_version` is LAYOUT, `application_id` APPLICATION_ID.
 */
import { join } from 'node:path';
import { ALL_COLUMNS_SQL, COLUMNS, columnSql } from './columns.ts';

/** 'MRLN': says that an SQLite file is Merlon's. */
export const APPLICATION_ID = 0x4d524c4e;
/**
 * Of partitions; the catalogue has migrations. Layout 1 says of ids in which chunks they are, but not in which rows;
 * up to layout 2 sealed ones have no packs; up to layout 3 there are no columns "merlon.bpf.…". Each new column wants a
 * new layout: a partition is gone on with by those alone that write the same columns.
 */
export const LAYOUT = 4;

/** A partition is full with so many events, or once its dictionary has so many characters. */
export const PARTITION_EVENTS = 262_144;
export const PARTITION_CHARACTERS = 12 << 20;
/** Consecutive events that the index tells of together. */
export const CHUNK_EVENTS = 128;

export const PARTITION_PAGE_BYTES = 16_384;

const COLUMNS_DDL = COLUMNS.map(({ name }) => columnSql(name)).join(', ');

/** The table `event`; also that of the stage, which SQLite copies whole only where both are made alike. */
export const eventTable = (schema: string) =>
  `CREATE TABLE ${schema}.event (sequence INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, ${COLUMNS_DDL})`;

/**
 * An open partition.
 * - `partition`: one row. The wall clock of an event is about `wall_base_ms + time_ns / 1e6` (see Storage, `date`).
 * - `string`: texts as dictionary.ts stores them, `list`: JSON; each once, ids from 1 in the order of first sight.
 * - `chunk`: CHUNK_EVENTS rows each, but for the last. `first_ms`, `last_ms`: smallest and largest `@timestamp`, NULL
 *   where none has one. `uses`: which ids and values its rows have, as uses.ts encodes them; NULL in a sealed
 *   partition, whose table `use` has them all.
 */
export const OPEN_SQL = (schema: string) => `
CREATE TABLE ${schema}.partition (
  number INTEGER NOT NULL,
  boot INTEGER NOT NULL, -- its number in the catalogue, and in cursors
  boot_id TEXT NOT NULL,
  wall_base_ms REAL NOT NULL
) STRICT;
CREATE TABLE ${schema}.string (id INTEGER PRIMARY KEY, value ANY NOT NULL) STRICT;
CREATE TABLE ${schema}.list (id INTEGER PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE ${schema}.chunk (
  number INTEGER PRIMARY KEY, -- from 0
  events INTEGER NOT NULL,
  first_sequence INTEGER NOT NULL,
  last_sequence INTEGER NOT NULL,
  first_time_ns INTEGER NOT NULL,
  last_time_ns INTEGER NOT NULL,
  first_ms REAL,
  last_ms REAL,
  uses BLOB
) STRICT;
${eventTable(schema)};
`;

/**
 * What sealing adds.
 * - `use`: in which chunks a column has an id (or, for the indexed numbers, a value). `column` is its place in the
 *   table `event`, from 0 with the key columns; `chunks` as uses.ts encodes them.
 * - `string_hash`, `list_hash`: ids by `hashText` (hash.ts) of the text with A–Z as a–z, for exact look-ups. Of a list:
 *   each member, once.
 * - `string_trigram`: FTS5, contentless, trigrams of `string` (rowid = id), for parts of three characters and more.
 *   Odd texts (BLOBs) are not in it.
 * - `minute`: how many events of each `event.action` ('' where absent) each minute of the wall clock had: minute 0 is
 *   1970; NULL for events without `@timestamp`.
 * - `pack`: the cells of a column (numbered as in `use`) that has few different ones, as JSON, and in which rows each
 *   is: `rows` names a row of `pack_rows`, which has for each event in their order the place of its cell, as packs.ts
 *   encodes it; NULL where all have the first one. Columns that go together share their rows.
 * - `moment`: `@timestamp` of the rows of a chunk, as packs.ts encodes them; no row where it cannot.
 */
export const SEALED_SQL = `
CREATE TABLE use (id INTEGER NOT NULL, "column" INTEGER NOT NULL, chunks BLOB NOT NULL, PRIMARY KEY (id, "column")) WITHOUT ROWID, STRICT;
CREATE TABLE string_hash (hash INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (hash, id)) WITHOUT ROWID, STRICT;
CREATE TABLE list_hash (hash INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (hash, id)) WITHOUT ROWID, STRICT;
CREATE VIRTUAL TABLE string_trigram USING fts5(value, content='', detail='none', columnsize=0, tokenize='trigram case_sensitive 0');
CREATE TABLE minute (minute INTEGER, action TEXT NOT NULL, events INTEGER NOT NULL) STRICT;
CREATE TABLE pack ("column" INTEGER PRIMARY KEY, cells TEXT NOT NULL, rows INTEGER) STRICT;
CREATE TABLE pack_rows (id INTEGER PRIMARY KEY, cells BLOB NOT NULL) STRICT;
CREATE TABLE moment (chunk INTEGER PRIMARY KEY, us BLOB NOT NULL) STRICT;
`;

/** A place in the table `event`: as `use` counts columns. */
export const columnNumbers: ReadonlyMap<string, number> = new Map(
  ALL_COLUMNS_SQL.split(', ').map((name, number) => [name.replaceAll('"', ''), number]),
);

export const cataloguePath = (folder: string) => join(folder, 'catalogue.db');
export const stagePath = (folder: string) => join(folder, 'stage.db');
export const reservePath = (folder: string) => join(folder, 'reserve');
export const eventsFolder = (folder: string) => join(folder, 'events');

const fileName = (number: number) => String(number).padStart(6, '0');
export const openPath = (folder: string, number: number) =>
  join(eventsFolder(folder), `${fileName(number)}.open.db`);
export const sealedPath = (folder: string, number: number) =>
  join(eventsFolder(folder), `${fileName(number)}.db`);
