/** Reads everything there is in the data folder, and says in plain sentences what is wrong with it. */
import Database from 'better-sqlite3';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import * as v from 'valibot';
import type { Breath } from './breath.ts';
import { checkPartition, countReadable } from './check-partition.ts';
import type { CheckReport, Finding } from './contract.ts';
import { APPLICATION_ID, cataloguePath, eventsFolder, openPath, sealedPath } from './layout.ts';
import { isUnreadable } from './readable.ts';

const partitionRow = v.object({
  number: v.number(),
  boot: v.number(),
  bootId: v.nullable(v.string()),
  state: v.picklist(['open', 'full', 'sealed', 'damaged']),
  problem: v.nullable(v.string()),
  events: v.number(),
});
/** What the catalogue says of a partition. */
export type Catalogued = v.InferOutput<typeof partitionRow>;

/** @throws SqliteError or a file system error that says nothing of the data, a disk that is not there for one. */
export function checkStore(folder: string, breath: Breath): CheckReport {
  const findings: Finding[] = [];
  const add = (path: string, problem: string, readable: number | null = null) =>
    findings.push({ file: basename(path), problem, readable });
  const catalogue = cataloguePath(folder);
  const partitions = readCatalogue(catalogue, (problem) => add(catalogue, problem));
  const numbers = [...new Set([...partitions.keys(), ...numbersIn(folder)])].sort((a, b) => a - b);
  let events = 0;
  const total = numbers.reduce((sum, number) => sum + bytesOf(folder, number), 0);
  let done = 0;
  for (const number of numbers) {
    breath.turn();
    const size = bytesOf(folder, number);
    const one = checkNumber(folder, number, partitions.get(number), breath.pause, (part) =>
      breath.progress((done + part * size) / total),
    );
    events += one.events;
    findings.push(...one.findings);
    done += size;
  }
  return { partitions: numbers.length, events, findings };
}

function readCatalogue(path: string, add: (problem: string) => void): Map<number, Catalogued> {
  const found = new Map<number, Catalogued>();
  if (!existsSync(path)) {
    add('The catalogue is missing. Merlon makes it again from the partitions at its next start.');
    return found;
  }
  const db = new Database(path, { readonly: true, timeout: 5000 });
  try {
    if (db.pragma('application_id', { simple: true }) !== APPLICATION_ID)
      add('It is not a file of Merlon’s.');
    for (const said of integrityOf(db)) add(`SQLite says: ${said}`);
    const rows = db
      .prepare(
        `SELECT partition.number, boot, boot_id AS bootId, state, problem, events FROM partition
         LEFT JOIN boot ON boot.number = partition.boot`,
      )
      .all();
    for (const row of rows) {
      const partition = v.parse(partitionRow, row);
      found.set(partition.number, partition);
      if (partition.bootId === null)
        add(`Partition ${partition.number} is of boot ${partition.boot}, which is not there.`);
    }
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    add(
      `It cannot be read (${messageOf(error)}). Merlon makes it again from the partitions at its next start.`,
    );
  } finally {
    db.close();
  }
  return found;
}

/** Of partitions that have a file. */
function numbersIn(folder: string): readonly number[] {
  if (!existsSync(eventsFolder(folder))) return [];
  return readdirSync(eventsFolder(folder))
    .map((name) => /^(\d{6,})(?:\.open)?\.db$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number);
}

/** The file that counts. Between the first look and the second one it may have been sealed. */
function fileOf(folder: string, number: number): string | undefined {
  const sealed = sealedPath(folder, number);
  return [sealed, openPath(folder, number), sealed].find((path) => existsSync(path));
}

function bytesOf(folder: string, number: number): number {
  const path = fileOf(folder, number);
  return path === undefined ? 0 : (statSync(path, { throwIfNoEntry: false })?.size ?? 0);
}

interface Outcome {
  readonly events: number;
  readonly findings: readonly Finding[];
}

function checkNumber(
  folder: string,
  number: number,
  told: Catalogued | undefined,
  pause: () => void,
  progress: (part: number) => void,
): Outcome {
  const path = fileOf(folder, number);
  if (path === undefined) return missing(folder, number);
  const file = basename(path);
  const problems: string[] = [];
  // Made after the catalogue was read, perhaps: not a finding by itself.
  if (told?.state === 'damaged')
    problems.push(`It was found damaged before: ${told.problem ?? 'nobody said why.'}`);
  let events: number | null = null;
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { readonly: true, fileMustExist: true, timeout: 5000 });
    db.exec('BEGIN'); // what is written meanwhile is not looked at
    const before = problems.length;
    for (const said of integrityOf(db)) problems.push(`SQLite says: ${said}`);
    if (problems.length === before) {
      const sealed = path === sealedPath(folder, number);
      const checked = checkPartition(db, number, told, sealed, pause, progress);
      problems.push(...checked.problems);
      events = checked.events;
    }
  } catch (error) {
    if (!existsSync(path) && told !== undefined && fileOf(folder, number) !== undefined) {
      db?.close(); // sealed meanwhile
      return checkNumber(folder, number, told, pause, progress);
    }
    if (!existsSync(path)) return missing(folder, number);
    if (!isUnreadable(error)) throw error;
    problems.push(`It cannot be read to its end (${messageOf(error)}).`);
  }
  try {
    const readable = problems.length > 0 && db !== undefined ? countReadable(db, pause) : events;
    const findings = problems.map((problem) => ({ file, problem, readable }));
    return { events: events ?? readable ?? 0, findings };
  } finally {
    db?.close();
  }
}

/** A partition that has no file: cut since the catalogue was read, or lost. */
function missing(folder: string, number: number): Outcome {
  const still = readCatalogue(cataloguePath(folder), () => {}).has(number);
  const problem = 'The catalogue has it, and the file is not there.';
  return {
    events: 0,
    findings: still ? [{ file: basename(sealedPath(folder, number)), problem, readable: 0 }] : [],
  };
}

/** What SQLite finds wrong; the first few things. It may come upon something that it cannot go on from, and throws. */
function* integrityOf(db: Database.Database): Generator<string> {
  for (const said of db.prepare('PRAGMA integrity_check(5)').pluck().iterate()) {
    if (said !== 'ok') yield String(said).replaceAll('\n', ' ');
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
