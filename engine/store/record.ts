import { TEXT_CELL } from './batch.ts';

const TWO_32 = 2 ** 32;
const TWO_47 = 2 ** 47;
const TWO_63 = 2 ** 63;
/** Texts in cells are numbers in JSON (see encoder.ts): with these every serial type fits one byte. */
const MAX_TEXT_BYTES = 50;

/**
 * Encodes rows of cells as SQLite records (https://sqlite.org/fileformat2.html#record_format): first column NULL, since
 * it is the row's number, then one for each cell. NULLs at the end are left out, as SQLite takes them for granted.
 */
export class RecordEncoder {
  /** The last record's header and body, each from its start. */
  readonly header: Buffer;
  readonly body: Buffer;
  headerBytes = 0;
  bodyBytes = 0;
  readonly #columns: number;
  #texts: readonly string[] = [];
  #nextText = 0;

  /** @param columns all of them, with the first; the header's length must fit one byte. */
  constructor(columns: number) {
    if (columns > 126) throw new RangeError(`${columns} columns do not fit one record's header`);
    this.#columns = columns;
    this.header = Buffer.alloc(columns + 1);
    this.body = Buffer.alloc((MAX_TEXT_BYTES + 1) * columns);
  }

  /** @param texts what the TEXT_CELLs of the rows to come say, in their order. */
  begin(texts: readonly string[]): void {
    this.#texts = texts;
    this.#nextText = 0;
  }

  /** @param at where the row begins in `cells`; the first cell is the row's number. */
  encode(cells: Float64Array<ArrayBufferLike>, at: number): void {
    const { header, body } = this;
    const columns = this.#columns;
    let end = 0;
    let last = 1;
    header[1] = 0;
    for (let i = 1; i < columns; i++) {
      const value = cells[at + i]!;
      if (value !== value) {
        header[i + 1] = 0;
        continue;
      }
      last = i + 1;
      if (value === (value | 0)) {
        if (value === 0 || value === 1) {
          header[last] = 8 + value;
        } else if (value === (value << 24) >> 24) {
          header[last] = 1;
          body[end++] = value;
        } else if (value === (value << 16) >> 16) {
          header[last] = 2;
          body[end++] = value >> 8;
          body[end++] = value;
        } else if (value === (value << 8) >> 8) {
          header[last] = 3;
          body[end++] = value >> 16;
          body[end++] = value >> 8;
          body[end++] = value;
        } else {
          header[last] = 4;
          end = writeWord(body, end, value);
        }
      } else if (Number.isInteger(value) && value < TWO_63 && value >= -TWO_63) {
        const high = Math.floor(value / TWO_32);
        if (value < TWO_47 && value >= -TWO_47) {
          header[last] = 5;
          body[end++] = high >> 8;
          body[end++] = high;
        } else {
          header[last] = 6;
          end = writeWord(body, end, high);
        }
        end = writeWord(body, end, value - high * TWO_32);
      } else if (value === TEXT_CELL) {
        const bytes = this.#writeText(end);
        header[last] = 13 + 2 * bytes;
        end += bytes;
      } else {
        header[last] = 7;
        end = body.writeDoubleBE(value, end);
      }
    }
    this.headerBytes = last + 1;
    header[0] = this.headerBytes;
    this.bodyBytes = end;
  }

  #writeText(at: number): number {
    const text = this.#texts[this.#nextText++];
    if (text === undefined || text.length > MAX_TEXT_BYTES) throw new RangeError('no such text in the batch');
    return this.body.write(text, at, 'latin1');
  }
}

function writeWord(bytes: Buffer, at: number, word: number): number {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
  return at + 4;
}
