import Database from 'better-sqlite3';
import { isDamage } from './damage.ts';

/** Numbers of rows, from and to. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

const ROWS = 512;
/** Of a table whose root is gone nothing can be read, however often it is tried. */
const MOST_FAILURES = 600_000;

/**
 * The rows of `event` in a damaged file that can be read, in their order: what lies on sound pages. Where a range
 * fails, its halves are tried.
 * @param select without WHERE; its first column must be the sequence.
 */
export function* readable(db: Database.Database, select: string, span: Span): Generator<unknown> {
  const statement = db
    .prepare<[number, number, number]>(`${select} WHERE sequence BETWEEN ? AND ? ORDER BY sequence LIMIT ?`)
    .raw();
  let failures = 0;
  const spans: Span[] = [span];
  for (let next = spans.pop(); next !== undefined; next = spans.pop()) {
    const { first, last } = next;
    const rows = tryRead(statement, first, last);
    if (rows !== undefined) {
      yield* rows;
      const end = rows.length === ROWS ? sequenceOf(rows[ROWS - 1]) : undefined;
      if (end !== undefined && end < last) spans.push({ first: end + 1, last });
    } else if (first < last) {
      const middle = first + Math.floor((last - first) / 2);
      spans.push({ first: middle + 1, last }, { first, last: middle });
    }
    if (rows === undefined && ++failures === MOST_FAILURES) return;
  }
}

function tryRead(
  statement: Database.Statement<[number, number, number]>,
  first: number,
  last: number,
): unknown[] | undefined {
  try {
    return statement.all(first, last, ROWS);
  } catch (error) {
    if (error instanceof Database.SqliteError && /^SQLITE_(CORRUPT|IOERR)/.test(error.code)) return undefined;
    throw error;
  }
}

function sequenceOf(row: unknown): number | undefined {
  const sequence: unknown = Array.isArray(row) ? row[0] : undefined;
  return typeof sequence === 'number' ? sequence : undefined;
}

/** Whether an error says that something in a file cannot be read: damage, a missing table, or a fault of the disk. */
export function isUnreadable(error: unknown): boolean {
  if (error instanceof Database.SqliteError) return /^SQLITE_(CORRUPT|NOTADB|IOERR|ERROR)/.test(error.code);
  return isDamage(error);
}

/** Makes SQLite read on where a file is shorter than it says of itself, or where a part of its schema is odd. */
export function readOn(db: Database.Database): void {
  db.unsafeMode();
  db.pragma('writable_schema = ON');
}
