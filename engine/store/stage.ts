import type Database from 'better-sqlite3';
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { ALL_COLUMNS_SQL, COLUMNS, KEY_COLUMNS } from './columns.ts';
import { RecordEncoder, type Row } from './record.ts';

const PAGE = 65_536;
const LEAF = 0x0d;
const INTERIOR = 0x05;
const LEAF_HEADER = 8;
const INTERIOR_HEADER = 12;
/** The first table that SQLite makes in a new file has its root there. */
const ROOT = 2;
/** So many rows always fit under one root page. */
export const MAX_STAGED_ROWS = 262_144;

/**
 * Hands a batch of rows to SQLite as a database file instead of as parameters. Binding costs 0.1 to 0.25 µs a value,
 * which with some seventy columns is more than everything else together (measured: 55 k against 220 k rows/s). So the
 * rows are written as a table in SQLite's documented file format (https://sqlite.org/fileformat2.html), attached as
 * `stage`, and copied with one INSERT … SELECT, which applies affinities and constraints as ever.
 *
 * SQLite made the file and its schema; `seal` writes the table's pages and raises the file change counter, as another
 * process that writes to a database would. The file holds nothing that matters once a batch is committed.
 */
export class Stage {
  readonly #fd: number;
  readonly #header = Buffer.alloc(PAGE);
  readonly #page = Buffer.alloc(PAGE);
  readonly #root = Buffer.alloc(PAGE);
  readonly #record = new RecordEncoder(KEY_COLUMNS.length + COLUMNS.length);
  #rows = 0;
  #pageRows = 0;
  /** Where the cells of the page begin; they grow downwards. */
  #cells = PAGE;
  #leaves: { readonly page: number; readonly lastRow: number }[] = [];

  /** Makes the file anew and attaches it to `db` as `stage`. */
  constructor(db: Database.Database, path: string) {
    rmSync(path, { force: true });
    db.prepare('ATTACH ? AS stage').run(path);
    db.exec(
      `PRAGMA stage.page_size = ${PAGE}; PRAGMA stage.journal_mode = OFF; PRAGMA stage.synchronous = OFF`,
    );
    db.exec(`CREATE TABLE stage.event (${ALL_COLUMNS_SQL})`);
    this.#fd = openSync(path, 'r+');
    readSync(this.#fd, this.#header, 0, PAGE, 0);
  }

  /** Forgets the rows of the last batch. */
  begin(): void {
    this.#rows = 0;
    this.#leaves = [];
    this.#beginPage();
  }

  /** Adds one row. @throws RangeError past MAX_STAGED_ROWS. */
  add(row: Row): void {
    if (this.#rows >= MAX_STAGED_ROWS)
      throw new RangeError(`a batch holds at most ${MAX_STAGED_ROWS} events`);
    const length = this.#record.encode(row);
    const rowId = this.#rows + 1;
    const cell = sizeOfVarint(length) + sizeOfVarint(rowId) + length;
    if (this.#cells - cell < LEAF_HEADER + 2 * (this.#pageRows + 1)) {
      this.#endPage();
      this.#beginPage();
    }
    this.#cells -= cell;
    let at = writeVarint(this.#page, this.#cells, length);
    at = writeVarint(this.#page, at, rowId);
    this.#record.bytes.copy(this.#page, at, 0, length);
    this.#page.writeUInt16BE(this.#cells, LEAF_HEADER + 2 * this.#pageRows);
    this.#pageRows++;
    this.#rows = rowId;
  }

  /** Writes what `add` left open, so that SQLite sees the batch in its next transaction. */
  seal(): void {
    if (this.#leaves.length === 0) {
      this.#writeLeaf(ROOT);
    } else {
      this.#endPage();
      this.#writeRoot();
    }
    const header = this.#header;
    const change = (header.readUInt32BE(24) + 1) >>> 0;
    header.writeUInt32BE(change, 24);
    header.writeUInt32BE(ROOT + this.#leaves.length, 28);
    header.writeUInt32BE(change, 92);
    this.#write(header, 1);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #beginPage(): void {
    this.#pageRows = 0;
    this.#cells = PAGE;
  }

  #endPage(): void {
    const page = ROOT + 1 + this.#leaves.length;
    this.#writeLeaf(page);
    this.#leaves.push({ page, lastRow: this.#rows });
  }

  #writeLeaf(number: number): void {
    writePageHeader(this.#page, LEAF, this.#pageRows, this.#cells);
    this.#write(this.#page, number);
  }

  #writeRoot(): void {
    const root = this.#root;
    const last = this.#leaves.length - 1;
    let at = PAGE;
    for (let i = 0; i < last; i++) {
      const leaf = this.#leaves[i]!;
      at -= 4 + sizeOfVarint(leaf.lastRow);
      root.writeUInt32BE(leaf.page, at);
      writeVarint(root, at + 4, leaf.lastRow);
      root.writeUInt16BE(at, INTERIOR_HEADER + 2 * i);
    }
    writePageHeader(root, INTERIOR, last, at);
    root.writeUInt32BE(this.#leaves[last]!.page, 8);
    this.#write(root, ROOT);
  }

  #write(page: Buffer, number: number): void {
    let done = 0;
    while (done < PAGE) done += writeSync(this.#fd, page, done, PAGE - done, (number - 1) * PAGE + done);
  }
}

function writePageHeader(page: Buffer, type: number, cells: number, content: number): void {
  page[0] = type;
  page.writeUInt16BE(0, 1);
  page.writeUInt16BE(cells, 3);
  page.writeUInt16BE(content & 0xffff, 5); // 65,536 is written as 0
  page[7] = 0;
}

function sizeOfVarint(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : 3;
}

/** SQLite's varint, most significant seven bits first; values below 2^21. @returns where it ends. */
function writeVarint(page: Buffer, at: number, value: number): number {
  let next = at;
  if (value >= 0x4000) page[next++] = 0x80 | (value >>> 14);
  if (value >= 0x80) page[next++] = 0x80 | ((value >>> 7) & 0x7f);
  page[next++] = value & 0x7f;
  return next;
}
