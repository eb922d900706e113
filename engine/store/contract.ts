/** What the engine may ask of the store. Nothing else knows SQL. */
import type { AsideScope } from '../../shared/answers.ts';
import { CONFIG_DEFAULTS } from '../../shared/config.ts';
import type { Cursor, Event, EventFields, FieldName } from '../../shared/event.ts';
import type { Query } from '../../shared/query.ts';

/** An event with its place in the order of all events. */
export interface StoredEvent {
  readonly cursor: Cursor;
  readonly fields: Readonly<EventFields>;
}

/** One page of events: newest first, or oldest first where `after` is given. */
export interface PageRequest {
  /** null: every event. */
  readonly query: Query | null;
  /** Only events before this one. */
  readonly before?: Cursor | undefined;
  /** Only events after this one. */
  readonly after?: Cursor | undefined;
  /** Epoch milliseconds: events with an earlier `@timestamp`, or with none, are left out. */
  readonly sinceMs?: number | undefined;
  /** Epoch milliseconds: events with this `@timestamp` or a later one, or with none, are left out. */
  readonly untilMs?: number | undefined;
  readonly limit: number;
  /** Epoch milliseconds that `now-10m` in the query counts from. */
  readonly now: number;
  /**
   * Give an answer after about so many milliseconds, with what was found so far (perhaps nothing) and `next` to go on
   * from. Without it the page is full, or the end is reached.
   */
  readonly patienceMs?: number | undefined;
}

export interface Page {
  readonly events: readonly Event[];
  /** Where more may follow: the cursor of the last event, or of the place that the search has reached. */
  readonly next?: string;
  /** Where `patienceMs` ended the search: events passed so far, and in all, of those that the range leaves. */
  readonly searched?: { readonly events: number; readonly of: number };
}

/** Counts of events over time. Exact. Events without `@timestamp` are in none. */
export interface HistogramRequest {
  readonly query: Query | null;
  /** Epoch milliseconds, from this on and before that. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Width of a bucket in milliseconds; the first begins at `fromMs`. At most 2,000 buckets. */
  readonly stepMs: number;
  readonly now: number;
  /** As in PageRequest: where it ends the count, `searched` says how far the counts reach, newest first. */
  readonly patienceMs?: number | undefined;
}

export interface Histogram {
  /** By `event.action` ('' where absent), a number for each bucket. Actions that never occur are left out. */
  readonly counts: Readonly<Record<string, readonly number[]>>;
  /** Not all was counted: events from here on (epoch milliseconds) were. */
  readonly countedFromMs?: number;
}

/** How often each value of a field occurs among the events that match. */
export interface ValuesRequest {
  readonly field: FieldName;
  /** Only values that begin so; A–Z equal a–z. */
  readonly prefix?: string | undefined;
  readonly query: Query | null;
  /** Epoch milliseconds, from this on and before that; where neither is given, events without `@timestamp` count, too. */
  readonly fromMs?: number | undefined;
  readonly untilMs?: number | undefined;
  /** Values given, the most frequent first. */
  readonly limit: number;
  readonly now: number;
  /** As in HistogramRequest. */
  readonly patienceMs?: number | undefined;
}

export interface Values {
  /** Each as a query names it; of a list every member counts, once for an event. */
  readonly values: readonly { readonly value: string; readonly events: number }[];
  /** How many different values there are, those that were left out included. */
  readonly distinct: number;
  /** Not all was counted: events from here on (epoch milliseconds) were, and perhaps some before. */
  readonly countedFromMs?: number;
}

/** All that the store knows of a process. */
export interface Story {
  /** The newest value of every field that its events have. */
  readonly process: EventFields;
  /** The same of its ancestors, from the parent up. */
  readonly ancestors: readonly EventFields[];
  /** The same of its descendants, parents before their children, at most `limit`. */
  readonly descendants: readonly EventFields[];
  /** Its own events, oldest first, at most `limit`. */
  readonly events: readonly Event[];
}

/** A part of what was stored that is there no more. */
export interface Cut {
  readonly atMs: number;
  readonly reason: 'age' | 'size' | 'disk_full' | 'wiped' | 'damaged' | 'set_aside';
  readonly boot: number;
  /** null where nobody knows. */
  readonly events: number | null;
  readonly bytes: number;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  /** Where it lies now, if it was set aside. */
  readonly folder: string | null;
  /** What was wrong with it then, in sentences. */
  readonly why: string | null;
}

/** What became of what was set aside. */
export interface SetAside {
  /** Where it lies now. */
  readonly folder: string;
  readonly bytes: number;
  /** null where nobody knows. */
  readonly events: number | null;
  /** Holds that went with it; null where nobody knows. */
  readonly holds: number | null;
}

/** Something that is to be kept, whatever its age: an incident, or what a person has pinned. */
export interface Hold {
  readonly id: string;
  /** A sentence for the person. */
  readonly reason: string;
  readonly boot: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

export interface StoreStats {
  /** The catalogue's file. */
  readonly path: string;
  /** What the folder takes on disk. */
  readonly bytes: number;
  readonly events: number;
  /** Epoch milliseconds of the oldest `@timestamp`; null where there is none. */
  readonly oldest: number | null;
  readonly partitions: number;
  /** Given to `append` and not yet on disk. */
  readonly waiting: { readonly events: number; readonly bytes: number };
  /** What is damaged, a sentence each. */
  readonly damaged: readonly string[];
  /** How many of the partitions count as damaged. */
  readonly damagedPartitions: number;
  /** Why events wait, from the first failed attempt to store them until one succeeds: a sentence. */
  readonly refused?: { readonly said: string; readonly sinceMs: number };
  /** The database could not be opened, as `refused` says: what comes waits until it is set aside. */
  readonly unopened?: true;
}

export interface Retention {
  /** Events older than so many days are cut. */
  readonly days: number;
  /** The oldest events are cut while the folder takes more. */
  readonly bytes: number;
  /** Whether the oldest events may be cut, where not held, to store new ones on a full disk. */
  readonly freeWhenFull: boolean;
}
export const DEFAULT_RETENTION: Retention = {
  days: CONFIG_DEFAULTS['retention.days'],
  bytes: CONFIG_DEFAULTS['retention.size'],
  freeWhenFull: CONFIG_DEFAULTS['retention.free_when_full'],
};

/** One finding of `check`. */
export interface Finding {
  readonly file: string;
  /** A sentence: what is wrong. */
  readonly problem: string;
  /** How many events of it can be read; null where it was not tried. */
  readonly readable: number | null;
}

export interface CheckReport {
  readonly partitions: number;
  readonly events: number;
  readonly findings: readonly Finding[];
}

/** Called with 0 to 1 now and then. */
export type Progress = (done: number) => void;

/** Everything that happened, on disk. Events are never changed. */
export interface Store {
  /** The number of this boot: stable, ascending in the order of first sight. */
  readonly boot: number;
  /** The largest sequence and time stored for this boot; 0 where there is none. */
  readonly last: { readonly sequence: number; readonly timeNs: number };
  /** The newest event's cursor at the start; undefined where nothing is stored. */
  readonly newest: Cursor | undefined;
  /**
   * Takes a batch over. Encodes it at once, on the calling thread; another one stores it, all of it or nothing, in the
   * order of the calls, and tries again for as long as it fails (`stats().refused` says why, `onRefused` when).
   * Cursors ascend by (timeNs, sequence) within this boot. Lists that are frozen (Object.freeze) and come again and
   * again are recognised without a look inside.
   * @returns resolves once the batch is committed. Rejects only where the store was closed before.
   */
  append(events: readonly StoredEvent[]): Promise<void>;
  /** One page, found in a thread of its own. @param signal gives it up; the promise rejects with its reason. */
  page(request: Omit<PageRequest, 'now'> & { readonly now?: number }, signal?: AbortSignal): Promise<Page>;
  get(cursor: Cursor): Promise<Event | undefined>;
  /** The newest value of every field that the events of a process have; undefined where there are none. */
  process(entityId: string, signal?: AbortSignal): Promise<EventFields | undefined>;
  /** Ancestors, descendants and events of a process; undefined where the store has no event of it. */
  story(entityId: string, limit: number, signal?: AbortSignal): Promise<Story | undefined>;
  histogram(
    request: Omit<HistogramRequest, 'now'> & { readonly now?: number },
    signal?: AbortSignal,
  ): Promise<Histogram>;
  values(
    request: Omit<ValuesRequest, 'now'> & { readonly now?: number },
    signal?: AbortSignal,
  ): Promise<Values>;
  /** Immediate. */
  stats(): StoreStats;
  /** Newest first. */
  cuts(): Promise<readonly Cut[]>;
  holds(): Promise<readonly Hold[]>;
  hold(hold: Hold): Promise<void>;
  release(id: string): Promise<void>;
  retain(retention: Retention): Promise<void>;
  /** Writes everything that is committed at that moment into one file (tar), while events come in. @throws StoreError */
  backup(
    file: string,
    progress?: Progress,
    signal?: AbortSignal,
  ): Promise<{ readonly bytes: number; readonly events: number }>;
  /** Deletes every event; what comes afterwards is stored as ever. */
  wipe(): Promise<void>;
  /**
   * Renames the database, or what is damaged of it, into a folder of its own, and goes on without it; nothing is
   * deleted, and what waits to be stored goes to the new database. @throws StoreError; then all is as it was.
   */
  setAside(scope: AsideScope): Promise<SetAside>;
  /** Reads everything there is. */
  check(progress?: Progress, signal?: AbortSignal): Promise<CheckReport>;
  /** Puts what can be read of damaged partitions into new ones. @returns events saved. */
  salvage(progress?: Progress): Promise<number>;
  /** Ends reading and writing, once what was appended is stored or cannot be, and gives the folder back; idempotent. */
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly folder: string;
  readonly bootId: string;
  readonly retention?: Retention;
  /** A database that cannot be opened (newer, corrupt) is no failure: what comes waits until it is set aside. */
  readonly waitUnopened?: boolean;
  /** Storing began to fail, with a sentence, or works again (undefined). */
  readonly onRefused?: (said: string | undefined) => void;
  readonly log?: (line: string) => void;
}

/** So much may wait in memory before the caller should take no more (`stats().waiting.bytes`). */
export const MAX_WAITING_BYTES = 32 << 20;
