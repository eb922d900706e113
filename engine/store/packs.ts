import type { FieldName } from '../../shared/event.ts';
import { COLUMNS, type Storage } from './columns.ts';
import { VarintReader, VarintWriter } from './varint.ts';

/**
 * What a sealed partition has of its events column by column, beside the rows (the tables `pack`, `pack_rows` and
 * `moment` in layout.ts): to count a partition whole, few bytes of each event are read.
 */

/** Partitions before this layout have no packs. */
export const PACKS_LAYOUT = 3;

/** Columns with more different cells than a byte can tell are not packed. */
export const MOST_CELLS = 256;

/** What the database may hold in a cell of `event`. */
export type Cell = number | string | null;

/** Those whose cells say the value alone, without other cells of the row. */
const ALONE: readonly Storage[] = ['long', 'boolean', 'string', 'list', 'boot'];

/** The fields whose columns are packed, where they have few enough different cells. */
export const PACKED_FIELDS: readonly FieldName[] = COLUMNS.filter(({ storage }) =>
  ALONE.includes(storage),
).map(({ name }) => name);

/** @throws TypeError where it is none that we write: the database is damaged. */
export function cellOf(value: unknown): Cell {
  if (value === null || typeof value === 'number' || typeof value === 'string') return value;
  throw new TypeError('a cell of an event is neither number nor text');
}

/** The column `cells` of the table `pack`. */
export const encodeCells = (cells: readonly Cell[]) => JSON.stringify(cells);

/** @throws TypeError or SyntaxError where it is damaged. */
export function decodeCells(stored: unknown): readonly Cell[] {
  const cells: unknown = JSON.parse(typeof stored === 'string' ? stored : 'null');
  if (!Array.isArray(cells) || cells.length === 0 || cells.length > MOST_CELLS)
    throw new TypeError('a packed column has no cells');
  return cells.map(cellOf);
}

/** So many bits tell which of the cells a row has: 1, 2, 4 or 8. */
const bitsFor = (cells: number) => (cells <= 2 ? 1 : cells <= 4 ? 2 : cells <= 16 ? 4 : 8);

/** The column `cells` of the table `pack_rows`: the first row in the lowest bits of the first byte. @param cells how many different ones there are. */
export function encodeRows(rows: Uint8Array, cells: number): Uint8Array {
  const bits = bitsFor(cells);
  const bytes = new Uint8Array(Math.ceil((rows.length * bits) / 8));
  for (let row = 0, bit = 0; row < rows.length; row++, bit += bits)
    bytes[bit >>> 3]! |= rows[row]! << (bit & 7);
  return bytes;
}

/** The inverse. @throws TypeError where it is damaged. */
export function decodeRows(stored: unknown, cells: number, events: number): Uint8Array {
  const bits = bitsFor(cells);
  if (!Buffer.isBuffer(stored) || stored.length !== Math.ceil((events * bits) / 8))
    throw new TypeError('a packed column has not the rows of its partition');
  if (bits === 8) return stored;
  const mask = 2 ** bits - 1;
  const rows = new Uint8Array(events);
  for (let row = 0, bit = 0; row < events; row++, bit += bits)
    rows[row] = (stored[bit >>> 3]! >>> (bit & 7)) & mask;
  return rows;
}

const zigzag = (value: number) => (value < 0 ? -2 * value - 1 : 2 * value);
const unzigzag = (value: number) => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);
const MOST_US = 2 ** 51;

/**
 * The column `us` of the table `moment`. @param moments `@timestamp` of the rows of a chunk, in their order.
 * @param firstMs the smallest of them.
 * @returns undefined where a row has none, or one that whole microseconds cannot say.
 */
export function encodeMoments(
  writer: VarintWriter,
  moments: readonly (number | undefined)[],
  firstMs: number,
): Buffer | undefined {
  let before = Math.round(firstMs * 1000);
  const steps: number[] = [];
  for (const ms of moments) {
    const us = ms === undefined ? NaN : Math.round(ms * 1000);
    if (!(Math.abs(us) < MOST_US) || !Object.is(us / 1000, ms)) return undefined;
    steps.push(us - before);
    before = us;
  }
  for (const step of steps) writer.write(zigzag(step));
  return writer.take();
}

/** The inverse. @throws TypeError or RangeError where it is damaged. */
export function decodeMoments(stored: unknown, firstMs: number, events: number): Float64Array {
  if (!Buffer.isBuffer(stored)) throw new TypeError('a chunk has no moments');
  const reader = new VarintReader(stored);
  const moments = new Float64Array(events);
  let us = Math.round(firstMs * 1000);
  for (let row = 0; row < events; row++) {
    us += unzigzag(reader.read());
    moments[row] = us / 1000;
  }
  return moments;
}
