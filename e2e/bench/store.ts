/**
 * What it takes to store events, indexes and all, by Merlon's store or by a plain table: in a process of its own, which
 * append.ts keeps on one processor. Prints JSON.
 *
 *     node e2e/bench/store.ts (merlon|plain) [--events 1048576] [--unique 0.1]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PARTITION_EVENTS } from '../../engine/store/layout.ts';
import { openStore } from '../../engine/store/index.ts';
import type { StoredEvent } from '../../engine/store/contract.ts';
import { Past } from './past.ts';
import { folderBytes, sealed } from './places.ts';
import { PlainStore } from './plain.ts';

const { values: options, positionals } = parseArgs({
  options: {
    events: { type: 'string', default: String(4 * PARTITION_EVENTS) },
    unique: { type: 'string', default: '0.1' },
  },
  allowPositionals: true,
});
const EVENTS = Number(options.events);
const BATCH = 2048;
/** So many batches may be under way: what a burst hands over while the last one is written. */
const UNDER_WAY = 8;

const past = new Past({
  events: EVENTS,
  boots: 1,
  unique: Number(options.unique),
  firstMs: Date.now() - 3_600_000,
  spacingNs: 10_000,
});

/** Counts what everything but the making of events takes: of all threads, by the clock and in processor time. */
class Meter {
  readonly #begun = performance.now();
  readonly #cpu = process.cpuUsage();
  #making = 0;

  /** On one processor whatever else runs waits meanwhile: this thread's processor time is what it takes of the clock. */
  make(from: number, count: number): readonly StoredEvent[] {
    const used = process.threadCpuUsage();
    const events = Array.from({ length: count }, (_, i) => past.event(from + i));
    const { user, system } = process.threadCpuUsage(used);
    this.#making += user + system;
    return events;
  }

  read() {
    const { user, system } = process.cpuUsage(this.#cpu);
    const seconds = performance.now() / 1000 - this.#begun / 1000 - this.#making / 1e6;
    return { seconds, cpu_seconds: (user + system - this.#making) / 1e6 };
  }
}

async function merlon(folder: string) {
  const store = await openStore({ folder, bootId: past.bootId(1) });
  const meter = new Meter();
  const underWay: Promise<void>[] = [];
  // One more than fill the partitions, so that the last full one is sealed, too.
  for (let n = 0; n <= EVENTS; n += BATCH) {
    underWay.push(store.append(meter.make(n, Math.min(BATCH, EVENTS + 1 - n))));
    if (underWay.length > UNDER_WAY) await underWay.shift();
  }
  await Promise.all(underWay);
  const stored = meter.read();
  await sealed(folder);
  const all = meter.read();
  const { events, partitions } = store.stats();
  if (events !== EVENTS + 1) throw new Error(`${events} of ${EVENTS + 1} events are in the store`);
  await store.close();
  return { ...all, committed_seconds: stored.seconds, bytes: folderBytes(folder), partitions };
}

function plain(folder: string) {
  const store = new PlainStore(join(folder, 'plain.db'));
  const meter = new Meter();
  for (let n = 0; n < EVENTS; n += BATCH) store.append(meter.make(n, Math.min(BATCH, EVENTS - n)));
  const used = meter.read();
  return { ...used, committed_seconds: used.seconds, bytes: store.close(), partitions: 1 };
}

const folder = mkdtempSync(join(tmpdir(), 'merlon-bench-store-'));
try {
  const side = positionals[0] === 'plain' ? plain(folder) : await merlon(folder);
  const fields = [0, 1, 128].map((n) => Object.keys(past.event(n).fields).length);
  console.log(
    JSON.stringify({
      events: EVENTS,
      fields: fields.reduce((sum, count) => sum + count, 0) / fields.length,
      events_per_s: EVENTS / side.seconds,
      committed_per_s: EVENTS / side.committed_seconds,
      cpu_us_per_event: (side.cpu_seconds / EVENTS) * 1e6,
      bytes_per_event: side.bytes / EVENTS,
      partitions: side.partitions,
    }),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
