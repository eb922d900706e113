import type Database from 'better-sqlite3';
import * as v from 'valibot';
import { COLUMNS, isIndexed } from './columns.ts';
import type { Catalogued } from './check.ts';
import { isDamage } from './damage.ts';
import { packProblems } from './check-packs.ts';
import { readText } from './dictionary.ts';
import { hashText } from './hash.ts';
import { APPLICATION_ID, LAYOUT } from './layout.ts';
import { PACKS_LAYOUT } from './packs.ts';
import { chunkRow } from './partition.ts';
import { isUnreadable, readable, readOn } from './readable.ts';
import { RowReader } from './rows.ts';
import { readList } from './terms.ts';
import { numberOf } from './spots.ts';
import { canBeUsed, decodeChunks, decodeUses } from './uses.ts';

/** Of each finding so many are told; the rest is counted. */
const MOST_TOLD = 3;
/** One chunk, text and list in so many is looked up in the indexes. */
const SAMPLE = 16;

const anyChunkRow = v.object({ ...chunkRow.entries, uses: v.nullable(v.instance(Buffer)) });
type Chunk = v.InferOutput<typeof anyChunkRow>;

/** Gathers sentences, a few of each kind. */
class Problems {
  readonly #kinds = new Map<string, string[]>();

  add(kind: string, sentence: string): void {
    const known = this.#kinds.get(kind);
    if (known === undefined) this.#kinds.set(kind, [sentence]);
    else known.push(sentence);
  }

  /** At most MOST_TOLD of a kind, and how many more there are. */
  told(): string[] {
    return [...this.#kinds.values()].flatMap((sentences) =>
      sentences.length <= MOST_TOLD
        ? sentences
        : [...sentences.slice(0, MOST_TOLD), `So it is ${sentences.length - MOST_TOLD} more times.`],
    );
  }
}

/**
 * Looks whether a partition that SQLite finds nothing wrong with is what layout.ts says.
 * @throws as RowReader where it cannot be read.
 */
export function checkPartition(
  db: Database.Database,
  number: number,
  told: Catalogued | undefined,
  sealed: boolean,
  pause: () => void,
  progress: (part: number) => void,
): { readonly events: number; readonly problems: readonly string[] } {
  const problems = new Problems();
  const application: unknown = db.pragma('application_id', { simple: true });
  if (application !== APPLICATION_ID) return { events: 0, problems: ['It is not a file of Merlon’s.'] };
  const layout: unknown = db.pragma('user_version', { simple: true });
  if (typeof layout !== 'number' || layout > LAYOUT)
    return {
      events: 0,
      problems: [`It was written by a newer Merlon (layout ${String(layout)}; this one knows ${LAYOUT}).`],
    };
  const rows = new RowReader(db);
  checkBelonging(db, number, rows, told, problems);
  const chunks = db
    .prepare('SELECT * FROM chunk ORDER BY number')
    .all()
    .map((row) => v.parse(anyChunkRow, row));
  let events = 0;
  for (const [i, chunk] of chunks.entries()) {
    pause();
    progress(i / chunks.length);
    if (chunk.number !== i) problems.add('chunk', `Chunk ${i} is missing.`);
    events += checkChunk(
      db,
      rows,
      chunk,
      chunks[i - 1],
      sealed ? sealedUse(db, chunk, layout) : openUse(chunk, layout),
      problems,
    );
  }
  const all: unknown = db.prepare('SELECT count(*) FROM event').pluck().get();
  if (all !== events) problems.add('count', `It has ${String(all)} events; its chunks tell of ${events}.`);
  if (sealed && told?.state === 'sealed' && told.events !== events)
    problems.add('count', `It has ${events} events; the catalogue tells of ${told.events}.`);
  if (sealed) checkIndexes(db, events, problems, pause);
  // Events that are missing are told of already, and all that comes after them would differ.
  if (sealed && layout >= PACKS_LAYOUT && all === events) checkPacks(db, rows, problems, pause);
  return { events, problems: problems.told() };
}

function checkBelonging(
  db: Database.Database,
  number: number,
  { boot, bootId }: RowReader,
  told: Catalogued | undefined,
  problems: Problems,
): void {
  const own: unknown = db.prepare('SELECT number FROM partition').pluck().get();
  if (own !== number) problems.add('own', `It calls itself partition ${String(own)}.`);
  if (told === undefined) return;
  if (boot !== told.boot || (told.bootId !== null && bootId !== told.bootId))
    problems.add(
      'own',
      `It is of boot ${boot} (${bootId}); the catalogue says ${told.boot} (${String(told.bootId)}).`,
    );
}

/** Decodes every event of a chunk. @returns how many there are. */
function checkChunk(
  db: Database.Database,
  rows: RowReader,
  chunk: Chunk,
  before: Chunk | undefined,
  has: HasUse,
  problems: Problems,
): number {
  const select = `SELECT ${rows.all.columns} FROM event WHERE sequence BETWEEN ? AND ? ORDER BY sequence`;
  const found = statement(db, select).all(chunk.first_sequence, chunk.last_sequence);
  let timeNs = before?.last_time_ns ?? -Infinity;
  let firstMs: number | null = null;
  let lastMs: number | null = null;
  for (const row of found) {
    const cells: readonly unknown[] = Array.isArray(row) ? row : [];
    const [sequence, time] = cells;
    if (typeof time !== 'number' || time < timeNs)
      problems.add('order', `Event ${String(sequence)} is earlier than the one before it.`);
    else timeNs = time;
    try {
      const ms = rows.all.fieldsOf(row)['@timestamp'];
      if (ms === undefined) continue;
      firstMs = Math.min(firstMs ?? ms, ms);
      lastMs = Math.max(lastMs ?? ms, ms);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      problems.add('event', `Event ${String(sequence)} cannot be read whole: ${why}.`);
    }
  }
  const agrees =
    found.length === chunk.events &&
    timeNs === chunk.last_time_ns &&
    firstMs === chunk.first_ms &&
    lastMs === chunk.last_ms &&
    (before === undefined || chunk.first_sequence > before.last_sequence);
  if (!agrees) problems.add('chunks', `Chunk ${chunk.number} is not what the events in it are.`);
  if (chunk.number % SAMPLE === 0) checkUses(db, chunk, has, problems);
  return found.length;
}

/** Looks whether the index has all that the rows of a chunk have. */
function checkUses(db: Database.Database, chunk: Chunk, has: HasUse, problems: Problems): void {
  const names = statement(db, `SELECT name FROM pragma_table_info('event')`).pluck().all();
  for (const column of COLUMNS.filter(isIndexed)) {
    const place = names.indexOf(column.name);
    if (place < 0) continue;
    const cells = statement(
      db,
      `SELECT DISTINCT "${column.name}" FROM event WHERE sequence BETWEEN ? AND ? AND typeof("${column.name}") <> 'text'`,
    )
      .pluck()
      .all(chunk.first_sequence, chunk.last_sequence);
    for (const cell of cells) {
      const id = usedAs(column.storage, cell);
      if (id === undefined) continue;
      if (!has(place, id))
        problems.add(
          'use',
          `The index does not know that chunk ${chunk.number} has ${id} in ${column.name}.`,
        );
    }
  }
}

type HasUse = (column: number, id: number) => boolean;

function sealedUse(db: Database.Database, { number }: Chunk, layout: number): HasUse {
  const stored = statement(db, 'SELECT chunks FROM use WHERE id = ? AND "column" = ?').pluck();
  return (column, id) => {
    const bytes: unknown = stored.get(id, column);
    return Buffer.isBuffer(bytes) && decodeChunks(bytes, layout).some((chunk) => numberOf(chunk) === number);
  };
}

function openUse({ uses }: Chunk, layout: number): HasUse {
  const decoded = uses === null ? undefined : decodeUses(uses, layout);
  return (column, id) => decoded?.get(column)?.some((used) => numberOf(used) === id) === true;
}

/** What the index says of a cell, if anything. */
function usedAs(storage: (typeof COLUMNS)[number]['storage'], cell: unknown): number | undefined {
  if (typeof cell !== 'number') return undefined;
  switch (storage) {
    case 'process':
    case 'parent':
      return cell < 0 ? -cell : undefined;
    case 'args':
    case 'boot':
      return cell === 0 ? undefined : cell;
    case 'long':
      return canBeUsed(cell) ? cell : undefined;
    default:
      return cell;
  }
}

function checkIndexes(db: Database.Database, events: number, problems: Problems, pause: () => void): void {
  const counted: unknown = db.prepare('SELECT coalesce(sum(events), 0) FROM minute').pluck().get();
  if (counted !== events)
    problems.add('minute', `Its minutes count ${String(counted)} events; there are ${events}.`);
  const hashed = (table: string) =>
    db.prepare<[number, number]>(`SELECT 1 FROM ${table} WHERE hash = ? AND id = ?`).pluck();
  const ofString = hashed('string_hash');
  const ofList = hashed('list_hash');
  const trigram = db
    .prepare<[string, number]>('SELECT 1 FROM string_trigram WHERE string_trigram MATCH ? AND rowid = ?')
    .pluck();
  for (const { id, value } of sampled(db, 'string')) {
    pause();
    const text = readText(value);
    if (ofString.get(hashText(text), id) === undefined)
      problems.add('string_hash', `The index of texts does not know text ${id}.`);
    const part = typeof value === 'string' ? /[a-z/._-]{3}/.exec(text)?.[0] : undefined;
    if (part !== undefined && trigram.get(`"${part}"`, id) === undefined)
      problems.add('string_trigram', `The index of parts does not know that text ${id} has “${part}” in it.`);
  }
  for (const { id, value } of sampled(db, 'list')) {
    for (const member of readList(value))
      if (ofList.get(hashText(member), id) === undefined)
        problems.add('list_hash', `The index of lists does not know a member of list ${id}.`);
  }
}

function checkPacks(db: Database.Database, rows: RowReader, problems: Problems, pause: () => void): void {
  try {
    for (const problem of packProblems(db, rows, SAMPLE, pause)) problems.add('pack', problem);
  } catch (error) {
    if (!isDamage(error)) throw error;
    problems.add(
      'pack',
      `Its packs cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}

const entry = v.object({ id: v.number(), value: v.unknown() });

function sampled(db: Database.Database, table: 'string' | 'list') {
  return db
    .prepare(`SELECT id, value FROM ${table} WHERE id % ${SAMPLE} = 1`)
    .all()
    .map((row) => v.parse(entry, row));
}

/** How many events can be read, where something is wrong; null where that cannot be said. */
export function countReadable(db: Database.Database, pause: () => void): number | null {
  try {
    readOn(db);
    const span = v.safeParse(
      v.object({ first: v.number(), last: v.number() }),
      db.prepare('SELECT min(first_sequence) AS first, max(last_sequence) AS last FROM chunk').get(),
    );
    if (!span.success) return null;
    const rows = new RowReader(db);
    let count = 0;
    for (const row of readable(db, `SELECT ${rows.all.columns} FROM event`, span.output)) {
      if (Array.isArray(row)) count++;
      if (count % 1024 === 0) pause();
    }
    return count;
  } catch (error) {
    if (isUnreadable(error)) return null; // the file does not even say what it holds
    throw error;
  }
}

const prepared = new WeakMap<Database.Database, Map<string, Database.Statement<number[]>>>();
/** The same few statements, for each chunk again. */
function statement(db: Database.Database, sql: string): Database.Statement<number[]> {
  let known = prepared.get(db);
  if (known === undefined) prepared.set(db, (known = new Map<string, Database.Statement<number[]>>()));
  let one = known.get(sql);
  if (one === undefined) known.set(sql, (one = db.prepare<number[]>(sql).raw()));
  return one;
}
