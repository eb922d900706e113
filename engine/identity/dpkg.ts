import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

export interface Package {
  readonly name: string;
  readonly version: string;
}

/** Top-level folders that are links into /usr on merged systems; dpkg's lists may name either form. */
const MERGED = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];
const SLICE_MS = 8;
const NEWLINE = 10;
const SLASH = 47;

/**
 * dpkg's database as an index from path to package: an open-addressed table of two 32-bit hashes and a package
 * number (12 bytes a slot), because the paths themselves would take tens of megabytes. Two different paths collide
 * in both hashes once in 10^13 look-ups.
 */
export class DpkgIndex {
  readonly #packages: readonly Package[];
  readonly #table: PathTable;

  private constructor(packages: readonly Package[], table: PathTable) {
    this.#packages = packages;
    this.#table = table;
  }

  /** @returns the version of the database; it changes whenever a package does. Undefined where there is none. */
  static version(root = '/'): string | undefined {
    try {
      const stat = statSync(`${root}/var/lib/dpkg/status`);
      return `${stat.ino}:${stat.mtimeMs}:${stat.size}`;
    } catch {
      return undefined;
    }
  }

  /** Reads the whole database in slices of a few milliseconds, so that whoever else runs on this thread goes on. */
  static async load(root = '/'): Promise<DpkgIndex> {
    const dpkg = `${root}/var/lib/dpkg`;
    const versions = parseStatus(readFileSync(`${dpkg}/status`, 'utf8'));
    const merged = new Set(MERGED.filter((name) => isMerged(root, name)));
    const packages: Package[] = [];
    const table = new PathTable(merged);
    const lists = readdirSync(`${dpkg}/info`).filter((name) => name.endsWith('.list'));
    let sliceEnd = performance.now() + SLICE_MS;
    for (const list of lists) {
      const key = list.slice(0, -'.list'.length);
      const name = key.split(':')[0]!;
      const version = versions.get(key) ?? versions.get(name);
      if (version === undefined) continue;
      packages.push({ name, version });
      addList(table, readFileSync(`${dpkg}/info/${list}`), packages.length);
      if (performance.now() < sliceEnd) continue;
      await setImmediate();
      sliceEnd = performance.now() + SLICE_MS;
    }
    addDiversions(dpkg, table);
    return new DpkgIndex(packages, table);
  }

  /** @param path absolute and real, as the kernel gives it. */
  owner(path: string): Package | undefined {
    const number = this.#table.get(path);
    return number === 0 ? undefined : this.#packages[number - 1];
  }

  get packages(): number {
    return this.#packages.length;
  }
}

/** Installed packages and their versions, by name and by name:architecture (deb822, as dpkg writes it). */
export function parseStatus(text: string): Map<string, string> {
  const versions = new Map<string, string>();
  for (const paragraph of text.split('\n\n')) {
    const name = /^Package: (.+)$/m.exec(paragraph)?.[1];
    const version = /^Version: (.+)$/m.exec(paragraph)?.[1];
    const status = /^Status: \S+ \S+ (\S+)$/m.exec(paragraph)?.[1];
    if (name === undefined || version === undefined) continue;
    if (status === 'not-installed' || status === 'config-files') continue;
    const architecture = /^Architecture: (.+)$/m.exec(paragraph)?.[1];
    if (!versions.has(name)) versions.set(name, version);
    if (architecture !== undefined) versions.set(`${name}:${architecture}`, version);
  }
  return versions;
}

function isMerged(root: string, name: string): boolean {
  const path = `${root}/${name}`;
  return (
    existsSync(path) &&
    lstatSync(path).isSymbolicLink() &&
    [`usr/${name}`, `/usr/${name}`].includes(readlinkSync(path))
  );
}

/**
 * Where the path's one form starts: `/usr/bin/x` counts as `/bin/x` where /bin is a link, so that both forms meet.
 */
function mergedStart(bytes: Buffer, start: number, end: number, merged: ReadonlySet<string>): number {
  const isUsr =
    end - start > 6 &&
    bytes[start + 1] === 0x75 &&
    bytes[start + 2] === 0x73 &&
    bytes[start + 3] === 0x72 &&
    bytes[start + 4] === SLASH;
  if (!isUsr) return start;
  let slash = start + 5;
  while (slash < end && slash - start < 12 && bytes[slash] !== SLASH) slash++;
  if (bytes[slash] !== SLASH || slash - start > 11) return start;
  return merged.has(bytes.toString('latin1', start + 5, slash)) ? start + 4 : start;
}

function addList(table: PathTable, list: Buffer, number: number): void {
  let start = 0;
  while (start < list.length) {
    let end = list.indexOf(NEWLINE, start);
    if (end < 0) end = list.length;
    table.add(list, start, end, number);
    start = end + 1;
  }
}

/** dpkg-divert(1): three lines each; the file at `from` of every package but `by` lies at `to`. */
function addDiversions(dpkg: string, table: PathTable): void {
  const path = `${dpkg}/diversions`;
  if (!existsSync(path)) return;
  const lines = readFileSync(path, 'utf8').split('\n');
  for (let i = 0; i + 2 < lines.length; i += 3) {
    const owner = table.get(lines[i]!);
    if (owner !== 0) table.replace(lines[i + 1]!, owner);
  }
}

class PathTable {
  readonly #merged: ReadonlySet<string>;
  #mask = (1 << 17) - 1;
  #slots = new Uint32Array((this.#mask + 1) * 3);
  #count = 0;
  #first = 0;
  #second = 0;

  constructor(merged: ReadonlySet<string>) {
    this.#merged = merged;
  }

  /** Folders are in many lists: the first package that names a path keeps it. */
  add(bytes: Buffer, start: number, end: number, number: number): void {
    this.#hash(bytes, start, end);
    const at = this.#find();
    if (this.#slots[at + 2] !== 0) return;
    this.#put(at, number);
    if (++this.#count * 2 > this.#mask) this.#grow();
  }

  replace(path: string, number: number): void {
    this.#hashText(path);
    this.#put(this.#find(), number);
  }

  get(path: string): number {
    this.#hashText(path);
    return this.#slots[this.#find() + 2]!;
  }

  #put(at: number, number: number): void {
    this.#slots[at] = this.#first;
    this.#slots[at + 1] = this.#second;
    this.#slots[at + 2] = number;
  }

  #find(): number {
    const slots = this.#slots;
    let slot = this.#first & this.#mask;
    for (;;) {
      const at = slot * 3;
      if (slots[at + 2] === 0 || (slots[at] === this.#first && slots[at + 1] === this.#second)) return at;
      slot = (slot + 1) & this.#mask;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#mask = this.#mask * 2 + 1;
    this.#slots = new Uint32Array((this.#mask + 1) * 3);
    for (let at = 0; at < old.length; at += 3) {
      if (old[at + 2] === 0) continue;
      this.#first = old[at]!;
      this.#second = old[at + 1]!;
      this.#put(this.#find(), old[at + 2]!);
    }
  }

  #hashText(path: string): void {
    const bytes = Buffer.from(path);
    this.#hash(bytes, 0, bytes.length);
  }

  /** FNV-1a, and a second multiplicative hash that shares nothing with it; both finished by a mix. */
  #hash(bytes: Buffer, start: number, end: number): void {
    let first = 0x811c9dc5;
    let second = 0;
    for (let i = mergedStart(bytes, start, end, this.#merged); i < end; i++) {
      const byte = bytes[i]!;
      first = Math.imul(first ^ byte, 0x01000193);
      second = Math.imul(second + byte, 0x9e3779b1);
      second ^= second >>> 15;
    }
    first ^= first >>> 16;
    this.#first = Math.imul(first, 0x85ebca6b) >>> 0;
    this.#second = Math.imul(second ^ (second >>> 13), 0xc2b2ae35) >>> 0;
  }
}
