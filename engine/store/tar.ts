import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';

const BLOCK = 512;
const COPIED_AT_ONCE = 1 << 20;
/** What eleven octal digits can say: 8 GiB, far from what a partition may become. */
const MOST_BYTES = 8 ** 11 - 1;

/**
 * Writes a tar file (ustar, POSIX.1-1988: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html) of
 * regular files that belong to their owner alone.
 */
export class TarWriter {
  readonly #fd: number;
  readonly #block = Buffer.alloc(BLOCK);
  readonly #buffer = Buffer.allocUnsafe(COPIED_AT_ONCE);
  #bytes = 0;

  /** @throws a file system error, EEXIST where the file exists. */
  constructor(path: string) {
    this.#fd = openSync(path, 'wx', 0o600);
  }

  /** So far. */
  get bytes(): number {
    return this.#bytes;
  }

  addFolder(name: string): void {
    this.#header(`${name}/`, 0, Date.now(), '5', '0000700');
  }

  /**
   * Copies a file as it is at this moment.
   * @param pause called often.
   * @throws a file system error, or RangeError for a name or a file that is too long for the format.
   */
  addFile(name: string, path: string, pause: () => void = () => {}): void {
    const from = openSync(path, 'r');
    try {
      const { size, mtimeMs } = fstatSync(from);
      this.#header(name, size, mtimeMs, '0', '0000600');
      for (let at = 0; at < size;) {
        pause();
        const got = readSync(from, this.#buffer, 0, Math.min(COPIED_AT_ONCE, size - at), at);
        if (got === 0) throw new Error(`${path} became shorter while it was copied`);
        this.#write(this.#buffer, got);
        at += got;
      }
      const rest = size % BLOCK;
      if (rest > 0) this.#write(this.#block.fill(0), BLOCK - rest);
    } finally {
      closeSync(from);
    }
  }

  /** Writes the end, and has all of it on the disk. */
  finish(): void {
    this.#write(this.#block.fill(0), BLOCK);
    this.#write(this.#block, BLOCK);
    fsyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #header(name: string, size: number, mtimeMs: number, type: string, mode: string): void {
    this.#write(headerOf(this.#block, name, size, mtimeMs, type, mode), BLOCK);
  }

  #write(bytes: Buffer, length: number): void {
    for (let done = 0; done < length;) done += writeSync(this.#fd, bytes, done, length - done);
    this.#bytes += length;
  }
}

/** A regular file that belongs to its owner alone, as blocks of a tar file. @throws RangeError as addFile does. */
export function tarFile(name: string, bytes: Uint8Array, mtimeMs: number): Buffer {
  const header = headerOf(Buffer.alloc(BLOCK), name, bytes.length, mtimeMs, '0', '0000600');
  const rest = bytes.length % BLOCK;
  return Buffer.concat([header, bytes, Buffer.alloc(rest === 0 ? 0 : BLOCK - rest)]);
}

/** @param header one block, whatever is in it. */
function headerOf(
  header: Buffer,
  name: string,
  size: number,
  mtimeMs: number,
  type: string,
  mode: string,
): Buffer {
  if (Buffer.byteLength(name) > 100) throw new RangeError(`the name ${name} is too long for a tar file`);
  if (size > MOST_BYTES) throw new RangeError(`${name} is too large for a tar file`);
  header.fill(0);
  const octal = (value: number) => Math.floor(value).toString(8).padStart(11, '0');
  header.write(name, 0);
  header.write(mode, 100);
  header.write('0000000', 108); // whoever unpacks it owns it
  header.write('0000000', 116);
  header.write(octal(size), 124);
  header.write(octal(mtimeMs / 1000), 136);
  header.write('        ', 148); // the sum is taken with spaces in its place
  header.write(type, 156);
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}
