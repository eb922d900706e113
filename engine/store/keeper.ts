import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { assertNever } from '../../shared/result.ts';
import type { Catalogue, CataloguedPartition } from './catalogue.ts';
import type { Cut, Retention, SetAside } from './contract.ts';
import { isDamage } from './damage.ts';
import { isDiskFull, StoreError, storeError } from './error.ts';
import { bytesOf, hide, listPartitions, removeCut, removeFile, removeOpen, tidy } from './files.ts';
import { FolderSize } from './folder-size.ts';
import { cataloguePath, eventsFolder, openPath, reservePath, sealedPath } from './layout.ts';
import { lockFolder } from './lock.ts';
import type { MinuteCount } from './minutes.ts';
import { PartitionWriter } from './partition.ts';
import { recover } from './recovery.ts';
import { dueCuts, oldestUnheld, wiped } from './retention.ts';
import type { FullPartition, SealedFacts } from './seal.ts';
import { finishSettingAside, setDamagedAside, setEverythingAside } from './set-aside.ts';
import { standingOf } from './standing.ts';
import type { Append, AsideOrder, Move, Ready, Request, Standing, WriterData } from './writing.ts';

const FREE_AGAIN_MS = 1500;
const RESERVE_BYTES = 256 << 10;

export interface KeeperListener {
  /** A partition is written to no more, and waits to be sealed. */
  readonly onFull: (full: FullPartition) => void;
  /** Partitions are there no more: who has their files open should let go. */
  readonly onCut: () => void;
  readonly log: (line: string) => void;
}

/** Owns the folder: its lock, the catalogue, the partition that is written to, and which files there are. */
export class Keeper {
  readonly #folder: string;
  readonly #bootId: string;
  readonly #boot: number;
  readonly #listener: KeeperListener;
  readonly #release: () => void;
  readonly #catalogue: Catalogue;
  #retention: Retention;
  #current: PartitionWriter | undefined;
  /** What the catalogue says. */
  #rows: readonly CataloguedPartition[] = [];
  #freedAtMs = -Infinity;
  readonly #size: FolderSize;

  /**
   * Takes the folder (made where it is missing, closed to other users), sets aside what there is where that is asked
   * for, and brings it in order.
   * @throws StoreError in_use, newer, corrupt; SqliteError or a file system error where the disk refuses.
   */
  static open(
    data: WriterData,
    listener: KeeperListener,
  ): { readonly keeper: Keeper; readonly ready: Ready } {
    const { folder, bootId } = data;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
    const release = lockFolder(folder);
    try {
      finishSettingAside(folder);
      const aside = data.aside && setEverythingAside(folder, data.aside);
      mkdirSync(eventsFolder(folder), { recursive: true, mode: 0o700 });
      const found = recover(folder, bootId, listener.log);
      try {
        const keeper = new Keeper(data, listener, release, found.catalogue);
        return { keeper, ready: { ...keeper.#begin(found.open, found.said), aside } };
      } catch (error) {
        found.catalogue.close();
        throw error;
      }
    } catch (error) {
      release();
      throw error;
    }
  }

  private constructor(data: WriterData, listener: KeeperListener, release: () => void, catalogue: Catalogue) {
    this.#folder = data.folder;
    this.#size = new FolderSize(data.folder);
    this.#bootId = data.bootId;
    this.#retention = data.retention;
    this.#listener = listener;
    this.#release = release;
    this.#catalogue = catalogue;
    this.#boot = catalogue.bootNumber(data.bootId);
    this.#reread();
  }

  /** The file that is written to, for sentences. */
  get path(): string {
    const number = this.#current?.head.number;
    return number === undefined ? cataloguePath(this.#folder) : openPath(this.#folder, number);
  }

  /**
   * Stores a batch; it may come again after a failure, and after it was stored.
   * @throws whatever refuses it; nothing of it is stored then.
   */
  store(append: Append): void {
    for (;;) {
      try {
        return this.#store(append);
      } catch (error) {
        if (!isDiskFull(error) || !this.#retention.freeWhenFull || !this.#freeOne()) throw error;
      }
    }
  }

  /** @throws whatever refuses it. */
  answer(request: Request): unknown {
    switch (request.ask) {
      case 'cuts':
        return this.#catalogue.cuts();
      case 'holds':
        return this.#catalogue.holds();
      case 'hold':
        return this.#catalogue.hold(request.hold);
      case 'release':
        return this.#catalogue.release(request.id);
      case 'retain':
        this.#retention = request.retention;
        return this.retain();
      case 'wipe':
        return this.#wipe();
      case 'set_aside':
        return this.#setAside(request.order);
      case 'sealed':
        return this.#sealed(request.number, request.facts);
      case 'damaged':
        return this.#damaged(request.number, request.problem);
      default:
        return assertNever(request);
    }
  }

  /** Cuts what is due. */
  retain(): void {
    const due = dueCuts(this.#rows, this.#catalogue.holds(), this.#retention, {
      nowMs: Date.now(),
      bytes: this.#size.measure(),
    });
    for (const { partition, reason } of due) this.#cut(partition, reason);
  }

  isCurrent(number: number): boolean {
    return number === this.#current?.head.number;
  }

  /** Gives up the partition that is written to, and goes on in a new one. May come again. @throws whatever refuses it. */
  moveOn({ broken, problem, beginning, aside }: Move): void {
    if (!aside) {
      if (this.#rows.every(({ number }) => number !== broken)) return; // wiped meanwhile
      this.#giveUp(broken, problem);
    }
    if (beginning === undefined) return;
    const created = this.#create(broken + 1, beginning.wallBaseMs);
    try {
      created.begin(beginning);
    } catch (error) {
      created.close();
      this.#catalogue.forget(broken + 1);
      removeFile(openPath(this.#folder, broken + 1));
      throw error;
    }
    this.#current = created;
    this.#reread();
  }

  standing(): Standing {
    return standingOf(this.#rows, this.#current, this.#size.last);
  }

  close(): void {
    try {
      this.#current?.close();
      this.#catalogue.close();
    } finally {
      this.#release();
    }
  }

  #begin(open: number | undefined, said: readonly string[]): Omit<Ready, 'aside'> {
    const current = open === undefined ? undefined : PartitionWriter.open(this.#folder, open);
    this.#current = current;
    this.#reserve();
    const rows = this.#rows.map((row) => (row.number === open ? { ...row, ...current?.totals } : row));
    const newest = rows.findLast(({ lastSequence }) => lastSequence !== null);
    const ours = rows.filter(({ boot }) => boot === this.#boot);
    return {
      boot: this.#boot,
      last: {
        sequence: Math.max(0, ...ours.map(({ lastSequence }) => lastSequence ?? 0)),
        timeNs: Math.max(0, ...ours.map(({ lastTimeNs }) => lastTimeNs ?? 0)),
      },
      newest: newest && {
        boot: newest.boot,
        timeNs: newest.lastTimeNs ?? 0,
        sequence: newest.lastSequence ?? 0,
      },
      open: current && {
        number: current.head.number,
        wallBaseMs: current.head.wallBaseMs,
        events: current.totals.events,
        ...current.dictionaries(),
      },
      next: (rows.at(-1)?.number ?? 0) + 1,
      full: rows.filter(({ state }) => state === 'full').map(({ number }) => number),
      standing: this.standing(),
      said,
    };
  }

  #store({ partition, wallBaseMs, batch }: Append): void {
    const last = this.#current?.head.number ?? 0;
    if (partition < last) return; // the one after it was begun: it was stored before this thread broke
    if (partition > last) this.#roll(partition, wallBaseMs);
    this.#current?.append(batch);
  }

  #roll(number: number, wallBaseMs: number): void {
    this.#finish();
    this.#current = this.#create(number, wallBaseMs);
    this.#reread();
  }

  #create(number: number, wallBaseMs: number): PartitionWriter {
    const head = { number, boot: this.#boot, bootId: this.#bootId, wallBaseMs };
    const created = PartitionWriter.create(this.#folder, head);
    try {
      // After the file: readers open what the catalogue names.
      this.#catalogue.opened(number, this.#boot);
    } catch (error) {
      created.close();
      removeFile(openPath(this.#folder, number));
      throw error;
    }
    return created;
  }

  /** A file that cannot be written to. */
  #giveUp(number: number, problem: string): void {
    const current = this.#current;
    if (current?.head.number === number) {
      this.#current = undefined;
      try {
        current.close();
      } catch (error) {
        this.#listener.log(`partition ${number} could not be closed: ${String(error)}`);
      }
    }
    this.#catalogue.damaged(number, this.#boot, problem, bytesOf(openPath(this.#folder, number)));
    this.#reread();
  }

  /** The current partition is full. */
  #finish(): void {
    const current = this.#current;
    if (current === undefined) return;
    const { number } = current.head;
    this.#catalogue.full(number, { ...current.totals, bytes: bytesOf(openPath(this.#folder, number)) });
    const minutes = this.#minutesOf(current);
    this.#current = undefined;
    current.close();
    this.#reread();
    this.#listener.onFull({ number, minutes });
  }

  /** Undefined where its dictionary is damaged, too: sealing comes upon that, and says so. */
  #minutesOf(current: PartitionWriter): readonly MinuteCount[] | undefined {
    try {
      return current.minutes();
    } catch (error) {
      if (!isDamage(error)) throw error;
      return undefined;
    }
  }

  #sealed(number: number, { minutes, ...sized }: SealedFacts): void {
    if (this.#rows.every((row) => row.number !== number)) {
      removeFile(sealedPath(this.#folder, number)); // wiped meanwhile
      return;
    }
    this.#catalogue.sealed(number, sized, minutes);
    removeOpen(this.#folder, number);
    this.#reread();
    this.retain();
  }

  #damaged(number: number, problem: string): void {
    const row = this.#rows.find((one) => one.number === number);
    if (row === undefined || this.isCurrent(number)) return;
    const bytes = bytesOf(sealedPath(this.#folder, number)) + bytesOf(openPath(this.#folder, number));
    this.#catalogue.damaged(number, row.boot, problem, bytes);
    this.#reread();
  }

  /**
   * Cuts one partition, and then none for a while: its space comes free once nobody reads it.
   * @returns false where none may be cut now.
   */
  #freeOne(): boolean {
    if (performance.now() - this.#freedAtMs < FREE_AGAIN_MS) return false;
    const partition = oldestUnheld(this.#rows, this.#catalogue.holds());
    if (partition === undefined) return false;
    this.#freedAtMs = performance.now();
    this.#cut(partition, 'disk_full');
    return true;
  }

  #cut(partition: CataloguedPartition, reason: Cut['reason']): void {
    const { number, boot, events, bytes, firstMs, lastMs } = partition;
    const cut = { atMs: Date.now(), reason, boot, events, bytes, firstMs, lastMs, folder: null, why: null };
    this.#remove([number], [cut]);
    this.#listener.log(`cut partition ${number} (${events} events, ${bytes} bytes): ${reason}`);
  }

  #wipe(): void {
    const standing = new Map(this.#rows.map((row) => [row.number, row]));
    const current = this.#current;
    if (current !== undefined) {
      const { number } = current.head;
      const bytes = bytesOf(openPath(this.#folder, number));
      const row = standing.get(number);
      if (row !== undefined) standing.set(number, { ...row, ...current.totals, bytes });
      this.#current = undefined;
      current.close();
    }
    const atMs = Date.now();
    const boots = Map.groupBy(standing.values(), ({ boot }) => boot);
    const cuts = [...boots].map(([boot, rows]) => wiped(atMs, boot, rows));
    const numbers = new Set([...standing.keys(), ...listPartitions(this.#folder).keys()]);
    this.#remove([...numbers], cuts);
    this.#listener.log(`wiped ${cuts.reduce((sum, { events }) => sum + (events ?? 0), 0)} events`);
  }

  /** @throws StoreError failed where nothing is damaged. */
  #setAside(order: AsideOrder): SetAside {
    const damaged = this.#rows.filter(({ state }) => state === 'damaged');
    if (damaged.length === 0)
      throw new StoreError(
        'failed',
        'No file counts as damaged; nothing was set aside. A check finds what is.',
      );
    let done: SetAside;
    try {
      done = setDamagedAside(this.#folder, order, damaged, this.#catalogue);
    } finally {
      this.#reread();
      this.#size.forget();
      this.#reserve();
    }
    this.#listener.onCut();
    this.#listener.log(`set ${damaged.length} damaged partitions aside, into ${done.folder}`);
    return done;
  }

  /** Deletes partitions and says so in the catalogue: both, or, where the disk refuses, neither. */
  #remove(numbers: readonly number[], cuts: readonly Cut[]): void {
    const record = () =>
      this.#catalogue.atOnce(() => {
        for (const number of numbers) this.#catalogue.forget(number);
        for (const cut of cuts) this.#catalogue.recordCut(cut);
      });
    const known = new Set(this.#rows.map(({ number }) => number));
    // Even the record needs room, on a disk that is full.
    rmSync(reservePath(this.#folder), { force: true });
    try {
      for (const number of numbers) hide(this.#folder, number);
      record();
    } catch (error) {
      tidy(this.#folder, (number) => known.has(number));
      throw error;
    } finally {
      this.#reread();
    }
    for (const number of numbers) removeCut(this.#folder, number);
    this.#size.forget();
    this.#listener.onCut();
    this.#reserve();
  }

  /** Keeps some room for the catalogue. */
  #reserve(): void {
    try {
      writeFileSync(reservePath(this.#folder), Buffer.alloc(RESERVE_BYTES), { mode: 0o600 });
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      this.#listener.log('there is no room to keep in reserve');
    }
  }

  #reread(): void {
    this.#rows = this.#catalogue.partitions();
  }
}

/** What SQLite or the file system said while the folder was opened, as a StoreError. */
export const openingError = (error: unknown, folder: string) =>
  storeError(error, cataloguePath(folder), false);
