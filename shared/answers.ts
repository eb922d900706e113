/** What the engine answers: plain values, parts of the contract (shared/console.ts). */
import type { ConfigSource, ConfigValue, SettingKey } from './config.ts';
import type { Event } from './event.ts';

export const HELPER_STATES = [
  'unasked', // nobody asked for it yet: the console says what it is before a password dialog does
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
  /** Absent while nothing senses. */
  readonly canary?: CanaryStatus;
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
    /** How many of the files count as damaged; `damaged` may say more, of what was repaired already. */
    readonly damaged_partitions: number;
    /** Only while events cannot be stored: what is true, since when, what is safe, and the next step. */
    readonly problem?: string;
    /** Only while the database cannot be opened at all: then nothing of it is known, and `problem` says why. */
    readonly unopened?: true;
  };
  readonly host: { readonly kernel: string; readonly boot_id: string };
}

/** Programs that Merlon starts at random times to see whether its own sensors tell of them. */
export interface CanaryStatus {
  /** missed: one has not come back, and none since. not_sent: it cannot be executed, which says nothing of the sensors. */
  readonly state: 'waiting' | 'alive' | 'missed' | 'not_sent';
  /** Epoch milliseconds at which the first was sent that is missed; null while none is. */
  readonly missing_since: number | null;
  /** Since the engine started. */
  readonly sent: number;
  readonly missed: number;
  /** The last that came back: when (epoch milliseconds), and after how long. */
  readonly last: { readonly at: number; readonly ms: number } | null;
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
  /** Where it can be read without privileges. */
  readonly container_name?: string | null;
  readonly unit: string | null;
}

/** What a running process uses, as /proc has it now; null where that cannot be read, or is not measured yet. */
export interface ProcessUsage {
  readonly entity_id: string;
  /** All processor time so far, of all its threads. */
  readonly cpu_time_ns: number | null;
  /** Percent of one processor since the look before; of a process that is younger than that, since its start. */
  readonly cpu_percent: number | null;
  readonly rss_bytes: number | null;
  /** The pid of its parent as it is now: an orphan's is another than that at its birth. */
  readonly ppid: number | null;
  /** The largest resident memory so far; only where processes were named. */
  readonly peak_rss_bytes?: number | null;
}

/** Why a program’s file, or the hash of it, cannot be told. */
export const PROGRAM_PROBLEMS = [
  'no_path', // a kernel thread, or its exec was not seen
  'memory', // it was never a file that has a name (memfd)
  'gone', // nothing has that path any more
  'elsewhere', // the path means another file here: the process has a mount namespace of its own
  'denied', // this user may not read it
  'not_a_file', // a folder, a device or a pipe has that path now
  'too_large', // not hashed
  'changing', // it was written to while it was read
  'unreadable', // a fault of the disk or the file system
] as const;
export type ProgramProblem = (typeof PROGRAM_PROBLEMS)[number];

/** The file that has the path of the executable now. */
export interface ProgramFile {
  readonly device: string;
  readonly inode: string;
  /** Permission bits, setuid, setgid and sticky among them. */
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  readonly size: number;
  /** Epoch milliseconds. */
  readonly modified: number;
  readonly sha256: string | null;
  /** Why there is no hash. */
  readonly unhashed?: ProgramProblem;
  /** Against what was run: another file has its place, the same file was written to since, the same, or nobody can say. */
  readonly since_run: 'replaced' | 'written' | 'same' | 'unknown';
}

/** What is known of the program that a process runs. */
export interface ProcessProgram {
  readonly path: string | null;
  readonly package: { readonly name: string; readonly version: string } | null;
  /** Null where `problem` says why. */
  readonly file: ProgramFile | null;
  readonly problem?: ProgramProblem;
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
  readonly reason: 'age' | 'size' | 'disk_full' | 'wiped' | 'damaged' | 'set_aside';
  readonly boot: number;
  /** null where nobody knows. */
  readonly events: number | null;
  readonly bytes: number;
  /** The oldest and the newest event of it; null where none had a time. */
  readonly first: number | null;
  readonly last: number | null;
  /** Where it lies now, and what was wrong with it; only of what was set aside. */
  readonly folder?: string;
  readonly why?: string;
}

/** What is set aside: the whole database, or its damaged files. */
export const ASIDE_SCOPES = ['everything', 'damaged'] as const;
export type AsideScope = (typeof ASIDE_SCOPES)[number];

/** Where what was set aside lies now. */
export interface StoreAside {
  readonly folder: string;
  readonly bytes: number;
  /** Those in sound files, and what was known of damaged ones; null where nobody knows. */
  readonly events: number | null;
  /** Holds that went with it; null where nobody knows. */
  readonly holds: number | null;
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

/** What the store's disk has room for, in bytes. */
export interface StoreRoom {
  /** What the engine's user may still write. */
  readonly free: number;
  readonly total: number;
}

/** A program that ran for the first time, as far as Merlon saw: a path, and the package that owns it. */
export interface NewProgram {
  readonly executable: string;
  /** Epoch milliseconds. */
  readonly first_seen: number;
  /** The package that owns it; absent where none does, or none is known to. */
  readonly package?: string;
  /** The container that it ran in. */
  readonly container?: string;
  readonly user: string | null;
  /** The process that ran it first; what is stored of it may be gone by now. */
  readonly entity_id: string | null;
  readonly cursor: string;
}

/** Newest first; those that were first seen while everything was new are left out. */
export interface NewPrograms {
  readonly programs: readonly NewProgram[];
  /** How many programs are known. */
  readonly known: number;
  /** How many had to be forgotten, the least recently seen first: they would be new again. */
  readonly forgotten: number;
  /** Epoch milliseconds since when they are remembered. */
  readonly since: number;
  /** Epoch milliseconds; present while everything seen is learned and nothing of it is news. */
  readonly learning_until?: number;
  /** What was stored earlier is still being looked through: some may turn out to be known. */
  readonly catching_up: boolean;
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
  /** Of what came since the last batch, so many came before these and were left out: the store has them. */
  readonly skipped?: number;
}

/** One setting as it holds now. */
export interface ConfigEntry {
  readonly key: SettingKey;
  readonly value: ConfigValue;
  readonly source: ConfigSource;
  readonly default: ConfigValue;
  /** One sentence. */
  readonly description: string;
  /** The administrator fixed it: what the user says does not count. */
  readonly locked: boolean;
  /** What was said for it and does not count, a sentence each. */
  readonly problems: readonly string[];
}

/** Something in a file that does not count. */
export interface ConfigProblem {
  readonly line: number;
  readonly column: number;
  /** The setting that it is about, where there is one. */
  readonly key?: string;
  /** A sentence; it never repeats the value. */
  readonly said: string;
}

export interface ConfigFile {
  readonly source: 'system' | 'own';
  readonly path: string;
  readonly exists: boolean;
  readonly problems: readonly ConfigProblem[];
}

export interface ConfigList {
  readonly settings: readonly ConfigEntry[];
  readonly files: readonly ConfigFile[];
}
