import { existsSync } from 'node:fs';
import type { AsideScope } from '../../shared/answers.ts';
import type { Cursor, Event, EventFields } from '../../shared/event.ts';
import { Appender, type Taken } from './appender.ts';
import { Chores } from './choring.ts';
import {
  DEFAULT_RETENTION,
  type CheckReport,
  type Cut,
  type Histogram,
  type Hold,
  type Page,
  type Progress,
  type Retention,
  type SetAside,
  type Store,
  type StoredEvent,
  type StoreOptions,
  type StoreStats,
  type Story,
  type Values,
} from './contract.ts';
import { StoreError } from './error.ts';
import { cataloguePath, openPath } from './layout.ts';
import { Listening } from './listening.ts';
import { Reading } from './reading.ts';
import type { FullPartition } from './seal.ts';
import {
  closedError,
  SETTING_ASIDE,
  Writing,
  type AsideOrder,
  type Ready,
  type Standing,
} from './writing.ts';

export { StoreError, type StoreErrorCode } from './error.ts';
export type * from './contract.ts';
export { DEFAULT_RETENTION, MAX_WAITING_BYTES } from './contract.ts';

/** Sealing that failed (a full disk, perhaps) is tried again after so long. */
const SEAL_AGAIN_MS = 30_000;

/** What a store begins with that is empty: so it will be once what cannot be opened is set aside. */
const EMPTY: Ready = {
  boot: 1,
  last: { sequence: 0, timeNs: 0 },
  newest: undefined,
  open: undefined,
  next: 1,
  full: [],
  standing: { events: 0, oldest: null, newest: null, bytes: 0, partitions: 0, damaged: [] },
  said: [],
  aside: undefined,
};

/**
 * Opens the store in a folder (made where it is missing, closed to other users) and brings it up to date. One process
 * at a time: the folder stays locked until `close` or the end of the process, however it ends.
 * @throws StoreError in_use, newer, corrupt, read_only, failed; newer and corrupt not with `waitUnopened`.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const listening = new Listening(options);
  const { folder, bootId, retention = DEFAULT_RETENTION } = options;
  const reading = new Reading(folder, {
    onDamaged: (number, said) => listening.damaged?.(number, said),
    log: listening.log,
  });
  // Both threads take a while to start.
  reading.start();
  const data = { folder, bootId, retention };
  try {
    const { writing, ready } = await Writing.start(data, listening);
    reading.warm();
    return new DiskStore(options, writing, ready, reading, listening);
  } catch (error) {
    const unopened = options.waitUnopened === true && error instanceof StoreError && isItsOwnFault(error);
    await (unopened ? reading.suspend(error) : reading.close());
    if (!unopened) throw error;
    listening.onRefused(error.message);
    return new DiskStore(options, Writing.waiting(data, listening, error), EMPTY, reading, listening);
  }
}

/** Whether another database in its place would do. */
const isItsOwnFault = ({ code }: StoreError) => code === 'newer' || code === 'corrupt';

class DiskStore implements Store {
  readonly boot: number;
  readonly newest: Cursor | undefined;
  readonly #folder: string;
  readonly #bootId: string;
  readonly #path: string;
  #said: readonly string[];
  readonly #writing: Writing;
  readonly #listening: Listening;
  readonly #appender: Appender;
  readonly #reading: Reading;
  #chores: Chores;
  readonly #sealings = new Set<NodeJS.Timeout>();
  #last: { readonly sequence: number; readonly timeNs: number };
  #standing: Standing;
  #waiting = { events: 0, bytes: 0 };
  /** What the last check found wrong with partitions, a sentence each: most damage shows nowhere else. */
  #found: ReadonlyMap<number, string> = new Map();
  #settingAside: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(options: StoreOptions, writing: Writing, ready: Ready, reading: Reading, listening: Listening) {
    const { folder, bootId } = options;
    this.boot = ready.boot;
    this.newest = ready.newest;
    this.#last = ready.last;
    this.#standing = ready.standing;
    this.#said = ready.said;
    this.#folder = folder;
    this.#bootId = bootId;
    this.#path = cataloguePath(folder);
    this.#writing = writing;
    this.#listening = listening;
    this.#appender = new Appender({ ...ready, bootId });
    this.#reading = reading;
    this.#chores = new Chores(folder);
    listening.seal = (full) => void this.#seal(full);
    listening.damaged = (number, said) =>
      void this.#damaged(number, `Partition ${number} cannot be read whole (${said}).`);
    listening.cut = () => this.#letGo();
    listening.moveOn = (broken) => this.#appender.moveOn(broken);
    for (const sentence of ready.said) listening.log(sentence);
    for (const number of ready.full) void this.#seal({ number });
  }

  get last() {
    return this.#last;
  }

  append(events: readonly StoredEvent[]): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(closedError());
    const last = events.at(-1)?.cursor;
    if (last === undefined) return Promise.resolve();
    try {
      return this.#store(this.#appender.take(events), last);
    } catch (error) {
      const said = messageOf(error);
      const message = `These events cannot be stored: ${said}.`;
      return Promise.reject(new StoreError('failed', message, { cause: error }));
    }
  }

  page(request: Parameters<Store['page']>[0], signal?: AbortSignal): Promise<Page> {
    return this.#reading.ask({ ask: 'page', request: { now: Date.now(), ...request } }, signal);
  }

  get(cursor: Cursor): Promise<Event | undefined> {
    return this.#reading.ask({ ask: 'get', cursor });
  }

  process(entityId: string, signal?: AbortSignal): Promise<EventFields | undefined> {
    return this.#reading.ask({ ask: 'process', entityId }, signal);
  }

  story(entityId: string, limit: number, signal?: AbortSignal): Promise<Story | undefined> {
    return this.#reading.ask({ ask: 'story', entityId, limit }, signal);
  }

  histogram(request: Parameters<Store['histogram']>[0], signal?: AbortSignal): Promise<Histogram> {
    return this.#reading.ask({ ask: 'histogram', request: { now: Date.now(), ...request } }, signal);
  }

  values(request: Parameters<Store['values']>[0], signal?: AbortSignal): Promise<Values> {
    return this.#reading.ask({ ask: 'values', request: { now: Date.now(), ...request } }, signal);
  }

  stats(): StoreStats {
    const standing = this.#listening.standing ?? this.#standing;
    const { events, oldest, bytes, partitions, damaged } = standing;
    const { refused } = this.#listening;
    return {
      ...{ path: this.#path, bytes, events, oldest, partitions, waiting: this.#waiting },
      damaged: [...this.#said, ...damaged.map(({ problem }) => problem)],
      damagedPartitions: damaged.length,
      ...(refused && { refused }),
      ...(this.#writing.unopened && { unopened: true }),
    };
  }

  cuts(): Promise<readonly Cut[]> {
    return this.#writing.ask({ ask: 'cuts' });
  }

  holds(): Promise<readonly Hold[]> {
    return this.#writing.ask({ ask: 'holds' });
  }

  hold(hold: Hold): Promise<void> {
    return this.#writing.ask({ ask: 'hold', hold });
  }

  release(id: string): Promise<void> {
    return this.#writing.ask({ ask: 'release', id });
  }

  retain(retention: Retention): Promise<void> {
    return this.#writing.ask({ ask: 'retain', retention });
  }

  async backup(file: string, progress?: Progress, signal?: AbortSignal) {
    this.#mustBeOpen();
    return this.#chores.backup(file, progress, signal);
  }

  wipe(): Promise<void> {
    this.#appender.beginAnew();
    return this.#writing.ask({ ask: 'wipe' });
  }

  async setAside(scope: AsideScope): Promise<SetAside> {
    const { damaged, refused } = this.stats();
    const { events, oldest, newest } = this.#listening.standing ?? this.#standing;
    const order: AsideOrder = {
      why: [...(refused ? [refused.said] : []), ...damaged].join(' ') || 'Nothing counted as damaged.',
      atMs: Date.now(),
      ...{ boot: this.boot, bootId: this.#bootId, firstMs: oldest, lastMs: newest },
      events: this.#writing.unopened === undefined ? events : null,
    };
    if (scope === 'everything') return this.#beginAnew(order);
    await this.#markFound();
    return this.#writing.ask({ ask: 'set_aside', order });
  }

  async check(progress?: Progress, signal?: AbortSignal): Promise<CheckReport> {
    this.#mustBeOpen();
    const report = await this.#chores.check(progress, signal);
    this.#found = problemsOf(report);
    return report;
  }

  async salvage(progress?: Progress): Promise<number> {
    this.#mustBeOpen();
    const numbers = await this.#markFound();
    const saved = await this.#chores.salvage([...numbers], progress);
    for (const { number, facts } of saved) {
      if (facts !== null) await this.#writing.ask({ ask: 'sealed', number, facts });
    }
    return saved.reduce((sum, { facts }) => sum + (facts?.events ?? 0), 0);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#settingAside;
    for (const timer of this.#sealings) clearTimeout(timer);
    // Readers first: while one is there, the log cannot be moved into its file whole.
    await Promise.all([this.#reading.close(), this.#chores.close()]);
    await this.#writing.close();
  }

  /** Goes on in a database that is empty. */
  async #beginAnew(order: AsideOrder): Promise<SetAside> {
    const setAside = this.#setEverythingAside(order);
    this.#settingAside = setAside.catch(() => undefined);
    return setAside;
  }

  async #setEverythingAside(order: AsideOrder): Promise<SetAside> {
    this.#appender.beginAnew();
    const busy = new StoreError('failed', SETTING_ASIDE);
    try {
      await Promise.all([this.#reading.suspend(this.#writing.unopened ?? busy), this.#chores.close()]);
      this.#chores = new Chores(this.#folder);
      const done = await this.#writing.setAside(order);
      this.#said = [];
      this.#found = new Map();
      this.#listening.log(`set the database aside, into ${done.folder}: ${order.why}`);
      return done;
    } finally {
      if (this.#writing.unopened === undefined) this.#reading.resume();
    }
  }

  /** Has what the last check found count as damaged, too. @returns the numbers of all that does. */
  async #markFound(): Promise<ReadonlySet<number>> {
    const { damaged } = this.#listening.standing ?? this.#standing;
    const numbers = new Set(damaged.map(({ number }) => number));
    for (const [number, problem] of this.#found) {
      if (!numbers.has(number)) await this.#damaged(number, problem);
      numbers.add(number);
    }
    this.#found = new Map();
    return numbers;
  }

  /** @throws StoreError */
  #mustBeOpen(): void {
    if (this.#writing.unopened !== undefined) throw this.#writing.unopened;
  }

  /** Apart from `append`, so that nothing keeps the events while they wait. */
  async #store(taken: Taken, last: Cursor): Promise<void> {
    const { append, bytes } = taken;
    const { rows } = append.batch;
    this.#count(rows, bytes);
    try {
      await this.#writing.append(append);
    } finally {
      this.#count(-rows, -bytes);
    }
    this.#appender.recycle(taken);
    this.#last = last;
  }

  #count(events: number, bytes: number): void {
    this.#waiting = { events: this.#waiting.events + events, bytes: this.#waiting.bytes + bytes };
  }

  async #damaged(number: number, problem: string): Promise<void> {
    try {
      await this.#writing.ask({ ask: 'damaged', number, problem });
    } catch (error) {
      if (this.#closing === undefined) this.#listening.log(`${problem} (not noted: ${messageOf(error)})`);
    }
  }

  /** A file that was deleted takes its space until the reader, too, lets go of it: any question makes it look. */
  #letGo(): void {
    this.#reading.ask({ ask: 'get', cursor: { boot: 0, timeNs: 0, sequence: 0 } }).catch((error: unknown) => {
      if (this.#closing === undefined) this.#listening.log(`the reader: ${messageOf(error)}`);
    });
  }

  /** A partition that cannot be sealed stays as it is, readable, and is tried again; a damaged one is told of. */
  async #seal(full: FullPartition): Promise<void> {
    const { number } = full;
    // One that was cut, or set aside, waits for nothing.
    if (this.#closing !== undefined || !existsSync(openPath(this.#folder, number))) return;
    try {
      const facts = await this.#chores.seal(full);
      await this.#writing.ask({ ask: 'sealed', number, facts });
    } catch (error) {
      if (this.#closing !== undefined) return;
      const said = messageOf(error);
      this.#listening.log(`partition ${number} could not be sealed: ${said}`);
      if (error instanceof StoreError && error.code === 'corrupt') {
        return this.#damaged(number, said);
      }
      const timer = setTimeout(() => {
        this.#sealings.delete(timer);
        void this.#seal(full);
      }, SEAL_AGAIN_MS);
      timer.unref();
      this.#sealings.add(timer);
    }
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function problemsOf({ findings }: CheckReport): ReadonlyMap<number, string> {
  const problems = new Map<number, string>();
  for (const { file, problem } of findings) {
    const digits = /^(\d{6,15})(?:\.open)?\.db$/.exec(file)?.[1];
    if (digits !== undefined && !problems.has(Number(digits)))
      problems.set(Number(digits), `The file ${file} was found damaged: ${problem}`);
  }
  return problems;
}
