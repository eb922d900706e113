import type Database from 'better-sqlite3';
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { MAX_BATCH_EVENTS, MS_CELL, ROW_CELLS, type Batch } from './batch.ts';
import { eventTable } from './layout.ts';
import { RecordEncoder } from './record.ts';

const PAGE = 65_536;
const LEAF = 0x0d;
const INTERIOR = 0x05;
const LEAF_HEADER = 8;
const INTERIOR_HEADER = 12;
/** The first table that SQLite makes in a new file has its root there. */
const ROOT = 2;

/**
 * Hands a batch of rows to SQLite as a database file instead of as parameters. Binding costs 0.1 to 0.25 µs a value,
 * which with some seventy columns is more than everything else together (measured: 55 k against 220 k rows/s). So the
 * rows are written as a table in SQLite's documented file format (https://sqlite.org/fileformat2.html), attached as
 * `stage`, and copied with one INSERT … SELECT *, which moves whole rows as they are (the transfer optimisation: both
 * tables are made alike).
 *
 * SQLite made the file and its schema; `fill` writes the table's pages and raises the file change counter, as another
 * process that writes to a database would. The file holds nothing that matters once a batch is committed.
 */
export class Stage {
  readonly #fd: number;
  readonly #header = Buffer.alloc(PAGE);
  readonly #page = Buffer.alloc(PAGE);
  readonly #root = Buffer.alloc(PAGE);
  readonly #record = new RecordEncoder(MS_CELL);
  #pageRows = 0;
  /** Where the cells of the page begin; they grow downwards. */
  #cells = PAGE;
  #leaves: { readonly page: number; readonly lastRow: number }[] = [];

  /** Makes the file anew, closed to other users, and attaches it to `db` as `stage`. */
  constructor(db: Database.Database, path: string) {
    rmSync(path, { force: true });
    this.#fd = openSync(path, 'wx+', 0o600);
    try {
      db.prepare('ATTACH ? AS stage').run(path);
      db.exec(
        `PRAGMA stage.page_size = ${PAGE}; PRAGMA stage.journal_mode = OFF; PRAGMA stage.synchronous = OFF`,
      );
      db.exec(eventTable('stage'));
      readSync(this.#fd, this.#header, 0, PAGE, 0);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /**
   * Writes a batch, so that SQLite sees it in its next transaction; the one before is forgotten. The numbers of rows
   * must ascend.
   * @throws RangeError past MAX_BATCH_EVENTS, or a file system error.
   */
  fill({ cells, rows, texts }: Pick<Batch, 'cells' | 'rows' | 'texts'>): void {
    if (rows > MAX_BATCH_EVENTS) throw new RangeError(`a batch holds at most ${MAX_BATCH_EVENTS} events`);
    this.#leaves = [];
    this.#beginPage();
    this.#record.begin(texts);
    let lastRow = 0;
    for (let row = 0, at = 0; row < rows; row++, at += ROW_CELLS) {
      this.#record.encode(cells, at);
      const { headerBytes, bodyBytes } = this.#record;
      const sequence = cells[at]!;
      const length = headerBytes + bodyBytes;
      const cell = sizeOfVarint(length) + sizeOfVarint(sequence) + length;
      if (this.#cells - cell < LEAF_HEADER + 2 * (this.#pageRows + 1)) {
        this.#endPage(lastRow);
        this.#beginPage();
      }
      this.#add(sequence, cell, length);
      lastRow = sequence;
    }
    this.#seal(lastRow);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #add(sequence: number, cell: number, length: number): void {
    const { header, headerBytes, body, bodyBytes } = this.#record;
    const page = this.#page;
    this.#cells -= cell;
    let at = writeVarint(page, this.#cells, length);
    at = writeVarint(page, at, sequence);
    header.copy(page, at, 0, headerBytes);
    body.copy(page, at + headerBytes, 0, bodyBytes);
    page.writeUInt16BE(this.#cells, LEAF_HEADER + 2 * this.#pageRows);
    this.#pageRows++;
  }

  #seal(lastRow: number): void {
    if (this.#leaves.length === 0) {
      this.#writeLeaf(ROOT);
    } else {
      this.#endPage(lastRow);
      this.#writeRoot();
    }
    const header = this.#header;
    const change = (header.readUInt32BE(24) + 1) >>> 0;
    header.writeUInt32BE(change, 24);
    header.writeUInt32BE(ROOT + this.#leaves.length, 28);
    header.writeUInt32BE(change, 92);
    this.#write(header, 1);
  }

  #beginPage(): void {
    this.#pageRows = 0;
    this.#cells = PAGE;
  }

  #endPage(lastRow: number): void {
    const page = ROOT + 1 + this.#leaves.length;
    this.#writeLeaf(page);
    this.#leaves.push({ page, lastRow });
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
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

/** SQLite's varint, most significant seven bits first; values below 2^56. @returns where it ends. */
function writeVarint(page: Buffer, at: number, value: number): number {
  const end = at + sizeOfVarint(value);
  let rest = value;
  for (let i = end - 1; i >= at; i--) {
    page[i] = (rest % 0x80) | (i === end - 1 ? 0 : 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return end;
}
