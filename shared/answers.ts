/** What the engine answers: plain values, parts of the contract (shared/console.ts). */
import type { Event } from './event.ts';

export const HELPER_STATES = [
  'starting', // the process is being started
  'authorising', // pkexec is asking the person
  'running', // records flow
  'restarting', // it ended unasked; the next start is scheduled
  'dismissed', // the person dismissed the password dialog
  'not_authorised', // polkit said no, or no agent could ask
  'failed', // it cannot start; `reason` says why
  'stopped', // the engine ended it
] as const;
export type HelperState = (typeof HELPER_STATES)[number];

export interface Status {
  readonly engine: {
    readonly version: string;
    readonly pid: number;
    readonly uptime_s: number;
    readonly rss_bytes: number;
  };
  readonly helper: {
    readonly state: HelperState;
    readonly pid: number | null;
    /** One sentence for the person, where the state needs one. */
    readonly reason?: string;
    /** Epoch milliseconds since when the state holds. */
    readonly since: number;
    /** Epoch milliseconds of the next start, while `restarting`. */
    readonly next_start?: number;
  };
  readonly sensor: {
    readonly attached: readonly string[];
    readonly refused: readonly { readonly name: string; readonly reason: string }[];
    /** Over the last five seconds; null while nothing can be measured. */
    readonly events_per_s: number | null;
    readonly received: number;
    /** Events lost since the engine started; null while it is unknown (helper gone). */
    readonly lost: number | null;
    readonly lost_by_type: Readonly<Record<string, number>>;
  };
  readonly store: {
    readonly path: string;
    readonly bytes: number;
    readonly events: number;
    /** Epoch milliseconds of the oldest event kept. */
    readonly oldest: number | null;
    /** Files that hold events. */
    readonly partitions: number;
    /** Only while events cannot be stored, or come faster than they are: what waits in memory. */
    readonly waiting?: StoreWaiting;
    /** What cannot be read any more, a sentence each. */
    readonly damaged: readonly string[];
    /** Only while events cannot be stored: what is true, since when, what is safe, and the next step. */
    readonly problem?: string;
  };
  readonly host: { readonly kernel: string; readonly boot_id: string };
}

export interface StoreWaiting {
  readonly events: number;
  readonly bytes: number;
  /** Past this nothing more is taken, the kernel’s ring fills, and what no longer fits there is counted as lost. */
  readonly limit_bytes: number;
  /** How long memory lasts at the rate of the last seconds; null where that is unknown, or it does not fill. */
  readonly seconds_left: number | null;
}

export interface EventPage {
  /** Newest first, unless `after` was given: then oldest first. */
  readonly events: readonly Event[];
  /** Pass as `before` (or `after`) for the next page; absent at the end. The page may be short, or empty, all the same. */
  readonly next?: string;
  /** Where `patience_ms` ended the search. */
  readonly searched?: Searched;
}

/** How far the search for a page came. */
export interface Searched {
  /** Events that were passed … */
  readonly events: number;
  /** … of those that `before`, `after`, `since` and `until` leave. */
  readonly of: number;
  /** Epoch milliseconds of the place that it has reached, where that is known. */
  readonly reached?: number;
}

/** Exact counts; events without `@timestamp` are in none. */
export interface EventHistogram {
  /** By `event.action` ('' where absent), a number for each bucket from `from` on; actions that never occur are left out. */
  readonly counts: Readonly<Record<string, readonly number[]>>;
  /** Patience ended the count: events from this moment on (epoch milliseconds) were counted. Absent where all were. */
  readonly counted_from?: number;
}

/** Values of a field among the events that match, the most frequent first. */
export interface EventValues {
  /** Each as a query names it; of a list every member counts, once for an event. */
  readonly values: readonly { readonly value: string; readonly events: number }[];
  /** How many different values there are, those that were left out included. */
  readonly distinct: number;
  /** Not all was counted: events from this moment on (epoch milliseconds) were. Absent where the counts are exact. */
  readonly counted_from?: number;
}

/** A process as the process table knows it. Epoch milliseconds; null where nothing was measured. */
export interface ProcessSummary {
  readonly entity_id: string;
  readonly pid: number;
  readonly ppid: number;
  readonly parent_entity_id: string | null;
  readonly name: string;
  readonly executable: string | null;
  readonly command_line: string | null;
  readonly user: string | null;
  readonly start: number;
  readonly end: number | null;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly container: string | null;
  readonly unit: string | null;
}

export interface ProcessTree {
  /** From the oldest known ancestor down to the parent. */
  readonly ancestors: readonly ProcessSummary[];
  readonly process: ProcessSummary;
  /** Depth first; each names its parent. */
  readonly descendants: readonly ProcessSummary[];
}

/** All that is known of a process: by the process table and by the store. */
export interface ProcessStory extends ProcessTree {
  /** Its own events, oldest first. */
  readonly events: readonly Event[];
}

/** A part of what was stored that is there no more. Times are epoch milliseconds. */
export interface StoreCut {
  readonly at: number;
  readonly reason: 'age' | 'size' | 'disk_full' | 'wiped' | 'damaged';
  readonly boot: number;
  readonly events: number;
  readonly bytes: number;
  /** The oldest and the newest event of it; null where none had a time. */
  readonly first: number | null;
  readonly last: number | null;
}

/** Events of one boot that are kept, whatever their age. */
export interface StoreHold {
  readonly id: string;
  /** A sentence for the person. */
  readonly reason: string;
  readonly boot: number;
  readonly first_sequence: number;
  readonly last_sequence: number;
}

export interface StoreRetention {
  /** Older events are cut. */
  readonly days: number;
  /** The oldest events are cut while the folder takes more. */
  readonly bytes: number;
  /** Whether the oldest events may be cut to store new ones on a full disk. */
  readonly free_when_full: boolean;
}

export interface StoreFinding {
  readonly file: string;
  /** What is wrong, a sentence. */
  readonly problem: string;
  /** Events of it that can be read; null where it was not tried. */
  readonly readable: number | null;
}

/** What takes long in the store; one of each at a time. */
export const STORE_TASKS = ['backup', 'check', 'salvage'] as const;
export type StoreTask = (typeof STORE_TASKS)[number];

export interface LiveEvents {
  readonly subscription: number;
  /** Oldest first. */
  readonly events: readonly Event[];
  /** Set when this client was too slow: events after this cursor were not sent and are to be paged with `after`. */
  readonly behind?: string;
}
