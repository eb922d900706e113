import { FIRST_CELL, MS_CELL, ROW_CELLS, type Batch } from './batch.ts';
import { COLUMNS } from './columns.ts';
import { minuteOf, sortedCounts } from './minute-counts.ts';
import type { MinuteCount } from './minutes.ts';

const ACTION_CELL = FIRST_CELL + COLUMNS.findIndex(({ name }) => name === 'event.action');

/** Counts what `countMinutes` would find in a partition, from the batches that make it: nothing is read again. */
export class MinuteCounter {
  /** By minute (NaN: without `@timestamp`) and id of the action (NaN: without). */
  readonly #counts = new Map<number, Map<number, number>>();
  #minute = NaN;
  #ofMinute: Map<number, number> | undefined;

  add({ cells, rows }: Pick<Batch, 'cells' | 'rows'>): void {
    for (let row = 0, at = 0; row < rows; row++, at += ROW_CELLS) {
      const minute = minuteOf(cells[at + MS_CELL]!);
      if (minute !== this.#minute || this.#ofMinute === undefined) this.#begin(minute);
      const counts = this.#ofMinute!;
      const action = cells[at + ACTION_CELL]!;
      counts.set(action, (counts.get(action) ?? 0) + 1);
    }
  }

  /** @param textOf the text of an id in the dictionary of strings. */
  list(textOf: (id: number) => string): readonly MinuteCount[] {
    const listed = [...this.#counts].flatMap(([minute, counts]) =>
      [...counts].map(([action, events]) => ({
        minute: minute === minute ? minute : null,
        action: action === action ? textOf(action) : '',
        events,
      })),
    );
    return sortedCounts(listed);
  }

  #begin(minute: number): void {
    this.#minute = minute;
    this.#ofMinute = this.#counts.get(minute);
    if (this.#ofMinute === undefined) this.#counts.set(minute, (this.#ofMinute = new Map<number, number>()));
  }
}
