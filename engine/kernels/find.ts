/** Which kernels are installed, and where each keeps its image and its configuration; by name, nothing is unpacked. */
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { OpenFile, readWhole } from './files.ts';

/** Where a system keeps its kernels. */
export interface KernelPlaces {
  /** Folder of the boot loader. */
  readonly boot: string;
  /** Folders that have one folder for each version. */
  readonly modules: readonly string[];
  /** Version of the kernel that runs, which is left out. */
  readonly running: string;
  /** File that holds the command line of the kernel that runs: /proc/cmdline. */
  readonly commandLine?: string;
}

export interface FoundKernel {
  readonly version: string;
  /** Where an image may be, the surest first; what is not there is skipped. */
  readonly images: readonly string[];
  readonly configs: readonly string[];
}

/** What a release name is made of (uname -r); a file that is called otherwise is no kernel's. */
const RELEASE = /^[\w.+~-]{1,128}$/;
/** The kernel of Fedora's rescue entry is a copy of another; the rest is what package managers and `make install` leave. */
const LEFTOVER = /^0-rescue-|\.(old|bak|rpm\w+|dpkg-\w+|pacnew|pacsave|efi|hmac|sig)$/;
const PACKED = /\.(gz|xz|bz2|zst|lzma)$/;
const MAX_NAME_BYTES = 256;
const SETUP = { magic: 0x202, version: 0x20e, bytes: 0x10000 };

/** @returns the newest first. */
export async function findKernels(places: KernelPlaces): Promise<readonly FoundKernel[]> {
  const folders = await moduleFolders(places.modules);
  const images = await bootImages(places.boot, folders);
  const versions = new Set([
    ...folders.filter((each) => each.isKernel).map(({ version }) => version),
    ...images.keys(),
  ]);
  versions.delete(places.running);
  return [...versions]
    .sort((one, other) => newest(one, other))
    .map((version) => {
      const own = places.modules.map((folder) => join(folder, version));
      const inBoot = (name: string) => join(places.boot, `${name}-${version}`);
      const beside = (name: string) => own.map((folder) => join(folder, name));
      const found = [
        ...beside('vmlinuz'),
        inBoot('vmlinuz'),
        ...(images.get(version) ?? []),
        inBoot('vmlinux'),
        ...beside('vmlinux'),
        ...beside('build/vmlinux'),
      ];
      return {
        version,
        images: [...new Set(found)],
        configs: [inBoot('config'), ...beside('config'), ...beside('build/.config')],
      };
    });
}

const collator = new Intl.Collator('en', { numeric: true });
const newest = (one: string, other: string) => collator.compare(other, one) || (one < other ? 1 : -1);

interface ModuleFolder {
  readonly version: string;
  /** Whether a kernel has its modules here: what a removed one leaves behind has no index. */
  readonly isKernel: boolean;
  /** Arch: the package's name, and that of its image in /boot. */
  readonly base: string | undefined;
}

async function moduleFolders(places: readonly string[]): Promise<readonly ModuleFolder[]> {
  const found: ModuleFolder[] = [];
  for (const place of places)
    for (const version of await names(place)) {
      if (!RELEASE.test(version)) continue;
      const folder = join(place, version);
      const isKernel =
        (await isThere(join(folder, 'modules.dep'))) || (await isThere(join(folder, 'vmlinuz')));
      found.push({ version, isKernel, base: await packageBase(join(folder, 'pkgbase')) });
    }
  return found;
}

/** Images by version, of those in /boot that are not simply called after it. */
async function bootImages(
  boot: string,
  folders: readonly ModuleFolder[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const images = new Map<string, string[]>();
  const add = (version: string, path: string) => images.set(version, [...(images.get(version) ?? []), path]);
  for (const name of await names(boot)) {
    const title = /^vmlinu[xz]-(.+)$/.exec(name)?.[1];
    if (title === undefined || !RELEASE.test(title) || LEFTOVER.test(title)) continue;
    const path = join(boot, name);
    const owners = folders.filter(({ base }) => base === title);
    if (owners.length > 0) for (const { version } of owners) add(version, path);
    else if (/^\d/.test(title)) add(title.replace(PACKED, ''), path);
    else add((await versionWithin(path)) ?? title, path);
  }
  return images;
}

/** The release that an x86 image names itself (Documentation/arch/x86/boot.rst, kernel_version). */
async function versionWithin(path: string): Promise<string | undefined> {
  let file: OpenFile | undefined;
  try {
    file = await OpenFile.open(path);
    const head = await file.read(0, Math.min(SETUP.bytes, file.size));
    if (head.toString('latin1', SETUP.magic, SETUP.magic + 4) !== 'HdrS') return undefined;
    const at = head.readUInt16LE(SETUP.version) + 0x200;
    const release = head.toString('latin1', at, at + MAX_NAME_BYTES).split(/[ \0]/)[0]!;
    return RELEASE.test(release) ? release : undefined;
  } catch {
    // Then it goes by its file's name, and why it cannot be read is said when its types are looked for.
    return undefined;
  } finally {
    await file?.close();
  }
}

async function packageBase(path: string): Promise<string | undefined> {
  try {
    return (await readWhole(path, MAX_NAME_BYTES)).toString('latin1').trim();
  } catch {
    return undefined; // only Arch has them
  }
}

/** A folder that is missing, or that only root may list, names none: its kernels are found by their modules. */
async function names(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
