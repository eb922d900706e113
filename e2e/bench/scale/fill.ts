/** Stores a past, as several engines did one after the other. Prints JSON: `node fill.ts FOLDER EVENTS`. */
import { mkdirSync, rmSync } from 'node:fs';
import { openStore } from '../../../engine/store/index.ts';
import { say } from '../machine.ts';
import { folderBytes, sealed } from '../places.ts';
import { KEEP_ALL, newPast, rememberPast, storeFolder } from './folder.ts';

const BATCH = 4096;
const UNDER_WAY = 8;

const [folder = '', count = ''] = process.argv.slice(2);
const past = newPast(Number(count));
const { events, boots } = past.options;
const data = storeFolder(folder);
rmSync(data, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const begun = performance.now();
for (let boot = 1; boot <= boots; boot++) {
  const end = boot === boots ? events : past.first(boot + 1);
  const store = await openStore({ folder: data, bootId: past.bootId(boot), retention: KEEP_ALL });
  const underWay: Promise<void>[] = [];
  for (let n = past.first(boot); n < end; n += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, end - n) }, (_, i) => past.event(n + i));
    underWay.push(store.append(batch));
    if (underWay.length > UNDER_WAY) await underWay.shift();
  }
  await Promise.all(underWay);
  if (boot === boots) await sealed(data);
  await store.close();
  say(`scale: boot ${boot} of ${boots}, ${end} events`);
}
const seconds = (performance.now() - begun) / 1000;
rememberPast(folder, past);
console.log(JSON.stringify({ seconds, bytes: folderBytes(data) }));
