import * as v from 'valibot';
import { FIELDS, isFieldName, type FieldName } from '../../shared/event.ts';
import { kept } from '../state/kept.svelte.ts';

/** Columns that say more, or less, than one field does. */
export const MADE_COLUMNS = ['time', 'action', 'process', 'ancestry', 'target', 'user', 'outcome'] as const;
export type MadeColumn = (typeof MADE_COLUMNS)[number];
export type ColumnId = MadeColumn | FieldName;

interface Made {
  readonly title: string;
  readonly about: string;
  readonly width: number;
  /** What it is made from, as an export names it. */
  readonly fields: readonly FieldName[];
}

export const MADE: Readonly<Record<MadeColumn, Made>> = {
  time: { title: 'Time', about: 'when it happened', width: 88, fields: ['@timestamp'] },
  action: { title: 'Action', about: 'what happened', width: 112, fields: ['event.action'] },
  process: { title: 'Process', about: 'name and pid', width: 148, fields: ['process.name', 'process.pid'] },
  ancestry: {
    title: 'Ancestry',
    about: 'where the process came from',
    width: 176,
    fields: ['process.parent.name'],
  },
  target: {
    title: 'Command line or target',
    about: 'what it was about',
    width: 240,
    fields: ['process.command_line', 'file.path'],
  },
  user: { title: 'User', about: 'who ran it', width: 64, fields: ['user.name'] },
  outcome: {
    title: 'Outcome',
    about: 'how it ended',
    width: 84,
    fields: ['process.exit_code', 'merlon.exit.signal', 'error.code'],
  },
};

export interface Column {
  readonly id: ColumnId;
  /** Pixels; the one column that takes what is left has none. */
  readonly width: number;
}

export const MIN_WIDTH = 40;
const MAX_WIDTH = 960;
const FIELD_WIDTH = 160;
const MOST = 40;

export const isMade = (id: string): id is MadeColumn => (MADE_COLUMNS as readonly string[]).includes(id);
const isColumn = (id: string): id is ColumnId => isMade(id) || isFieldName(id);
export const titleOf = (id: ColumnId) => (isMade(id) ? MADE[id].title : id);
export const aboutOf = (id: ColumnId) => (isMade(id) ? MADE[id].about : FIELDS[id].about);
const widthOf = (id: ColumnId) => (isMade(id) ? MADE[id].width : FIELD_WIDTH);

const FIRST: readonly Column[] = MADE_COLUMNS.map((id) => ({ id, width: widthOf(id) }));

const schema = v.pipe(
  v.array(
    v.object({
      id: v.custom<ColumnId>((id) => typeof id === 'string' && isColumn(id)),
      width: v.pipe(v.number(), v.minValue(MIN_WIDTH), v.maxValue(MAX_WIDTH)),
    }),
  ),
  v.minLength(1),
  v.maxLength(MOST),
  v.check((list) => new Set(list.map(({ id }) => id)).size === list.length),
);

/** Which columns there are, in which order, how wide; kept. */
export class Columns {
  readonly #kept = kept('feed-columns', schema, [...FIRST]);
  /** What is dragged right now is not kept yet. */
  #sizing = $state.raw<Column | undefined>();
  readonly list: readonly Column[] = $derived(
    this.#kept.value.map((column) => (column.id === this.#sizing?.id ? this.#sizing : column)),
  );
  readonly isFirst = $derived(JSON.stringify(this.#kept.value) === JSON.stringify(FIRST));

  has(id: ColumnId): boolean {
    return this.list.some((column) => column.id === id);
  }

  /** Shows or hides it; the last one stays. */
  toggle(id: ColumnId): void {
    const others = this.list.filter((column) => column.id !== id);
    if (others.length < this.list.length) {
      if (others.length > 0) this.#keep(others);
    } else if (this.list.length < MOST) {
      // What ends a row stays at its end.
      const end = this.list.at(-1)?.id === 'outcome' ? this.list.length - 1 : this.list.length;
      this.#keep(this.list.toSpliced(end, 0, { id, width: widthOf(id) }));
    }
  }

  /** By so many places. */
  move(id: ColumnId, by: number): void {
    const at = this.list.findIndex((column) => column.id === id);
    const to = Math.max(0, Math.min(this.list.length - 1, at + by));
    const column = this.list[at];
    if (column !== undefined && to !== at) this.#keep(this.list.toSpliced(at, 1).toSpliced(to, 0, column));
  }

  /** To the place of another one. */
  moveTo(id: ColumnId, place: ColumnId): void {
    const from = this.list.findIndex((column) => column.id === id);
    const to = this.list.findIndex((column) => column.id === place);
    if (from >= 0 && to >= 0) this.move(id, to - from);
  }

  /** @param done whether that is it, and not the middle of a drag. */
  size(id: ColumnId, width: number, done = true): void {
    const column = { id, width: Math.round(Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, width))) };
    this.#sizing = done ? undefined : column;
    if (done) this.#keep(this.list.map((each) => (each.id === id ? column : each)));
  }

  /** As wide as it is by itself. */
  unsize(id: ColumnId): void {
    this.size(id, widthOf(id));
  }

  reset(): void {
    this.#keep(FIRST);
  }

  /** Puts back what there was. */
  restore(list: readonly Column[]): void {
    this.#keep(list);
  }

  #keep(list: readonly Column[]): void {
    this.#kept.value = [...list];
  }
}

/** The one column that takes the room that is left: the target, else the last. */
export const wideOf = (columns: readonly Column[]): ColumnId | undefined =>
  columns.find(({ id }) => id === 'target')?.id ?? columns.at(-1)?.id;

/** As CSS writes it: columns shrink before anything runs over. */
export function templateOf(columns: readonly Column[]): string {
  const wide = wideOf(columns);
  return columns
    .map(({ id, width }) =>
      id === wide ? 'minmax(120px, 1fr)' : `minmax(${Math.min(width, MIN_WIDTH)}px, ${width}px)`,
    )
    .join(' ');
}

/** The fields that an export of these columns has, each once. */
export const fieldsOf = (columns: readonly Column[]): readonly FieldName[] => [
  ...new Set(columns.flatMap(({ id }) => (isMade(id) ? MADE[id].fields : [id]))),
];
