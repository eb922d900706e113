/**
 * The kernel tier inside guests, one for each kernel series that is promised: `node e2e/vm/run.ts [SERIES…]`.
 * Progress goes to stderr; the last line on stdout is JSON: for each guest its TAP, its console and what went wrong.
 * MERLON_VM_SCALE scales the storms (default 0.05: emulation is slow); MERLON_VM_TIMEOUT is in seconds, for each guest.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runGuest } from './guest.ts';
import { makeInitramfs } from './initramfs.ts';
import { kernelImage, SERIES } from './kernels.ts';

const root = join(import.meta.dirname, '../..');
const cache = join(root, '.cache');
const results = join(root, 'test-results');
const say = (line: string) => process.stderr.write(`${line}\n`);

mkdirSync(cache, { recursive: true });
mkdirSync(results, { recursive: true });
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SERIES);
const LSM = 'lsm=landlock,lockdown,yama,integrity,apparmor';
/** Each series whole; and started otherwise, for what the report of capabilities says then. */
const VARIANTS = [
  { name: '', kernel: `${LSM},bpf` },
  { name: ' without bpf in lsm=', kernel: LSM, only: 'capabilities' },
  { name: ' in lockdown', kernel: `${LSM},bpf lockdown=confidentiality`, only: 'capabilities' },
];
const images = wanted.map((series) => ({ series, image: kernelImage(series, cache, say) }));
const init = readFileSync(join(import.meta.dirname, 'init.sh'), 'utf8');
const initramfs = makeInitramfs(root, cache, init);

// One of them keeps one processor busy: the series run side by side, their variants one after the other.
const guests = await Promise.all(images.map((each) => runVariants(each)));
process.stdout.write(`${JSON.stringify({ guests: guests.flat() })}\n`);

async function runVariants({ series, image }: { series: string; image: string }) {
  const runs = [];
  for (const { name, ...variant } of VARIANTS) {
    const begun = Date.now();
    const run = await runGuest({
      ...variant,
      image,
      initramfs,
      leave: join(results, `vm-${series}${name.replace(/[^a-z]+/g, '-')}`),
      scale: Number(process.env['MERLON_VM_SCALE'] ?? '0.05'),
      timeoutMs: Number(process.env['MERLON_VM_TIMEOUT'] ?? '900') * 1000,
    });
    const took = Math.round((Date.now() - begun) / 1000);
    say(`vm: Linux ${series}${name} ${run.problem ?? 'done'} after ${took} s`);
    runs.push({ series: `${series}${name}`, ...run });
  }
  return runs;
}
