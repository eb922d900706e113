import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { eventsFolder, openPath, PARTITION_PAGE_BYTES, sealedPath } from './layout.ts';
import { PartitionWriter } from './partition.ts';
import { sealPartition } from './seal.ts';

/** Fields of the header: https://sqlite.org/fileformat2.html#the_database_header */
const PAGES_AT = 28;
const FREE_PAGES_AT = 32;

/**
 * A copy of a partition's file with a new first page. That page says where each table begins, and without it nothing
 * can be read; since all tables are made before their first row, it is the same in every partition of one layout.
 * @param workshop a folder where it may make files.
 * @returns the path of the copy. @throws SqliteError or a file system error where it cannot be written.
 */
export function withNewFirstPage(source: string, sealed: boolean, workshop: string): string {
  const copy = join(workshop, 'copy.db');
  for (const suffix of ['', '-wal'])
    if (existsSync(source + suffix)) copyFileSync(source + suffix, copy + suffix);
  const page = firstPage(sealed, join(workshop, 'template'));
  page.writeUInt32BE(Math.floor(statSync(copy).size / PARTITION_PAGE_BYTES), PAGES_AT);
  page.writeBigUInt64BE(0n, FREE_PAGES_AT); // their list and their number
  const file = openSync(copy, 'r+');
  try {
    writeSync(file, page, 0, page.length, 0);
  } finally {
    closeSync(file);
  }
  return copy;
}

function firstPage(sealed: boolean, folder: string): Buffer {
  mkdirSync(eventsFolder(folder), { recursive: true, mode: 0o700 });
  PartitionWriter.create(folder, { number: 1, boot: 1, bootId: '', wallBaseMs: 0 }).close();
  if (sealed) sealPartition(folder, { number: 1 });
  const file = openSync((sealed ? sealedPath : openPath)(folder, 1), 'r');
  try {
    const page = Buffer.alloc(PARTITION_PAGE_BYTES);
    readSync(file, page, 0, page.length, 0);
    return page;
  } finally {
    closeSync(file);
  }
}
