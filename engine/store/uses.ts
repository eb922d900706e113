import { VarintReader, VarintWriter } from './varint.ts';

/**
 * Which ids (of strings, of lists; indexed numbers as they are) the rows of a chunk have in each column: column numbers
 * as in layout.ts, ids ascending, each once.
 */
export type Uses = ReadonlyMap<number, readonly number[]>;

/** Numbers below 0 may be asked for, too. */
const zigzag = (value: number) => (value < 0 ? -2 * value - 1 : 2 * value);
const unzigzag = (value: number) => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

const MOST = 2 ** 51;
/** Whether a number can be told in uses; others are not indexed, and rows with them are found without. */
export const canBeUsed = (value: number) => Number.isInteger(value) && Math.abs(value) < MOST;

/** The column `uses` of a chunk. */
export function encodeUses(uses: Uses): Buffer {
  const writer = new VarintWriter();
  for (const [column, ids] of uses) {
    writer.write(column);
    writer.write(ids.length);
    let before = 0;
    ids.forEach((id, i) => {
      writer.write(i === 0 ? zigzag(id) : id - before);
      before = id;
    });
  }
  return writer.take();
}

/** @throws RangeError where the bytes are damaged. */
export function decodeUses(bytes: Uint8Array): Uses {
  const reader = new VarintReader(bytes);
  const uses = new Map<number, readonly number[]>();
  while (!reader.done) {
    const column = reader.read();
    const length = reader.read();
    const ids: number[] = [];
    for (let i = 0; i < length; i++)
      ids.push(i === 0 ? unzigzag(reader.read()) : ids[i - 1]! + reader.read());
    uses.set(column, ids);
  }
  return uses;
}

/** The column `chunks` of the table `use`: numbers of chunks, ascending, each once. */
export function encodeChunks(chunks: readonly number[]): Buffer {
  const writer = new VarintWriter();
  let before = 0;
  for (const chunk of chunks) {
    writer.write(chunk - before);
    before = chunk;
  }
  return writer.take();
}

/** @throws RangeError where the bytes are damaged. */
export function decodeChunks(bytes: Uint8Array): readonly number[] {
  const reader = new VarintReader(bytes);
  const chunks: number[] = [];
  let last = 0;
  while (!reader.done) chunks.push((last += reader.read()));
  return chunks;
}
