/** merlon store fresh: set the database aside, and go on in an empty one. */
import type { AsideScope, Status, StoreAside } from '../shared/console.ts';
import { ask, CommandError, EXIT, json, readArgs, type Run } from './command.ts';
import { askPerson, canAsk } from './prompt.ts';
import { visible } from './terminal.ts';
import { bytes, count } from './time.ts';

/** @throws CommandError (usage) */
export function prepareFresh(args: readonly string[]): (run: Run) => Promise<void> {
  const { values } = readArgs('store', args, {
    damaged: { type: 'boolean' },
    yes: { type: 'boolean' },
    json: { type: 'boolean' },
  });
  const scope: AsideScope = values.damaged ? 'damaged' : 'everything';
  if (!values.yes && !canAsk()) {
    throw new CommandError(
      EXIT.usage,
      'Nobody can be asked here, and nothing was set aside. In a script: merlon store fresh --yes',
    );
  }
  return async ({ console, out, signal }) => {
    if (!values.yes) await confirm((await ask(console, 'status.get', {})).store, scope, signal);
    const aside = await ask(console, 'store.fresh', { scope });
    await out.write(values.json ? json(aside) : readable(aside, scope));
  };
}

/** @throws CommandError unless the answer says so. */
async function confirm(store: Status['store'], scope: AsideScope, signal: AbortSignal): Promise<void> {
  const said = scope === 'damaged' ? damagedWords(store) : databaseWords(store);
  const answer = await askPerson(`${said} Nothing is deleted.\nType fresh to go on: `, signal);
  if (signal.aborted || answer !== 'fresh') throw new CommandError(EXIT.failed, 'Nothing was set aside.');
}

const damagedWords = ({ damaged_partitions: damaged, partitions }: Status['store']) =>
  `This sets the damaged files aside (${count(damaged)} of ${count(partitions)}); sound ones stay.`;

const databaseWords = ({ unopened, events, bytes: size, path }: Status['store']) =>
  unopened
    ? `This sets the database ${visible(path)} aside, and begins an empty one.`
    : `This sets the database aside, and begins an empty one: ${count(events)} events (${bytes(size)}) are not found any more.`;

function readable({ folder, bytes: size, events, holds }: StoreAside, scope: AsideScope): string {
  const what = scope === 'damaged' ? 'What was damaged' : 'The database';
  const held =
    holds === 0 || holds === null ? '' : ` ${count(holds)} ${holds === 1 ? 'hold' : 'holds'} went with it.`;
  const many = events === null ? 'nobody knows how many events' : `${count(events)} events`;
  return `${what} lies in ${visible(folder)} now (${bytes(size)}, ${many}).${held} Merlon neither reads nor deletes it.\n`;
}
