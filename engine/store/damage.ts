import Database from 'better-sqlite3';
import * as v from 'valibot';

/** Whether an error says that a file holds what it should not, rather than that it could not be read just now. */
export function isDamage(error: unknown): boolean {
  if (error instanceof Database.SqliteError) return /^SQLITE_(CORRUPT|NOTADB)/.test(error.code);
  return (
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof SyntaxError ||
    v.isValiError(error)
  );
}
