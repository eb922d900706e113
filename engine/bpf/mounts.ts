/** The host's mounts, from /proc/self/mountinfo: on which file system a path lies, without touching that. Pure but for `readMounts`. */
import { readFileSync } from 'node:fs';

export interface Mount {
  /** As the kernel writes a file system's number in records: major << 20 | minor. */
  readonly device: number;
  /** Whether looking at a file there may wait for a process or another machine, and so for ever. */
  readonly mayHang: boolean;
}

/** One that is the root itself hangs nothing that would not hang anyhow. */
const HANGING = /^(fuse|nfs|cifs|smb|9p|autofs|afs|ceph|ncpfs|coda|lustre|virtiofs)/;

export class Mounts {
  readonly #byFolder = new Map<string, Mount>();

  constructor(mountinfo: string) {
    for (const line of mountinfo.split('\n')) {
      const [, , numbers, , folder, ...rest] = line.split(' ');
      const type = rest[rest.indexOf('-') + 1];
      if (numbers === undefined || folder === undefined || type === undefined) continue;
      const [major = 0, minor = 0] = numbers.split(':').map(Number);
      const path = folder.replace(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(parseInt(octal, 8)),
      );
      // The last one covers those before it.
      const mount = { device: major * 2 ** 20 + minor, mayHang: path !== '/' && HANGING.test(type) };
      this.#byFolder.set(path, mount);
    }
  }

  /** @param path absolute, one character a byte, without symbolic links. @returns undefined where nothing is known. */
  of(path: string): Mount | undefined {
    for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
      const mount = this.#byFolder.get(at);
      if (mount !== undefined) return mount;
    }
    return this.#byFolder.get('/');
  }
}

export function readMounts(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'latin1');
  } catch {
    return '';
  }
}
