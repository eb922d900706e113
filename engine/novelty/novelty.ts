/** Which programs were never seen before on this host: learned from what is stored, kept over restarts. */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { NewPrograms } from '../../shared/console.ts';
import { compareCursors, formatCursor, parseCursor, type Cursor } from '../../shared/event.ts';
import { parseQuery } from '../../shared/query.ts';
import type { Store, StoredEvent } from '../store/contract.ts';
import { appendKept, FILE_NAME, readKept, writeKept } from './file.ts';
import { MAX_PROGRAMS, Programs, START, type Program, type Sighting } from './programs.ts';

export interface NoveltyOptions {
  readonly folder: string;
  readonly store: Pick<Store, 'page' | 'newest'> & { stats(): { readonly oldest: number | null } };
  readonly log: (line: string) => void;
  readonly now?: () => number;
  /** Who starts the console asks for other things first. Default: 2000. */
  readonly catchUpAfterMs?: number;
}

/** At first everything is new, and nothing of that is news. */
export const LEARNING_MS = 3_600_000;
const SAVE_EVERY_MS = 5000;
/** How far events were looked at is written so often, even where no program is new. */
const MARK_EVERY_MS = 60_000;
const CATCH_UP_AFTER_MS = 2000;
const CATCH_UP_PAGE = 250;
/** Faces search in between. */
const CATCH_UP_PATIENCE_MS = 50;
const CATCH_UP_REST_MS = 20;
/** Lines beyond the programs that there are; then the file is written anew. */
const SPARE_LINES = 5000;
const NONE: readonly Sighting[] = [];

export class Novelty {
  readonly #options: NoveltyOptions;
  readonly #path: string;
  readonly #programs = new Programs();
  readonly #end = new AbortController();
  readonly #now: () => number;
  #began: number;
  /** Every event up to here was looked at. */
  #reached: Cursor | undefined;
  #catchingUp: Promise<void> | undefined;
  #pending: Program[] = [];
  #lines: number;
  /** The file has to be written anew. */
  #whole = false;
  #moved = false;
  #markedAt = 0;
  #saving: Promise<void> = Promise.resolve();
  #refused = false;
  #timer: NodeJS.Timeout | undefined;

  /** Reads what was kept; where that is lost, `start` finds it in the store again. */
  constructor(options: NoveltyOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#path = join(options.folder, FILE_NAME);
    const kept = this.#read();
    const { oldest } = options.store.stats();
    this.#began = kept?.began ?? oldest ?? this.#now();
    for (const program of kept?.programs ?? []) this.#programs.restore(program);
    this.#lines = kept?.lines ?? 0;
    this.#whole = kept === undefined || kept.torn;
    const { newest } = options.store;
    // A mark beyond all that is stored is of another database.
    const ours = kept?.upto !== undefined && newest !== undefined && compareCursors(kept.upto, newest) <= 0;
    this.#reached = ours ? kept.upto : undefined;
  }

  /** Looks at what was stored and not looked at, which nearly always is little, and keeps what comes. */
  start(): void {
    this.#timer = setInterval(() => void this.#save(), SAVE_EVERY_MS).unref();
    const { newest } = this.#options.store;
    if (newest === undefined || (this.#reached && compareCursors(this.#reached, newest) >= 0)) return;
    this.#catchingUp = this.#catchUp(newest)
      .catch((error: unknown) => {
        if (!this.#end.signal.aborted)
          this.#options.log(`Programs seen earlier could not be read: ${said(error)}`);
      })
      .finally(() => (this.#catchingUp = undefined));
  }

  /** Events that are about to be stored. @returns programs in them that are not known yet. */
  look(events: readonly StoredEvent[]): readonly Sighting[] {
    let found: Sighting[] | undefined;
    for (const { fields, cursor } of events) {
      const sighting = this.#programs.look(fields, cursor);
      if (sighting !== undefined) (found ??= []).push(sighting);
    }
    return found ?? NONE;
  }

  /** Those events are stored. @param newest the last of them. */
  stored(sightings: readonly Sighting[], newest: Cursor): void {
    this.#learn(sightings);
    if (this.#catchingUp !== undefined) return;
    this.#reached = newest;
    this.#moved = true;
  }

  newest(limit: number): NewPrograms {
    const learnedAt = this.#began + LEARNING_MS;
    const programs = this.#programs.newest(learnedAt, limit).map((program) => ({
      executable: program.executable,
      first_seen: program.atMs,
      ...(program.package === undefined ? {} : { package: program.package }),
      ...(program.container === undefined ? {} : { container: program.container }),
      user: program.user ?? null,
      entity_id: program.entityId ?? null,
      cursor: formatCursor(program.cursor),
    }));
    return {
      programs,
      known: this.#programs.size,
      forgotten: this.#programs.forgotten,
      since: this.#began,
      ...(this.#now() < learnedAt ? { learning_until: learnedAt } : {}),
      catching_up: this.#catchingUp !== undefined,
    };
  }

  /** Every event was deleted, as a person asked: what was learned from them goes too. */
  async forget(): Promise<void> {
    this.#programs.clear();
    this.#pending = [];
    this.#began = this.#now();
    this.#whole = true;
    await this.#save();
  }

  /** Keeps what is known, and ends. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#end.abort();
    await this.#catchingUp;
    this.#whole = true;
    await this.#save();
  }

  #read() {
    try {
      return readKept(this.#path);
    } catch (error) {
      this.#options.log(
        `${this.#path} cannot be read; the programs are read from the events: ${said(error)}`,
      );
      return undefined;
    }
  }

  async #catchUp(newest: Cursor): Promise<void> {
    const query = parseQuery('event.action:(exec or running)');
    if (!query.ok) throw new Error(query.error.message);
    const { signal } = this.#end;
    await wait(this.#options.catchUpAfterMs ?? CATCH_UP_AFTER_MS, undefined, { signal });
    for (
      let after: Cursor | undefined = this.#reached ?? START;
      after && compareCursors(after, newest) < 0;
    ) {
      const page = await this.#options.store.page(
        { query: query.value, after, limit: CATCH_UP_PAGE, patienceMs: CATCH_UP_PATIENCE_MS },
        signal,
      );
      this.#learn(
        page.events.flatMap(({ fields, cursor }) => this.#programs.look(fields, parseCursor(cursor)!) ?? []),
      );
      after = page.next === undefined ? undefined : parseCursor(page.next);
      if (after !== undefined) this.#reached = after;
      this.#moved = true;
      await wait(CATCH_UP_REST_MS, undefined, { signal });
    }
    this.#reached = newest;
  }

  #learn(sightings: readonly Sighting[]): void {
    if (sightings.length === 0) return;
    for (const sighting of sightings) {
      const program = this.#programs.learn(sighting);
      if (program !== undefined) this.#pending.push(program);
    }
    if (!this.#programs.trim()) return;
    this.#whole = true;
    this.#options.log(
      `More than ${MAX_PROGRAMS} programs were seen; those not seen for the longest time are forgotten, and would be new again.`,
    );
  }

  #save(): Promise<void> {
    return (this.#saving = this.#saving.then(() => this.#saveNow()));
  }

  async #saveNow(): Promise<void> {
    const due = this.#moved && this.#now() - this.#markedAt >= MARK_EVERY_MS;
    if (!this.#whole && this.#pending.length === 0 && !due) return;
    const pending = this.#pending;
    const grown = this.#lines + pending.length > this.#programs.size + SPARE_LINES;
    const whole = this.#whole || grown;
    this.#pending = [];
    this.#whole = this.#moved = false;
    try {
      if (whole) {
        await writeKept(this.#path, this.#began, this.#programs.all(), this.#reached);
        this.#lines = this.#programs.size + 1;
      } else {
        await appendKept(this.#path, pending, this.#reached);
        this.#lines += pending.length + 1;
      }
      this.#markedAt = this.#now();
      this.#refused = false;
    } catch (error) {
      // Half a line may be there: the next attempt writes all of it.
      this.#whole = true;
      if (!this.#refused) this.#options.log(`${this.#path} cannot be written: ${said(error)}`);
      this.#refused = true;
    }
  }
}

const said = (error: unknown) => (error instanceof Error ? error.message : String(error));
