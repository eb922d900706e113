import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { KIND } from './btf.ts';
import { forecast } from './forecast.ts';
import { BtfBuilder, bzImage, packed, vmlinux } from './kernels.builder.ts';
import { CONFIG, kernelTypes, ownObject } from './world.builder.ts';

/** Each of these would take a thread of its own; here they are looked at as the thread looks at them. */
const RUNS = 150;
const STATES = ['fits', 'partly', 'not', 'unknown'];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-kernels-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function look(image: Buffer, object = ownObject(), config: string | Buffer = CONFIG) {
  const put = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const kernel = {
    version: '6.1.0',
    images: [put('image', image)],
    configs: [put('config', config)],
  };
  const question = { object: put('object', object), kernel, commandLine: put('cmdline', '') };
  return forecast(question, new AbortController().signal);
}

/** Some bytes of it changed, and perhaps its end cut off. */
const spoiled = (bytes: Buffer, from = 0) =>
  fc
    .record({
      changes: fc.array(
        fc.record({
          at: fc.integer({ min: from, max: bytes.length - 1 }),
          to: fc.integer({ min: 0, max: 255 }),
        }),
        { maxLength: 6 },
      ),
      end: fc.oneof(
        { weight: 4, arbitrary: fc.constant(bytes.length) },
        fc.integer({ min: 0, max: bytes.length }),
      ),
    })
    .map(({ changes, end }) => {
      const copy = Buffer.from(bytes);
      for (const { at, to } of changes) copy[at] = to;
      return copy.subarray(0, end);
    });

const holds = (arbitrary: fc.Arbitrary<Buffer>, looked: (bytes: Buffer) => ReturnType<typeof look>) =>
  fc.assert(
    fc.asyncProperty(arbitrary, async (bytes) => {
      const { state, findings } = await looked(bytes);
      expect(STATES).toContain(state);
      if (state === 'unknown') expect(findings).not.toEqual([]);
    }),
    { numRuns: RUNS },
  );

it('makes a forecast of whatever types a kernel claims to have', { timeout: 60_000 }, async () => {
  await holds(spoiled(kernelTypes()), (types) => look(vmlinux(types)));
});

it('makes a forecast of whatever ELF file lies in a kernel’s place', { timeout: 60_000 }, async () => {
  const kernel = vmlinux(kernelTypes());
  // Its header, and the sections behind the filler.
  await holds(fc.oneof(spoiled(kernel, 1 << 16), spoiled(kernel.subarray(0, 64))), (image) => look(image));
});

it('makes a forecast of whatever image a boot loader is given', { timeout: 60_000 }, async () => {
  const image = bzImage(packed(vmlinux(kernelTypes()), 'gzip'));
  await holds(spoiled(image), (bytes) => look(bytes));
  await holds(spoiled(bzImage(packed(vmlinux(kernelTypes()), 'zstd'))), (bytes) => look(bytes));
});

it(
  'makes a forecast of whatever lies in the place of our own programs, and of a configuration',
  { timeout: 60_000 },
  async () => {
    const kernel = vmlinux(kernelTypes());
    await holds(spoiled(ownObject()), (object) => look(kernel, object));
    await holds(
      fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
      (config) => look(kernel, ownObject(), config),
    );
  },
);

it('gives up types that are made to be searched for ever', async () => {
  const btf = new BtfBuilder();
  const int = btf.int('int');
  // Each has a thousand nameless members of the next, 60 deep, and in none of them is what is looked for.
  const deepest = int + 60;
  for (let id = int + 1; id < deepest; id++)
    btf.raw(KIND.struct, 1000, 64, Array.from({ length: 1000 }, () => [0, id + 1, 0]).flat());
  btf.struct('', 4, [{ name: 'no', type: int, at: 0 }]);
  btf.struct('task', 64, [{ name: '', type: int + 1, at: 0 }]);
  for (const name of ['exec', 'fork', 'exit', 'cgroup', 'task']) btf.typedef(`btf_trace_${name}`, int);
  const { state, findings } = await look(vmlinux(btf.build()));
  expect(state).toBe('unknown');
  expect(findings[0]).toContain('takes too long');
});
