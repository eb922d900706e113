import { COLUMNS, KEY_COLUMNS } from './columns.ts';

/**
 * Encoded events on their way to the thread that writes them. A row of `cells` is `sequence`, `time_ns`, a cell for
 * each of COLUMNS, and the `@timestamp` in epoch milliseconds.
 */
export interface Batch {
  readonly rows: number;
  /** ROW_CELLS a row. NaN is NULL. Longer than needed where it is used again. */
  readonly cells: Float64Array<ArrayBufferLike>;
  /** What the cells that are TEXT_CELL say, in the order of the cells. */
  readonly texts: readonly string[];
  /** Texts that are new in this partition, for ids from `firstString` on. */
  readonly strings: readonly string[];
  readonly firstString: number;
  /** The same of lists, as JSON. */
  readonly lists: readonly string[];
  readonly firstList: number;
}

export const FIRST_CELL = KEY_COLUMNS.length;
/** Where the row says its `@timestamp` in plain; it is not stored. */
export const MS_CELL = FIRST_CELL + COLUMNS.length;
export const ROW_CELLS = MS_CELL + 1;

/** Stands for a TEXT cell. */
export const TEXT_CELL = -Number.MAX_VALUE;

/** One append takes at most so many events, so that they always fit into the stage at once. */
export const MAX_BATCH_EVENTS = 131_072;
