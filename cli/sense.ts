/** merlon sense: starts the helper, which asks for the password where it must. */
import type { Status } from '../shared/console.ts';
import { ask, CommandError, EXIT, json, readArgs, type Command } from './command.ts';

const UNDER_WAY: ReadonlySet<Status['helper']['state']> = new Set(['starting', 'authorising', 'restarting']);

export const sense: Command = {
  name: 'sense',
  about: 'start sensing: asks for the password where it must',
  help: `merlon sense [--json]

Starts the helper, the one process that runs as root, and waits until it senses. Where Merlon does not run as root, polkit
asks for the password. At later starts that comes by itself (merlon config get sensing.ask_at_start).
  --json   prints {"sensing":true}
`,
  prepare(args) {
    const { values } = readArgs('sense', args, { json: { type: 'boolean' } });
    return async ({ console, out, signal }) => {
      const reply = await console.request('helper.start', {});
      if (!reply.ok && reply.error.code !== 'already_running')
        throw new CommandError(EXIT.failed, reply.error.message);
      const settled = Promise.withResolvers<Status['helper'] | undefined>();
      const look = ({ helper }: Status) => {
        if (!UNDER_WAY.has(helper.state)) settled.resolve(helper);
      };
      const forget = console.on('status.changed', look);
      console.onClose(() => settled.resolve(undefined));
      signal.addEventListener('abort', () => settled.resolve(undefined));
      look(await ask(console, 'status.get', {}));
      const helper = await settled.promise;
      forget();
      if (helper?.state !== 'running')
        throw new CommandError(
          EXIT.failed,
          helper?.reason ?? 'Merlon does not sense yet. See: merlon status',
        );
      await out.write(values.json ? json({ sensing: true }) : 'Merlon senses.\n');
    };
  },
};
