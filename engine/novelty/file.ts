/**
 * The known programs in a file of the data folder: one line of JSON each, appended as they come, written anew where it
 * grew too long. Each `upto` line says that every event up to there was looked at; whatever a crash cuts off at the
 * end is looked at again.
 */
import { existsSync, readFileSync } from 'node:fs';
import { appendFile, rename, writeFile } from 'node:fs/promises';
import * as v from 'valibot';
import { formatCursor, parseCursor, type Cursor } from '../../shared/event.ts';
import type { Program } from './programs.ts';

export const FILE_NAME = 'programs.ndjson';

const absent = v.nullable(v.string());
const header = v.strictObject({ programs: v.literal(1), began: v.number() });
const upto = v.strictObject({ upto: v.string() });
/** executable, package, container, user, entity id, cursor, first and last sight in epoch milliseconds */
const program = v.strictTuple([
  v.string(),
  absent,
  absent,
  absent,
  absent,
  v.string(),
  v.number(),
  v.number(),
]);

export interface Kept {
  /** Epoch milliseconds of the first thing that was learned. */
  readonly began: number;
  readonly programs: readonly Program[];
  /** Every event up to here was looked at. */
  readonly upto: Cursor | undefined;
  /** Lines of the file, to know when it has grown. */
  readonly lines: number;
  /** The file ends in something that cannot be understood: nothing may be appended to it. */
  readonly torn: boolean;
}

/** @returns undefined where there is no file, or none of ours. @throws Error where it cannot be read. */
export function readKept(path: string): Kept | undefined {
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, 'utf8').split('\n');
  const torn = lines.pop() !== '';
  const first = v.safeParse(header, json(lines[0] ?? ''));
  if (!first.success) return undefined;
  const programs: Program[] = [];
  let reached: Cursor | undefined;
  for (const [at, line] of lines.entries()) {
    if (at === 0) continue;
    const value = json(line);
    const known = v.safeParse(program, value);
    const place = known.success ? undefined : v.safeParse(upto, value);
    const read = known.success ? programOf(known.output) : undefined;
    if (read !== undefined) programs.push(read);
    else if (place?.success === true) reached = parseCursor(place.output.upto);
    // Lines after a broken one may have come later than what is missing.
    else return { began: first.output.began, programs, upto: reached, lines: at, torn: true };
  }
  return { began: first.output.began, programs, upto: reached, lines: lines.length, torn };
}

export async function writeKept(
  path: string,
  began: number,
  programs: Iterable<Program>,
  reached: Cursor | undefined,
): Promise<void> {
  const lines = [JSON.stringify({ programs: 1, began }), ...Array.from(programs, lineOf), ...place(reached)];
  const temporary = `${path}.new`;
  await writeFile(temporary, `${lines.join('\n')}\n`, { mode: 0o600 });
  await rename(temporary, path);
}

export async function appendKept(path: string, programs: readonly Program[], reached: Cursor | undefined) {
  const lines = [...programs.map(lineOf), ...place(reached)];
  await appendFile(path, `${lines.join('\n')}\n`, { mode: 0o600 });
}

const place = (reached: Cursor | undefined) =>
  reached === undefined ? [] : [JSON.stringify({ upto: formatCursor(reached) })];

function lineOf(known: Program): string {
  const { executable, container, user, entityId, cursor, atMs, lastMs } = known;
  return JSON.stringify([
    executable,
    known.package ?? null,
    container ?? null,
    user ?? null,
    entityId ?? null,
    formatCursor(cursor),
    atMs,
    lastMs,
  ]);
}

function programOf(line: v.InferOutput<typeof program>): Program | undefined {
  const [executable, owner, container, user, entityId, at, atMs, lastMs] = line;
  const cursor = parseCursor(at);
  if (cursor === undefined) return undefined;
  return {
    executable,
    package: owner ?? undefined,
    container: container ?? undefined,
    user: user ?? undefined,
    entityId: entityId ?? undefined,
    cursor,
    atMs,
    lastMs,
  };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
