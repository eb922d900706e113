/** Which programs and maps are listed, in which order. Pure. */
import { openConcerns, type BpfMap, type BpfProgram } from '../../shared/bpf.ts';
import { attachmentText, CONCERN_WORDS, OWNER_WORDS } from './words.ts';

export const FILTERS = ['all', 'new', 'foreign', 'merlon'] as const;
export type Filter = (typeof FILTERS)[number];

export const PROGRAM_KEYS = [
  'notable', // what is worth a look, then what is new, then what is foreign
  'name',
  'type',
  'attached',
  'owner',
  'loader',
  'loaded',
  'runs',
  'cpu',
  'memory',
] as const;
export type ProgramKey = (typeof PROGRAM_KEYS)[number];

export const MAP_KEYS = ['name', 'type', 'owner', 'entries', 'programs', 'memory'] as const;
export type MapKey = (typeof MAP_KEYS)[number];

export interface Sort<K extends string> {
  readonly by: K;
  readonly descending: boolean;
}

/** Columns of which the largest is looked for first. */
export const FROM_ABOVE: ReadonlySet<string> = new Set([
  'loaded',
  'runs',
  'cpu',
  'memory',
  'entries',
  'programs',
]);

type Value = string | number | null;

const PROGRAM_VALUES: Readonly<Record<ProgramKey, (program: BpfProgram) => Value>> = {
  notable: (program) => -notability(program),
  name: ({ name }) => name.toLowerCase(),
  type: ({ type }) => type,
  attached: ({ attachments: [first] }) => (first === undefined ? null : attachmentText(first).toLowerCase()),
  owner: ({ owner }) => OWNER_WORDS[owner].toLowerCase(),
  loader: ({ loader, user }) => (loader?.name ?? user).toLowerCase(),
  loaded: ({ loaded }) => loaded,
  runs: ({ runs }) => runs,
  cpu: ({ cpu_percent }) => cpu_percent,
  memory: ({ memory_bytes }) => memory_bytes,
};

const MAP_VALUES: Readonly<Record<MapKey, (map: BpfMap) => Value>> = {
  name: ({ name }) => name.toLowerCase(),
  type: ({ type }) => type,
  owner: ({ owner }) => OWNER_WORDS[owner].toLowerCase(),
  entries: ({ max_entries }) => max_entries,
  programs: ({ programs }) => programs.length,
  memory: ({ memory_bytes }) => memory_bytes,
};

function notability(program: BpfProgram): number {
  const { is_new, owner } = program;
  const open = openConcerns(program).length;
  if (open > 0) return 10 + open;
  return (is_new ? 4 : 0) + (owner === 'foreign' ? 2 : owner === 'merlon' ? 0 : 1);
}

export interface Chosen {
  readonly filter: Filter;
  readonly search: string;
}

export function programRows(
  programs: readonly BpfProgram[],
  { filter, search }: Chosen,
  sort: Sort<ProgramKey>,
): readonly BpfProgram[] {
  const words = wordsOf(search);
  const listed = programs.filter(
    (program) => passes(program, filter) && matches(programText(program), words),
  );
  return sorted(listed, PROGRAM_VALUES[sort.by], sort.descending);
}

export function mapRows(
  maps: readonly BpfMap[],
  { filter, search }: Chosen,
  sort: Sort<MapKey>,
): readonly BpfMap[] {
  const words = wordsOf(search);
  const listed = maps
    .filter(({ owner }) => filter === 'all' || filter === 'new' || owner === filter)
    .filter((map) => matches(mapText(map), words));
  return sorted(listed, MAP_VALUES[sort.by], sort.descending);
}

const passes = ({ is_new, owner }: BpfProgram, filter: Filter) =>
  filter === 'all' || (filter === 'new' ? is_new : owner === filter);

const wordsOf = (search: string) => search.toLowerCase().split(/\s+/).filter(Boolean);
const matches = (text: string, words: readonly string[]) => words.every((word) => text.includes(word));

function programText(program: BpfProgram): string {
  const { id, name, type, tag, attachments, owner, loader, user, holders, pins, concerns } = program;
  return [
    id,
    name,
    type,
    tag,
    OWNER_WORDS[owner],
    user,
    ...attachments.flatMap((each) => [each.type, each.attach_type, each.target]),
    ...(loader === null ? [] : [loader])
      .concat(holders)
      .flatMap((each) => [each.name, each.executable ?? '', each.pid]),
    ...pins,
    ...concerns.map((concern) => CONCERN_WORDS[concern]),
  ]
    .join('\n')
    .toLowerCase();
}

function mapText({ id, name, type, owner, holders, pins }: BpfMap): string {
  return [id, name, type, OWNER_WORDS[owner], ...holders.flatMap((each) => [each.name, each.pid]), ...pins]
    .join('\n')
    .toLowerCase();
}

/** What is not known comes last, whichever way round. */
function sorted<T extends { readonly id: number }>(
  items: readonly T[],
  valueOf: (item: T) => Value,
  descending: boolean,
): readonly T[] {
  const turn = descending ? -1 : 1;
  return items
    .map((item) => ({ item, value: valueOf(item) }))
    .sort((a, b) => {
      if (a.value === null || b.value === null)
        return Number(a.value === null) - Number(b.value === null) || a.item.id - b.item.id;
      const order = a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
      return order * turn || a.item.id - b.item.id;
    })
    .map(({ item }) => item);
}

/** Each at the place that it had; what has come since stands at the end. */
export function inPlace<T extends { readonly id: number }>(
  items: readonly T[],
  places: readonly number[] | undefined,
): readonly T[] {
  if (places === undefined) return items;
  const at = new Map(places.map((id, place) => [id, place]));
  return items.toSorted((a, b) => (at.get(a.id) ?? Infinity) - (at.get(b.id) ?? Infinity) || 0);
}
