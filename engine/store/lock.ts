import Database from 'better-sqlite3';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from './error.ts';

/**
 * Takes a folder's database for this process: an exclusive SQLite lock on a small file beside it, held for life. The
 * kernel drops it when the process ends, however it ends, and nothing is ever written that could need a recovery.
 * @returns a function that gives the lock back.
 * @throws StoreError in_use where another engine holds it; SqliteError or a file system error where the file cannot be opened.
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, 'lock.db');
  closeSync(openSync(path, 'a', 0o600));
  const lock = new Database(path, { timeout: 0 });
  try {
    lock.pragma('journal_mode = MEMORY'); // else BEGIN leaves a journal beside it
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (!(error instanceof Database.SqliteError) || !error.code.startsWith('SQLITE_BUSY')) throw error;
    throw new StoreError(
      'in_use',
      `Another engine of Merlon uses the database in ${folder}. Use that one, stop it with “merlon stop”, or choose another folder with --data DIR.`,
      { cause: error },
    );
  }
  return () => lock.close();
}
