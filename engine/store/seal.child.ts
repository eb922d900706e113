/** The process that seal.test.ts kills: `seal.child.ts FOLDER` seals partition 1 over and over, saying so each time. */
import { rmSync, writeSync } from 'node:fs';
import { sealedPath } from './layout.ts';
import { sealPartition } from './seal.ts';

const [, , folder = ''] = process.argv;
for (;;) {
  rmSync(sealedPath(folder, 1), { force: true });
  writeSync(1, 'begin\n');
  sealPartition(folder, { number: 1 });
  writeSync(1, 'sealed\n');
}
