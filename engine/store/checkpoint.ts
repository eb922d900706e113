/**
 * Entry of a thread that moves the write-ahead log into the database. A checkpoint waits for the disk (tens of
 * milliseconds on a good one), and the thread that appends must not: events are on their way to the screen. A passive
 * checkpoint takes no lock that a writer or reader would wait for (https://sqlite.org/c3ref/wal_checkpoint_v2.html).
 */
import Database from 'better-sqlite3';
import { statSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import * as v from 'valibot';
import { checkpointData, type Word } from './checkpointing.ts';

const outcome = v.tuple([v.object({ log: v.number() })]);

const { path, everyMs, leastBytes } = checkpointData(workerData);
let db: Database.Database | undefined;
let lastWritten = 0;

function checkpoint(): void {
  const stat = statSync(`${path}-wal`, { throwIfNoEntry: false });
  // Size alone says nothing once the log is reused from its start; the time of its last write does.
  if (stat === undefined || stat.size < leastBytes || stat.mtimeMs === lastWritten) return;
  lastWritten = stat.mtimeMs;
  try {
    db ??= new Database(path, { fileMustExist: true, timeout: 1000 });
    const [done] = v.parse(outcome, db.pragma('wal_checkpoint(PASSIVE)'));
    parentPort?.postMessage({ pages: done.log } satisfies Word);
  } catch (error) {
    // The appending thread meets the same trouble, and tells; it checkpoints by itself where the log grows too long.
    db?.close();
    db = undefined;
    parentPort?.postMessage({
      trouble: error instanceof Error ? error.message : String(error),
    } satisfies Word);
  }
}

const timer = setInterval(checkpoint, everyMs);
parentPort?.once('message', () => {
  clearInterval(timer);
  db?.close();
  parentPort?.close();
});
