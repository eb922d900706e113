/** The host's BPF for a person at a terminal. Names are chosen by whoever loads a program: they are hostile text. */
import {
  BPF_OWNERS,
  openConcerns,
  type BpfConcern,
  type BpfInventory,
  type BpfMap,
  type BpfOwner,
  type BpfProcess,
  type BpfProgram,
} from '../shared/bpf.ts';
import { cell, columns, table, visible, type Column } from './terminal.ts';
import { bytes, count, moment } from './time.ts';

/** A cell at most, so that one long name does not push everything else off the screen. */
const WIDEST = 44;

const OWNER_WORDS: Readonly<Record<BpfOwner, string>> = {
  merlon: 'Merlon',
  systemd: 'systemd',
  container: 'container',
  package: 'package',
  foreign: 'stranger',
};

const CONCERN_WORDS: Readonly<Record<BpfConcern, string>> = {
  our_hook: 'it is attached where Merlon’s own programs are',
  overrides_returns: 'it can make functions of the kernel return something else',
  writes_user_memory: 'it can write into the memory of other processes',
  sends_signals: 'it can send signals to other processes',
};

const PROGRAM_COLUMNS: readonly Column[] = [
  { head: '' },
  { head: 'ID', align: 'right' },
  { head: 'TYPE' },
  { head: 'NAME' },
  { head: 'TAG' },
  { head: 'ATTACHED TO' },
  { head: 'OWNER' },
  { head: 'CPU', align: 'right' },
  { head: 'LOADED' },
  { head: 'BY' },
];

/** @param all whether programs that are alike have a line each. */
export function listText(found: BpfInventory, all: boolean): string {
  const sorted = found.programs.toSorted((a, b) => rank(a) - rank(b) || a.id - b.id);
  const rows = all ? sorted.map((each) => [each]) : alike(sorted);
  return [
    rows.length === 0 ? '' : table(PROGRAM_COLUMNS, rows.map(programRow)),
    notes(sorted.filter(isToBeSeen)),
    summary(found),
    unread(found),
  ]
    .filter(Boolean)
    .join('\n');
}

export function mapsText({ maps }: BpfInventory): string {
  if (maps.length === 0) return 'There are no maps.\n';
  const heads: readonly Column[] = [
    { head: 'MAP', align: 'right' },
    { head: 'TYPE' },
    { head: 'NAME' },
    { head: 'KEY', align: 'right' },
    { head: 'VALUE', align: 'right' },
    { head: 'ENTRIES', align: 'right' },
    { head: 'MEMORY', align: 'right' },
    { head: 'OWNER' },
    { head: 'USED BY' },
  ];
  const sorted = maps.toSorted((a, b) => ownerRank(a.owner) - ownerRank(b.owner) || a.id - b.id);
  return table(heads, sorted.map(mapRow));
}

/** What is new, what is gone, what is to be looked at. */
export function differenceText(found: BpfInventory): string {
  const fresh = found.programs.filter((each) => each.is_new);
  const old = found.programs.filter((each) => !each.is_new);
  const gone = found.gone.map(({ type, name, tag, target, owner }) =>
    [type, name, tag, target, OWNER_WORDS[owner]].map(short),
  );
  const goneHeads = ['TYPE', 'NAME', 'TAG', 'WAS ATTACHED TO', 'OWNER'].map((head) => ({ head }));
  const byRank = fresh.toSorted((a, b) => rank(a) - rank(b) || a.id - b.id);
  return [
    fresh.length === 0
      ? ''
      : `New:\n${table(
          PROGRAM_COLUMNS,
          byRank.map((each) => programRow([each])),
        )}`,
    gone.length === 0 ? '' : `Gone:\n${table(goneHeads, gone)}`,
    notes([...byRank, ...old].filter(isToBeSeen)),
    fresh.length + gone.length > 0 || found.baseline === null
      ? ''
      : `Nothing is new and nothing is gone since ${moment(found.baseline)}.\n`,
    unread(found),
  ]
    .filter(Boolean)
    .join('\n');
}

export function differenceCounts({ programs, gone }: Pick<BpfInventory, 'programs' | 'gone'>) {
  return {
    isNew: programs.filter((each) => each.is_new).length,
    gone: gone.length,
    toBeSeen: programs.filter(isToBeSeen).length,
  };
}

export const acceptedWords = ({ programs, at }: BpfInventory): string =>
  `What is there at ${moment(at)} is known from now on (${programsWord(programs.length)}); new is what comes after.\n`;

/* Rows */

/** Strangers that are to be looked at, new strangers, strangers; then what is new; then the rest by owner. */
function rank(program: BpfProgram): number {
  const { owner, is_new: isNew } = program;
  if (owner === 'foreign') return openConcerns(program).length > 0 ? 0 : isNew ? 1 : 2;
  return (isNew ? 3 : 10) + ownerRank(owner);
}

const ownerRank = (owner: BpfOwner) => BPF_OWNERS.length - BPF_OWNERS.indexOf(owner);
const isToBeSeen = (program: BpfProgram) =>
  program.owner === 'foreign' && (program.is_new || openConcerns(program).length > 0);

/** systemd has the same filter on each of its services. Strangers, and what is new, stand alone. */
function alike(programs: readonly BpfProgram[]): readonly (readonly BpfProgram[])[] {
  const groups = new Map<string, BpfProgram[]>();
  for (const each of programs) {
    const alone = each.owner === 'foreign' || each.is_new;
    const key = JSON.stringify(alone ? [each.id] : [each.owner, each.type, each.name, each.tag]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return [...groups.values()];
}

/** @param group programs that are alike, one at least. */
function programRow(group: readonly BpfProgram[]): readonly string[] {
  const [first] = group;
  if (first === undefined) return [];
  const more = group.length > 1 ? ` and ${group.length - 1} more` : '';
  const targets = [...new Set(group.flatMap((each) => each.attachments.map(attachedTo)))];
  return [
    [openConcerns(first).length > 0 ? '!' : '', first.is_new ? 'NEW' : ''].filter(Boolean).join(' '),
    `${first.id}${more}`,
    first.type,
    first.name,
    first.tag,
    targets.length > 1
      ? `${cell(targets[0] ?? '', WIDEST - 12).trimEnd()} and ${targets.length - 1} more`
      : (targets[0] ?? ''),
    OWNER_WORDS[first.owner],
    percent(group),
    moment(first.loaded),
    broughtBy(first),
  ].map(short);
}

const attachedTo = ({ target, attach_type: how, type }: BpfProgram['attachments'][number]) =>
  target || how || type;

function percent(group: readonly BpfProgram[]): string {
  const known = group.flatMap((each) => each.cpu_percent ?? []);
  return known.length === 0 ? '' : `${known.reduce((sum, each) => sum + each, 0).toFixed(2)} %`;
}

function broughtBy({ loader, holders, user }: BpfProgram): string {
  if (loader !== null) return processWords(loader);
  const [holder] = holders;
  return holder === undefined ? user : `held by ${processWords(holder)}`;
}

const processWords = ({ executable, name, pid }: BpfProcess) =>
  `${cell(executable ?? name, WIDEST - 18).trimEnd()} (${pid})`;

function mapRow(map: BpfMap): readonly string[] {
  return [
    ...[String(map.id), map.type, map.name, bytes(map.key_bytes), bytes(map.value_bytes)],
    ...[count(map.max_entries), bytes(map.memory_bytes), OWNER_WORDS[map.owner]],
    map.programs.length > 6
      ? `${map.programs.slice(0, 6).join(', ')} and ${map.programs.length - 6} more`
      : map.programs.join(', '),
  ].map(short);
}

/** Harmless at a terminal, and not too long for a table. */
function short(text: string): string {
  const safe = visible(text);
  return columns(safe) <= WIDEST ? safe : cell(safe, WIDEST);
}

/* Sentences */

/** Why each of them is to be looked at. */
function notes(programs: readonly BpfProgram[]): string {
  return programs
    .map((program) => {
      const { id, name, is_new: isNew, owner_why: why } = program;
      const reasons = [
        ...(isNew ? ['it was not there before'] : []),
        ...openConcerns(program).map((each) => CONCERN_WORDS[each]),
      ];
      return `${id} ${short(name)}: ${reasons.join('; ')}. ${visible(why)}\n`;
    })
    .join('');
}

function summary({ programs, maps, baseline, gone }: BpfInventory): string {
  const owners = BPF_OWNERS.toReversed()
    .map((owner) => [programs.filter((each) => each.owner === owner).length, OWNER_WORDS[owner]] as const)
    .filter(([number]) => number > 0)
    .map(([number, word]) => `${count(number)} ${word}`);
  const { isNew, toBeSeen } = differenceCounts({ programs, gone });
  const since =
    baseline === null
      ? 'there is no baseline yet'
      : `${isNew} new and ${gone.length} gone since ${moment(baseline)}`;
  const named = owners.length === 0 ? '' : ` (${owners.join(', ')})`;
  return `${programsWord(programs.length)}${named}, ${count(maps.length)} maps; ${toBeSeen} to be looked at; ${since}.\n`;
}

const programsWord = (number: number) => `${count(number)} ${number === 1 ? 'program' : 'programs'}`;

const unread = ({ unread: sentences }: BpfInventory) =>
  sentences.map((sentence) => `${visible(sentence)}\n`).join('');
