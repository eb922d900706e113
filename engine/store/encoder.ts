import type { EventFields, FieldName } from '../../shared/event.ts';
import { FIRST_CELL, MAX_BATCH_EVENTS, MS_CELL, ROW_CELLS, TEXT_CELL, type Batch } from './batch.ts';
import { COLUMNS } from './columns.ts';
import type { StoredEvent } from './contract.ts';
import { cellOfDate, momentUs } from './dates.ts';
import { Dictionary } from './dictionary.ts';
import { EntityIds, isSplitLine } from './derived.ts';

type Value = EventFields[FieldName] | undefined;

const numberOf = (name: FieldName) => COLUMNS.findIndex((column) => column.name === name);
const TIMESTAMP = numberOf('@timestamp');
const PID = numberOf('process.pid');
const PARENT_PID = numberOf('process.parent.pid');
const START = numberOf('process.start');
const ENTITY = numberOf('process.entity_id');
const ARGS = numberOf('process.args');
const LINE = numberOf('process.command_line');

/**
 * Copies an event's values into `values`, in the order of the columns. Written out and compiled, since each place that
 * reads a property remembers the shapes it has met: 0.3 µs an event, where a loop over names takes 4 µs and one over
 * the event's own keys 2 µs. The source is made of our own field names and nothing else.
 */
// eslint-disable-next-line @typescript-eslint/no-implied-eval -- see above
const copyValues = new Function(
  'fields',
  'values',
  COLUMNS.map(({ name }, i) => `values[${i}] = fields[${JSON.stringify(name)}];`).join('\n'),
) as (fields: Readonly<EventFields>, values: Value[]) => void;

/** The wall clock at the boot clock's zero, by the first event that tells it; undefined where none does. */
export function wallBaseOf(events: readonly StoredEvent[]): number | undefined {
  for (const { cursor, fields } of events) {
    const ms = fields['@timestamp'];
    if (ms !== undefined && Number.isFinite(ms)) return ms - cursor.timeNs / 1e6;
  }
  return undefined;
}

/** What a partition is begun with, or what it has already. */
export interface EncoderStart {
  readonly bootId: string;
  readonly wallBaseMs: number;
  readonly strings?: readonly string[];
  readonly lists?: readonly string[];
}

/** Turns events into the cells of one partition: see Storage in columns.ts for what each cell says. */
export class Encoder {
  readonly #start: EncoderStart;
  readonly #strings: Dictionary;
  readonly #lists: Dictionary;
  readonly #entityIds: EntityIds;
  /** Ids of frozen lists by identity: the same few constants come with every event. */
  readonly #frozenLists = new WeakMap<readonly string[], number>();
  readonly #values: Value[] = COLUMNS.map(() => undefined);
  /** What each column said last and before that, and the ids: most columns repeat it, or take turns. */
  readonly #lastValues: Value[] = COLUMNS.map(() => undefined);
  readonly #lastIds: number[] = COLUMNS.map(() => 0);
  readonly #earlierValues: Value[] = COLUMNS.map(() => undefined);
  readonly #earlierIds: number[] = COLUMNS.map(() => 0);
  #lastArgs: readonly string[] = [];
  #lastLine = '';
  #lastSplit = false;
  #texts: string[] = [];

  constructor(start: EncoderStart) {
    this.#start = start;
    this.#strings = new Dictionary(start.strings);
    this.#lists = new Dictionary(start.lists);
    this.#entityIds = new EntityIds(start.bootId);
  }

  get wallBaseMs(): number {
    return this.#start.wallBaseMs;
  }

  /** What the dictionaries hold, in characters (see PARTITION_CHARACTERS). */
  get characters(): number {
    return this.#strings.characters + this.#lists.characters;
  }

  /** Everything in the dictionaries, in the order of the ids. */
  dictionaries(): { readonly strings: readonly string[]; readonly lists: readonly string[] } {
    return { strings: this.#strings.texts(), lists: this.#lists.texts() };
  }

  /**
   * @param spare an array to use again, where it is long enough.
   * @throws RangeError past MAX_BATCH_EVENTS; TypeError where a value is not of its field's kind.
   */
  encode(events: readonly StoredEvent[], spare?: Float64Array<ArrayBufferLike>): Batch {
    if (events.length > MAX_BATCH_EVENTS)
      throw new RangeError(`a batch holds at most ${MAX_BATCH_EVENTS} events`);
    const needed = events.length * ROW_CELLS;
    const cells = spare !== undefined && spare.length >= needed ? spare : new Float64Array(needed);
    this.#texts = [];
    let at = 0;
    for (const event of events) {
      this.#encodeRow(event, cells, at);
      at += ROW_CELLS;
    }
    const strings = this.#strings.take();
    const lists = this.#lists.take();
    return {
      rows: events.length,
      cells,
      texts: this.#texts,
      strings: strings.texts,
      firstString: strings.first,
      lists: lists.texts,
      firstList: lists.first,
    };
  }

  #encodeRow({ cursor, fields }: StoredEvent, cells: Float64Array<ArrayBufferLike>, at: number): void {
    const { timeNs, sequence } = cursor;
    const values = this.#values;
    copyValues(fields, values);
    cells[at] = sequence;
    cells[at + 1] = timeNs;
    const first = at + FIRST_CELL;
    const timestamp = values[TIMESTAMP];
    cells[at + MS_CELL] = typeof timestamp === 'number' ? timestamp : NaN;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (value === undefined || value !== value) {
        cells[first + i] = NaN;
        continue;
      }
      const { storage } = COLUMNS[i]!;
      let cell: number;
      switch (storage) {
        case 'string':
          cell = this.#idOfText(value, i);
          break;
        case 'long':
          cell = this.#number(value, i);
          break;
        case 'list':
          cell = this.#idOfList(value, i);
          break;
        case 'boolean':
          if (typeof value !== 'boolean') throw wrongKind(i);
          cell = value ? 1 : 0;
          break;
        case 'date': {
          const since = i === START && cells[first + ENTITY]! >= 0 ? cells[first + ENTITY]! : 0;
          cell = this.#date(value, timeNs - since, i);
          break;
        }
        case 'process':
        case 'parent':
          cell = this.#entityId(value, values[storage === 'process' ? PID : PARENT_PID], timeNs, i);
          break;
        case 'boot':
          cell = value === this.#start.bootId ? 0 : this.#idOfText(value, i);
          break;
        case 'sequence':
          cell = this.#difference(value, sequence, i);
          break;
        case 'pid':
          cell = this.#difference(value, values[PID] ?? 0, i);
          break;
        case 'args_count': {
          const args = values[ARGS];
          cell = this.#difference(value, Array.isArray(args) ? args.length : 0, i);
          break;
        }
        case 'args': {
          const line = values[LINE];
          const split = typeof line === 'string' && isList(value) && this.#isSplit(value, line);
          cell = split ? 0 : this.#idOfList(value, i);
          break;
        }
      }
      cells[first + i] = cell;
    }
  }

  /** Frozen lists do not change: what was found of one holds. */
  #isSplit(args: readonly string[], line: string): boolean {
    if (args === this.#lastArgs && line === this.#lastLine) return this.#lastSplit;
    const split = isSplitLine(args, line);
    if (!Object.isFrozen(args)) return split;
    this.#lastArgs = args;
    this.#lastLine = line;
    this.#lastSplit = split;
    return split;
  }

  #idOfText(value: Value, i: number): number {
    if (this.#lastValues[i] === value) return this.#lastIds[i]!;
    if (this.#earlierValues[i] === value) return this.#earlierIds[i]!;
    if (typeof value !== 'string') throw wrongKind(i);
    const id = this.#strings.idOf(value);
    this.#earlierValues[i] = this.#lastValues[i];
    this.#earlierIds[i] = this.#lastIds[i]!;
    this.#lastValues[i] = value;
    this.#lastIds[i] = id;
    return id;
  }

  #idOfList(value: Value, i: number): number {
    if (!isList(value)) throw wrongKind(i);
    const known = this.#frozenLists.get(value);
    if (known !== undefined) return known;
    const id = this.#lists.idOf(JSON.stringify(value));
    if (Object.isFrozen(value)) this.#frozenLists.set(value, id);
    return id;
  }

  #number(value: Value, i: number): number {
    if (typeof value !== 'number') throw wrongKind(i);
    return value === TEXT_CELL || Object.is(value, -0) ? this.#text(value) : value;
  }

  #date(value: Value, timeNs: number, i: number): number {
    if (typeof value !== 'number') throw wrongKind(i);
    const cell = cellOfDate(value, momentUs(this.#start.wallBaseMs, timeNs));
    return cell === undefined || cell === TEXT_CELL ? this.#text(value) : cell;
  }

  #difference(value: Value, from: Value, i: number): number {
    if (typeof value !== 'number') throw wrongKind(i);
    const base = typeof from === 'number' && from === from ? from : 0;
    const cell = value - base;
    return Object.is(base + cell, value) && cell !== TEXT_CELL ? cell : this.#text(value);
  }

  #entityId(value: Value, pid: Value, timeNs: number, i: number): number {
    if (typeof value !== 'string') throw wrongKind(i);
    const startNs = typeof pid === 'number' ? this.#entityIds.startOf(value, pid) : undefined;
    const cell = startNs === undefined ? -1 : timeNs - startNs;
    return cell >= 0 ? cell : -this.#idOfText(value, i);
  }

  /** A number as JSON. NaN has none: such values are taken for absent. */
  #text(value: number): number {
    const text = Object.is(value, -0) ? '-0' : JSON.stringify(value);
    this.#texts.push(text === 'null' ? (value > 0 ? '1e999' : '-1e999') : text);
    return TEXT_CELL;
  }
}

const isList = (value: Value): value is readonly string[] => Array.isArray(value);
const wrongKind = (i: number) => new TypeError(`${COLUMNS[i]!.name} of an event is no ${COLUMNS[i]!.kind}`);
