/** merlon bpf: all BPF of the host, whose it is, and what of it was not there before. */
import type { BpfInventory } from '../shared/bpf.ts';
import { acceptedWords, differenceCounts, differenceText, listText, mapsText } from './bpf-text.ts';
import { ask, CommandError, EXIT, json, readArgs, usage, type Command } from './command.ts';
import { moment } from './time.ts';

const VERBS = ['list', 'diff', 'accept'] as const;
type Verb = (typeof VERBS)[number];

export const bpf: Command = {
  name: 'bpf',
  about: 'all BPF programs of this host, whose they are, what is new',
  help: `merlon bpf [list] [--all] [--maps] [--json]
merlon bpf diff [--json]
merlon bpf accept [--json]

Says what BPF is loaded on this host, by whom, where it is attached and what it can do to others; strangers come first.
Whose it is, is told by who was seen to load it, or who holds it; a program’s name, which anybody may choose, counts for nothing.
  list     what there is now; NEW is what the baseline has not
  diff     what is new and what is gone since the baseline, and which strangers are to be looked at
  accept   takes what there is now as the baseline, with what strangers can do; the first look ever was the first one
  --all    every program in a line of its own; else those of known owners that are alike share one
  --maps   the maps, too
  --json   everything as one object, for scripts, whatever is listed
Needs Merlon to sense (merlon sense), as only root sees all BPF.
Exit code 0; 1 of diff where something is new, gone or to be looked at, and where there is nothing to compare with.
`,
  prepare(args) {
    const options = {
      json: { type: 'boolean' },
      all: { type: 'boolean' },
      maps: { type: 'boolean' },
    } as const;
    const { values, positionals } = readArgs('bpf', args, options, 1);
    const verb = verbOf(positionals[0] ?? 'list');
    if (verb !== 'list' && (values.all || values.maps))
      throw usage('bpf', `--all and --maps belong to list, not to ${verb}`);
    return async ({ console, out }) => {
      const found = await ask(console, verb === 'accept' ? 'bpf.baseline' : 'bpf.inventory', {});
      await out.write(values.json ? json(found) : textOf(verb, found, values));
      if (verb === 'diff') judge(found);
    };
  },
};

/** @throws CommandError (usage) */
function verbOf(word: string): Verb {
  const verb = VERBS.find((each) => each === word);
  if (verb === undefined) throw usage('bpf', `‘${word}’ is nothing to do; there are ${VERBS.join(', ')}`);
  return verb;
}

function textOf(verb: Verb, found: BpfInventory, { all, maps }: { all?: boolean; maps?: boolean }): string {
  if (verb === 'accept') return acceptedWords(found);
  if (verb === 'diff') return differenceText(found);
  return listText(found, all === true) + (maps === true ? `\n${mapsText(found)}` : '');
}

/** For scripts. @throws CommandError (failed) where there is something that a person should see */
function judge(found: BpfInventory): void {
  if (found.baseline === null)
    throw new CommandError(
      EXIT.failed,
      'There is no baseline to compare with. Take what is there now: merlon bpf accept',
    );
  const { isNew, gone, toBeSeen } = differenceCounts(found);
  if (isNew + gone + toBeSeen === 0) return;
  throw new CommandError(
    EXIT.failed,
    `Since ${moment(found.baseline)}: ${isNew} new, ${gone} gone; ${toBeSeen} to be looked at. If that is as it should be: merlon bpf accept`,
  );
}
