/** The process that crash.test.ts kills, starves and locks out: `crash.child.ts loop|once|fill|free|partitions FOLDER`. */
import { readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_RETENTION, openStore, StoreError, type Store, type StoredEvent } from './index.ts';
import { eventsFolder } from './layout.ts';

const BATCH = 500;
const [, , task, folder = ''] = process.argv;
/** Synchronously, so that a line that was read means a commit that was made. */
const say = (line: string) => writeSync(1, `${line}\n`);

/** Long texts, so that a partition is full after some twenty batches. */
const event = (n: number): StoredEvent => ({
  cursor: { boot: 1, timeNs: n * 1000, sequence: n },
  fields: {
    '@timestamp': 1_790_000_000_000 + n,
    'process.pid': n,
    'process.name': `name-${n % 1000}`,
    'process.args': [`/src/${n}`, 'x'.repeat(1000)],
  },
});
let taken = 0;
function append(store: Store, size = BATCH): Promise<void> {
  const from = taken + 1;
  taken += size;
  return store.append(Array.from({ length: size }, (_, i) => event(from + i)));
}

async function main(): Promise<void> {
  let onRefused: (said: string | undefined) => void = () => undefined;
  const store = await openStore({
    folder,
    bootId: 'boot',
    retention: { ...DEFAULT_RETENTION, days: 100_000, freeWhenFull: task === 'free' },
    onRefused: (said) => onRefused(said),
  });
  taken = store.last.sequence;
  switch (task) {
    case 'loop':
      for (;;) {
        // Two under way at once, as ingest has them.
        const next = append(store);
        await append(store);
        await next;
        say(String(store.last.sequence));
      }
    case 'once':
      await append(store);
      say('stored');
      return store.close();
    case 'partitions':
      while (store.stats().partitions < 4) await append(store);
      while (readdirSync(eventsFolder(folder)).filter((name) => name.endsWith('.open.db')).length > 1)
        await new Promise((resolve) => setTimeout(resolve, 20));
      return store.close();
    case 'fill':
      return fill(store, (listen) => (onRefused = listen));
    case 'free':
      return free(store);
    default:
      throw new Error(`no such task: ${task}`);
  }
}

/** Appends until the disk is full, makes room, and goes on. */
async function fill(
  store: Store,
  listen: (onRefused: (said: string | undefined) => void) => void,
): Promise<void> {
  const ballast = join(folder, 'ballast');
  writeFileSync(ballast, Buffer.alloc(4 << 20));
  const refused = new Promise<string>((resolve) => listen((said) => said !== undefined && resolve(said)));
  const appended: Promise<void>[] = [];
  let full = false;
  void refused.then(() => (full = true));
  while (!full) {
    appended.push(append(store));
    await Promise.race([refused, appended.at(-1)]);
  }
  say(await refused);
  say(`${store.stats().refused?.said === (await refused)} ${store.stats().waiting.events}`);
  // More comes in while it waits.
  appended.push(append(store, 1));
  const works = new Promise<void>((resolve) => listen((said) => said === undefined && resolve()));
  rmSync(ballast);
  await Promise.all([...appended, works]);
  say(`${store.stats().events === taken} ${store.stats().waiting.events} ${store.stats().refused?.said}`);
  const page = await store.page({ query: null, limit: 2 });
  say(
    page.events.map(({ fields }) => fields['process.pid']).join() === `${taken},${taken - 1}`
      ? 'there'
      : 'lost',
  );
  say(JSON.stringify((await store.check()).findings));
  await store.close();
}

/** Appends far more than fits, with leave to cut. */
async function free(store: Store): Promise<void> {
  for (let n = 0; n < 160; n++) await append(store);
  const cuts = await store.cuts();
  const cut = cuts.reduce((sum, { events }) => sum + (events ?? 0), 0);
  say(`${cuts.length > 0} ${cuts.every(({ reason }) => reason === 'disk_full')}`);
  say(`${store.stats().events + cut === taken}`);
  const { events } = await store.page({ query: null, limit: 100_000 });
  say(`${events.length + cut === taken} ${store.stats().damaged.length}`);
  await store.close();
}

try {
  await main();
} catch (error) {
  if (!(error instanceof StoreError)) throw error;
  say(error.code);
}
