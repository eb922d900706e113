/** The process that crash.test.ts kills, starves and locks out: `crash.child.ts loop|once|fill|fill-some FOLDER`. */
import Database from 'better-sqlite3';
import { rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openStore, StoreError, type Store, type StoredEvent } from './index.ts';

const BATCH = 500;
const [, , task, folder = ''] = process.argv;
/** Synchronously, so that a line that was read means a commit that was made. */
const say = (line: string) => writeSync(1, `${line}\n`);

const event = (n: number): StoredEvent => ({
  cursor: { boot: 1, timeNs: n * 1000, sequence: n },
  fields: {
    '@timestamp': 1_790_000_000_000 + n,
    'process.pid': n,
    'process.name': `name-${n % 1000}`,
    'process.args': [`/src/${n}`, 'x'.repeat(200)],
  },
});
function batch(store: Store, size = BATCH): StoredEvent[] {
  const last = store.lastSequence(1);
  return Array.from({ length: size }, (_, i) => event(last + 1 + i));
}

function main(): void {
  const store = openStore(folder);
  store.bootNumber('boot');
  switch (task) {
    case 'loop':
      for (;;) {
        store.append(batch(store));
        say(String(store.lastSequence(1)));
      }
    case 'once':
      store.append(batch(store));
      return void say('stored');
    case 'fill-some':
      for (let i = 0; i < 20; i++) store.append(batch(store));
      return void store.close();
    case 'fill':
      return fill(store);
    default:
      throw new Error(`no such task: ${task}`);
  }
}

/** Appends until the disk is full, makes room, and goes on. */
function fill(store: Store): void {
  const ballast = join(folder, 'ballast');
  writeFileSync(ballast, Buffer.alloc(2 << 20));
  let before = 0;
  try {
    for (;;) {
      before = store.stats().events;
      store.append(batch(store));
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    say(`${error.code}: ${error.message}`);
  }
  say(String(store.stats().events === before ? before : NaN));
  rmSync(ballast);
  store.append(batch(store, 1));
  say(String(store.stats().events));
  const check = new Database(join(folder, 'events.db'), { readonly: true });
  const count: unknown = check.prepare('SELECT count(*) FROM event').pluck().get();
  say(
    count === before + 1
      ? String(check.pragma('integrity_check', { simple: true }))
      : `counted ${String(count)}`,
  );
  check.close();
}

try {
  main();
} catch (error) {
  if (!(error instanceof StoreError)) throw error;
  say(error.code);
}
