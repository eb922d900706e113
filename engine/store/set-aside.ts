/**
 * Setting aside: files are renamed into a folder of their own, and none is deleted. Where everything is, that folder is
 * a data folder itself. Its record says what it is, when and why; the next catalogue takes that over. A folder that ends
 * in .part is not done yet: whoever opens the store does the rest before anything else.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { Catalogue, cutRow, type CataloguedPartition } from './catalogue.ts';
import type { Cut, SetAside } from './contract.ts';
import { storeError } from './error.ts';
import { cataloguePath, eventsFolder, reservePath } from './layout.ts';
import { sync } from './seal.ts';
import type { AsideOrder } from './writing.ts';

const asideRecord = v.object({
  /** Partitions; null where it is everything. */
  numbers: v.nullable(v.array(v.number())),
  cut: cutRow,
  /** What the catalogue that went with it said: it is not to be forgotten. Newest first. */
  cuts: v.array(cutRow),
  boots: v.array(v.object({ number: v.number(), bootId: v.string() })),
});
type AsideRecord = v.InferOutput<typeof asideRecord>;

const NAME = /^set-aside-[\dTZ-]+$/;
const PART = '.part';
const RECORD = 'record.json';

/** Sets the whole database aside, whatever state it is in. @throws a file system error; then all is as it was. */
export function setEverythingAside(folder: string, order: AsideOrder): SetAside {
  const known = readCatalogue(folder);
  const damaged = (known?.partitions ?? []).filter(({ state }) => state === 'damaged');
  const events = known === undefined || order.events === null ? null : plus(order.events, eventsOf(damaged));
  const boots = [{ number: order.boot, bootId: order.bootId }, ...(known?.boots ?? [])];
  const done = rename(folder, order.atMs, null, (place, bytes) => ({
    numbers: null,
    cut: cutOf(order, place, { events, bytes, firstMs: order.firstMs, lastMs: order.lastMs }),
    cuts: [...(known?.cuts ?? [])],
    boots,
  }));
  return { ...done, events, holds: known?.holds ?? null };
}

/**
 * Sets the damaged partitions of a sound catalogue aside, and has it know.
 * @throws a file system error or SqliteError; then all is as it was.
 */
export function setDamagedAside(
  folder: string,
  order: AsideOrder,
  damaged: readonly CataloguedPartition[],
  catalogue: Catalogue,
): SetAside {
  const events = eventsOf(damaged);
  const numbers = damaged.map(({ number }) => number);
  const firsts = damaged.map(({ firstMs }) => firstMs).filter((ms) => ms !== null);
  const lasts = damaged.map(({ lastMs }) => lastMs).filter((ms) => ms !== null);
  const firstMs = firsts.length === 0 ? null : Math.min(...firsts);
  const lastMs = lasts.length === 0 ? null : Math.max(...lasts);
  const done = rename(folder, order.atMs, numbers, (place, bytes) => ({
    numbers,
    cut: cutOf(order, place, { events, bytes, firstMs, lastMs }),
    cuts: [],
    boots: [],
  }));
  try {
    noteAside(folder, catalogue);
  } catch (error) {
    takeBack(folder, done.folder, numbers);
    throw error;
  }
  return { ...done, events, holds: 0 };
}

/** @throws a file system error; then the next start does the rest of what was undone here. */
function takeBack(folder: string, place: string, numbers: readonly number[]): void {
  const part = place + PART;
  renameSync(place, part);
  move(part, folder, namesOf(part, numbers));
  discard(part);
}

/** Does the rest of what was begun when an engine ended. Before the catalogue is opened. */
export function finishSettingAside(folder: string): void {
  for (const name of readdirSync(folder).filter((one) => one.endsWith(PART) && NAME.test(base(one)))) {
    const part = join(folder, name);
    const record = readRecord(part);
    if (record === undefined) discard(part);
    else complete(folder, part, record);
  }
}

/** Has the catalogue know what was set aside, where it does not yet. */
export function noteAside(folder: string, catalogue: Catalogue): void {
  const places = readdirSync(folder).filter((name) => NAME.test(name));
  for (const place of places.sort().reverse()) {
    const record = readRecord(join(folder, place));
    if (record === undefined) continue;
    // What the newest one took over has the older ones in it.
    if (catalogue.cuts().some(({ reason, atMs }) => reason === 'set_aside' && atMs === record.cut.atMs))
      continue;
    catalogue.atOnce(() => {
      for (const { number, bootId } of record.boots) catalogue.learnBoot(number, bootId);
      for (const number of record.numbers ?? []) catalogue.forget(number);
      for (const cut of record.cuts.toReversed()) catalogue.recordCut(cut);
      catalogue.recordCut(record.cut);
    });
  }
}

function readCatalogue(folder: string) {
  if (!existsSync(cataloguePath(folder))) return { partitions: [], cuts: [], holds: 0, boots: [] };
  try {
    const catalogue = new Catalogue(folder);
    try {
      const [partitions, cuts, boots] = [catalogue.partitions(), catalogue.cuts(), catalogue.boots()];
      return { partitions, cuts, boots, holds: catalogue.holds().length };
    } finally {
      catalogue.close();
    }
  } catch (error) {
    if (storeError(error, cataloguePath(folder)).code === 'read_only') throw error;
    return undefined; // newer, damaged, or of another program
  }
}

function rename(
  folder: string,
  atMs: number,
  numbers: readonly number[] | null,
  recordOf: (place: string, bytes: number) => AsideRecord,
): { readonly folder: string; readonly bytes: number } {
  const place = freePlace(folder, atMs);
  const part = place + PART;
  const bytes = namesOf(folder, numbers).reduce((sum, name) => sum + sizeOf(join(folder, name)), 0);
  // Even a folder needs room, on a disk that is full.
  rmSync(reservePath(folder), { force: true });
  mkdirSync(part, { mode: 0o700 });
  try {
    const record = recordOf(place, bytes);
    writeFileSync(join(part, RECORD + PART), `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
    renameSync(join(part, RECORD + PART), join(part, RECORD));
    complete(folder, part, record);
  } catch (error) {
    move(part, folder, namesOf(part, numbers));
    discard(part);
    throw error;
  }
  return { folder: place, bytes };
}

function complete(folder: string, part: string, { numbers }: AsideRecord): void {
  if (numbers !== null) mkdirSync(eventsFolder(part), { recursive: true, mode: 0o700 });
  move(folder, part, namesOf(folder, numbers));
  sync(part);
  renameSync(part, base(part));
  sync(folder);
}

function move(from: string, to: string, names: readonly string[]): void {
  for (const name of names) if (!existsSync(join(to, name))) renameSync(join(from, name), join(to, name));
}

/** What is to be renamed, seen from the folder. */
function namesOf(folder: string, numbers: readonly number[] | null): readonly string[] {
  if (numbers === null) {
    const catalogue = ['', '-wal', '-shm'].map((suffix) => cataloguePath('') + suffix);
    return [...catalogue, eventsFolder('')].filter((name) => existsSync(join(folder, name)));
  }
  const wanted = new Set(numbers);
  if (!existsSync(eventsFolder(folder))) return [];
  return readdirSync(eventsFolder(folder))
    .filter((name) => wanted.has(Number(/^(\d{6,15})(?:\.open)?\.db(?:-wal|-shm)?$/.exec(name)?.[1])))
    .map((name) => join(eventsFolder(''), name));
}

/** Nothing was renamed into it, or all of that back. */
function discard(part: string): void {
  for (const name of [RECORD, RECORD + PART]) rmSync(join(part, name), { force: true });
  if (existsSync(eventsFolder(part))) rmdirSync(eventsFolder(part));
  rmdirSync(part);
}

function readRecord(place: string): AsideRecord | undefined {
  const path = join(place, RECORD);
  if (!existsSync(path)) return undefined;
  try {
    return v.parse(asideRecord, JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (error instanceof SyntaxError || v.isValiError(error)) return undefined; // somebody’s own
    throw error;
  }
}

/** `set-aside-2026-11-25T10-00-00Z`; a second one of the same second has its number behind. */
function freePlace(folder: string, atMs: number): string {
  const stamp = new Date(atMs).toISOString().slice(0, 19).replaceAll(':', '-');
  const first = join(folder, `set-aside-${stamp}Z`);
  let place = first;
  for (let i = 2; existsSync(place) || existsSync(place + PART); i++) place = `${first}-${i}`;
  return place;
}

function sizeOf(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory() !== true) return stat?.size ?? 0;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

const base = (name: string) => name.slice(0, -PART.length);

const cutOf = (
  { atMs, boot, why }: AsideOrder,
  folder: string,
  span: Pick<Cut, 'events' | 'bytes' | 'firstMs' | 'lastMs'>,
): Cut => ({ atMs, reason: 'set_aside', boot, ...span, folder, why });

/** Null where one of them was never counted. */
const eventsOf = (damaged: readonly CataloguedPartition[]) =>
  damaged.reduce<number | null>(
    (sum, { events, lastSequence }) => plus(sum, lastSequence === null ? null : events),
    0,
  );
const plus = (a: number | null, b: number | null) => (a === null || b === null ? null : a + b);
