/**
 * Turns the BTF of layout.bpf.c (as `bpftool -j btf dump file` prints it) into the engine's readers and the layout's
 * hash, so that events.h stays the only definition of a record.
 *
 *   node generate.ts LAYOUT.json READERS.ts HASH.h     writes both
 *   node generate.ts --check LAYOUT.json READERS.ts    fails where READERS.ts is not what LAYOUT.json gives
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { describeLayout, hashOf } from './layout.ts';
import { renderReaders } from './render.ts';

const [first, ...rest] = process.argv.slice(2);
const check = first === '--check';
const [layoutFile, readersFile, hashFile] = check ? rest : [first, ...rest];
if (!layoutFile || !readersFile || (!check && !hashFile)) {
  console.error('usage: generate.ts [--check] LAYOUT.json READERS.ts [HASH.h]');
  process.exit(2);
}

const layout = describeLayout(JSON.parse(readFileSync(layoutFile, 'utf8')));
const hash = hashOf(layout);
const readers = renderReaders(layout, hash);

if (check || !hashFile) {
  if (readFileSync(readersFile, 'utf8') !== readers) {
    console.error(`${readersFile} is stale: run make -C bpf and commit what it writes`);
    process.exit(1);
  }
} else {
  writeIfChanged(readersFile, readers);
  writeIfChanged(hashFile, `#define MERLON_LAYOUT_HASH "${hash}"\n`);
}

/** Leaves an unchanged file alone, for the sake of whoever watches it. */
function writeIfChanged(file: string, text: string): void {
  try {
    if (readFileSync(file, 'utf8') === text) return;
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') throw error;
  }
  writeFileSync(file, text);
}
