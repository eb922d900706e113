// @ts-check
/** The command line in a clone: `npm run -s merlon -- status`. Prints nothing of its own on stdout. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { main, NODE, ROOT } from './command.mjs';
import { make } from './make.mjs';
import { ensure } from './setup.mjs';

await main(async () => {
  const program = join(ROOT, 'out/cli/index.js');
  if (!existsSync(program) || !existsSync(NODE)) {
    await ensure('build');
    await make();
  }
  const child = spawn(NODE, [program, ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C reaches the child by itself; what is sent to us alone is handed on. Its exit code is ours.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
    process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`merlon: ${error.message}`);
      resolve(1);
    });
    child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
});
