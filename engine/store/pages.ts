import { formatCursor, type Cursor, type Event } from '../../shared/event.ts';
import type { Query } from '../../shared/query.ts';
import { boundsOf } from '../../shared/query/values.ts';
import type { Page, PageRequest } from './contract.ts';
import { isDamage } from './damage.ts';
import type { PartitionFile } from './partition-file.ts';
import { isSealed, type PartitionEntry, type Partitions } from './partitions.ts';
import { scan, type Spent, type Wanted } from './scan.ts';

/** Everything in the direction of the search was looked at, the page is full, or patience ended. */
type Outcome = 'end' | 'full' | 'late';

/** Searches one page of events. Synchronous: runs in the reader's thread. */
export class PageSearch {
  readonly #partitions: Partitions;
  readonly #request: PageRequest;
  readonly #pause: () => void;
  readonly #newestFirst: boolean;
  readonly #span: Span;
  readonly #deadline: number;
  readonly #events: Event[] = [];
  readonly #spent: Spent = { events: 0 };
  /** Everything up to here, in the direction of the search, was looked at. */
  #place: Cursor | undefined;
  /** How many events that were. */
  #passed = 0;

  /** @param pause called between short pieces of work; throws to give up. */
  constructor(partitions: Partitions, request: PageRequest, pause: () => void) {
    this.#partitions = partitions;
    this.#request = request;
    this.#pause = pause;
    this.#newestFirst = request.after === undefined;
    this.#span = spanOf(request);
    this.#deadline = performance.now() + (request.patienceMs ?? Infinity);
  }

  /** @throws SqliteError where a file cannot be read; damaged ones are left out. */
  run(): Page {
    const total = this.#request.patienceMs === undefined ? 0 : this.#total();
    const outcome = this.#search();
    const events = this.#events;
    const last = events.at(-1);
    switch (outcome) {
      case 'end':
        return { events };
      case 'full':
        return last === undefined ? { events } : { events, next: last.cursor };
      case 'late': {
        if (this.#place === undefined) return { events };
        const searched = { events: this.#passed, of: Math.max(this.#passed, total) };
        return { events, next: formatCursor(this.#place), searched };
      }
    }
  }

  #search(): Outcome {
    for (;;) {
      const outcome = this.#through(this.#partitions.list());
      if (outcome !== 'changed') return outcome;
    }
  }

  #through(entries: readonly PartitionEntry[]): Outcome | 'changed' {
    for (const entry of this.#newestFirst ? entries.toReversed() : entries) {
      this.#pause();
      if (!this.#mayHave(entry, this.#range())) continue;
      if (this.#events.length >= this.#request.limit) return 'full';
      if (this.#place !== undefined && performance.now() > this.#deadline) return 'late';
      const file = this.#partitions.use(entry);
      if (file === 'changed') return 'changed';
      if (file === undefined) continue;
      try {
        const outcome = this.#in(file);
        if (outcome !== undefined) return outcome;
      } catch (error) {
        if (!isDamage(error)) throw error;
        this.#partitions.damaged(entry.number, error);
        continue;
      }
      file.end();
    }
    return 'end';
  }

  /** Searches one partition. @returns undefined where it was searched whole. */
  #in(file: PartitionFile): Outcome | undefined {
    const { limit, query, now, sinceMs = -Infinity, untilMs = Infinity } = this.#request;
    const { chunks } = file;
    if (chunks.length === 0) return undefined;
    const { first, last } = sequencesOf(file, this.#range());
    if (first > last) return undefined;
    const wanted: Wanted = {
      query,
      now,
      fromMs: sinceMs,
      untilMs,
      first,
      last,
      newestFirst: this.#newestFirst,
    };
    const steps = scan(file, wanted, this.#spent, () => limit - this.#events.length, this.#pause);
    for (const { matches, reached } of steps) {
      for (const match of matches) {
        if (this.#events.length >= limit) return 'full';
        this.#events.push(match.event());
      }
      const done = this.#newestFirst ? reached <= first : reached >= last;
      if (!done && this.#events.length < limit && performance.now() <= this.#deadline) continue;
      this.#place = file.placeOf(reached, !this.#newestFirst) ?? this.#place;
      this.#passed += this.#newestFirst
        ? file.eventsBefore(last + 1) - file.eventsBefore(reached)
        : file.eventsBefore(reached + 1) - file.eventsBefore(first);
      if (!done) return this.#events.length < limit ? 'late' : 'full';
    }
    return undefined;
  }

  /** What is left to look at. */
  #range(): Range {
    const { before, after } = this.#request;
    return this.#newestFirst
      ? { after, before: this.#place ?? before }
      : { after: this.#place ?? after, before };
  }

  /** Whether a partition can have events of the range, as far as the catalogue can tell. */
  #mayHave(entry: PartitionEntry, { after, before }: Range): boolean {
    const { boot, first_time_ns: first, last_time_ns: last, first_ms: firstMs, last_ms: lastMs } = entry;
    if (before !== undefined && boot > before.boot) return false;
    if (after !== undefined && boot < after.boot) return false;
    if (!isSealed(entry)) return true;
    if (before?.boot === boot && first !== null && first > before.timeNs) return false;
    if (after?.boot === boot && last !== null && last < after.timeNs) return false;
    const { low, high } = this.#span;
    if (low === -Infinity && high === Infinity) return true;
    return firstMs !== null && lastMs !== null && firstMs <= high && lastMs >= low;
  }

  /** About how many events the range has. */
  #total(): number {
    const range = this.#range();
    let total = 0;
    for (const entry of this.#partitions.list()) {
      if (!this.#mayHave(entry, range)) continue;
      if (isSealed(entry) && entry.boot !== range.before?.boot && entry.boot !== range.after?.boot) {
        total += entry.events;
        continue;
      }
      const file = this.#partitions.use(entry);
      if (typeof file !== 'object') continue;
      const { first, last } = sequencesOf(file, range);
      if (first <= last) total += file.eventsBefore(last + 1) - file.eventsBefore(first);
    }
    return total;
  }
}

/** Events between two places, neither included. */
interface Range {
  readonly after: Cursor | undefined;
  readonly before: Cursor | undefined;
}

/** The sequences of a range in a partition that has events, both included; first > last where there are none. */
function sequencesOf(file: PartitionFile, { after, before }: Range) {
  const { chunks } = file;
  const first =
    after === undefined ? -Infinity : file.sequenceFrom({ ...after, sequence: after.sequence + 1 });
  const last = before === undefined ? Infinity : file.sequenceFrom(before) - 1;
  return {
    first: Math.max(first, chunks.firstSequence(0)),
    last: Math.min(last, chunks.lastSequence(chunks.length - 1)),
  };
}

interface Span {
  readonly low: number;
  readonly high: number;
}
const EVER: Span = { low: -Infinity, high: Infinity };

/** The `@timestamp`s that matches can have, both ends included, as far as that is plain to see. */
function spanOf({ query, now, sinceMs = -Infinity, untilMs = Infinity }: PageRequest): Span {
  return overlap({ low: sinceMs, high: untilMs }, query === null ? EVER : spanOfQuery(query, now));
}

export function spanOfQuery(query: Query, now: number): Span {
  switch (query.type) {
    case 'and':
      return query.terms.map((term) => spanOfQuery(term, now)).reduce(overlap, EVER);
    case 'compare':
    case 'between':
      return query.field === '@timestamp' ? boundsOf(query, now) : EVER;
    default:
      return EVER;
  }
}

const overlap = (a: Span, b: Span): Span => ({
  low: Math.max(a.low, b.low),
  high: Math.min(a.high, b.high),
});
