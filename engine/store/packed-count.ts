import type { Buckets, Sums } from './buckets.ts';
import { minuteOf } from './minute-counts.ts';
import type { PackedColumn } from './packed.ts';
import { MOST_CELLS } from './packs.ts';
import type { PartitionFile } from './partition-file.ts';
import type { RowSet } from './row-set.ts';
import { cellsOf } from './rows.ts';

/** What to count of a partition. */
export interface PackedCount {
  /** The rows that count; undefined: all. */
  readonly set?: RowSet | undefined;
  /** The minutes (since 1970) that count; undefined: all. */
  readonly minutes?: ReadonlySet<number> | undefined;
}

/**
 * Counts rows of a sealed partition by bucket and action: chunk by chunk, and row by row only in those that an edge
 * cuts. Right only where every event has a `@timestamp`.
 * @returns false where sealing has not packed the actions.
 * @throws TypeError or RangeError where the file is damaged.
 */
export function countPacked(
  file: PartitionFile,
  { set, minutes }: PackedCount,
  buckets: Buckets,
  sums: Sums,
): boolean {
  const { chunks } = file;
  const actions = file.packed?.column('event.action');
  if (actions === undefined) return false;
  const tally = new ActionTally(actions, chunks.events, set);
  // Neighbouring chunks of one bucket are counted at once.
  const run = { first: 0, bucket: 0, fromMs: Infinity, untilMs: -Infinity };
  const endRun = (end: number) => {
    if (run.first < end) tally.add(run.first, end, (action, events) => sums.add(action, run.bucket, events));
  };
  let end = 0;
  for (let chunk = 0; chunk < chunks.length; chunk++) {
    const first = end;
    end += chunks.eventsIn(chunk);
    const firstMs = chunks.firstMs(chunk);
    const lastMs = chunks.lastMs(chunk);
    const minute = minuteOf(firstMs);
    const inOne = minutes === undefined || minuteOf(lastMs) === minute;
    const counts =
      minutes === undefined || minutes.has(minute) || (!inOne && mayHave(minutes, minute, lastMs));
    if (counts && inOne && firstMs >= run.fromMs && lastMs < run.untilMs) continue;
    endRun(first);
    run.first = end;
    if (!counts || !(lastMs >= buckets.fromMs && firstMs < buckets.untilMs)) {
      run.untilMs = -Infinity;
    } else if (inOne && buckets.holdsAll(firstMs, lastMs)) {
      run.first = first;
      run.bucket = buckets.of(firstMs);
      run.fromMs = buckets.startOf(run.bucket);
      run.untilMs = Math.min(buckets.untilMs, buckets.startOf(run.bucket + 1));
    } else {
      const moments = file.packed?.moments(chunk) ?? momentsOf(file, chunk);
      tally.each(first, end, (row, action) => {
        const ms = moments[row - first]!;
        if (ms >= buckets.fromMs && ms < buckets.untilMs && minutes?.has(minuteOf(ms)) !== false)
          sums.add(action, buckets.of(ms), 1);
      });
    }
  }
  endRun(end);
  return true;
}

/** Whether one of the minutes can lie after `minute`, and not after `lastMs`. */
function mayHave(minutes: ReadonlySet<number>, minute: number, lastMs: number): boolean {
  const last = minuteOf(lastMs);
  return last > minute + 1 || minutes.has(last);
}

/** Counts rows by their actions ('' where absent). */
class ActionTally {
  readonly #set: RowSet | undefined;
  readonly #kinds: Uint8Array;
  readonly #names: readonly string[];
  readonly #counts = new Uint32Array(MOST_CELLS);

  /** @param set the rows that count; undefined: all. */
  constructor({ values, rows }: PackedColumn, events: number, set: RowSet | undefined) {
    this.#set = set;
    this.#kinds = rows() ?? new Uint8Array(events);
    this.#names = values.map((value) => (typeof value === 'string' ? value : ''));
  }

  /** Hands over how many rows from `first` on and before `end` have each action that one of them has. */
  add(first: number, end: number, take: (action: string, events: number) => void): void {
    const counts = this.#counts.fill(0);
    const kinds = this.#kinds;
    if (this.#set === undefined) for (let row = first; row < end; row++) counts[kinds[row]!]!++;
    else this.#set.tally(first, end, kinds, counts);
    for (let kind = 0; kind < MOST_CELLS; kind++)
      if (counts[kind]! > 0) take(this.#name(kind), counts[kind]!);
  }

  /** Hands over each row. */
  each(first: number, end: number, take: (row: number, action: string) => void): void {
    const one = (row: number) => take(row, this.#name(this.#kinds[row]!));
    if (this.#set === undefined) for (let row = first; row < end; row++) one(row);
    else this.#set.each(first, end, one);
  }

  #name(kind: number): string {
    const name = this.#names[kind];
    if (name === undefined) throw new TypeError('a packed column names a value that is not there');
    return name;
  }
}

/** What the rows themselves say. */
function momentsOf(file: PartitionFile, chunk: number): readonly number[] {
  const { chunks, rows } = file;
  const { columns, read } = rows.selection(['@timestamp']);
  return file
    .select(`SELECT ${columns} FROM main.event WHERE sequence BETWEEN ? AND ? ORDER BY sequence`, [
      chunks.firstSequence(chunk),
      chunks.lastSequence(chunk),
    ])
    .map((row) => Number(read(cellsOf(row), '@timestamp')));
}
