import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { compareCursors } from '../shared/event.ts';
import { Ingest, type IngestOptions } from './ingest.ts';
import { Redactor } from './redact.ts';
import { EventMaker } from './sensor/events.ts';
import { Gaps } from './sensor/gaps.ts';
import { Processes } from './sensor/processes.ts';
import { batchOf, execRecord, exitRecord, forkRecord, strangeRecord } from './sensor/records.builder.ts';
import { MAX_WAITING_BYTES, type StoredEvent } from './store/contract.ts';
import { openStore } from './store/index.ts';

const BOOT = '8a79902f-7c1c-4054-aabd-7b20a8950778';
const NOW_NS = 1e12;

function setUp(change: Partial<IngestOptions> = {}) {
  const clock = { wallOf: (ns: number) => 1_700_000_000_000 + ns / 1e6, bootNs: () => NOW_NS };
  const processes = new Processes(BOOT);
  const maker = new EventMaker({
    bootId: BOOT,
    clock,
    processes,
    users: { user: () => undefined, group: () => undefined },
    cgroups: { of: () => undefined, made: () => {}, containerName: () => undefined },
    packages: { owner: () => undefined },
    redactor: new Redactor(new Uint8Array(32)),
    readArguments: () => undefined,
  });
  const stored: StoredEvent[] = [];
  const log: string[] = [];
  const malformed: string[] = [];
  const pressure: boolean[] = [];
  const ingest = new Ingest({
    bootId: BOOT,
    boot: 3,
    sequence: 40,
    lastTimeNs: 0,
    clock,
    processes,
    maker,
    own: () => false,
    append: async (events) => void stored.push(...events),
    waitingBytes: () => 0,
    wanted: () => true,
    onStored: () => {},
    onPressure: (full) => pressure.push(full),
    onMalformed: (reason) => malformed.push(reason),
    log: (line) => log.push(line),
    ...change,
  });
  ingest.helperStarted(new Gaps(0), 0);
  const names = () => stored.map((e) => e.fields['event.action']);
  return { ingest, processes, stored, log, malformed, pressure, names };
}

const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

/** A store that has stored what the test says. */
function slowDisk() {
  const batches: { readonly events: readonly StoredEvent[]; readonly stored: () => void }[] = [];
  return {
    append: (events: readonly StoredEvent[]) =>
      new Promise<void>((stored) => batches.push({ events, stored })),
    taken: () => batches.flatMap(({ events }) => events.map((e) => e.fields['process.pid'])),
    store: (batch: number) => batches[batch]?.stored(),
  };
}

const task = (pid: number, startNs = pid) => ({ pid, startNs, ppid: 1, parentStartNs: 1 });

describe('Ingest', () => {
  test('events follow one another in time, numbered on, across processors and batches', async () => {
    const { ingest, stored } = setUp();
    ingest.push(
      batchOf(
        exitRecord({ cpu: 1, seq: 1, timeNs: 300, task: task(5) }),
        forkRecord({ cpu: 0, seq: 1, timeNs: 100, task: task(5) }),
        execRecord({ cpu: 0, seq: 2, timeNs: 200, task: task(5), executable: '/x' }),
      ),
    );
    ingest.push(batchOf(forkRecord({ cpu: 0, seq: 3, timeNs: 250, task: task(6) })));
    await ingest.drain();
    expect(stored.map((e) => e.fields['event.action'])).toEqual(['fork', 'exec', 'exit', 'fork']);
    expect(stored.map((e) => e.cursor)).toEqual([
      { boot: 3, timeNs: 100, sequence: 41 },
      { boot: 3, timeNs: 200, sequence: 42 },
      { boot: 3, timeNs: 300, sequence: 43 },
      { boot: 3, timeNs: 300, sequence: 44 }, // overtaken: its own time stays in @timestamp
    ]);
    expect(stored[3]?.fields['@timestamp']).toBe(1_700_000_000_000 + 250 / 1e6);
  });

  test('a batch that does not hold together is left out whole, and the helper with it', async () => {
    const { ingest, stored, malformed } = setUp();
    const good = batchOf(forkRecord({ seq: 1, timeNs: 1, task: task(5) }));
    ingest.push(batchOf(good, new Uint8Array(8)));
    ingest.push(good);
    await ingest.drain();
    expect([stored.length, malformed.length]).toEqual([0, 1]);
    ingest.helperStarted(new Gaps(0), 0);
    ingest.push(good);
    await ingest.drain();
    expect(stored).toHaveLength(1);
  });

  test('what is of Merlon’s own tests is followed, and no event', async () => {
    const { ingest, stored, processes } = setUp({ own: (record) => record.kind === 'fork' });
    ingest.push(
      batchOf(
        forkRecord({ seq: 1, timeNs: 5, task: task(5) }),
        execRecord({ seq: 2, timeNs: 6, task: task(5), executable: '/x' }),
      ),
    );
    await ingest.drain();
    expect(stored.map((e) => [e.fields['event.action'], e.cursor.sequence])).toEqual([['exec', 41]]);
    expect(processes.find(5, task(5).startNs)).toBeDefined();
  });

  test('a record from the future is not believed', async () => {
    const { ingest, stored, malformed } = setUp();
    ingest.push(batchOf(forkRecord({ seq: 1, timeNs: NOW_NS + 61e9, task: task(5) })));
    await ingest.drain();
    expect([stored.length, malformed]).toEqual([0, ['a record is from the future']]);
  });

  test('unknown types are said once', async () => {
    const { ingest, log } = setUp();
    ingest.push(batchOf(strangeRecord(99), strangeRecord(99), strangeRecord(98)));
    await ingest.drain();
    expect(log).toHaveLength(2);
  });

  test('processes that a snapshot does not name have ended', async () => {
    const { ingest, processes } = setUp();
    ingest.push(batchOf(forkRecord({ timeNs: 5, task: task(5) }), forkRecord({ timeNs: 6, task: task(6) })));
    ingest.helperStarted(new Gaps(0), 500);
    ingest.push(batchOf(execRecord({ timeNs: 600, task: task(6), executable: '/x' }, 'running')));
    ingest.snapshotDone(1);
    await ingest.drain();
    expect([...processes.all()].filter((p) => p.endNs === undefined).map((p) => p.pid)).toEqual([6]);
  });

  test('events are told once they are stored, in their order, while others are on their way', async () => {
    const disk = slowDisk();
    const told: unknown[] = [];
    const { ingest } = setUp({
      append: disk.append,
      onStored: (_, events = []) => told.push(...events.map((e) => e.fields['process.pid'])),
    });
    for (const pid of [5, 6, 7]) {
      ingest.push(batchOf(forkRecord({ seq: pid, timeNs: pid, task: task(pid) })));
      await vi.waitFor(() => expect(disk.taken()).toContain(pid));
    }
    expect([disk.taken(), told]).toEqual([[5, 6, 7], []]);
    disk.store(1);
    disk.store(0);
    await turn();
    expect(told).toEqual([5, 6]);
    disk.store(2);
    await ingest.drain();
    expect(told).toEqual([5, 6, 7]);
  });

  test('events that nobody wants are not kept for telling, their place is', async () => {
    const told: unknown[] = [];
    const { ingest } = setUp({ wanted: () => false, onStored: (...all) => told.push(all) });
    ingest.push(
      batchOf(
        forkRecord({ seq: 1, timeNs: 1, task: task(5) }),
        forkRecord({ seq: 2, timeNs: 2, task: task(6) }),
      ),
    );
    await ingest.drain();
    expect(told).toEqual([[{ boot: 3, timeNs: 2, sequence: 42 }, undefined]]);
  });

  test('what comes alone is handed over at once, what follows closely together', async () => {
    const sizes: number[] = [];
    const { ingest } = setUp({ append: async (events) => void sizes.push(events.length) });
    for (let pid = 5; pid < 15; pid++) {
      ingest.push(batchOf(forkRecord({ seq: pid, timeNs: pid, task: task(pid) })));
      await turn();
      if (pid === 5) expect(sizes).toEqual([1]);
    }
    await vi.waitFor(() => expect(sizes.reduce((sum, n) => sum + n, 0)).toBe(10));
    expect(sizes.length).toBeLessThan(10);
  });

  test('nothing more is handed over while the store has too much to do; it comes once that is stored', async () => {
    const disk = slowDisk();
    let waiting = 0;
    const { ingest } = setUp({ append: disk.append, waitingBytes: () => waiting });
    ingest.push(batchOf(forkRecord({ seq: 1, timeNs: 1, task: task(5) })));
    await turn();
    waiting = MAX_WAITING_BYTES + 1;
    ingest.push(batchOf(forkRecord({ seq: 2, timeNs: 2, task: task(6) })));
    await wait(60);
    expect([disk.taken(), ingest.queuedBytes > 0]).toEqual([[5], true]);
    waiting = 0;
    disk.store(0);
    await vi.waitFor(() => expect(disk.taken()).toEqual([5, 6]));
  });

  test('what the store gives up at the end is said once, and nothing waits for it', async () => {
    const told: unknown[] = [];
    const { ingest, log } = setUp({
      append: () => new Promise((_, refuse) => setImmediate(() => refuse(new Error('it is closed')))),
      onStored: (newest) => told.push(newest),
    });
    ingest.push(
      batchOf(...Array.from({ length: 5000 }, (_, i) => forkRecord({ timeNs: i, task: task(i + 2) }))),
    );
    await ingest.drain();
    expect([log, told]).toEqual([['The last events could not be stored: it is closed'], []]);
  });

  test('a full queue stops the reading, an emptied one starts it again', async () => {
    const { ingest, pressure, stored } = setUp();
    const batch = batchOf(
      ...Array.from({ length: 7000 }, (_, i) => forkRecord({ timeNs: i, task: task(i + 2) })),
    );
    for (let i = 0; i < 18; i++) ingest.push(batch);
    expect(pressure).toEqual([true]);
    await vi.waitFor(() => expect(pressure).toEqual([true, false]), { timeout: 20_000 });
    await ingest.drain();
    expect(stored).toHaveLength(18 * 7000);
  }, 30_000);

  test('lets others have their turn while it works', async () => {
    const { ingest } = setUp();
    const batch = batchOf(
      ...Array.from({ length: 20_000 }, (_, i) => forkRecord({ timeNs: i, task: task(i + 2) })),
    );
    for (let i = 0; i < 5; i++) ingest.push(batch);
    const turns: number[] = [];
    let last = performance.now();
    while (ingest.queuedBytes > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      turns.push(performance.now() - last);
      last = performance.now();
    }
    await wait(0);
    expect(turns.length).toBeGreaterThan(3);
    expect(turns.sort((a, b) => a - b)[Math.floor(turns.length / 2)]).toBeLessThan(60);
  });
});

describe('replay into the store', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'merlon-ingest-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('what went in comes out by pages, in order, once', async () => {
    const store = await openStore({ folder, bootId: BOOT });
    try {
      const { boot } = store;
      const { ingest } = setUp({
        boot,
        append: (events) => store.append(events),
        waitingBytes: () => store.stats().waiting.bytes,
      });
      const records = Array.from({ length: 500 }, (_, i) => {
        const about = { timeNs: 1000 + i * 30, task: task(10 + (i % 50), 10 + i) };
        return [
          forkRecord(about),
          execRecord({
            ...about,
            timeNs: about.timeNs + 10,
            executable: `/bin/p${i % 7}`,
            args: [`p${i % 7}`, `${i}`],
          }),
          exitRecord({ ...about, timeNs: about.timeNs + 20, status: (i % 3) << 8 }),
        ];
      }).flat();
      ingest.push(batchOf(...records));
      await ingest.drain();
      expect(store.last.sequence).toBe(40 + 1500);

      const seen: string[] = [];
      for (let after = { boot: 0, timeNs: 0, sequence: 0 }; ;) {
        const { events } = await store.page({ query: null, after, limit: 400 });
        if (events.length === 0) break;
        seen.push(...events.map((e) => e.cursor));
        const [b = 0, t = 0, s = 0] = events.at(-1)!.cursor.split('.').map(Number);
        const next = { boot: b, timeNs: t, sequence: s };
        expect(compareCursors(next, after)).toBeGreaterThan(0);
        after = next;
      }
      expect(new Set(seen).size).toBe(1500);
      const { events } = await store.page({ query: null, limit: 1 });
      expect(events[0]?.fields).toMatchObject({ 'event.action': 'exit', 'process.name': 'p2' });
    } finally {
      await store.close();
    }
  });
});
