/** What lies in a store's folder. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { eventsFolder } from '../../engine/store/layout.ts';

export function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, bytes) => sum + bytes, 0);
}

/** Waits until every partition is sealed but for the one that is written to. */
export async function sealed(folder: string, patienceMs = 120_000): Promise<void> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const names = readdirSync(eventsFolder(folder));
    const open = names.filter((name) => name.endsWith('.open.db'));
    if (open.length <= 1 && !names.some((name) => name.endsWith('.part'))) return;
    if (Date.now() > end) throw new Error(`not sealed within ${patienceMs / 1000} s: ${open.join(', ')}`);
    await wait(20);
  }
}
