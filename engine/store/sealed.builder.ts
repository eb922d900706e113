/** Seals partitions for tests, at once and on the calling thread, as the engine's threads do together. */
import Database from 'better-sqlite3';
import { rmSync } from 'node:fs';
import { cataloguePath, openPath } from './layout.ts';
import { sealPartition } from './seal.ts';

export function sealInCatalogue(folder: string, number: number): void {
  const facts = sealPartition(folder, { number });
  const db = new Database(cataloguePath(folder));
  try {
    db.prepare(
      `UPDATE partition SET state = 'sealed', events = :events, bytes = :bytes, first_sequence = :firstSequence,
       last_sequence = :lastSequence, first_time_ns = :firstTimeNs, last_time_ns = :lastTimeNs, first_ms = :firstMs,
       last_ms = :lastMs, minutes = :minutes WHERE number = :number`,
    ).run({ ...facts, number });
  } finally {
    db.close();
  }
  for (const suffix of ['', '-wal', '-shm']) rmSync(openPath(folder, number) + suffix, { force: true });
}
