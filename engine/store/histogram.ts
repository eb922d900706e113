import { toPredicate } from '../../shared/query.ts';
import type { Histogram, HistogramRequest } from './contract.ts';
import { Buckets, Sums } from './buckets.ts';
import { isDamage } from './damage.ts';
import { minuteOf } from './minute-counts.ts';
import type { MinuteCount } from './minutes.ts';
import { countPacked } from './packed-count.ts';
import { PackedRows } from './packed-rows.ts';
import type { PartitionFile } from './partition-file.ts';
import { isSealed, type PartitionEntry, type Partitions } from './partitions.ts';
import { fieldsOfQuery, scan, type Spent } from './scan.ts';

const MINUTE_MS = 60_000;

/** A span of time: from `fromMs` on and before `untilMs`. */
interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What counting a partition gave. */
interface Counted {
  readonly sums: Sums;
  /** Where patience ended: events from here on were counted. */
  readonly fromMs?: number;
}

/** What the minutes of a partition gave. */
interface MinutesCounted {
  readonly sums: Sums;
  /** What is left to count: minutes, or what of them is asked for. */
  readonly cut: readonly Span[];
}

/** Counts events over time, newest partitions first. Synchronous: runs in the reader's thread. */
export class HistogramCount {
  readonly #partitions: Partitions;
  readonly #request: HistogramRequest;
  readonly #pause: () => void;
  readonly #deadline: number;
  readonly #buckets: Buckets;
  readonly #passes: ActionTest | undefined;
  readonly #spent: Spent = { events: 0 };
  readonly #sums: Sums;
  /** Partitions that were counted, by number. */
  readonly #done = new Set<number>();

  /**
   * @param pause called between short pieces of work; throws to give up.
   * @throws StoreError where there are no or too many buckets.
   */
  constructor(partitions: Partitions, request: HistogramRequest, pause: () => void) {
    this.#partitions = partitions;
    this.#request = request;
    this.#pause = pause;
    this.#deadline = performance.now() + (request.patienceMs ?? Infinity);
    this.#buckets = new Buckets(request);
    this.#sums = new Sums(this.#buckets.length);
    this.#passes = actionTest(request);
  }

  /** @throws SqliteError where a file cannot be read; damaged ones are left out. */
  run(): Histogram {
    for (;;) {
      const from = this.#through(this.#partitions.list());
      if (from === 'changed') continue;
      const counts = this.#sums.counts();
      return from === undefined ? { counts } : { counts, countedFromMs: from };
    }
  }

  /** @returns from when on all was counted; undefined where that is from the beginning. */
  #through(entries: readonly PartitionEntry[]): number | undefined | 'changed' {
    const left = entries.filter((entry) => !this.#done.has(entry.number) && this.#mayHave(entry));
    for (let entry = left.pop(); entry !== undefined; entry = left.pop()) {
      this.#pause();
      if (this.#done.size > 0 && performance.now() > this.#deadline) return this.#lastOf([...left, entry]);
      try {
        const counted = this.#partition(entry);
        if (counted === 'changed') return 'changed';
        this.#sums.addAll(counted.sums);
        if (counted.fromMs !== undefined) return Math.max(counted.fromMs, this.#lastOf(left));
      } catch (error) {
        if (!isDamage(error)) throw error;
        this.#partitions.damaged(entry.number, error);
      }
      this.#done.add(entry.number);
    }
    return undefined;
  }

  #mayHave(entry: PartitionEntry): boolean {
    if (!isSealed(entry)) return true;
    const { first_ms: first, last_ms: last } = entry;
    const { fromMs, untilMs } = this.#request;
    return first !== null && last !== null && first < untilMs && last >= fromMs;
  }

  /** Past every `@timestamp` in these partitions. */
  #lastOf(entries: readonly PartitionEntry[]): number {
    const lasts = entries.map((entry) => {
      if (isSealed(entry)) return entry.last_ms ?? -Infinity;
      const file = this.#partitions.use(entry);
      return typeof file === 'object' ? (file.chunks.msOf()?.last ?? -Infinity) : -Infinity;
    });
    return justAfter(Math.max(this.#request.fromMs, ...lasts));
  }

  #partition(entry: PartitionEntry): Counted | 'changed' {
    const passes = this.#passes;
    const sealed = this.#partitions.minutes(entry);
    const known = passes && sealed && this.#byMinutes(sealed, passes);
    if (known?.cut.length === 0) return { sums: known.sums };
    const file = this.#partitions.use(entry);
    if (file === 'changed') return 'changed';
    if (file === undefined || file.chunks.length === 0) return { sums: this.#noSums() };
    const isDated = sealed?.every(({ minute }) => minute !== null) === true;
    const packed = isDated ? this.#byPacks(file, known) : undefined;
    if (packed !== undefined) return { sums: packed };
    const counted = known ?? (passes && this.#byMinutes(file.minutes(this.#pause), passes));
    const sums = counted?.sums ?? this.#noSums();
    for (const span of counted?.cut ?? [this.#request]) {
      const fromMs = this.#byEvents(file, span, sums);
      // What was counted by minutes lies on both sides.
      if (fromMs !== undefined)
        return { sums, fromMs: counted === undefined ? fromMs : justAfter(lastMs(file)) };
    }
    file.end();
    return { sums };
  }

  /**
   * Counts a partition whose events all have a `@timestamp`, or what its minutes could not tell.
   * @returns undefined where only the events can tell.
   */
  #byPacks(file: PartitionFile, known: MinutesCounted | undefined): Sums | undefined {
    const { query, now } = this.#request;
    if (file.packed === undefined) return undefined;
    const rows = new PackedRows(file, now);
    if (query !== null && known === undefined && rows.isNarrow(query)) return undefined;
    const set = query === null ? undefined : rows.matching(query);
    if (query !== null && set === undefined) return undefined;
    const minutes = known && new Set(known.cut.map(({ fromMs }) => minuteOf(fromMs)));
    const sums = known?.sums ?? this.#noSums();
    return countPacked(file, { set, minutes }, this.#buckets, sums) ? sums : undefined;
  }

  /** Counts the minutes that lie in one bucket, and says which ones are cut by an edge, or cannot tell. */
  #byMinutes(minutes: readonly MinuteCount[], passes: ActionTest): MinutesCounted {
    const { fromMs, untilMs } = this.#request;
    const cut = new Set<number>();
    const whole = minutes.filter(({ minute, action }) => {
      if (minute === null) return false;
      const first = minute * MINUTE_MS;
      const end = first + MINUTE_MS;
      if (end <= fromMs || first >= untilMs) return false;
      const next = this.#buckets.startOf(this.#buckets.of(first) + 1);
      const fits = first >= fromMs && end <= untilMs && end <= next;
      if (!fits || passes(action) === undefined) cut.add(minute);
      return true;
    });
    const sums = this.#noSums();
    for (const { minute, action, events } of whole) {
      if (minute === null || cut.has(minute) || passes(action) !== true) continue;
      sums.add(action, this.#buckets.of(minute * MINUTE_MS), events);
    }
    const spans = [...cut].map((minute) => ({
      fromMs: Math.max(fromMs, minute * MINUTE_MS),
      untilMs: Math.min(untilMs, (minute + 1) * MINUTE_MS),
    }));
    return { sums, cut: spans };
  }

  /** Counts events one by one. @returns from when on they were counted, where patience ended. */
  #byEvents(file: PartitionFile, { fromMs, untilMs }: Span, sums: Sums): number | undefined {
    const { query, now } = this.#request;
    const { chunks } = file;
    const first = chunks.firstSequence(0);
    const last = chunks.lastSequence(chunks.length - 1);
    const wanted = {
      query,
      now,
      fromMs,
      untilMs,
      first,
      last,
      newestFirst: true,
      fields: ['@timestamp', 'event.action'] as const,
    };
    for (const { matches, reached } of scan(file, wanted, this.#spent, () => Infinity, this.#pause)) {
      for (const { fields } of matches) {
        const at = fields['@timestamp'];
        if (at !== undefined) sums.add(fields['event.action'] ?? '', this.#buckets.of(at), 1);
      }
      if (reached <= first || performance.now() <= this.#deadline) continue;
      // What is left of the chunk that was reached counts as not looked at.
      return justAfter(chunks.msOf(0, chunks.chunkOf(reached) + 1)?.last ?? -Infinity);
    }
    return undefined;
  }

  #noSums(): Sums {
    return new Sums(this.#buckets.length);
  }
}

/** What a query says of an action; undefined where '' could be an absent one as well as an empty one. */
type ActionTest = (action: string) => boolean | undefined;

/** Where the query asks of nothing but the action. */
function actionTest({ query, now }: HistogramRequest): ActionTest | undefined {
  if (!fieldsOfQuery(query).every((name) => name === 'event.action')) return undefined;
  const test = toPredicate(query, now);
  const absent = test({});
  return (action) => {
    // Any text may be stored there, whatever the sensors give.
    const named = test({ 'event.action': action });
    return action === '' && named !== absent ? undefined : named;
  };
}

const lastMs = (file: PartitionFile) => file.chunks.msOf()?.last ?? -Infinity;
const justAfter = (ms: number) => ms + 0.001;
