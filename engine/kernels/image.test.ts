import { accessSync, constants } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Btf, findBtf } from './btf.ts';
import { unpack, type Packing } from './decompress.ts';
import { HeldBytes } from './elf.ts';
import { openImage } from './image.ts';
import { BtfBuilder, bzImage, elf, OWN_MACHINE, packed, vmlinux, zboot } from './kernels.builder.ts';

const TOOLS: Readonly<Record<Packing, string | undefined>> = {
  gzip: undefined,
  zstd: undefined,
  xz: 'xz',
  lzma: 'xz',
  bzip2: 'bzip2',
  lz4: 'lz4',
  lzop: 'lzop',
};
const PACKINGS = Object.keys(TOOLS) as readonly Packing[];

const isInstalled = (tool: string) => {
  try {
    accessSync(`/usr/bin/${tool}`, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};
const isMissing = (packing: Packing) => TOOLS[packing] !== undefined && !isInstalled(TOOLS[packing]);

const types = (() => {
  const btf = new BtfBuilder();
  const int = btf.int('int');
  for (let each = 0; each < 100; each++) btf.struct(`thing${each}`, 4, [{ name: 'pid', type: int, at: 0 }]);
  return btf.build();
})();
const config = 'CONFIG_64BIT=y\nCONFIG_BPF_SYSCALL=y\n';
const kernel = vmlinux(types, config);

const open = (image: Buffer) => openImage(new HeldBytes(image), new AbortController().signal);

it('reads a kernel that is not packed', async () => {
  expect(await open(kernel)).toEqual({ types, config });
});

describe.each(PACKINGS)('packed by %s', (packing) => {
  it.skipIf(isMissing(packing))('is opened as a PC’s image', async () => {
    expect(await open(bzImage(packed(kernel, packing)))).toEqual({ types, config });
  });

  it.skipIf(isMissing(packing))('is opened as EFI’s image', async () => {
    expect(await open(zboot(packed(kernel, packing), packing))).toEqual({ types, config });
  });

  it.skipIf(isMissing(packing))('is found where no header says where it is', async () => {
    const image = Buffer.concat([Buffer.alloc(5000, 0x90), packed(kernel, packing), Buffer.alloc(100, 7)]);
    expect(await open(image)).toEqual({ types, config });
  });

  it.skipIf(isMissing(packing))('is told to be damaged where half of it is missing', async () => {
    const whole = packed(kernel, packing);
    const half = bzImage(whole.subarray(0, whole.length / 2));
    await expect(open(half)).rejects.toThrow(/damaged|cut off/);
  });
});

it.each([
  ['empty', Buffer.alloc(0), 'it is empty'],
  ['a few bytes', Buffer.from('kernel'), 'too short'],
  ['a text', Buffer.alloc(9000, 'no kernel '), 'no kernel is found in it'],
  ['cut off within its header’s promise', bzImage(packed(kernel, 'gzip')).subarray(0, 9000), 'cut off'],
  ['an ELF file that ends before its sections', kernel.subarray(0, kernel.length / 2), 'cut off'],
  [
    'for another processor',
    elf(
      [
        { name: '.BTF', bytes: types },
        { name: '.text', bytes: Buffer.alloc(2000) },
      ],
      OWN_MACHINE + 1,
    ),
    'another kind of processor',
  ],
  [
    'a kernel for another processor, not packed',
    Buffer.concat([
      Buffer.alloc(56),
      Buffer.from(process.arch === 'arm64' ? 'RSC\x05' : 'ARM\x64'),
      Buffer.alloc(2000),
    ]),
    'another kind of processor',
  ],
])('says what is wrong with a file that is %s', async (_, image, wrong) => {
  await expect(open(image)).rejects.toThrow(wrong);
});

it('knows a kernel without types', async () => {
  expect(await open(bzImage(packed(vmlinux(undefined), 'zstd')))).toEqual({
    types: undefined,
    config: undefined,
  });
});

it('says which program is missing to unpack an image', async () => {
  const unpacking = { packed: kernel, judge: () => true, signal: new AbortController().signal, folders: [] };
  await expect(unpack({ ...unpacking, packing: 'lz4' })).rejects.toThrow('Install lz4');
});

it('unpacks no more than a kernel can be', async () => {
  const unpacking = { judge: () => true, signal: new AbortController().signal, most: kernel.length - 1 };
  const asked = unpack({ ...unpacking, packing: 'zstd', packed: packed(kernel, 'zstd') });
  await expect(asked).rejects.toThrow('larger than any kernel');
});

it('stops at the first bytes that are no kernel’s', async () => {
  const unpacking = { judge: () => false, signal: new AbortController().signal };
  expect(await unpack({ ...unpacking, packing: 'gzip', packed: packed(kernel, 'gzip') })).toHaveLength(0);
});

it('finds types in an image that has no table of sections, and not where only the beginning looks so', () => {
  const decoy = Buffer.from([0x9f, 0xeb, 1, 0, 24, 0, 0, 0]);
  const image = Buffer.concat([
    Buffer.alloc(777, 1),
    decoy,
    Buffer.alloc(500, 0xff),
    types,
    Buffer.alloc(999, 2),
  ]);
  expect(findBtf(image)).toEqual(types);
  expect(findBtf(image.subarray(0, 1500))).toBeUndefined();
});

it('gives up when nobody waits any more', async () => {
  const signal = AbortSignal.abort();
  await expect(openImage(new HeldBytes(bzImage(packed(kernel, 'gzip'))), signal)).rejects.toBe(signal.reason);
});

it('reads types as they were written', () => {
  const btf = Btf.read(types);
  expect(btf.name(2)).toBe('thing0');
  expect(btf.member(2, 0)).toEqual({ name: 'pid', type: 1, bits: 0, width: 0 });
  expect(btf.size(2)).toBe(4);
});
