/** The files of the partitions, by their names. */
import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { eventsFolder, openPath, sealedPath } from './layout.ts';

/** What SQLite may have beside a file in WAL mode. */
const BESIDE = ['', '-wal', '-shm'];
/** Renamed to this, a file is about to be deleted: nobody finds it by its number any more. */
const CUT = '.cut';

/** Which files a partition has. */
export interface PartitionFiles {
  readonly open: boolean;
  readonly sealed: boolean;
}

export function listPartitions(folder: string): ReadonlyMap<number, PartitionFiles> {
  const found = new Map<number, PartitionFiles>();
  for (const name of readdirSync(eventsFolder(folder))) {
    const match = /^(\d{6,15})(\.open)?\.db$/.exec(name);
    if (match === null) continue;
    const number = Number(match[1]);
    const known = found.get(number) ?? { open: false, sealed: false };
    found.set(number, match[2] === undefined ? { ...known, sealed: true } : { ...known, open: true });
  }
  return found;
}

/**
 * Deletes what was left half done: sealed files in the making, logs without their file; what was to be deleted, too,
 * unless the catalogue still counts on it: then it is given its name back.
 */
export function tidy(folder: string, isKnown: (number: number) => boolean): void {
  const events = eventsFolder(folder);
  const names = new Set(readdirSync(events));
  for (const name of names) {
    const path = join(events, name);
    const cut = /^((\d{6,15})(?:\.open)?\.db)\.cut$/.exec(name);
    if (cut !== null && isKnown(Number(cut[2])) && !names.has(cut[1]!))
      renameSync(path, join(events, cut[1]!));
    else if (cut !== null || /^\d{6,15}\.db\.part(?:-journal)?$/.test(name)) rmSync(path, { force: true });
    const log = /^(\d{6,15}\.open\.db)-(?:wal|shm)$/.exec(name);
    if (log !== null && !names.has(log[1]!) && !names.has(log[1]! + CUT)) rmSync(path, { force: true });
  }
}

/** What a partition takes on disk, in bytes. */
export function bytesOf(path: string): number {
  return BESIDE.map((suffix) => statSync(path + suffix, { throwIfNoEntry: false })?.size ?? 0).reduce(
    (sum, size) => sum + size,
  );
}

/** Deletes an open partition's file, after it was sealed. */
export function removeOpen(folder: string, number: number): void {
  removeFile(openPath(folder, number));
}

/** Takes a partition's files out of sight; `removeCut` deletes them. */
export function hide(folder: string, number: number): void {
  for (const path of [sealedPath(folder, number), openPath(folder, number)]) {
    if (statSync(path, { throwIfNoEntry: false }) !== undefined) renameSync(path, path + CUT);
  }
}

export function removeCut(folder: string, number: number): void {
  for (const path of [sealedPath(folder, number), openPath(folder, number)]) {
    rmSync(path + CUT, { force: true });
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
  }
}

/** Deletes a database and what SQLite has beside it. */
export function removeFile(path: string): void {
  for (const suffix of BESIDE) rmSync(path + suffix, { force: true });
}
