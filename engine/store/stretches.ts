import type Database from 'better-sqlite3';
import * as v from 'valibot';
import type { StoredEvent } from './writer.ts';

const EVENTS_PER_STRETCH = 65_536;

const stretchRow = v.object({
  id: v.number(),
  boot: v.number(),
  first_time_ns: v.number(),
  events: v.number(),
  first_ms: v.nullable(v.number()),
  last_ms: v.nullable(v.number()),
  last_sequence: v.number(),
});
type Stretch = v.InferOutput<typeof stretchRow>;

interface Totals {
  readonly events: number;
  readonly oldest: number | null;
  /** The newest stretch of each boot that this run has seen, and of the last run. */
  readonly open: ReadonlyMap<number, Stretch>;
  readonly nextId: number;
}

/** Keeps the table `stretch`, and with it the exact number of events and the oldest one without ever counting rows. */
export class Stretches {
  readonly #all: Database.Statement<[]>;
  readonly #replace: Database.Statement<[Stretch]>;
  #kept: Totals;
  #next: Totals;

  constructor(db: Database.Database) {
    this.#all = db.prepare('SELECT * FROM main.stretch ORDER BY id');
    this.#replace = db.prepare(
      `INSERT OR REPLACE INTO main.stretch VALUES
       (:id, :boot, :first_time_ns, :events, :first_ms, :last_ms, :last_sequence)`,
    );
    this.#kept = this.#read();
    this.#next = this.#kept;
  }

  get events(): number {
    return this.#kept.events;
  }

  /** Epoch milliseconds of the oldest `@timestamp`; null where there is none. */
  get oldest(): number | null {
    return this.#kept.oldest;
  }

  /** Counts a batch, inside the caller's transaction; void unless `keep` follows. */
  add(events: readonly StoredEvent[]): void {
    const open = new Map(this.#kept.open);
    const changed = new Map<number, Stretch>();
    let { nextId } = this.#kept;
    for (const event of events) {
      const { boot } = event.cursor;
      let stretch = changed.get(boot);
      if (stretch === undefined) {
        const last = open.get(boot);
        stretch =
          last !== undefined && last.events < EVENTS_PER_STRETCH
            ? { ...last }
            : { id: nextId++, boot, events: 0, ...EMPTY };
        changed.set(boot, stretch);
      }
      count(stretch, event);
    }
    for (const stretch of changed.values()) {
      this.#replace.run(stretch);
      open.set(stretch.boot, stretch);
    }
    this.#next = {
      events: this.#kept.events + events.length,
      oldest: oldestOf(this.#kept.oldest, changed),
      open,
      nextId,
    };
  }

  /** What was added is committed. */
  keep(): void {
    this.#kept = this.#next;
  }

  #read(): Totals {
    const stretches = this.#all.all().map((row) => v.parse(stretchRow, row));
    const open = new Map(stretches.map((stretch) => [stretch.boot, stretch]));
    const events = stretches.reduce((sum, stretch) => sum + stretch.events, 0);
    const nextId = (stretches.at(-1)?.id ?? 0) + 1;
    return { events, oldest: oldestOf(null, new Map(stretches.map((one) => [one.id, one]))), open, nextId };
  }
}

const EMPTY = { first_time_ns: Infinity, first_ms: null, last_ms: null, last_sequence: 0 };

function count(stretch: Stretch, { cursor, fields }: StoredEvent): void {
  stretch.events++;
  if (cursor.timeNs < stretch.first_time_ns) stretch.first_time_ns = cursor.timeNs;
  if (cursor.sequence > stretch.last_sequence) stretch.last_sequence = cursor.sequence;
  const at = fields['@timestamp'];
  if (at === undefined || Number.isNaN(at)) return;
  if (stretch.first_ms === null || at < stretch.first_ms) stretch.first_ms = at;
  if (stretch.last_ms === null || at > stretch.last_ms) stretch.last_ms = at;
}

function oldestOf(before: number | null, stretches: ReadonlyMap<number, Stretch>): number | null {
  let oldest = before;
  for (const { first_ms: at } of stretches.values()) {
    if (at !== null && (oldest === null || at < oldest)) oldest = at;
  }
  return oldest;
}
