/** merlon store …: look after what is stored. */
import type { RequestIn, StoreCut, StoreFinding, StoreRetention } from '../shared/console.ts';
import { ask, CommandError, EXIT, json, readArgs, usage, type Command, type Run } from './command.ts';
import { prepareFresh } from './fresh.ts';
import { carryOut } from './task.ts';
import { table, visible } from './terminal.ts';
import { bytes, count, moment } from './time.ts';

const GIB = 2 ** 30;

type Body = (run: Run) => Promise<void>;

export const store: Command = {
  name: 'store',
  about: 'check | salvage | fresh | cuts | retention: look after what is stored',
  help: `merlon store check [--json]
  Reads everything there is. Exit code 0 where all is sound, 1 where something is not.
merlon store salvage [--json]
  Puts what can be read of damaged files into new ones.
merlon store fresh [--damaged] [--yes] [--json]
  Sets the database aside and goes on in an empty one: for one that cannot be opened, or not be mended. Asks before.
  It is renamed into a folder beside it, which is said; Merlon neither reads nor deletes it (nor does merlon wipe).
  What waits in memory is stored in the new one. To look into it: npm start -- --data FOLDER
  --damaged                 only the damaged files: all that is sound stays
  --yes                     do not ask: for scripts
merlon store cuts [--json]
  What was stored and is there no more: when, how much, and why. --json: one object a line
merlon store retention [--days N] [--gib N] [--free-when-full yes|no] [--json]
  Shows, or changes for good, what is kept:
  --days N                  events older than N days are cut
  --gib N                   the oldest events are cut while the folder takes more than N GiB
  --free-when-full yes|no   whether the oldest events may be cut to store new ones on a full disk

Whole files of events are cut, the oldest first; what is held is not.
`,
  prepare([verb, ...args]) {
    const prepare = verb === undefined ? undefined : VERBS.get(verb);
    if (prepare === undefined) {
      const names = [...VERBS.keys()].join(', ');
      throw usage('store', verb === undefined ? `Say what: ${names}` : `‘${verb}’ is none of ${names}`);
    }
    return prepare(args);
  },
};

const VERBS: ReadonlyMap<string, (args: readonly string[]) => Body> = new Map([
  ['check', prepareCheck],
  ['salvage', prepareSalvage],
  ['fresh', prepareFresh],
  ['cuts', prepareCuts],
  ['retention', prepareRetention],
]);

function prepareCheck(args: readonly string[]): Body {
  const { values } = readArgs('store', args, { json: { type: 'boolean' } });
  return async (run) => {
    const report = await carryOut(run, 'store.check', {});
    const { findings, events, partitions } = report;
    if (values.json) await run.out.write(json({ sound: findings.length === 0, ...report }));
    else if (findings.length > 0) await run.out.write(findingsTable(findings));
    const read = `${count(events)} events in ${count(partitions)} ${partitions === 1 ? 'file' : 'files'}`;
    if (findings.length > 0) {
      const files = new Set(findings.map(({ file }) => file)).size;
      const found = files === 1 ? 'One file is' : `${files} files are`;
      throw new CommandError(
        EXIT.failed,
        `${found} not sound, of ${read}. To save what can be read: merlon store salvage`,
      );
    }
    if (!values.json) await run.out.write(`All is sound: ${read}.\n`);
  };
}

const findingsTable = (findings: readonly StoreFinding[]) =>
  table(
    [{ head: 'FILE' }, { head: 'READABLE', align: 'right' }, { head: 'PROBLEM' }],
    findings.map(({ file, readable, problem }) => [
      file,
      readable === null ? 'not tried' : count(readable),
      problem,
    ]),
  );

function prepareSalvage(args: readonly string[]): Body {
  const { values } = readArgs('store', args, { json: { type: 'boolean' } });
  return async (run) => {
    const { events } = await carryOut(run, 'store.salvage', {});
    const said =
      events > 0
        ? `${count(events)} events were saved.\n`
        : 'Nothing was saved: no file counts as damaged, or nothing of it can be read. merlon store check says more.\n';
    await run.out.write(values.json ? json({ saved: events }) : said);
  };
}

const REASONS: Readonly<Record<StoreCut['reason'], string>> = {
  age: 'too old',
  size: 'too much',
  disk_full: 'disk full',
  wiped: 'wiped',
  damaged: 'damaged',
  set_aside: 'set aside',
};

function prepareCuts(args: readonly string[]): Body {
  const { values } = readArgs('store', args, { json: { type: 'boolean' } });
  return async ({ console, out }) => {
    const { cuts } = await ask(console, 'store.cuts', {});
    if (values.json) return out.write(cuts.map(json).join(''));
    if (cuts.length === 0) return out.write('Nothing was ever cut.\n');
    return out.write(`${cutsTable(cuts)}${cuts.map(placeOf).join('')}`);
  };
}

const cutsTable = (cuts: readonly StoreCut[]) =>
  table(
    [
      { head: 'CUT' },
      { head: 'WHY' },
      { head: 'EVENTS', align: 'right' },
      { head: 'SIZE', align: 'right' },
      { head: 'FROM' },
      { head: 'TO' },
    ],
    cuts.map(({ at, reason, events, bytes: size, first, last }) => [
      moment(at),
      REASONS[reason],
      events === null ? 'unknown' : count(events),
      bytes(size),
      first === null ? 'unknown' : moment(first),
      last === null ? 'unknown' : moment(last),
    ]),
  );

/** Of what was set aside. */
const placeOf = ({ at, folder, why }: StoreCut) =>
  folder === undefined ? '' : visible(`Set aside ${moment(at)}: ${folder}. ${why ?? ''}`.trimEnd()) + '\n';

function prepareRetention(args: readonly string[]): Body {
  const { values } = readArgs('store', args, {
    days: { type: 'string' },
    gib: { type: 'string' },
    'free-when-full': { type: 'string' },
    json: { type: 'boolean' },
  });
  const free = values['free-when-full'];
  if (free !== undefined && free !== 'yes' && free !== 'no') {
    throw usage('store', `--free-when-full takes yes or no, not ‘${free}’`);
  }
  const days = amount('--days', values.days);
  const gib = amount('--gib', values.gib);
  const change: RequestIn<'store.retain'> = {
    ...(days === undefined ? {} : { days }),
    ...(gib === undefined ? {} : { bytes: Math.round(gib * GIB) }),
    ...(free === undefined ? {} : { free_when_full: free === 'yes' }),
  };
  return async ({ console, out }) => {
    const now =
      Object.keys(change).length === 0
        ? await ask(console, 'store.retention', {})
        : await ask(console, 'store.retain', change);
    await out.write(values.json ? json(now) : readableRetention(now));
  };
}

/** @throws CommandError (usage) where it is no number above 0. */
function amount(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value > 0) return value;
  throw usage('store', `${option} takes a number above 0, not ‘${text}’`);
}

const readableRetention = ({ days, bytes: size, free_when_full: free }: StoreRetention) =>
  `Events are kept for ${days} ${days === 1 ? 'day' : 'days'}, in at most ${bytes(size)}. On a full disk the oldest ${
    free ? 'are cut to store new ones' : 'stay, and new ones wait in memory'
  }.\n`;
