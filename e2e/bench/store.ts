/**
 * Measures the store: events/s stored by `append` on one thread, and how long a page takes, beside a plain
 * better-sqlite3 table with the same fields as text. Prints JSON.
 *
 *     node e2e/bench/store.ts [--events 300000] [--unique 0.1]
 */
import Database from 'better-sqlite3';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStore, type StoredEvent } from '../../engine/store/index.ts';
import { COLUMNS } from '../../engine/store/columns.ts';
import type { EventFields } from '../../shared/event.ts';
import { parseQuery } from '../../shared/query.ts';

const { values: options } = parseArgs({
  options: { events: { type: 'string', default: '300000' }, unique: { type: 'string', default: '0.1' } },
});
const EVENTS = Number(options.events);
const UNIQUE = Number(options.unique);
const BATCH = 2000;
const BOOT_ID = '6c2f3a5e-1c9b-4d57-9a47-3c1f0c5d7e21';
const START = Date.UTC(2026, 10, 22, 10);

const freeze = <T>(values: T[]): readonly T[] => Object.freeze(values);
const PROCESS = freeze(['process']);
const TYPES = { exec: freeze(['start']), fork: freeze(['start']), exit: freeze(['end']) };
const NO_FLAGS = freeze<string>([]);
const CAPABILITIES = freeze<string>(Array.from({ length: 41 }, (_, i) => `CAP_NUMBER_${i}`));
const PROGRAMS = [
  'bash',
  'sh',
  'curl',
  'gcc',
  'cc1',
  'as',
  'ld',
  'make',
  'sed',
  'grep',
  'node',
  'git',
  'cat',
  'python3',
];

/** A flat string of its own, as decoding makes it from bytes; a template would be put together only when it is stored. */
const decoded = (text: string) => Buffer.from(text).toString('latin1');

/** What exec, fork and exit look like once decoded: fresh strings each time, as decoding makes them. */
function makeEvent(n: number): StoredEvent {
  const action = (['fork', 'exec', 'exit'] as const)[n % 3]!;
  const life = Math.floor(n / 3);
  const pid = 1000 + (life % 30_000);
  const program = PROGRAMS[life % PROGRAMS.length]!;
  const unique = life % 1000 < UNIQUE * 1000;
  const target = decoded(`/src/project/module-${unique ? life : life % 50}/part.c`);
  const args = [program, '-O2', '-I', '/usr/include/project', target];
  const startNs = 5_000_000_000 + life * 30_000;
  const timeNs = 5_000_000_000 + n * 10_000;
  const fields: EventFields = {
    '@timestamp': START + timeNs / 1e6,
    'event.kind': 'event',
    'event.category': PROCESS,
    'event.type': TYPES[action],
    'event.action': action,
    'event.outcome': 'success',
    'event.sequence': n + 1,
    'host.boot.id': BOOT_ID,
    'process.entity_id': decoded(`6c2f3a5e-${pid}-${startNs}`),
    'process.pid': pid,
    'process.vpid': pid,
    'process.thread.id': pid,
    'process.name': program,
    'process.executable': decoded(`/usr/bin/${program}`),
    'process.args': args,
    'process.args_count': args.length,
    'process.command_line': decoded(args.join(' ')),
    'process.working_directory': '/src/project',
    'process.start': START + startNs / 1e6,
    'process.interactive': true,
    'process.tty.char_device.major': 136,
    'process.tty.char_device.minor': 3,
    'process.session_leader.pid': 900,
    'process.thread.capabilities.effective': CAPABILITIES,
    'process.parent.entity_id': decoded(`6c2f3a5e-${900 + (life % 40)}-4000000000`),
    'process.parent.pid': 900 + (life % 40),
    'process.parent.name': 'make',
    'process.parent.executable': '/usr/bin/make',
    'process.parent.command_line': 'make -j2 all',
    'user.id': '1000',
    'user.name': 'alex',
    'user.effective.id': '1000',
    'user.effective.name': 'alex',
    'group.id': '1000',
    'group.name': 'alex',
    'package.name': 'build-essential',
    'package.version': '12.9',
    'merlon.process.comm': program,
    'merlon.process.flags': NO_FLAGS,
    'merlon.login.id': '1000',
    'merlon.login.name': 'alex',
    'merlon.audit.session': 3,
    'merlon.tty.name': 'pts/3',
    'merlon.namespace.mount': 4026531841,
    'merlon.namespace.pid': 4026531836,
    'merlon.namespace.net': 4026531840,
    'merlon.namespace.user': 4026531837,
    'merlon.cgroup.id': '4242',
    'merlon.cgroup.path': '/user.slice/user-1000.slice/session-3.scope',
    'merlon.systemd.unit': 'session-3.scope',
  };
  if (action === 'exec') {
    Object.assign(fields, {
      'merlon.process.stdin': 'tty',
      'merlon.process.stdout': 'pipe',
      'merlon.process.stderr': 'tty',
      'merlon.process.args_length': 60,
      'merlon.executable.device': '254:1',
      'merlon.executable.inode': String(100_000 + (life % PROGRAMS.length)),
      'merlon.executable.generation': 1,
    });
  }
  if (action === 'exit') {
    Object.assign(fields, {
      'process.end': START + timeNs / 1e6,
      'process.exit_code': life % 50 === 0 ? 1 : 0,
      'event.duration': timeNs - startNs,
      'merlon.exit.core_dumped': false,
      'merlon.exit.cpu_time': 900_000,
      'merlon.exit.max_rss': 9_000_000,
    });
  }
  return { cursor: { boot: 1, timeNs, sequence: n + 1 }, fields };
}

function* batches(): Generator<readonly StoredEvent[]> {
  for (let n = 0; n < EVENTS; n += BATCH) {
    yield Array.from({ length: Math.min(BATCH, EVENTS - n) }, (_, i) => makeEvent(n + i));
  }
}

/** What `append` takes; making the events is not counted. Processor time stays true where the machine is shared. */
function ingest(append: (batch: readonly StoredEvent[]) => void): {
  events_per_s: number;
  cpu_us_per_event: number;
  slowest_batch_ms: number;
} {
  let spent = 0;
  let slowest = 0;
  let cpu = 0;
  for (const batch of batches()) {
    const used = process.cpuUsage();
    const begin = performance.now();
    append(batch);
    const took = performance.now() - begin;
    spent += took;
    const { user, system } = process.cpuUsage(used);
    cpu += user + system;
    slowest = Math.max(slowest, took);
  }
  return {
    events_per_s: Math.round(EVENTS / (spent / 1000)),
    cpu_us_per_event: Number((cpu / EVENTS).toFixed(2)),
    slowest_batch_ms: Number(slowest.toFixed(1)),
  };
}

/** The plainest thing that works: a text column a field, one statement an event, the same pragmas and batches. */
function plain(folder: string) {
  const path = join(folder, 'plain.db');
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = NORMAL');
  db.exec(`CREATE TABLE event (boot, time_ns, sequence, ${COLUMNS.map(({ name }) => `"${name}"`).join(', ')},
           PRIMARY KEY (boot, time_ns, sequence)) WITHOUT ROWID`);
  const insert = db.prepare(
    `INSERT INTO event VALUES (${Array(COLUMNS.length + 3)
      .fill('?')
      .join(', ')})`,
  );
  const append = db.transaction((batch: readonly StoredEvent[]) => {
    for (const { cursor, fields } of batch) {
      const cells = COLUMNS.map(({ name }) => {
        const value = fields[name];
        if (Array.isArray(value)) return JSON.stringify(value);
        return typeof value === 'boolean' ? Number(value) : (value ?? null);
      });
      insert.run(cursor.boot, cursor.timeNs, cursor.sequence, ...cells);
    }
  });
  const measured = ingest(append);
  const query = db.prepare(
    `SELECT * FROM event WHERE "process.name" LIKE 'curl' ORDER BY boot DESC, time_ns DESC, sequence DESC LIMIT 100`,
  );
  const page_ms = timed(() => query.all());
  db.close();
  return {
    ...measured,
    bytes_per_event: Math.round(statSync(path).size / EVENTS),
    page_of_a_name_ms: page_ms,
  };
}

function timed(run: () => void): number {
  const begin = performance.now();
  run();
  return Number((performance.now() - begin).toFixed(2));
}

const QUERIES = {
  newest: '',
  a_name: 'process.name:curl',
  rare: 'process.exit_code>0 and process.name:sed',
  absent_word: 'nosuchword',
  absent_number: 'process.pid:7',
};

async function merlon(folder: string) {
  const store = openStore(join(folder, 'store'));
  store.bootNumber(BOOT_ID);
  const measured = ingest((batch) => store.append(batch));
  const { bytes, events } = store.stats();
  const pages: Record<string, { first_ms: number; median_ms: number }> = {};
  await store.page({ query: null, limit: 1 });
  for (const [name, text] of Object.entries(QUERIES)) {
    const parsed = parseQuery(text);
    if (!parsed.ok) throw new Error(parsed.error.message);
    const times: number[] = [];
    for (let i = 0; i < 7; i++) {
      const begin = performance.now();
      await store.page({ query: parsed.value, limit: 100 });
      times.push(performance.now() - begin);
    }
    const first = times[0]!;
    const median = times.sort((a, b) => a - b)[3]!;
    pages[name] = { first_ms: Number(first.toFixed(2)), median_ms: Number(median.toFixed(2)) };
  }
  await store.close();
  return { ...measured, bytes_per_event: Math.round(bytes / events), pages };
}

const folder = mkdtempSync(join(tmpdir(), 'merlon-bench-store-'));
try {
  const fields = [0, 1, 2].map((n) => Object.keys(makeEvent(n).fields).length);
  const result = { events: EVENTS, unique_command_lines: UNIQUE, batch: BATCH, fields_per_event: fields };
  console.log(JSON.stringify({ ...result, merlon: await merlon(folder), plain: plain(folder) }, null, 2));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
