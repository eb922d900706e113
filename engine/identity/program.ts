import { createHash } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { open, stat, statfs, type FileHandle } from 'node:fs/promises';
import { unescapeBytes } from '../../shared/bytes.ts';
import type { ProgramFile, ProgramProblem } from '../../shared/console.ts';
import type { Users } from './users.ts';

/** Larger files are not hashed: a click must not read gigabytes. */
export const MAX_HASHED_BYTES = 1 << 30;
const CHUNK_BYTES = 256 << 10;
const MAX_CACHED = 2000;
/** Their stat(2) has another device than the kernel's own records: it says nothing there. */
const OWN_DEVICES = new Set([0x9123683e /* btrfs */, 0x794c7630 /* overlayfs */]);

/** The executable as the kernel's records have it; undefined where they do not. */
export interface RunFile {
  readonly device: string | undefined;
  readonly inode: string | undefined;
  /** Epoch milliseconds when the record was made. */
  readonly at: number | undefined;
  /** The process has another mount namespace than this engine: the path may mean another file there. */
  readonly elsewhere: boolean;
}

export type FoundFile =
  { readonly file: ProgramFile } | { readonly file: null; readonly problem: ProgramProblem };

/** Looks at the files of executables, one at a time, and remembers their hashes while they stay as they are. */
export class ProgramFiles {
  readonly #users: Pick<Users, 'user' | 'group'>;
  readonly #maxBytes: number;
  readonly #hashes = new Map<string, string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(users: Pick<Users, 'user' | 'group'>, maxBytes = MAX_HASHED_BYTES) {
    this.#users = users;
    this.#maxBytes = maxBytes;
  }

  /** @param path as events have it: bytes that are not UTF-8 are escaped. */
  look(path: string, ran: RunFile): Promise<FoundFile> {
    const turn = this.#last.then(() => this.#look(Buffer.from(unescapeBytes(path)), ran));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #look(path: Buffer, ran: RunFile): Promise<FoundFile> {
    let handle: FileHandle | undefined;
    try {
      // A pipe that took its place must not hold this up.
      handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
      const before = await handle.stat({ bigint: true });
      const problem = unfit(before, ran);
      if (problem !== undefined) return { file: null, problem };
      const hash = await this.#hash(handle, before);
      return { file: await this.#describe(path, before, ran, hash) };
    } catch (error) {
      const problem = problemOf(error);
      return problem === 'denied' ? await this.#unread(path, ran) : { file: null, problem };
    } finally {
      await handle?.close();
    }
  }

  /** May be run but not read: what stat(2) says is still there. */
  async #unread(path: Buffer, ran: RunFile): Promise<FoundFile> {
    try {
      const found = await stat(path, { bigint: true });
      const problem = unfit(found, ran);
      if (problem !== undefined) return { file: null, problem };
      return { file: await this.#describe(path, found, ran, { problem: 'denied' }) };
    } catch (error) {
      return { file: null, problem: problemOf(error) };
    }
  }

  async #hash(handle: FileHandle, before: BigIntStats): Promise<Hash> {
    if (before.size > this.#maxBytes) return { problem: 'too_large' };
    const key = versionOf(before);
    const known = this.#hashes.get(key);
    if (known !== undefined) return { sha256: known };
    const hash = createHash('sha256');
    const chunk = Buffer.alloc(CHUNK_BYTES);
    let at = 0;
    for (;;) {
      const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, at);
      if (bytesRead === 0) break;
      hash.update(chunk.subarray(0, bytesRead));
      at += bytesRead;
      if (at > this.#maxBytes) return { problem: 'changing' };
    }
    if (versionOf(await handle.stat({ bigint: true })) !== key) return { problem: 'changing' };
    const sha256 = hash.digest('hex');
    if (this.#hashes.size >= MAX_CACHED) this.#hashes.clear();
    this.#hashes.set(key, sha256);
    return { sha256 };
  }

  async #describe(path: Buffer, found: BigIntStats, ran: RunFile, hash: Hash): Promise<ProgramFile> {
    const [uid, gid] = [Number(found.uid), Number(found.gid)];
    return {
      device: deviceOf(found.dev),
      inode: String(found.ino),
      mode: Number(found.mode) & 0o7777,
      owner: this.#users.user(uid) ?? String(uid),
      group: this.#users.group(gid) ?? String(gid),
      size: Number(found.size),
      modified: Number(found.mtimeNs / 1000n) / 1000,
      sha256: hash.sha256 ?? null,
      ...(hash.problem === undefined ? {} : { unhashed: hash.problem }),
      since_run: await sinceRun(path, found, ran),
    };
  }
}

function unfit(found: BigIntStats, { elsewhere, inode }: RunFile): ProgramProblem | undefined {
  if (elsewhere && inode !== String(found.ino)) return 'elsewhere';
  return found.isFile() ? undefined : 'not_a_file';
}

interface Hash {
  readonly sha256?: string;
  readonly problem?: ProgramProblem;
}

const versionOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats) =>
  [dev, ino, size, mtimeNs, ctimeNs].join(':');

/** major:minor as the C library's gnu_dev_major and gnu_dev_minor take them apart. */
function deviceOf(dev: bigint): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  return `${major}:${minor & 0xffffffffn}`;
}

async function sinceRun(path: Buffer, found: BigIntStats, ran: RunFile): Promise<ProgramFile['since_run']> {
  if (ran.inode === undefined) return 'unknown';
  if (ran.inode !== String(found.ino)) return 'replaced';
  if (ran.device !== undefined && ran.device !== deviceOf(found.dev)) {
    const { type } = await statfs(path);
    if (!OWN_DEVICES.has(type)) return 'replaced';
  }
  if (ran.at === undefined) return 'unknown';
  return Number(found.mtimeNs / 1000n) / 1000 > ran.at ? 'written' : 'same';
}

const CODES: Readonly<Record<string, ProgramProblem>> = {
  ENOENT: 'gone',
  ENOTDIR: 'gone',
  EACCES: 'denied',
  EPERM: 'denied',
  ENXIO: 'not_a_file',
  EISDIR: 'not_a_file',
  ELOOP: 'gone',
};

function problemOf(error: unknown): ProgramProblem {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  if (typeof code !== 'string') throw error;
  return CODES[code] ?? 'unreadable';
}
