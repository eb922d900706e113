/**
 * A kernel image, opened as far as its types: whatever the boot loader is given, packed or not, down to the section .BTF.
 * (The kernel's scripts/extract-vmlinux; Documentation/arch/x86/boot.rst; drivers/firmware/efi/libstub/zboot-header.S.)
 */
import { findBtf, MAX_BTF_BYTES } from './btf.ts';
import { embeddedConfig } from './config.ts';
import { PACKINGS, unpack, type Packing } from './decompress.ts';
import { ELF_MAGIC, HeldBytes, readElf, sectionBytes, type Elf, type Source } from './elf.ts';
import { Misfit } from './misfit.ts';

export interface KernelImage {
  /** .BTF; undefined where it has none. */
  readonly types: Buffer | undefined;
  /** Undefined where the kernel does not carry its configuration. */
  readonly config: string | undefined;
}

/** Packed; a distribution's takes 8 to 20 MiB. */
const MAX_IMAGE_BYTES = 128 << 20;
const MAX_RODATA_BYTES = 64 << 20;
/** How many places that look like the beginning of something packed are tried. */
const MAX_TRIES = 24;
/** e_machine of what this Merlon runs on, whose programs are for this processor, too. */
const MACHINES: Readonly<Record<string, number>> = {
  x64: 62,
  arm64: 183,
  riscv64: 243,
  ppc64: 21,
  s390x: 22,
};

/** @throws Misfit where it is no kernel image that we can read. */
export async function openImage(source: Source, signal: AbortSignal): Promise<KernelImage> {
  if (source.size === 0) throw new Misfit('it is empty. Install its package again.');
  if (source.size < 1024) throw new Misfit('it is too short for a kernel. Install its package again.');
  const head = await source.read(0, 1024);
  if (isElf(head)) return fromElf(source);
  if (source.size > MAX_IMAGE_BYTES) throw new Misfit('it is larger than any kernel image.');
  const image = await source.read(0, source.size);
  const payload = payloadOf(image);
  if (payload !== undefined) {
    const packing = packingAt(payload);
    // Unpacked in the boot loader's file: nobody does, but x86 allows it.
    if (packing === undefined && isElf(payload)) return fromElf(new HeldBytes(payload));
    if (packing !== undefined) {
      // The kernel's build appends it, for a boot loader that has to make room.
      const hint = payload.readUInt32LE(payload.length - 4);
      return fromKernel(await unpack({ packing, packed: payload, hint, judge: isKernel, signal }));
    }
  }
  if (isRaw(image)) return fromKernel(image);
  return searched(image, signal);
}

/** What a header says is the packed kernel; undefined where there is no such header. */
function payloadOf(image: Buffer): Buffer | undefined {
  const at = payloadPlace(image);
  if (at === undefined) return undefined;
  const [from, length] = at;
  if (from + length > image.length || length < 64)
    throw new Misfit('it is cut off: the packed kernel in it ends too early. Install its package again.');
  return image.subarray(from, from + length);
}

function payloadPlace(image: Buffer): readonly [from: number, length: number] | undefined {
  const SETUP = { sectors: 0x1f1, magic: 0x202, version: 0x206, payload: 0x248, length: 0x24c };
  const isSetup = image.toString('latin1', SETUP.magic, SETUP.magic + 4) === 'HdrS';
  if (isSetup && image.readUInt16LE(SETUP.version) >= 0x208) {
    const sectors = image[SETUP.sectors] || 4;
    const from = (sectors + 1) * 512 + image.readUInt32LE(SETUP.payload);
    return [from, image.readUInt32LE(SETUP.length)];
  }
  const isZboot = image.toString('latin1', 0, 2) === 'MZ' && image.toString('latin1', 4, 8) === 'zimg';
  return isZboot ? [image.readUInt32LE(8), image.readUInt32LE(12)] : undefined;
}

/** Without a header that we know: every place that looks like a beginning is tried, as the kernel's own script does. */
async function searched(image: Buffer, signal: AbortSignal): Promise<KernelImage> {
  let tries = 0;
  let trouble: Misfit | undefined;
  for (const { packing, magic } of PACKINGS)
    for (let at = image.indexOf(magic); at >= 0 && tries < MAX_TRIES; at = image.indexOf(magic, at + 1)) {
      tries++;
      try {
        const found = await unpack({ packing, packed: image.subarray(at), judge: isKernel, signal });
        if (isKernel(found)) return await fromKernel(found);
      } catch (error) {
        if (!(error instanceof Misfit)) throw error;
        trouble ??= error;
      }
    }
  throw (
    trouble ??
    new Misfit('no kernel is found in it: it may be damaged, or packed in a way that Merlon does not know.')
  );
}

function packingAt(payload: Buffer): Packing | undefined {
  return PACKINGS.find(({ magic }) => payload.subarray(0, magic.length).equals(magic))?.packing;
}

const isElf = (bytes: Buffer) => bytes.subarray(0, ELF_MAGIC.length).equals(ELF_MAGIC);
/** Documentation/arch/arm64/booting.rst, and the same for RISC-V: such an image has no table of sections. */
const RAW: ReadonlyMap<string, string> = new Map([
  ['ARM\x64', 'arm64'],
  ['RSC\x05', 'riscv64'],
]);
const rawFor = (bytes: Buffer) => RAW.get(bytes.toString('latin1', 56, 60));
const isRaw = (bytes: Buffer) => rawFor(bytes) !== undefined;
const isKernel = (bytes: Buffer) => isElf(bytes) || isRaw(bytes);

async function fromKernel(kernel: Buffer): Promise<KernelImage> {
  if (isElf(kernel)) return fromElf(new HeldBytes(kernel));
  const raw = rawFor(kernel);
  if (raw !== undefined) {
    if (raw !== process.arch) throw foreign();
    const types = findBtf(kernel);
    if (types === undefined)
      throw new Misfit('its types are not found: it may be built without them, or damaged.');
    return { types, config: embeddedConfig(kernel) };
  }
  throw new Misfit('what is packed in it is damaged, or no kernel. Install its package again.');
}

async function fromElf(source: Source): Promise<KernelImage> {
  const elf = await readElf(source);
  const own = MACHINES[process.arch];
  if (own !== undefined && elf.machine !== own) throw foreign();
  if (elf.sections.length === 0) throw new Misfit('it has no table of sections, so its types are not found.');
  return {
    types: await sectionBytes(source, elf, '.BTF', MAX_BTF_BYTES),
    config: await configIn(source, elf),
  };
}

const foreign = () => new Misfit('it is for another kind of processor.');

async function configIn(source: Source, elf: Elf): Promise<string | undefined> {
  const rodata = elf.sections.find(({ name }) => name === '.rodata');
  if (rodata === undefined || rodata.size > MAX_RODATA_BYTES) return undefined;
  return embeddedConfig(await source.read(rodata.offset, rodata.size));
}
