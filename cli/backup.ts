/** merlon backup FILE: everything that is stored, as one file. */
import { resolve } from 'node:path';
import { json, readArgs, usage, type Command } from './command.ts';
import { carryOut } from './task.ts';
import { bytes, count } from './time.ts';

export const backup: Command = {
  name: 'backup',
  about: 'everything that is stored, as one file',
  help: `merlon backup FILE [--json]

Writes everything that is stored at that moment into FILE, a tar archive that only you can read, while Merlon goes on.
Nothing is overwritten. To use it: unpack it into an empty folder and start with npm start -- --data FOLDER
  --json   prints {"file":…,"bytes":…,"events":…}
`,
  prepare(args) {
    const { values, positionals } = readArgs('backup', args, { json: { type: 'boolean' } }, 1);
    const [name] = positionals;
    if (name === undefined || name === '') throw usage('backup', 'Name a file');
    const file = resolve(name);
    return async (run) => {
      const written = await carryOut(run, 'store.backup', { file });
      await run.out.write(
        values.json
          ? json({ file, ...written })
          : `${count(written.events)} events are in ${file} (${bytes(written.bytes)}).\n`,
      );
    };
  },
};
