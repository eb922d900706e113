import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { DpkgIndex, type Package } from './dpkg.ts';

const MAX_CACHED = 10_000;
const MAX_WAITING = 256;
const CHECK_EVERY_MS = 10_000;
const RPM_TIMEOUT_MS = 10_000;

export interface PackagesOptions {
  /** Stands before /var/lib/dpkg; tests have a folder of their own. */
  readonly root?: string;
  /** Where rpm may be. */
  readonly rpm?: readonly string[];
  readonly now?: () => number;
  readonly log?: (line: string) => void;
}

/**
 * The package that owns an executable: dpkg's database where there is one, else rpm's. Never waits: until an answer
 * is there, there is none. A path only counts where it is the host's own file (see `owner`).
 */
export class Packages {
  readonly #root: string;
  readonly #now: () => number;
  readonly #log: (line: string) => void;
  readonly #ownMount: number;
  readonly #cache = new Map<string, Package | null>();
  readonly #rpm: string | undefined;
  #dpkg: DpkgIndex | undefined;
  #dpkgVersion: string | undefined;
  #checkedAt = 0;
  #loading: Promise<void> | undefined;
  #waiting: string[] = [];
  #asking = false;

  constructor(options: PackagesOptions = {}) {
    this.#root = options.root ?? '';
    this.#now = options.now ?? Date.now;
    this.#log = options.log ?? (() => {});
    this.#ownMount = mountNamespace();
    this.#rpm =
      DpkgIndex.version(this.#root) === undefined
        ? (options.rpm ?? ['/usr/bin/rpm', '/bin/rpm']).find((path) => existsSync(path))
        : undefined;
  }

  /** Loads dpkg's index, or loads it anew where the database changed. Ends early where there is none. */
  load(): Promise<void> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(): Promise<void> {
    const version = DpkgIndex.version(this.#root);
    this.#checkedAt = this.#now();
    if (version === undefined || version === this.#dpkgVersion) return;
    try {
      this.#dpkg = await DpkgIndex.load(this.#root || '/');
      this.#dpkgVersion = version;
      this.#cache.clear();
    } catch (error) {
      this.#log(
        `The packages of executables stay unknown: dpkg’s database could not be read: ${String(error)}`,
      );
      this.#dpkgVersion = version;
    }
  }

  /**
   * @param path as the kernel gives it, in the mount namespace of the process.
   * @param inode of the executable. @param mountNamespace inode number of the namespace.
   * @returns undefined where no package owns it, where it is a container's file with the same name, or not yet known.
   */
  owner(path: string, inode: string, mountNamespace: number): Package | undefined {
    if (this.#dpkg !== undefined && this.#now() - this.#checkedAt > CHECK_EVERY_MS) void this.load();
    const key = mountNamespace === this.#ownMount ? path : `${path}\0${inode}`;
    const known = this.#cache.get(key);
    if (known !== undefined) return known ?? undefined;
    if (key !== path && !isInode(this.#root + path, inode)) return undefined;
    if (this.#dpkg !== undefined) return this.#remember(key, this.#dpkg.owner(path));
    if (this.#rpm !== undefined && key === path) this.#ask(path);
    return undefined;
  }

  #remember(key: string, owner: Package | undefined): Package | undefined {
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    this.#cache.set(key, owner ?? null);
    return owner;
  }

  #ask(path: string): void {
    if (this.#waiting.length >= MAX_WAITING || this.#waiting.includes(path)) return;
    this.#waiting.push(path);
    this.#askNext();
  }

  #askNext(): void {
    const path = this.#waiting[0];
    if (this.#asking || path === undefined || this.#rpm === undefined) return;
    this.#asking = true;
    const args = ['-qf', '--qf', '%{NAME}\\n%{VERSION}-%{RELEASE}\\n', '--', path];
    execFile(this.#rpm, args, { timeout: RPM_TIMEOUT_MS, maxBuffer: 1 << 16 }, (error, stdout) => {
      const [name, version] = stdout.split('\n');
      this.#remember(path, error === null && name && version ? { name, version } : undefined);
      this.#waiting.shift();
      this.#asking = false;
      this.#askNext();
    });
  }
}

function isInode(path: string, inode: string): boolean {
  try {
    return String(statSync(path, { bigint: true }).ino) === inode;
  } catch {
    return false;
  }
}

function mountNamespace(): number {
  try {
    return statSync('/proc/self/ns/mnt').ino;
  } catch {
    return 0;
  }
}
