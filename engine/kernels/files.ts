/** Files of the host, read with limits, and why one could not be, in a sentence. */
import { constants, open, type FileHandle } from 'node:fs/promises';
import { cutOff, type Source } from './elf.ts';
import { Misfit } from './misfit.ts';

export class OpenFile implements Source {
  readonly size: number;
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.size = size;
  }

  static async open(path: string): Promise<OpenFile> {
    // A pipe in the place of a file would keep us waiting.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const facts = await handle.stat();
      if (!facts.isFile()) throw new Misfit(`it is ${facts.isDirectory() ? 'a folder' : 'no file'}.`);
      return new OpenFile(handle, facts.size);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async read(at: number, length: number): Promise<Buffer> {
    if (at + length > this.size) throw cutOff();
    const bytes = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length;) {
      const { bytesRead } = await this.#handle.read(bytes, done, length - done, at + done);
      if (bytesRead === 0) throw cutOff();
      done += bytesRead;
    }
    return bytes;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** @throws Misfit where it is larger; whatever open(2) says where there is none. */
export async function readWhole(path: string, most: number): Promise<Buffer> {
  const file = await OpenFile.open(path);
  try {
    if (file.size > most) throw new Misfit('it is larger than anything real.');
    return await file.read(0, file.size);
  } finally {
    await file.close();
  }
}

/** Files of /proc say that they are empty. */
export async function readProc(path: string): Promise<string> {
  const MOST = 1 << 16;
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MOST), 0, MOST, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** A sentence for a person. */
export function whyNot(path: string, error: unknown): string {
  if (error instanceof Misfit) return `${path} cannot be looked into: ${error.message}`;
  const code = codeOf(error);
  if (code === 'EACCES' || code === 'EPERM')
    return `Only root may read ${path}: run merlon capabilities as root.`;
  if (code !== undefined && code.startsWith('E') && !code.startsWith('ERR_'))
    return `${path} cannot be read (${code}): look at it, or install its package again.`;
  return `${path} cannot be looked into: it is damaged (${String(error)}). Install its package again.`;
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
