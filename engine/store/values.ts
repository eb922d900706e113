import { FIELDS, isoTime, type EventFields, type FieldName } from '../../shared/event.ts';
import { formatDuration, DURATION_FIELDS } from '../../shared/query/values.ts';
import type { Values, ValuesRequest } from './contract.ts';
import { isDamage } from './damage.ts';
import type { PartitionFile } from './partition-file.ts';
import { isSealed, type PartitionEntry, type Partitions } from './partitions.ts';
import { scan, type Spent } from './scan.ts';
import { foldText } from './terms.ts';

/** Different values that are counted at most; more end the count, as patience does. */
const MOST_VALUES = 50_000;

type Counts = Map<string, number>;

/** Counts the values of a field, newest partitions first. Synchronous: runs in the reader's thread. */
export class ValuesCount {
  readonly #partitions: Partitions;
  readonly #request: ValuesRequest;
  readonly #pause: () => void;
  readonly #deadline: number;
  readonly #prefix: string;
  readonly #spent: Spent = { events: 0 };
  readonly #counts: Counts = new Map();
  /** Partitions that were counted, by number. */
  readonly #done = new Set<number>();

  /** @param pause called between short pieces of work; throws to give up. */
  constructor(partitions: Partitions, request: ValuesRequest, pause: () => void) {
    this.#partitions = partitions;
    this.#request = request;
    this.#pause = pause;
    this.#deadline = performance.now() + (request.patienceMs ?? Infinity);
    this.#prefix = foldText(request.prefix ?? '');
  }

  /** @throws SqliteError where a file cannot be read; damaged ones are left out. */
  run(): Values {
    for (;;) {
      const from = this.#through(this.#partitions.list());
      if (from === 'changed') continue;
      const values = [...this.#counts]
        .map(([value, events]) => ({ value, events }))
        .sort((a, b) => b.events - a.events || (a.value < b.value ? -1 : 1));
      const answer = { values: values.slice(0, this.#request.limit), distinct: values.length };
      return from === undefined ? answer : { ...answer, countedFromMs: from };
    }
  }

  /** @returns from when on all was counted; undefined where that is from the beginning. */
  #through(entries: readonly PartitionEntry[]): number | undefined | 'changed' {
    const left = entries.filter((entry) => !this.#done.has(entry.number) && this.#mayHave(entry));
    for (let entry = left.pop(); entry !== undefined; entry = left.pop()) {
      this.#pause();
      if (this.#done.size > 0 && this.#isLate(this.#counts)) return this.#lastOf([...left, entry]);
      const file = this.#partitions.use(entry);
      if (file === 'changed') return 'changed';
      try {
        if (file !== undefined && file.chunks.length > 0) {
          const counts: Counts = new Map();
          const fromMs = this.#byEvents(file, counts);
          for (const [value, events] of counts) this.#add(this.#counts, value, events);
          if (fromMs !== undefined) return Math.max(fromMs, this.#lastOf(left));
        }
        file?.end();
      } catch (error) {
        if (!isDamage(error)) throw error;
        this.#partitions.damaged(entry.number, error);
      }
      this.#done.add(entry.number);
    }
    return undefined;
  }

  #isLate(counts: Counts): boolean {
    return performance.now() > this.#deadline || this.#counts.size + counts.size > MOST_VALUES;
  }

  #mayHave(entry: PartitionEntry): boolean {
    const { fromMs = -Infinity, untilMs = Infinity } = this.#request;
    if (!isSealed(entry) || (fromMs === -Infinity && untilMs === Infinity)) return true;
    const { first_ms: first, last_ms: last } = entry;
    return first !== null && last !== null && first < untilMs && last >= fromMs;
  }

  /** Past every `@timestamp` in these partitions. */
  #lastOf(entries: readonly PartitionEntry[]): number {
    const lasts = entries.map((entry) => {
      if (isSealed(entry)) return entry.last_ms ?? -Infinity;
      const file = this.#partitions.use(entry);
      return typeof file === 'object' ? (file.chunks.msOf()?.last ?? -Infinity) : -Infinity;
    });
    return justAfter(Math.max(this.#request.fromMs ?? -Infinity, ...lasts));
  }

  /** @returns from when on events were counted, where patience ended. */
  #byEvents(file: PartitionFile, counts: Counts): number | undefined {
    const { query, now, field, fromMs = -Infinity, untilMs = Infinity } = this.#request;
    const { chunks } = file;
    const first = chunks.firstSequence(0);
    const last = chunks.lastSequence(chunks.length - 1);
    const wanted = { query, now, fromMs, untilMs, first, last, newestFirst: true, fields: [field] };
    for (const { matches, reached } of scan(file, wanted, this.#spent, () => Infinity, this.#pause)) {
      for (const { fields } of matches) this.#count(fields, counts);
      if (reached <= first || !this.#isLate(counts)) continue;
      // What is left of the chunk that was reached counts as not looked at.
      return justAfter(chunks.msOf(0, chunks.chunkOf(reached) + 1)?.last ?? -Infinity);
    }
    return undefined;
  }

  #count(fields: EventFields, counts: Counts): void {
    const { field } = this.#request;
    const value = fields[field];
    if (value === undefined) return;
    if (typeof value !== 'object') return this.#add(counts, textOf(field, value), 1);
    // An event counts once, however often its list names the value.
    for (const member of value.length < 2 ? value : new Set(value)) this.#add(counts, member, 1);
  }

  #add(counts: Counts, value: string, events: number): void {
    if (this.#prefix !== '' && !foldText(value).startsWith(this.#prefix)) return;
    counts.set(value, (counts.get(value) ?? 0) + events);
  }
}

/** A value as a query names it. */
export function textOf(field: FieldName, value: string | number | boolean): string {
  if (typeof value !== 'number') return String(value);
  if (FIELDS[field].kind === 'date') return isoTime(value);
  return DURATION_FIELDS.has(field) ? formatDuration(value) : String(value);
}

const justAfter = (ms: number) => ms + 0.001;
