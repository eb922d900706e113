import { numberOf, SEVERAL, spotOf, withSpot } from './spots.ts';
import { VarintReader, VarintWriter } from './varint.ts';

/**
 * Which ids (of strings, of lists; indexed numbers as they are) the rows of a chunk have in each column, and in which
 * row: column numbers as in layout.ts, ids with their spots (spots.ts), ascending, each id once.
 */
export type Uses = ReadonlyMap<number, readonly number[]>;

/** Layouts before this one have no spots. */
const SPOTS_LAYOUT = 2;

/** Numbers below 0 may be asked for, too. */
const zigzag = (value: number) => (value < 0 ? -2 * value - 1 : 2 * value);
const unzigzag = (value: number) => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

const MOST = 2 ** 44;
/** Whether a number can be told in uses; others are not indexed, and rows with them are found without. */
export const canBeUsed = (value: number) => Number.isInteger(value) && Math.abs(value) < MOST;

/** The column `uses` of a chunk. */
export function encodeUses(uses: Uses): Buffer {
  const writer = new VarintWriter();
  for (const [column, ids] of uses) {
    writer.write(column);
    writer.write(ids.length);
    let before = 0;
    for (let i = 0; i < ids.length; i++) {
      const id = numberOf(ids[i]!);
      writer.write(i === 0 ? zigzag(id) : id - before);
      writer.write(spotOf(ids[i]!));
      before = id;
    }
  }
  return writer.take();
}

/** @param layout of the partition. @throws RangeError where the bytes are damaged. */
export function decodeUses(bytes: Uint8Array, layout: number): Uses {
  const reader = new VarintReader(bytes);
  const uses = new Map<number, readonly number[]>();
  while (!reader.done) {
    const column = reader.read();
    const length = reader.read();
    const ids: number[] = [];
    let id = 0;
    for (let i = 0; i < length; i++) {
      id = i === 0 ? unzigzag(reader.read()) : id + reader.read();
      ids.push(withSpot(id, readSpot(reader, layout)));
    }
    uses.set(column, ids);
  }
  return uses;
}

/** @throws RangeError where the bytes are damaged. */
export function readSpot(reader: VarintReader, layout: number): number {
  if (layout < SPOTS_LAYOUT) return SEVERAL;
  const spot = reader.read();
  if (spot > 255) throw new RangeError('a chunk has no such row');
  return spot;
}

/** What `chunks` begins with. */
const WITHOUT_SPOTS = 0;
const WITH_SPOTS = 1;
/** Of what is in more chunks than these, spots help nobody. */
const MOST_SPOTS = 256;

/** The column `chunks` of the table `use`: chunks with their spots, ascending, each once. */
export function encodeChunks(chunks: readonly number[]): Buffer {
  const writer = new VarintWriter();
  const spots = chunks.length <= MOST_SPOTS && chunks.every((chunk) => spotOf(chunk) !== SEVERAL);
  writer.write(spots ? WITH_SPOTS : WITHOUT_SPOTS);
  let before = 0;
  for (const spotted of chunks) {
    const chunk = numberOf(spotted);
    writer.write(chunk - before);
    if (spots) writer.write(spotOf(spotted));
    before = chunk;
  }
  return writer.take();
}

/** @param layout of the partition. @throws RangeError where the bytes are damaged. */
export function decodeChunks(bytes: Uint8Array, layout: number): readonly number[] {
  const reader = new VarintReader(bytes);
  const spots = layout >= SPOTS_LAYOUT && reader.read() === WITH_SPOTS;
  const chunks: number[] = [];
  let chunk = 0;
  while (!reader.done) {
    chunk += reader.read();
    chunks.push(withSpot(chunk, spots ? readSpot(reader, layout) : SEVERAL));
  }
  return chunks;
}
