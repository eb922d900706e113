import Database from 'better-sqlite3';
import { existsSync, statSync } from 'node:fs';
import * as v from 'valibot';
import { isDamage } from './damage.ts';
import { cataloguePath, openPath, sealedPath } from './layout.ts';
import { decodeMinutes, type MinuteCount } from './minutes.ts';
import { PartitionFile, type Shared } from './partition-file.ts';
import { TextCache } from './text-cache.ts';
import { Trigrams } from './trigrams.ts';

/** Connections kept open: a folder of 2 GiB has some 30 partitions. */
const MAX_OPEN = 64;

/** Looks at the catalogue, 10 ms apart, before a file that is missing counts as damage. */
const MAX_WAITS = 10;
const SLEEP = new Int32Array(new SharedArrayBuffer(4));

const partitionRow = v.object({
  number: v.number(),
  boot: v.number(),
  boot_id: v.string(),
  state: v.picklist(['open', 'full', 'sealed', 'damaged']),
  events: v.number(),
  first_time_ns: v.nullable(v.number()),
  last_time_ns: v.nullable(v.number()),
  first_ms: v.nullable(v.number()),
  last_ms: v.nullable(v.number()),
});

/** What the catalogue says of a partition. Of one that is not sealed, only its file knows the rest. */
export type PartitionEntry = v.InferOutput<typeof partitionRow>;

/** Called with a partition that cannot be read, and why: a sentence. */
export type OnDamaged = (number: number, problem: string) => void;

interface Opened {
  readonly sealed: boolean;
  /** One that was salvaged is another file of the same name. */
  readonly inode: number | undefined;
  readonly file: PartitionFile;
}

/** The reader's view of the folder: what partitions there are, and connections to them. */
export class Partitions {
  readonly #folder: string;
  readonly #onDamaged: OnDamaged;
  readonly #catalogue: Database.Database;
  readonly #minutesOf: Database.Statement<[number]>;
  readonly #shared: Shared = { texts: new TextCache(), trigrams: new Trigrams() };
  /** By number, least recently used first. */
  readonly #files = new Map<number, Opened>();
  readonly #minutes = new Map<number, readonly MinuteCount[]>();
  /** Partitions that could not be read: the state that they were in, and the file. */
  readonly #damaged = new Map<number, { readonly state: string; readonly inode: number | undefined }>();
  #version: unknown;
  #entries: readonly PartitionEntry[] = [];

  /** @throws SqliteError where there is no catalogue. */
  constructor(folder: string, onDamaged: OnDamaged) {
    this.#folder = folder;
    this.#onDamaged = onDamaged;
    this.#catalogue = new Database(cataloguePath(folder), {
      readonly: true,
      fileMustExist: true,
      timeout: 5000,
    });
    this.#minutesOf = this.#catalogue
      .prepare<[number]>('SELECT minutes FROM partition WHERE number = ?')
      .pluck();
  }

  /** Those that can be read, in the order of their events. Reads the catalogue where it changed. */
  list(): readonly PartitionEntry[] {
    const version: unknown = this.#catalogue.pragma('data_version', { simple: true });
    if (version !== this.#version) {
      this.#reload();
      this.#version = version;
    }
    return this.#entries;
  }

  #reload(): void {
    const rows = this.#catalogue
      .prepare(
        `SELECT partition.number, boot, boot_id, state, events, first_time_ns, last_time_ns, first_ms, last_ms
         FROM partition JOIN boot ON boot.number = partition.boot ORDER BY boot, partition.number`,
      )
      .all();
    const entries = rows.map((row) => v.parse(partitionRow, row));
    const byNumber = new Map(entries.map((entry) => [entry.number, entry]));
    for (const [number, { sealed, inode, file }] of this.#files) {
      const entry = byNumber.get(number);
      const stays = entry !== undefined && entry.state !== 'damaged' && isSealed(entry) === sealed;
      if (!stays || this.#inodeOf(entry) !== inode) {
        file.close();
        this.#files.delete(number);
      }
    }
    for (const number of this.#minutes.keys()) {
      if (byNumber.get(number)?.state !== 'sealed') this.#minutes.delete(number);
    }
    for (const [number, { state, inode }] of this.#damaged) {
      const entry = byNumber.get(number);
      if (entry?.state !== state || this.#inodeOf(entry) !== inode) this.#damaged.delete(number);
    }
    this.#entries = entries.filter(({ state, number }) => state !== 'damaged' && !this.#damaged.has(number));
  }

  /**
   * A partition for reading, until `end`.
   * @returns undefined where there is nothing to read there any more, or yet. 'changed': it was sealed or cut in the
   * meantime; look at `list` again and go on from the same place.
   */
  use(entry: PartitionEntry): PartitionFile | 'changed' | undefined {
    const sealed = isSealed(entry);
    const known = this.#files.get(entry.number);
    if (known !== undefined) {
      if (known.sealed !== sealed) return 'changed';
      this.#files.delete(entry.number);
      this.#files.set(entry.number, known);
      return this.#guarded(entry, () => {
        known.file.begin();
        return known.file;
      });
    }
    const inode = this.#inodeOf(entry);
    const file = this.#guarded(
      entry,
      () => new PartitionFile(this.#folder, entry.number, sealed, this.#shared),
    );
    if (typeof file !== 'object') return file;
    // An open file is deleted once the catalogue says it is sealed: before that, all of it was there.
    if (!sealed && !this.#stands(entry)) {
      file.close();
      return 'changed';
    }
    this.#files.set(entry.number, { sealed, inode, file });
    this.#trim();
    return file;
  }

  #guarded<T>(entry: PartitionEntry, open: () => T): T | 'changed' | undefined {
    try {
      return open();
    } catch (error) {
      if (this.#changesSoon(entry)) return 'changed';
      const gone = !existsSync(this.#pathOf(entry));
      // One that was just begun may have no file yet, or no table.
      const begun = error instanceof Database.SqliteError && error.code === 'SQLITE_ERROR';
      if (entry.state === 'open' && (gone || begun)) return undefined;
      // Whatever else keeps a sound file from being read is no reason to answer without its events.
      if (!gone && !isDamage(error)) throw error;
      this.damaged(entry.number, error);
      return undefined;
    }
  }

  /**
   * Files go a moment before or after the catalogue says so. An answer goes on with a list for long, and another look
   * may have replaced that in the meantime.
   */
  #changesSoon(entry: PartitionEntry): boolean {
    for (let wait = 0; wait < MAX_WAITS; wait++) {
      if (!this.#stands(entry)) return true;
      Atomics.wait(SLEEP, 0, 0, 10);
    }
    return false;
  }

  #pathOf(entry: PartitionEntry): string {
    return (isSealed(entry) ? sealedPath : openPath)(this.#folder, entry.number);
  }

  #inodeOf(entry: PartitionEntry): number | undefined {
    return statSync(this.#pathOf(entry), { throwIfNoEntry: false })?.ino;
  }

  /** Whether the catalogue still says what the entry does. */
  #stands({ number, state }: PartitionEntry): boolean {
    return this.list().some((entry) => entry.number === number && entry.state === state);
  }

  /** Leaves a partition out from now on, since reading it failed so. */
  damaged(number: number, error: unknown): void {
    const entry = this.#entries.find((one) => one.number === number);
    if (entry === undefined) return;
    this.#damaged.set(number, { state: entry.state, inode: this.#inodeOf(entry) });
    this.#files.get(number)?.file.close();
    this.#files.delete(number);
    this.#entries = this.#entries.filter((one) => one !== entry);
    this.#onDamaged(number, error instanceof Error ? error.message : String(error));
  }

  /** What the catalogue says of a sealed partition's minutes; undefined where it says nothing. */
  minutes(entry: PartitionEntry): readonly MinuteCount[] | undefined {
    if (!isSealed(entry)) return undefined;
    const known = this.#minutes.get(entry.number);
    if (known !== undefined) return known;
    const bytes: unknown = this.#minutesOf.get(entry.number);
    if (!Buffer.isBuffer(bytes)) return undefined;
    const minutes = decodeMinutes(bytes);
    this.#minutes.set(entry.number, minutes);
    return minutes;
  }

  /** Ends what `use` began, in every partition. */
  end(): void {
    for (const { file } of this.#files.values()) file.end();
  }

  /** Makes one partition ready for questions, if any is not: opened, counted, indexed. @returns whether there may be more. */
  warm(): boolean {
    const room = this.#files.size < MAX_OPEN;
    const closed = this.list().findLast(({ number }) => room && !this.#files.has(number));
    if (closed !== undefined) this.use(closed);
    const uncounted = closed ?? this.#entries.find((one) => isSealed(one) && !this.#minutes.has(one.number));
    if (uncounted !== undefined) this.minutes(uncounted);
    else this.#warmIndex();
    this.end();
    return uncounted !== undefined;
  }

  /** Newest pages need none: the index of what is still written to comes last. */
  #warmIndex(): void {
    const open = this.#entries.findLast((entry) => !isSealed(entry));
    const file = open && this.use(open);
    if (open !== undefined && typeof file === 'object') this.#guarded(open, () => void file.index);
  }

  close(): void {
    for (const { file } of this.#files.values()) file.close();
    this.#files.clear();
    this.#catalogue.close();
  }

  #trim(): void {
    for (const [number, { file }] of this.#files) {
      if (this.#files.size <= MAX_OPEN) return;
      file.close();
      this.#files.delete(number);
    }
  }
}

export const isSealed = ({ state }: PartitionEntry) => state === 'sealed';
