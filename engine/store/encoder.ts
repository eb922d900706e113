import type { EventFields, FieldName } from '../../shared/event.ts';
import { FIRST_CELL, MAX_BATCH_EVENTS, MS_CELL, ROW_CELLS, type Batch } from './batch.ts';
import { CellMaker, type EncoderStart } from './cells.ts';
import { COLUMNS, type Column } from './columns.ts';
import type { StoredEvent } from './contract.ts';

export type { EncoderStart } from './cells.ts';

/** Where a row has the cell of a field. */
const cellOf = (name: FieldName) => FIRST_CELL + COLUMNS.findIndex((column) => column.name === name);
const read = (name: FieldName) => `fields[${JSON.stringify(name)}]`;

/** JavaScript for the cell of `v`, a value that is there. What most events say is decided on the spot. */
function cellCode({ name, storage }: Column, i: number): string {
  const repeated = `v === lastValues[${i}] ? lastIds[${i}]`;
  switch (storage) {
    case 'string':
      return `${repeated} : of.text(v, ${i})`;
    case 'list':
      return `${repeated} : of.list(v, ${i})`;
    case 'boot':
      return `v === bootId ? 0 : ${repeated} : of.text(v, ${i})`;
    case 'args':
      return `of.args(v, ${read('process.command_line')}, ${i})`;
    case 'long':
      return `typeof v === 'number' && v > 0 ? v : of.long(v, ${i})`;
    case 'boolean':
      return `of.boolean(v, ${i})`;
    case 'process':
      return `of.entityId(v, ${read('process.pid')}, timeNs, ${i})`;
    case 'parent':
      return `of.entityId(v, ${read('process.parent.pid')}, timeNs, ${i})`;
    case 'sequence':
      return differenceCode('sequence', i);
    case 'pid':
      return differenceCode(read('process.pid'), i);
    case 'args_count':
      return differenceCode(`${read('process.args')}?.length`, i);
    case 'date': {
      const age = `cells[at + ${cellOf('process.entity_id')}]`;
      return name === 'process.start'
        ? `of.date(v, ${age} >= 0 ? timeNs - ${age} : timeNs, ${i})`
        : `of.date(v, timeNs, ${i})`;
    }
  }
}

/** Zeros are looked at more closely, since one of them is −0. */
const differenceCode = (from: string, i: number) =>
  `v === ${from} && v !== 0 ? 0 : of.difference(v, ${from}, ${i})`;

type RowEncoder = (
  fields: Readonly<EventFields>,
  cells: Float64Array<ArrayBufferLike>,
  at: number,
  timeNs: number,
  sequence: number,
  of: CellMaker,
) => void;

/**
 * Fills the cells of a row. Written out and compiled: each place that reads a property, compares values or calls a
 * method remembers what it has met, so that a place for each column is a fifth faster than a loop over the columns,
 * and a loop over the event's own keys slower still. The source is made of our own field names and nothing else.
 */
// eslint-disable-next-line @typescript-eslint/no-implied-eval -- see above
const encodeRow = new Function(
  ...['fields', 'cells', 'at', 'timeNs', 'sequence', 'of'],
  [
    'const { lastValues, lastIds, bootId } = of; let v;',
    ...COLUMNS.map(
      (column, i) =>
        `v = ${read(column.name)}; cells[at + ${FIRST_CELL + i}] = v === undefined ? NaN : ${cellCode(column, i)};`,
    ),
  ].join('\n'),
) as RowEncoder;

/** The wall clock at the boot clock's zero, by the first event that tells it; undefined where none does. */
export function wallBaseOf(events: readonly StoredEvent[]): number | undefined {
  for (const { cursor, fields } of events) {
    const ms = fields['@timestamp'];
    if (ms !== undefined && Number.isFinite(ms)) return ms - cursor.timeNs / 1e6;
  }
  return undefined;
}

/** Turns events into the cells of one partition. */
export class Encoder {
  readonly #maker: CellMaker;

  constructor(start: EncoderStart) {
    this.#maker = new CellMaker(start);
  }

  get wallBaseMs(): number {
    return this.#maker.wallBaseMs;
  }

  /** What the dictionaries hold, in characters (see PARTITION_CHARACTERS). */
  get characters(): number {
    return this.#maker.strings.characters + this.#maker.lists.characters;
  }

  /** Everything in the dictionaries, in the order of the ids. */
  dictionaries(): { readonly strings: readonly string[]; readonly lists: readonly string[] } {
    return { strings: this.#maker.strings.texts(), lists: this.#maker.lists.texts() };
  }

  /**
   * @param spare an array to use again, where it is long enough.
   * @throws RangeError past MAX_BATCH_EVENTS; TypeError where a value is not of its field's kind.
   */
  encode(events: readonly StoredEvent[], spare?: Float64Array<ArrayBufferLike>): Batch {
    if (events.length > MAX_BATCH_EVENTS)
      throw new RangeError(`a batch holds at most ${MAX_BATCH_EVENTS} events`);
    const maker = this.#maker;
    const needed = events.length * ROW_CELLS;
    const cells = spare !== undefined && spare.length >= needed ? spare : new Float64Array(needed);
    maker.takeTexts();
    let at = 0;
    for (const { cursor, fields } of events) {
      const { timeNs, sequence } = cursor;
      cells[at] = sequence;
      cells[at + 1] = timeNs;
      encodeRow(fields, cells, at, timeNs, sequence, maker);
      const ms = fields['@timestamp'];
      cells[at + MS_CELL] = typeof ms === 'number' ? ms : NaN;
      at += ROW_CELLS;
    }
    const strings = maker.strings.take();
    const lists = maker.lists.take();
    return {
      rows: events.length,
      cells,
      texts: maker.takeTexts(),
      strings: strings.texts,
      firstString: strings.first,
      lists: lists.texts,
      firstList: lists.first,
    };
  }
}
