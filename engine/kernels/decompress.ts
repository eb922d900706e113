/** Takes the packing off: gzip and zstd ourselves, the rest by the tools that packed it. Every output has a limit. */
import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { createInflateRaw, createZstdDecompress } from 'node:zlib';
import { codeOf } from './files.ts';
import { Misfit } from './misfit.ts';

/** A distribution's kernel takes 50 to 90 MiB. */
const MAX_BYTES = 256 << 20;
const CHUNK_BYTES = 1 << 20;
/** How much of the output `judge` is shown. */
const GLIMPSE_BYTES = 64;
/** A kernel comes out so many times as large, where nobody says how large. */
const USUAL_FACTOR = 5;
/** NixOS has its tools in the last one. */
const TOOL_FOLDERS = ['/usr/bin', '/bin', '/usr/local/bin', '/run/current-system/sw/bin'];

export type Packing = 'gzip' | 'zstd' | 'xz' | 'lzma' | 'bzip2' | 'lz4' | 'lzop';

/** As the kernel's scripts/extract-vmlinux knows them, and in its order. */
export const PACKINGS: readonly { readonly packing: Packing; readonly magic: Buffer }[] = [
  { packing: 'gzip', magic: Buffer.from('1f8b08', 'hex') },
  { packing: 'xz', magic: Buffer.from('fd377a585a00', 'hex') },
  { packing: 'bzip2', magic: Buffer.from('BZh') },
  { packing: 'lzma', magic: Buffer.from('5d000000', 'hex') },
  { packing: 'lzop', magic: Buffer.from('894c5a4f000d0a1a0a', 'hex') },
  { packing: 'lz4', magic: Buffer.from('02214c18', 'hex') },
  { packing: 'zstd', magic: Buffer.from('28b52ffd', 'hex') },
];

/** From the standard input to the standard output. What comes after the end (the kernel puts its size there) is ignored. */
const TOOLS: Readonly<Record<Exclude<Packing, 'gzip' | 'zstd'>, readonly [string, ...string[]]>> = {
  xz: ['xz', '--decompress', '--stdout', '--single-stream'],
  lzma: ['xz', '--format=lzma', '--decompress', '--stdout'],
  bzip2: ['bzip2', '--decompress', '--stdout'],
  lz4: ['lz4', '-d', '-c', '-q', '-', '-'],
  lzop: ['lzop', '-d', '-c', '-q'],
};

export interface Unpacking {
  readonly packing: Packing;
  readonly packed: Buffer;
  /** How much is said to come out; believed only as far as it saves memory. */
  readonly hint?: number;
  /** Shown the first bytes that come out; ends it where these are not worth the rest. */
  readonly judge: (first: Buffer) => boolean;
  readonly signal: AbortSignal;
  /** What comes out has so many bytes at most. */
  readonly most?: number;
  /** Where tools may be. */
  readonly folders?: readonly string[];
}

/**
 * Whatever comes out until the end or until something is wrong: an unpacker that is fed what lies behind the end often
 * complains after it did its work. So whether that was all, the output itself has to tell.
 * @throws Misfit where the tool is missing or the output too large.
 */
export async function unpack(unpacking: Unpacking): Promise<Buffer> {
  const { packing, packed, signal } = unpacking;
  switch (packing) {
    case 'gzip': {
      // Without its header: what follows a stream would be taken for a second one, at the cost of the first one's end.
      const stream = createInflateRaw({ chunkSize: CHUNK_BYTES });
      return gather(stream, stream, { ...unpacking, packed: packed.subarray(gzipHeaderBytes(packed)) });
    }
    case 'zstd': {
      const stream = createZstdDecompress({ chunkSize: CHUNK_BYTES });
      return gather(stream, stream, unpacking);
    }
    default: {
      const [name, ...args] = TOOLS[packing];
      const tool = await toolAt(name, unpacking.folders ?? TOOL_FOLDERS);
      if (tool === undefined)
        throw new Misfit(
          `it is packed by ${packing}, and the program ${name} is not installed. Install ${name} and look again.`,
        );
      const child = spawn(tool, args, {
        stdio: ['pipe', 'pipe', 'ignore'],
        env: {},
        signal,
        killSignal: 'SIGKILL',
      });
      child.on('error', () => {}); // its output then ends early, which tells the same
      try {
        return await gather(child.stdin, child.stdout, unpacking);
      } finally {
        child.kill('SIGKILL');
      }
    }
  }
}

async function gather(into: Writable, from: Readable, unpacking: Unpacking): Promise<Buffer> {
  const { packed, judge, signal, hint = packed.length * USUAL_FACTOR, most = MAX_BYTES } = unpacking;
  // Neither an unpacker that wants no more nor one that finds fault is an error here.
  into.on('error', () => {});
  into.end(packed);
  let all: Buffer = Buffer.allocUnsafeSlow(Math.min(Math.max(hint, CHUNK_BYTES), most));
  let length = 0;
  let judged = false;
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      if (length + chunk.length > most) throw new Misfit('what is packed in it is larger than any kernel.');
      if (length + chunk.length > all.length) all = larger(all, length, length + chunk.length);
      length += chunk.copy(all, length);
      if (judged || length < GLIMPSE_BYTES) continue;
      judged = true;
      if (!judge(all.subarray(0, length))) return Buffer.alloc(0);
    }
  } catch (error) {
    signal.throwIfAborted();
    // A Misfit, or a bug of ours.
    if (codeOf(error) === undefined) throw error;
    // What came before is judged by what it is.
  } finally {
    from.destroy();
    into.destroy();
  }
  return all.subarray(0, length);
}

function larger(all: Buffer, used: number, wanted: number): Buffer {
  const grown = Buffer.allocUnsafeSlow(Math.max(all.length * 2, wanted));
  all.copy(grown, 0, 0, used);
  return grown;
}

/** RFC 1952, section 2.3. */
function gzipHeaderBytes(packed: Buffer): number {
  const flags = packed[3] ?? 0;
  let at = 10;
  if (flags & 4) at += 2 + (packed[at] ?? 0) + (packed[at + 1] ?? 0) * 256;
  for (const text of [8, 16]) if (flags & text) at = packed.indexOf(0, at) + 1;
  return flags & 2 ? at + 2 : at;
}

async function toolAt(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Then in the next one.
    }
  }
  return undefined;
}
