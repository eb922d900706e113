/** One row of numbers in the order of the columns; undefined is NULL. */
export type Row = readonly (number | undefined)[];

const TWO_32 = 2 ** 32;
const TWO_63 = 2 ** 63;

/** Encodes rows of numbers as SQLite records (https://sqlite.org/fileformat2.html#record_format). */
export class RecordEncoder {
  /** The last record encoded, from its start. */
  readonly bytes: Buffer;
  readonly #columns: number;
  readonly #headerBytes: number;

  constructor(columns: number) {
    this.#columns = columns;
    // Every serial type here fits one byte, and the header's own length one or two.
    this.#headerBytes = columns + 1 <= 127 ? columns + 1 : columns + 2;
    this.bytes = Buffer.alloc(this.#headerBytes + 8 * columns);
    if (this.#headerBytes <= 127) {
      this.bytes[0] = this.#headerBytes;
    } else {
      this.bytes[0] = 0x80 | (this.#headerBytes >>> 7);
      this.bytes[1] = this.#headerBytes & 0x7f;
    }
  }

  /** @returns the record's length; the record is in `bytes` until the next call. */
  encode(row: Row): number {
    const { bytes } = this;
    let type = this.#headerBytes - this.#columns;
    let at = this.#headerBytes;
    for (let i = 0; i < this.#columns; i++, type++) {
      const value = row[i];
      if (value === undefined || value !== value) {
        bytes[type] = 0;
      } else if (value === (value | 0)) {
        if (value === 0 || value === 1) {
          bytes[type] = 8 + value;
        } else if (value === (value << 24) >> 24) {
          bytes[type] = 1;
          bytes[at++] = value;
        } else if (value === (value << 16) >> 16) {
          bytes[type] = 2;
          bytes[at++] = value >> 8;
          bytes[at++] = value;
        } else if (value === (value << 8) >> 8) {
          bytes[type] = 3;
          bytes[at++] = value >> 16;
          bytes[at++] = value >> 8;
          bytes[at++] = value;
        } else {
          bytes[type] = 4;
          at = writeWord(bytes, at, value);
        }
      } else if (Number.isInteger(value) && value < TWO_63 && value >= -TWO_63) {
        bytes[type] = 6;
        const high = Math.floor(value / TWO_32);
        at = writeWord(bytes, at, high);
        at = writeWord(bytes, at, value - high * TWO_32);
      } else {
        bytes[type] = 7;
        at = bytes.writeDoubleBE(value, at);
      }
    }
    return at;
  }
}

function writeWord(bytes: Buffer, at: number, word: number): number {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
  return at + 4;
}
