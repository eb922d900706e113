/**
 * A backup is a tar file of what lies in the data folder: unpacked into an empty folder, it is a store. Everything is
 * first gathered in a folder of its own, within a moment and without holding anybody up: sealed partitions as hard
 * links, since they never change and may be cut meanwhile, what is written to as consistent copies. Then it is copied.
 */
import Database from 'better-sqlite3';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import * as v from 'valibot';
import type { Breath } from './breath.ts';
import type { BackupReport } from './choring.ts';
import { StoreError, storeError } from './error.ts';
import { cataloguePath, eventsFolder, openPath, sealedPath } from './layout.ts';
import { linkOrCopy } from './link.ts';
import { readTotals } from './partition.ts';
import { readSealed, sync } from './seal.ts';
import { TarWriter } from './tar.ts';

/** Where a backup is gathered, in the data folder; void where none is under way. A name that no person gives. */
export const gatheringFolder = (folder: string) => join(folder, 'backup.part');

/** Partitions are sealed and cut at any moment: so often is the catalogue looked at anew. */
const ATTEMPTS = 8;
/** The files are a moment ahead of the catalogue, which the disk has to write. */
const MOMENT_MS = 50;

const partitionRow = v.object({
  number: v.number(),
  state: v.picklist(['open', 'full', 'sealed', 'damaged']),
  events: v.number(),
});
type PartitionRow = v.InferOutput<typeof partitionRow>;

/** A partition that is neither here nor there: the catalogue that was read is out of date. */
class Moved extends Error {}

/**
 * Writes everything that is committed into `file`, for its owner alone.
 * @throws StoreError failed: where the file exists, there is no space for it, or it cannot be written. Nothing is left
 * of it then, nor where `breath` ends it.
 */
export function backUp(folder: string, file: string, breath: Breath): BackupReport {
  if (existsSync(file))
    throw new StoreError('failed', `${file} exists already. Choose another name, or delete it first.`);
  const gathered = gatheringFolder(folder);
  rmSync(gathered, { recursive: true, force: true }); // of an engine that was killed
  try {
    const { names, events } = gather(folder, gathered, breath);
    return { bytes: write(gathered, names, file, breath), events };
  } finally {
    rmSync(gathered, { recursive: true, force: true });
  }
}

interface Gathered {
  /** What lies in the folder, in the order in which it is to be copied. */
  readonly names: readonly string[];
  readonly events: number;
}

function gather(folder: string, to: string, breath: Breath): Gathered {
  for (let attempt = 1; ; attempt++) {
    breath.turn();
    mkdirSync(eventsFolder(to), { recursive: true, mode: 0o700 });
    try {
      return gatherOnce(folder, to, breath.pause);
    } catch (error) {
      rmSync(to, { recursive: true, force: true });
      if (!(error instanceof Moved) || attempt === ATTEMPTS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, MOMENT_MS);
    }
  }
}

function gatherOnce(folder: string, to: string, pause: () => void): Gathered {
  const catalogue = cataloguePath(to);
  copyDatabase(cataloguePath(folder), catalogue);
  const db = new Database(catalogue);
  try {
    const partitions = db
      .prepare('SELECT number, state, events FROM partition ORDER BY number')
      .all()
      .map((row) => v.parse(partitionRow, row));
    const names = [cataloguePath('')];
    let events = 0;
    for (const partition of partitions) {
      pause();
      events += gatherPartition(folder, to, partition, db, names);
    }
    return { names, events };
  } finally {
    db.close();
  }
}

/** @returns how many events it has. */
function gatherPartition(
  folder: string,
  to: string,
  { number, state, events }: PartitionRow,
  catalogue: Database.Database,
  names: string[],
): number {
  const take = (path: string) => {
    link(join(folder, path), join(to, path));
    names.push(path);
  };
  const [sealed, open] = [sealedPath('', number), openPath('', number)];
  if (state === 'damaged') {
    // As it lies there, so that what can be salvaged still can be.
    for (const path of [sealed, open, `${open}-wal`]) if (existsSync(join(folder, path))) take(path);
    return 0;
  }
  if (existsSync(join(folder, sealed))) {
    take(sealed);
    if (state === 'sealed') return events;
    // Sealed since the catalogue was read, or before the catalogue was told.
    const facts = readSealed(join(to, sealed));
    catalogue
      .prepare(
        `UPDATE partition SET state = 'sealed', events = :events, bytes = :bytes, first_sequence = :firstSequence,
         last_sequence = :lastSequence, first_time_ns = :firstTimeNs, last_time_ns = :lastTimeNs,
         first_ms = :firstMs, last_ms = :lastMs, minutes = :minutes WHERE number = :number`,
      )
      .run({ ...facts, number });
    return facts.events;
  }
  if (!existsSync(join(folder, open))) throw new Moved(`partition ${number} is gone`);
  copyDatabase(join(folder, open), join(to, open));
  names.push(open);
  const copy = new Database(join(to, open), { readonly: true });
  try {
    return readTotals(copy).events;
  } finally {
    copy.close();
  }
}

/** A consistent copy of a database that others write to. */
function copyDatabase(from: string, to: string): void {
  closeSync(openSync(to, 'wx', 0o600)); // SQLite would let others read it
  let db: Database.Database | undefined;
  try {
    db = new Database(from, { readonly: true, fileMustExist: true, timeout: 5000 });
    db.prepare('VACUUM INTO ?').run(to);
  } catch (error) {
    throw existsSync(from) ? storeError(error, from) : new Moved(from);
  } finally {
    db?.close();
  }
}

function link(from: string, to: string): void {
  try {
    linkOrCopy(from, to);
  } catch (error) {
    throw codeOf(error) === 'ENOENT' ? new Moved(from) : error;
  }
}

/** @returns the size of the file. */
function write(from: string, names: readonly string[], file: string, breath: Breath): number {
  const total = names.reduce((sum, name) => sum + statSync(join(from, name)).size, 0);
  const part = `${file}.part`;
  try {
    const target = resolve(dirname(file));
    const { bavail, bsize } = statfsSync(target);
    if (bavail * bsize < total) throw new StoreError('failed', noSpace(file, total, bavail * bsize));
    rmSync(part, { force: true });
    const tar = new TarWriter(part);
    try {
      tar.addFolder(eventsFolder(''));
      for (const name of names) {
        breath.turn();
        tar.addFile(name, join(from, name), () => {
          breath.pause();
          breath.progress(tar.bytes / total);
        });
      }
      tar.finish();
    } finally {
      tar.close();
    }
    renameSync(part, file);
    sync(target);
    return tar.bytes;
  } catch (error) {
    rmSync(part, { force: true });
    throw said(error, file);
  }
}

const noSpace = (file: string, needed: number, free: number) =>
  `There is no space for the backup ${file}: it takes ${mib(needed)} MiB, and ${mib(free)} MiB are free. Choose another disk.`;
const mib = (bytes: number) => Math.ceil(bytes / 2 ** 20);

/** What the file system said of the backup as a StoreError; others as they are. */
function said(error: unknown, file: string): unknown {
  const code = codeOf(error);
  if (!(error instanceof Error) || error instanceof StoreError || code === '') return error;
  const cause = { cause: error };
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
    return new StoreError(
      'failed',
      `There is no space for the backup ${file} (${error.message}). Choose another disk.`,
      cause,
    );
  return new StoreError('failed', `The backup ${file} could not be written (${error.message}).`, cause);
}

const codeOf = (error: unknown) =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
