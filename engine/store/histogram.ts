import { toPredicate } from '../../shared/query.ts';
import type { Histogram, HistogramRequest } from './contract.ts';
import { isDamage } from './damage.ts';
import type { MinuteCount } from './minutes.ts';
import type { PartitionFile } from './partition-file.ts';
import { isSealed, type PartitionEntry, type Partitions } from './partitions.ts';
import { fieldsOfQuery, scan, type Spent } from './scan.ts';
import { StoreError } from './error.ts';

const MINUTE_MS = 60_000;
const MOST_BUCKETS = 2000;

/** Sums of one partition, or of all: a number for each bucket by action. */
type Sums = Map<string, Float64Array>;

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

/** Counts events over time, newest partitions first. Synchronous: runs in the reader's thread. */
export class HistogramCount {
  readonly #partitions: Partitions;
  readonly #request: HistogramRequest;
  readonly #pause: () => void;
  readonly #deadline: number;
  readonly #buckets: number;
  readonly #passes: ActionTest | undefined;
  readonly #spent: Spent = { events: 0 };
  readonly #sums: Sums = new Map();
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
    const { fromMs, untilMs, stepMs } = request;
    this.#buckets = Math.max(0, Math.ceil((untilMs - fromMs) / stepMs));
    if (!(stepMs > 0) || !(this.#buckets <= MOST_BUCKETS))
      throw new StoreError(
        'failed',
        `A histogram has at most ${MOST_BUCKETS} buckets: choose a longer step.`,
      );
    this.#passes = actionTest(request);
  }

  /** @throws SqliteError where a file cannot be read; damaged ones are left out. */
  run(): Histogram {
    for (;;) {
      const from = this.#through(this.#partitions.list());
      if (from === 'changed') continue;
      const counts = Object.fromEntries([...this.#sums].map(([action, sums]) => [action, [...sums]]));
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
        for (const [action, sums] of counted.sums) this.#merge(action, sums);
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
    const sealed = passes === undefined ? undefined : this.#partitions.minutes(entry);
    if (passes !== undefined && sealed !== undefined) {
      const { sums, cut } = this.#byMinutes(sealed, passes);
      if (cut.length === 0) return { sums };
    }
    const file = this.#partitions.use(entry);
    if (file === 'changed') return 'changed';
    const sums: Sums = new Map();
    if (file === undefined || file.chunks.length === 0) return { sums };
    const counted =
      passes === undefined ? undefined : this.#byMinutes(sealed ?? file.minutes(this.#pause), passes);
    const spans = counted?.cut ?? [this.#request];
    const result = { sums: counted?.sums ?? sums };
    for (const span of spans) {
      const fromMs = this.#byEvents(file, span, result.sums);
      // What was counted by minutes lies on both sides.
      if (fromMs !== undefined)
        return { ...result, fromMs: counted === undefined ? fromMs : justAfter(lastMs(file)) };
    }
    file.end();
    return result;
  }

  /** Counts the minutes that lie in one bucket, and says which ones are cut by an edge, or cannot tell. */
  #byMinutes(minutes: readonly MinuteCount[], passes: ActionTest): { sums: Sums; cut: readonly Span[] } {
    const { fromMs, untilMs } = this.#request;
    const cut = new Set<number>();
    const whole = minutes.filter(({ minute, action }) => {
      if (minute === null) return false;
      const first = minute * MINUTE_MS;
      const end = first + MINUTE_MS;
      if (end <= fromMs || first >= untilMs) return false;
      const bucket = this.#bucketOf(first);
      const fits = first >= fromMs && end <= untilMs && end <= this.#startOf(bucket + 1);
      if (!fits || passes(action) === undefined) cut.add(minute);
      return true;
    });
    const sums: Sums = new Map();
    for (const { minute, action, events } of whole) {
      if (minute === null || cut.has(minute) || passes(action) !== true) continue;
      this.#add(sums, action, this.#bucketOf(minute * MINUTE_MS), events);
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
        if (at !== undefined) this.#add(sums, fields['event.action'] ?? '', this.#bucketOf(at), 1);
      }
      if (reached <= first || performance.now() <= this.#deadline) continue;
      // What is left of the chunk that was reached counts as not looked at.
      return justAfter(chunks.msOf(0, chunks.chunkOf(reached) + 1)?.last ?? -Infinity);
    }
    return undefined;
  }

  #bucketOf(ms: number): number {
    const { fromMs, stepMs } = this.#request;
    const bucket = Math.floor((ms - fromMs) / stepMs);
    // The division is rounded: the edges decide.
    if (ms < this.#startOf(bucket)) return bucket - 1;
    return ms >= this.#startOf(bucket + 1) ? bucket + 1 : bucket;
  }

  #startOf(bucket: number): number {
    return this.#request.fromMs + bucket * this.#request.stepMs;
  }

  #add(sums: Sums, action: string, bucket: number, events: number): void {
    let ofAction = sums.get(action);
    if (ofAction === undefined) sums.set(action, (ofAction = new Float64Array(this.#buckets)));
    ofAction[bucket]! += events;
  }

  #merge(action: string, sums: Float64Array): void {
    const known = this.#sums.get(action);
    if (known === undefined) this.#sums.set(action, sums);
    else sums.forEach((events, bucket) => (known[bucket] = (known[bucket] ?? 0) + events));
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
