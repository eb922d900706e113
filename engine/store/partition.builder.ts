/** Makes partitions for tests, at once and on the calling thread. */
import Database from 'better-sqlite3';
import { mkdirSync } from 'node:fs';
import type { StoredEvent } from './contract.ts';
import { Encoder, wallBaseOf } from './encoder.ts';
import { cataloguePath, eventsFolder } from './layout.ts';
import { migrate } from './migrate.ts';
import { PartitionWriter, type PartitionTotals } from './partition.ts';

const BATCH = 2000;

export interface BuilderOptions {
  readonly boot: number;
  readonly bootId: string;
  /** By default as the first event tells it. */
  readonly wallBaseMs?: number;
  /** What the catalogue is to say. Not 'sealed', which sealing says. */
  readonly state?: 'open' | 'full';
}

/** Makes an open partition of these events, which must ascend, and its row in the catalogue (made where missing). */
export function writePartition(
  folder: string,
  number: number,
  events: readonly StoredEvent[],
  options: BuilderOptions,
): PartitionTotals {
  mkdirSync(eventsFolder(folder), { recursive: true, mode: 0o700 });
  const { boot, bootId } = options;
  const wallBaseMs = options.wallBaseMs ?? wallBaseOf(events) ?? 0;
  const writer = PartitionWriter.create(folder, { number, boot, bootId, wallBaseMs });
  const encoder = new Encoder({ bootId, wallBaseMs });
  for (let at = 0; at < events.length; at += BATCH) {
    writer.append(encoder.encode(events.slice(at, at + BATCH)));
  }
  const { totals } = writer;
  writer.close();
  catalogue(folder, number, totals, options);
  return totals;
}

function catalogue(folder: string, number: number, totals: PartitionTotals, options: BuilderOptions): void {
  const path = cataloguePath(folder);
  const db = new Database(path);
  try {
    db.pragma('journal_mode = WAL');
    migrate(db);
    db.prepare('INSERT OR IGNORE INTO boot (number, boot_id) VALUES (?, ?)').run(
      options.boot,
      options.bootId,
    );
    const full = (options.state ?? 'full') === 'full';
    db.prepare('INSERT INTO partition (number, boot, state) VALUES (?, ?, ?)').run(
      number,
      options.boot,
      full ? 'full' : 'open',
    );
    if (!full) return;
    db.prepare(
      `UPDATE partition SET events = :events, first_sequence = :firstSequence, last_sequence = :lastSequence,
       first_time_ns = :firstTimeNs, last_time_ns = :lastTimeNs, first_ms = :firstMs, last_ms = :lastMs
       WHERE number = :number`,
    ).run({ ...totals, number });
  } finally {
    db.close();
  }
}
