/** What a start finds: the catalogue and the files of the partitions are made to agree, whatever happened before. */
import Database from 'better-sqlite3';
import { renameSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import * as v from 'valibot';
import { Catalogue, type CataloguedPartition } from './catalogue.ts';
import { bytesOf, listPartitions, removeFile, removeOpen, tidy, type PartitionFiles } from './files.ts';
import { APPLICATION_ID, cataloguePath, LAYOUT, openPath, PARTITION_EVENTS, sealedPath } from './layout.ts';
import { encodeMinutes } from './minutes.ts';
import { readHead, readTotals, type PartitionHead, type PartitionTotals } from './partition.ts';
import { noteAside } from './set-aside.ts';

export interface Found {
  readonly catalogue: Catalogue;
  /** The partition of this boot that is to be gone on with. */
  readonly open: number | undefined;
  /** What is to be told. */
  readonly said: readonly string[];
}

/**
 * @param log is told of everything that is out of order.
 * @throws StoreError newer or corrupt for the catalogue; SqliteError or a file system error where the disk refuses.
 */
export function recover(folder: string, bootId: string, log: (line: string) => void): Found {
  const { catalogue, said } = openCatalogue(folder);
  try {
    noteAside(folder, catalogue);
    const rows = new Map(catalogue.partitions().map((row) => [row.number, row]));
    tidy(folder, (number) => rows.has(number));
    const files = listPartitions(folder);
    const numbers = [...new Set([...rows.keys(), ...files.keys()])].sort((a, b) => a - b);
    let open: number | undefined;
    for (const number of numbers) {
      const one = new Partition(folder, catalogue, number, rows.get(number));
      const last = number === numbers.at(-1);
      try {
        if (one.settle(files.get(number), last ? bootId : undefined)) open = number;
      } catch (error) {
        if (!isDamage(error) && !isUnreadable(error)) throw error;
        one.damaged(`cannot be read (${error instanceof Error ? error.message : String(error)}).`);
      }
      if (one.problem !== undefined) log(`partition ${number}: ${one.problem}`);
    }
    return { catalogue, open, said };
  } catch (error) {
    catalogue.close();
    throw error;
  }
}

/** A damaged catalogue is put aside; what it said of partitions they say themselves. */
function openCatalogue(folder: string): { catalogue: Catalogue; said: readonly string[] } {
  try {
    const catalogue = new Catalogue(folder);
    try {
      catalogue.partitions();
      catalogue.cuts();
      catalogue.holds();
      return { catalogue, said: [] };
    } catch (error) {
      catalogue.close();
      throw error;
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
    const path = cataloguePath(folder);
    const kept = `${path}.damaged`;
    renameSync(path, kept);
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
    const said = `The catalogue was damaged and was made again from the partitions: what was held, and what was cut before, is not known any more. The damaged file is kept as ${kept}.`;
    return { catalogue: new Catalogue(folder), said: [said] };
  }
}

/** What recovery itself says of a file; it looks again each time, and takes back what is true no more. */
const OURS = /^The file \S+ (?:is|has|cannot|was written) /;

class Partition {
  readonly #folder: string;
  readonly #catalogue: Catalogue;
  readonly #number: number;
  readonly #row: CataloguedPartition | undefined;
  /** A sentence. */
  problem: string | undefined;

  constructor(folder: string, catalogue: Catalogue, number: number, row: CataloguedPartition | undefined) {
    this.#folder = folder;
    this.#catalogue = catalogue;
    this.#number = number;
    this.#row = row;
  }

  /**
   * @param bootId the boot whose partition may be gone on with; undefined where there is a later one.
   * @returns whether that is so. @throws whatever reading meets.
   */
  settle(files: PartitionFiles | undefined, bootId: string | undefined): boolean {
    const row = this.#row;
    if (files === undefined) {
      if (row?.state !== 'damaged') this.damaged('is missing.');
      return false;
    }
    if (row?.state === 'damaged' && !OURS.test(row.problem ?? '')) return false;
    if (files.sealed) {
      this.#settleSealed();
      return false;
    }
    // Its chunks are counted once more when it is sealed.
    if (row?.state === 'full') return false;
    return this.#settleOpen(bootId);
  }

  damaged(what: string): void {
    const isSealed = listPartitions(this.#folder).get(this.#number)?.sealed ?? this.#row?.state === 'sealed';
    const path = (isSealed ? sealedPath : openPath)(this.#folder, this.#number);
    this.problem = `The file ${basename(path)} ${what}`;
    if (this.problem === this.#row?.problem) return;
    this.#catalogue.damaged(this.#number, this.#row?.boot ?? 0, this.problem, bytesOf(path));
  }

  #settleSealed(): void {
    const path = sealedPath(this.#folder, this.#number);
    const bytes = bytesOf(path);
    const row = this.#row;
    if (row?.state === 'sealed' && bytes === row.bytes) {
      removeOpen(this.#folder, this.#number);
      return;
    }
    if (row?.state === 'sealed') return this.damaged(`has ${bytes} bytes and should have ${row.bytes}.`);
    const read = this.#read(path, true, (db) => ({
      head: readHead(db),
      totals: readTotals(db),
      minutes: encodeMinutes(v.parse(v.array(minuteRow), db.prepare('SELECT * FROM main.minute').all())),
    }));
    if (read === undefined) return;
    this.#catalogue.atOnce(() => {
      this.#know(read.head);
      this.#catalogue.sealed(this.#number, { ...read.totals, bytes }, read.minutes);
    });
    removeOpen(this.#folder, this.#number);
  }

  #settleOpen(bootId: string | undefined): boolean {
    const path = openPath(this.#folder, this.#number);
    const read = this.#read(path, false, (db, layout) => {
      const isVoid = db.prepare('SELECT 1 FROM main.sqlite_schema LIMIT 1').get() === undefined;
      return isVoid ? 'void' : { head: readHead(db), totals: readTotals(db), layout };
    });
    if (read === undefined) return false;
    if (read === 'void' || read.totals.events === 0) {
      removeFile(path);
      this.#catalogue.forget(this.#number);
      return false;
    }
    this.#catalogue.atOnce(() => this.#know(read.head));
    const goesOn = read.head.bootId === bootId && read.layout === LAYOUT && isRoomy(read.totals);
    if (goesOn && this.#row?.state !== 'damaged') return true;
    this.#catalogue.full(this.#number, { ...read.totals, bytes: bytesOf(path) });
    return false;
  }

  /** The catalogue has a row of it. */
  #know({ boot, bootId }: PartitionHead): void {
    this.#catalogue.learnBoot(boot, bootId);
    if (this.#catalogue.bootId(boot) !== bootId)
      throw new TypeError(`it is of another boot ${boot} than the other partitions`);
    if (this.#row === undefined || this.#row.boot !== boot) this.#catalogue.opened(this.#number, boot);
  }

  #read<T>(
    path: string,
    readonly: boolean,
    read: (db: Database.Database, layout: number) => T,
  ): T | undefined {
    const db = new Database(path, { readonly, fileMustExist: true, timeout: 5000 });
    try {
      const layout = v.parse(v.number(), db.pragma('user_version', { simple: true }));
      const owner = db.pragma('application_id', { simple: true });
      if (layout > LAYOUT) {
        this.damaged(`was written by a newer Merlon (layout ${layout}; this one knows ${LAYOUT}).`);
        return undefined;
      }
      if (owner !== APPLICATION_ID && (readonly || owner !== 0)) {
        this.damaged('is a database, but not one of Merlon’s.');
        return undefined;
      }
      return read(db, layout);
    } finally {
      db.close();
    }
  }
}

const minuteRow = v.object({ minute: v.nullable(v.number()), action: v.string(), events: v.number() });

const isRoomy = ({ events }: PartitionTotals) => events < PARTITION_EVENTS;

/** Not a disk that refuses, but a file that says nonsense. */
function isDamage(error: unknown): boolean {
  if (error instanceof Database.SqliteError) return /^SQLITE_(CORRUPT|NOTADB|ERROR)/.test(error.code);
  return error instanceof v.ValiError || error instanceof TypeError || error instanceof RangeError;
}

/** Of one file among many: the others work. */
function isUnreadable(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_(CANTOPEN|IOERR|PERM|AUTH)/.test(error.code);
}
