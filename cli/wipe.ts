/** merlon wipe: delete every event. */
import type { Status } from '../shared/console.ts';
import { ask, CommandError, EXIT, json, readArgs, type Command } from './command.ts';
import { askPerson, canAsk } from './prompt.ts';
import { bytes, count, moment } from './time.ts';

export const wipe: Command = {
  name: 'wipe',
  about: 'delete every event that is stored (asks twice)',
  help: `merlon wipe [--yes-delete-every-event] [--json]

Deletes every event that is stored, held ones too. Shows what that is and asks twice. Merlon goes on with what comes
afterwards; when and how much was deleted stays known (merlon store cuts).
  --yes-delete-every-event   do not ask: for scripts
  --json                     prints {"deleted":N}
`,
  prepare(args) {
    const { values } = readArgs('wipe', args, {
      'yes-delete-every-event': { type: 'boolean' },
      json: { type: 'boolean' },
    });
    const sure = values['yes-delete-every-event'] === true;
    if (!sure && !canAsk()) {
      throw new CommandError(
        EXIT.usage,
        'Nobody can be asked here, and nothing was deleted. In a script: merlon wipe --yes-delete-every-event',
      );
    }
    return async ({ console, out, signal }) => {
      if (!sure) await confirm((await ask(console, 'status.get', {})).store, signal);
      const { events } = await ask(console, 'store.wipe', { confirm: 'every event' });
      await out.write(values.json ? json({ deleted: events }) : `${count(events)} events were deleted.\n`);
    };
  },
};

/** @throws CommandError unless both answers say so. */
async function confirm(store: Status['store'], signal: AbortSignal): Promise<void> {
  const since = store.oldest === null ? '' : `, stored since ${moment(store.oldest)}`;
  const what = `all ${count(store.events)} events (${bytes(store.bytes)}${since})`;
  const kept = new CommandError(EXIT.failed, 'Nothing was deleted.');
  const first = await askPerson(`This deletes ${what}, and cannot be undone.\nType wipe to go on: `, signal);
  if (signal.aborted || first !== 'wipe') throw kept;
  const second = await askPerson(`Type the number of events, ${count(store.events)}: `, signal);
  if (signal.aborted || second === '' || second.replace(/[\s,.’']/g, '') !== String(store.events)) throw kept;
}
