import Database from 'better-sqlite3';

export type StoreErrorCode = 'in_use' | 'newer' | 'corrupt' | 'read_only' | 'failed';

/** The database cannot be used, or one operation on it failed; `message` is a sentence that says what to do. */
export class StoreError extends Error {
  override name = 'StoreError';
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * What SQLite or the file system said, as a StoreError about the database at `path`.
 * @param open whether it is open: only then can it be checked and salvaged.
 */
export function storeError(error: unknown, path: string, open = true): StoreError {
  if (error instanceof StoreError) return error;
  const code = codeOf(error);
  const said = wordsOf(error);
  const cause = { cause: error };
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) {
    const advice = open
      ? '“merlon store check” tells more; “merlon store salvage” saves what can be read; “merlon store fresh” sets it aside.'
      : 'Set it aside with “merlon store fresh”, or choose another folder with --data DIR.';
    return new StoreError('corrupt', `The database ${path} is damaged (${said}). ${advice}`, cause);
  }
  if (/^(SQLITE_READONLY|SQLITE_CANTOPEN|SQLITE_PERM|EACCES|EPERM|EROFS)/.test(code)) {
    const advice = 'Make its folder writable for you, or choose another folder with --data DIR.';
    return new StoreError(
      'read_only',
      `Merlon cannot write to the database ${path} (${said}). ${advice}`,
      cause,
    );
  }
  if (isDiskFull(error)) {
    const advice = 'Free some space on that disk; what could not be stored waits in memory.';
    return new StoreError(
      'failed',
      `There is no space left for the database ${path} (${said}). ${advice}`,
      cause,
    );
  }
  const advice = 'See the engine’s log; the disk that holds it may have a fault.';
  return new StoreError('failed', `The database ${path} could not be used (${said}). ${advice}`, cause);
}

/** Without what only programmers read: of “EFBIG: file too large, write” the middle. */
function wordsOf(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  return said.replace(/^E[A-Z0-9]+: /, '').replace(/, \w+$/, '');
}

/** Whether there is no space left. */
export function isDiskFull(error: unknown): boolean {
  return /^(SQLITE_FULL|ENOSPC|EDQUOT)/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  if (error instanceof Database.SqliteError) return error.code;
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
