/**
 * What the executable of a process counts for. Anybody can have a file with a trusted path in a container, behind chroot or
 * where one was deleted, and LD_PRELOAD runs other code in a trusted file: so a path is believed only where the kernel
 * named the very file that is there on this host, in the engine's own mount namespace, and nothing was put into it.
 */
import { lstatSync, type BigIntStats } from 'node:fs';
import { unescapeBytes } from '../../shared/bytes.ts';
import { ownMountNamespace } from '../sensor/image.ts';
import type { Image } from '../sensor/processes.ts';
import { Mounts, readMounts } from './mounts.ts';

export const FILE_STATES = [
  'roots', // the host's file of that path, and root's alone to write
  'others', // the host's, and somebody else's too to write
  'strange', // deleted, or started so that another's code may run in it
  'contained', // a file of a container's own, whose path says little
  'missing', // not the host's, or not known, or where looking may hang
] as const;
export type FileState = (typeof FILE_STATES)[number];

export interface FileSources {
  /** Replaces lstat(2) in tests. @throws where there is no such file */
  readonly stat?: (path: Buffer) => Pick<BigIntStats, 'uid' | 'mode' | 'ino'>;
  /** Replaces /proc/self/mountinfo in tests. */
  readonly mountinfo?: () => string;
  readonly mountNamespace?: number;
}

/** Of systemd's own services many have a mount namespace that systemd made for them, with the host's files. */
const SYSTEMD_FILE = /^\/(usr\/)?lib\/systemd\/systemd-[a-z]+$/;
const SYSTEMD_UNIT = /^systemd-[a-z]+\.service$/;

export class Files {
  /** The host's and the engine's. */
  readonly mountNamespace: number;
  readonly #stat: NonNullable<FileSources['stat']>;
  readonly #mountinfo: () => string;
  /** What runs stays what it was when a package puts another file in its place. */
  readonly #roots = new WeakSet<Image>();
  #mounts: Mounts | undefined;

  constructor({ stat = statOf, mountinfo = readMounts, mountNamespace = ownMountNamespace() }: FileSources) {
    this.mountNamespace = mountNamespace;
    this.#stat = stat;
    this.#mountinfo = mountinfo;
  }

  /** A look begins: mounts are read again, once. */
  begin(): void {
    this.#mounts = undefined;
  }

  /** @returns null where it is not known what runs. */
  of(image: Image | undefined): FileState | null {
    if (image?.executable === undefined) return null;
    if (this.#roots.has(image)) return 'roots';
    const found = this.#look(image.executable, image.file);
    if (found === 'roots') this.#roots.add(image);
    return found;
  }

  #look(executable: string, file: Image['file']): FileState {
    if (file === undefined) return 'missing';
    if (file.isStrange) return 'strange';
    const isOwn = file.mountNamespace === this.mountNamespace && !file.isContained;
    const isSystemds = SYSTEMD_FILE.test(executable) && SYSTEMD_UNIT.test(file.unit ?? '');
    if (!isOwn && !isSystemds) return file.isContained ? 'contained' : 'missing';
    this.#mounts ??= new Mounts(this.#mountinfo());
    const path = Buffer.from(unescapeBytes(executable));
    const mount = this.#mounts.of(path.toString('latin1'));
    if (mount === undefined || mount.mayHang || mount.device !== file.device) return 'missing';
    try {
      const { uid, mode, ino } = this.#stat(path);
      if (String(ino) !== file.inode) return 'missing';
      return uid === 0n && (mode & 0o022n) === 0n ? 'roots' : 'others';
    } catch {
      return 'missing'; // deleted, or behind a folder that is not readable
    }
  }
}

/**
 * The kernel's path of an executable has no symbolic links: behind one that is there now lies another file, perhaps where
 * looking hangs.
 */
function statOf(path: Buffer): BigIntStats {
  for (let at = path.indexOf('/', 1); at !== -1; at = path.indexOf('/', at + 1)) {
    if (!lstatSync(path.subarray(0, at)).isDirectory()) throw new Error('it is behind a link');
  }
  return lstatSync(path, { bigint: true });
}
