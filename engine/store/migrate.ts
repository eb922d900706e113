import type Database from 'better-sqlite3';
import { readdirSync, readFileSync } from 'node:fs';
import { StoreError } from './error.ts';
import { APPLICATION_ID } from './layout.ts';

/** Beside this file in the sources, and beside the bundle (build/make.mjs copies the folder there): the same place. */
const FOLDER = new URL('./migrations/', import.meta.url);

interface Migration {
  readonly number: number;
  readonly sql: string;
}

function readMigrations(): readonly Migration[] {
  return readdirSync(FOLDER)
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .sort()
    .map((name) => ({ number: Number(name.slice(0, 4)), sql: readFileSync(new URL(name, FOLDER), 'utf8') }));
}

/**
 * Looks, and changes nothing.
 * @throws StoreError newer (the database belongs to a later Merlon) or corrupt (it is not Merlon's).
 */
export function mustBeOurs(db: Database.Database, path: string): void {
  const newest = readMigrations().at(-1)?.number ?? 0;
  const version = versionOf(db);
  const owner = numberOf(db.pragma('application_id', { simple: true }));
  const empty = db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
  if (owner !== APPLICATION_ID && !empty) {
    const advice = 'Set it aside with “merlon store fresh”, or choose another folder with --data DIR.';
    throw new StoreError('corrupt', `${path} is a database, but not one of Merlon’s. ${advice}`);
  }
  if (version > newest) {
    const advice =
      'Start that one, set this database aside with “merlon store fresh”, or choose another folder with --data DIR.';
    const message = `The database ${path} was written by a newer Merlon (layout ${version}; this one knows ${newest}). ${advice}`;
    throw new StoreError('newer', message);
  }
}

/**
 * Brings a database of ours to this version's layout: every migration that it lacks, each in a transaction of its own.
 * `user_version` is the number of the last one.
 */
export function migrate(db: Database.Database): void {
  const version = versionOf(db);
  for (const { number, sql } of readMigrations()) {
    if (number <= version) continue;
    db.transaction(() => {
      db.exec(sql);
      db.pragma(`application_id = ${APPLICATION_ID}`);
      db.pragma(`user_version = ${number}`);
    }).exclusive();
  }
}

const versionOf = (db: Database.Database) => numberOf(db.pragma('user_version', { simple: true }));
const numberOf = (value: unknown) => (typeof value === 'number' ? value : 0);
