// @ts-check
/** `npm start`: set-up, build, then hands over to build/launch.ts on Merlon's own Node. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { main, NODE, ROOT } from './command.mjs';
import { make } from './make.mjs';
import { ensure } from './setup.mjs';

const HELP = `npm start -- [--no-open] [--port N] [--data DIR] [--dev] [--keep-days N] [--keep-gib N] [--free-when-full]

Installs what is missing, builds what is out of date, starts the engine and the helper, and opens the console.
If the engine runs already, opens its console. Ctrl-C ends all of it.

  --no-open    open no window; print a link to the console instead
  --port N     port of the web page on 127.0.0.1, 0 for any free one (default: one of this user's own, if it is free)
  --data DIR   folder of the database (default: $XDG_STATE_HOME/merlon, else ~/.local/state/merlon)
  --dev        reload the page as its source changes (the same as: npm run dev)

What the engine keeps, for this run (default: what settings say, at first 14 days and 2 GiB):
  --keep-days N      events older than N days are cut
  --keep-gib N       the oldest events are cut while the database takes more than N GiB
  --free-when-full   on a full disk the oldest events are cut to store new ones

All settings, these too: npm run -s merlon -- config list
At the first start the console says what the password is for before it is asked for; root is not asked.

Exit codes: 0 ended as asked · 1 failed · 2 usage
`;

/** @returns {string | undefined} what is wrong with the arguments */
function problemWith(/** @type {readonly string[]} */ args) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        'no-open': { type: 'boolean' },
        port: { type: 'string' },
        data: { type: 'string' },
        dev: { type: 'boolean' },
        'keep-days': { type: 'string' },
        'keep-gib': { type: 'string' },
        'free-when-full': { type: 'boolean' },
      },
    });
    for (const flag of /** @type {const} */ (['keep-days', 'keep-gib'])) {
      const text = values[flag];
      if (text !== undefined && !(/^\d+(\.\d+)?$/.test(text) && Number(text) > 0)) {
        return `--${flag} ${text} is no number above 0.`;
      }
    }
    if (values.port !== undefined && !(/^\d{1,5}$/.test(values.port) && Number(values.port) <= 65535)) {
      return `--port ${values.port} is no port: give 0 to 65535, 0 for any free one.`;
    }
    if (values.data === '') return '--data needs a folder.';
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

await main(async () => {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(HELP);
    return 0;
  }
  const problem = problemWith(args);
  if (problem !== undefined) {
    console.error(`merlon: ${problem}\n\n${HELP}`);
    return 2;
  }
  await ensure('start');
  await make();

  const child = spawn(NODE, [join(ROOT, 'build/launch.ts'), ...args], { stdio: 'inherit' });
  // Ctrl-C reaches the child by itself; what is sent to us alone is handed on. It decides when to end.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill(signal));
  }
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`merlon: ${error.message}`);
      resolve(1);
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
});
