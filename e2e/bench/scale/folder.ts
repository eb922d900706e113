/** A folder with a past that was stored once. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Retention } from '../../../engine/store/contract.ts';
import { Past, type PastOptions } from '../past.ts';

export const DAYS = 14;
const BOOTS = 5;
const DAY_MS = 86_400_000;
/** Nothing is cut, however long the folder is kept. */
export const KEEP_ALL: Retention = { days: 36_500, bytes: Number.MAX_SAFE_INTEGER, freeWhenFull: false };

export const storeFolder = (folder: string) => join(folder, 'store');
const file = (folder: string) => join(folder, 'past.json');

const schema = v.object({
  events: v.number(),
  boots: v.number(),
  unique: v.number(),
  firstMs: v.number(),
  spacingNs: v.number(),
});

/** The last two weeks until now. */
export function newPast(events: number): Past {
  const spacingNs = Math.floor((DAYS * DAY_MS * 1e6) / events);
  const firstMs = Math.floor((Date.now() - DAYS * DAY_MS) / 60_000) * 60_000;
  return new Past({ events, boots: BOOTS, unique: 0.1, firstMs, spacingNs });
}

/** Says that the past is stored, whole. */
export function rememberPast(folder: string, { options }: Past): void {
  writeFileSync(file(folder), JSON.stringify(options satisfies PastOptions));
}

/** undefined: none is stored there. */
export function storedPast(folder: string): Past | undefined {
  if (!existsSync(file(folder))) return undefined;
  return new Past(v.parse(schema, JSON.parse(readFileSync(file(folder), 'utf8'))));
}

/** Flags for an engine that cuts nothing of a past. */
export const KEEP_FLAGS: readonly string[] = ['--keep-days', '36500', '--keep-gib', '1024'];

/** A copy of a database for a body: an engine adds to what it opens, and a past is to stay what it is. */
export async function withCopy<T>(store: string, body: (data: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-bench-past-'));
  try {
    const data = join(folder, 'data');
    cpSync(store, data, { recursive: true });
    return await body(data);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
