import type { EventFields, FieldName } from '../../shared/event.ts';
import { TEXT_CELL } from './batch.ts';
import { COLUMNS } from './columns.ts';
import { cellOfDate, momentUs } from './dates.ts';
import { EntityIds, isSplitLine } from './derived.ts';
import { Dictionary } from './dictionary.ts';

export type Value = EventFields[FieldName] | undefined;

/** What a partition is begun with, or what it has already. */
export interface EncoderStart {
  readonly bootId: string;
  readonly wallBaseMs: number;
  readonly strings?: readonly string[];
  readonly lists?: readonly string[];
}

/**
 * Makes the cells of one partition: see Storage in columns.ts for what each says. Each method takes a value that is
 * not undefined, and the number of its column. NaN is taken for absent.
 * @throws TypeError, all of them, where the value is not of the field's kind.
 */
export class CellMaker {
  readonly bootId: string;
  readonly wallBaseMs: number;
  readonly strings: Dictionary;
  readonly lists: Dictionary;
  /** What each column said last, and the id: most columns repeat it. Lists only where they are frozen. */
  readonly lastValues: Value[] = COLUMNS.map(() => undefined);
  readonly lastIds: number[] = COLUMNS.map(() => 0);
  /** What it said before that: some take turns. */
  readonly #earlierValues: Value[] = COLUMNS.map(() => undefined);
  readonly #earlierIds: number[] = COLUMNS.map(() => 0);
  readonly #entityIds: EntityIds;
  /** Ids of frozen lists by identity: the same few constants come with every event. */
  readonly #frozenLists = new WeakMap<readonly string[], number>();
  #lastArgs: readonly string[] = [];
  #lastLine = '';
  #lastSplit = false;
  #texts: string[] = [];

  constructor({ bootId, wallBaseMs, strings, lists }: EncoderStart) {
    this.bootId = bootId;
    this.wallBaseMs = wallBaseMs;
    this.strings = new Dictionary(strings);
    this.lists = new Dictionary(lists);
    this.#entityIds = new EntityIds(bootId);
  }

  /** What the TEXT_CELLs since the last call say, in their order. */
  takeTexts(): readonly string[] {
    const texts = this.#texts;
    this.#texts = [];
    return texts;
  }

  text(value: Value, i: number): number {
    if (value === this.#earlierValues[i]) return this.#earlierIds[i]!;
    if (typeof value !== 'string') throw wrongKind(i);
    const id = this.strings.idOf(value);
    this.#earlierValues[i] = this.lastValues[i];
    this.#earlierIds[i] = this.lastIds[i]!;
    this.lastValues[i] = value;
    this.lastIds[i] = id;
    return id;
  }

  list(value: Value, i: number): number {
    if (!isList(value)) throw wrongKind(i);
    const frozen = Object.isFrozen(value);
    const id = (frozen ? this.#frozenLists.get(value) : undefined) ?? this.lists.idOf(JSON.stringify(value));
    if (!frozen) return id;
    this.#frozenLists.set(value, id);
    this.lastValues[i] = value;
    this.lastIds[i] = id;
    return id;
  }

  args(value: Value, line: Value, i: number): number {
    const split = typeof line === 'string' && isList(value) && this.#isSplit(value, line);
    return split ? 0 : this.list(value, i);
  }

  long(value: Value, i: number): number {
    if (typeof value !== 'number') throw wrongKind(i);
    return value === TEXT_CELL || Object.is(value, -0) ? this.#text(value) : value;
  }

  boolean(value: Value, i: number): number {
    if (typeof value !== 'boolean') throw wrongKind(i);
    return value ? 1 : 0;
  }

  /** @param timeNs the moment that the cell counts from, on the boot clock. */
  date(value: Value, timeNs: number, i: number): number {
    if (typeof value !== 'number') throw wrongKind(i);
    if (value !== value) return NaN;
    const cell = cellOfDate(value, momentUs(this.wallBaseMs, timeNs));
    return cell === undefined || cell === TEXT_CELL ? this.#text(value) : cell;
  }

  difference(value: Value, from: Value, i: number): number {
    if (typeof value !== 'number') throw wrongKind(i);
    if (value !== value) return NaN;
    const base = typeof from === 'number' && from === from ? from : 0;
    const cell = value - base;
    return Object.is(base + cell, value) && cell !== TEXT_CELL ? cell : this.#text(value);
  }

  entityId(value: Value, pid: Value, timeNs: number, i: number): number {
    if (typeof value !== 'string') throw wrongKind(i);
    const startNs = typeof pid === 'number' ? this.#entityIds.startOf(value, pid) : undefined;
    const cell = startNs === undefined ? -1 : timeNs - startNs;
    if (cell >= 0) return cell;
    return -(value === this.lastValues[i] ? this.lastIds[i]! : this.text(value, i));
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

  /** A number as JSON. */
  #text(value: number): number {
    const text = Object.is(value, -0) ? '-0' : JSON.stringify(value);
    this.#texts.push(text === 'null' ? (value > 0 ? '1e999' : '-1e999') : text);
    return TEXT_CELL;
  }
}

const isList = (value: Value): value is readonly string[] => Array.isArray(value);
const wrongKind = (i: number) => new TypeError(`${COLUMNS[i]!.name} of an event is no ${COLUMNS[i]!.kind}`);
