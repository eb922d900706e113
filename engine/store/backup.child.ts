/** The process that backup.test.ts starves: `backup.child.ts FOLDER FILE`. */
import { AT_EASE } from './breath.ts';
import { backUp } from './backup.ts';
import { StoreError } from './error.ts';

const [, , folder = '', file = ''] = process.argv;
try {
  backUp(folder, file, AT_EASE);
} catch (error) {
  if (!(error instanceof StoreError)) throw error;
  process.stdout.write(`${error.code}: ${error.message}\n`);
}
