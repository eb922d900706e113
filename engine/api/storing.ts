/** What faces may do with the store as a whole: look after it, back it up, check it, set it aside, empty it. */
import { existsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Handlers, RequestName, StoreRetention, StoreTask } from '../../shared/console.ts';
import { fail, ok, type Result } from '../../shared/result.ts';
import type { Progress, Retention, Store } from '../store/contract.ts';
import type { Client } from './client.ts';

export type StoringStore = Pick<
  Store,
  | 'cuts'
  | 'holds'
  | 'hold'
  | 'release'
  | 'retain'
  | 'backup'
  | 'wipe'
  | 'setAside'
  | 'check'
  | 'salvage'
  | 'stats'
>;

export interface StoringOptions {
  readonly store: StoringStore;
  /** What holds, and where a change of it is kept for the next start. */
  readonly retention: {
    readonly now: Retention;
    /** @returns what the store is to do then. */
    keep(retention: Retention): Retention;
  };
  /** Every event was deleted: what was learned from them has to go too. */
  readonly onWiped: () => Promise<void>;
  /** What is stored is another than before. */
  readonly onReplaced: () => void;
  /** Around what exchanges files of the database. */
  readonly exchanging: <T>(work: () => Promise<T>) => Promise<T>;
  readonly log: (line: string) => void;
}

type StoreHandlers = Pick<Handlers<Client>, Extract<RequestName, `store.${string}`>>;

const PROGRESS_EVERY_MS = 100;
const SETTING_ASIDE = 'The database is being set aside.';

/** The handlers of the group `store`. */
export function storeHandlers(options: StoringOptions): StoreHandlers {
  const { store, retention, onWiped, onReplaced, exchanging, log } = options;
  const tasks = new Map<StoreTask, AbortController>();
  let settingAside = false;

  const stored = async <T>(use: () => Promise<T>): Promise<Result<T, 'store_failed'>> => {
    try {
      return ok(await use());
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      log(`the store failed: ${said}`);
      return fail('store_failed', said);
    }
  };

  /** Does what takes long, once at a time, until it is cancelled or nobody waits for it any more. */
  const task = async <T>(
    name: StoreTask,
    client: Client,
    work: (progress: Progress, signal: AbortSignal) => Promise<T>,
  ): Promise<Result<T, 'busy' | 'cancelled' | 'store_failed'>> => {
    if (tasks.has(name)) return fail('busy', `A ${name} is under way already.`);
    if (settingAside) return fail('busy', SETTING_ASIDE);
    const controller = new AbortController();
    tasks.set(name, controller);
    const signal = AbortSignal.any([controller.signal, client.gone]);
    const progress = progressOf(name, client);
    try {
      const done = await stored(() => work(progress, signal));
      if (done.ok) progress(1);
      return !done.ok && signal.aborted ? fail('cancelled', `The ${name} was cancelled.`) : done;
    } finally {
      tasks.delete(name);
    }
  };

  return {
    'store.cuts': () =>
      stored(async () => ({
        cuts: (await store.cuts()).map(({ atMs, firstMs, lastMs, folder, why, ...cut }) => ({
          at: atMs,
          ...cut,
          first: firstMs,
          last: lastMs,
          ...(folder === null ? {} : { folder }),
          ...(why === null ? {} : { why }),
        })),
      })),
    'store.holds': () =>
      stored(async () => ({
        holds: (await store.holds()).map(({ firstSequence, lastSequence, ...hold }) => ({
          ...hold,
          first_sequence: firstSequence,
          last_sequence: lastSequence,
        })),
      })),
    'store.hold': ({ first_sequence: firstSequence, last_sequence: lastSequence, ...hold }) =>
      stored(async () => {
        await store.hold({ ...hold, firstSequence, lastSequence });
        return {};
      }),
    'store.release': ({ id }) =>
      stored(async () => {
        await store.release(id);
        return {};
      }),
    'store.room': () =>
      stored(async () => {
        const { bavail, blocks, bsize } = await statfs(dirname(store.stats().path));
        return { free: bavail * bsize, total: blocks * bsize };
      }),
    'store.retention': () => ok(told(retention.now)),
    'store.retain': ({ days, bytes, free_when_full: freeWhenFull }) =>
      stored(async () => {
        const wanted: Retention = {
          days: days ?? retention.now.days,
          bytes: bytes ?? retention.now.bytes,
          freeWhenFull: freeWhenFull ?? retention.now.freeWhenFull,
        };
        await store.retain(retention.keep(wanted));
        return told(wanted);
      }),
    'store.backup': async ({ file }, client) => {
      const problem = whyNot(file);
      if (problem !== undefined) return fail('bad_file', problem);
      return task('backup', client, (progress, signal) => store.backup(file, progress, signal));
    },
    'store.wipe': () =>
      stored(async () => {
        const { events } = store.stats();
        log(`Every event is deleted, as a person asked: ${events}.`);
        await exchanging(() => store.wipe());
        onReplaced();
        await onWiped();
        return { events };
      }),
    'store.fresh': async ({ scope }) => {
      const [under] = tasks.keys();
      if (under !== undefined)
        return fail(
          'busy',
          `A ${under} is under way: cancel it, or wait for its end. Nothing was set aside.`,
        );
      if (settingAside) return fail('busy', SETTING_ASIDE);
      settingAside = true;
      try {
        return await stored(async () => {
          const aside = await exchanging(() => store.setAside(scope));
          onReplaced();
          return aside;
        });
      } finally {
        settingAside = false;
      }
    },
    'store.check': (_, client) => task('check', client, (progress, signal) => store.check(progress, signal)),
    'store.salvage': (_, client) =>
      task('salvage', client, async (progress) => {
        const events = await exchanging(() => store.salvage(progress));
        if (events > 0) onReplaced();
        return { events };
      }),
    'store.cancel': ({ task: name }) => {
      const controller = tasks.get(name);
      if (controller === undefined) return fail('not_found', `No ${name} is under way.`);
      controller.abort(new Error(`the ${name} was cancelled`));
      return ok({});
    },
  };
}

const told = ({ days, bytes, freeWhenFull }: Retention): StoreRetention => ({
  days,
  bytes,
  free_when_full: freeWhenFull,
});

/** @returns why no backup can be written there. */
function whyNot(file: string): string | undefined {
  const folder = dirname(file);
  if (existsSync(file)) return `${file} is there already, and Merlon overwrites nothing. Name another file.`;
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    return `There is no folder ${folder}.`;
  return undefined;
}

/** Tells the client a few times a second, and of the end, once. */
function progressOf(task: StoreTask, client: Client): Progress {
  let toldAt = -Infinity;
  let ended = false;
  return (done) => {
    const now = performance.now();
    if (ended || (done < 1 && now - toldAt < PROGRESS_EVERY_MS)) return;
    toldAt = now;
    ended = done >= 1;
    client.notify('store.progress', { task, done });
  };
}
