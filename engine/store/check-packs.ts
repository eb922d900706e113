import type Database from 'better-sqlite3';
import { ChunkTable } from './chunk-table.ts';
import { Packed } from './packed.ts';
import { PACKED_FIELDS } from './packs.ts';
import { cellsOf, type RowReader } from './rows.ts';

/**
 * Looks whether what sealing packed says of some chunks what their events do.
 * @param every one chunk in so many is looked at.
 * @returns a sentence for each column, or chunk of moments, that says something else.
 * @throws TypeError, RangeError or SyntaxError where packs cannot be read.
 */
export function* packProblems(
  db: Database.Database,
  rows: RowReader,
  every: number,
  pause: () => void,
): Generator<string> {
  const chunks = new ChunkTable(db);
  chunks.refresh();
  const select = (sql: string, params: readonly number[]) =>
    db
      .prepare<number[]>(sql)
      .raw()
      .all(...params);
  const packed = new Packed(select, rows, chunks);
  const columns = PACKED_FIELDS.flatMap((name) => {
    const column = packed.column(name);
    return column === undefined ? [] : [{ name, values: column.values, kinds: column.rows() }];
  });
  for (let chunk = 0; chunk < chunks.length; chunk += every) {
    pause();
    const found = select(
      `SELECT ${rows.all.columns} FROM event WHERE sequence BETWEEN ? AND ? ORDER BY sequence`,
      [chunks.firstSequence(chunk), chunks.lastSequence(chunk)],
    ).map(cellsOf);
    const before = chunks.eventsBefore(chunk);
    for (const { name, values, kinds } of columns) {
      const told = (row: number) => values[kinds?.[before + row] ?? 0];
      if (found.some((row, i) => !isSame(rows.all.read(row, name), told(i))))
        yield `The pack of ${name} is not what the events of chunk ${chunk} say.`;
    }
    const moments = packed.moments(chunk);
    if (moments !== undefined && found.some((row, i) => rows.all.read(row, '@timestamp') !== moments[i]))
      yield `The moments of chunk ${chunk} are not those of its events.`;
  }
}

/** Lists are read anew each time. */
const isSame = (a: unknown, b: unknown) => a === b || JSON.stringify(a) === JSON.stringify(b);
