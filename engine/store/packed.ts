import type { EventFields, FieldName } from '../../shared/event.ts';
import type { ChunkTable } from './chunk-table.ts';
import { decodeCells, decodeMoments, decodeRows } from './packs.ts';
import { cellsOf, type RowReader } from './rows.ts';

/** A column of a sealed partition, all its rows at once. */
export interface PackedColumn {
  /** Its different values; undefined: absent. */
  readonly values: readonly EventFields[FieldName][];
  /**
   * Reads for each row of the partition the place of its value; undefined: all have the first one.
   * @throws TypeError where it is damaged.
   */
  readonly rows: () => Uint8Array | undefined;
}

type Select = (sql: string, params: readonly number[]) => readonly unknown[];

/** Reads what sealing packed (packs.ts). */
export class Packed {
  readonly #select: Select;
  readonly #rows: RowReader;
  readonly #chunks: ChunkTable;
  #columns: ReadonlySet<unknown> | undefined;

  /** @param select rows as lists, by statements that are kept. */
  constructor(select: Select, rows: RowReader, chunks: ChunkTable) {
    this.#select = select;
    this.#rows = rows;
    this.#chunks = chunks;
  }

  has(name: FieldName): boolean {
    const number = this.#rows.columnNumber(name);
    this.#columns ??= new Set(
      this.#select('SELECT "column" FROM main.pack', []).map((row) => cellsOf(row)[0]),
    );
    return number === undefined || this.#columns.has(number);
  }

  /** @returns undefined where the column is not packed. @throws TypeError or SyntaxError where it is damaged. */
  column(name: FieldName): PackedColumn | undefined {
    const number = this.#rows.columnNumber(name);
    if (number === undefined) return { values: [undefined], rows: () => undefined };
    const [row] = this.#select('SELECT cells, rows FROM main.pack WHERE "column" = ?', [number]);
    if (row === undefined) return undefined;
    const [cells, id] = cellsOf(row);
    const { read } = this.#rows.selection([name]);
    const values = decodeCells(cells).map((cell) => read([0, 0, cell], name));
    return { values, rows: () => (typeof id === 'number' ? this.#packedRows(id, values.length) : undefined) };
  }

  #packedRows(id: number, cells: number): Uint8Array {
    const [row] = this.#select('SELECT cells FROM main.pack_rows WHERE id = ?', [id]);
    return decodeRows(row === undefined ? undefined : cellsOf(row)[0], cells, this.#chunks.events);
  }

  /**
   * `@timestamp` of each row of a chunk, epoch milliseconds; undefined where only the rows can tell.
   * @throws TypeError or RangeError where it is damaged.
   */
  moments(chunk: number): Float64Array | undefined {
    const [row] = this.#select('SELECT us FROM main.moment WHERE chunk = ?', [chunk]);
    if (row === undefined) return undefined;
    const { events, firstMs } = this.#chunks.at(chunk);
    if (firstMs === null) throw new TypeError('a chunk without moments has some');
    return decodeMoments(cellsOf(row)[0], firstMs, events);
  }
}
