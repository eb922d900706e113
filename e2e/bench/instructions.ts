/**
 * What capture costs, in instructions: counted, not timed. A guest under `qemu -icount` advances its time-stamp counter
 * by one with each instruction, so a figure repeats to a few in a thousand on a machine that is shared and noisy, and
 * where the processor's own counters may be out of reach. `rep stos` counts each turn there, which no processor does:
 * the guest's kernel is told not to use it for pages (no ERMS, no FSRM, `clearcpuid=rep_good`).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeInitramfs } from '../vm/initramfs.ts';
import { kernelImage } from '../vm/kernels.ts';
import { median, type Figure } from './figures.ts';
import { ROOT, say } from './machine.ts';

const SERIES = '6.12';
/** clearcpuid takes the feature's number: X86_FEATURE_REP_GOOD is 3 * 32 + 16. */
const REP_GOOD = 112;
const RIVALS = ['/usr/sbin/execsnoop', '/usr/bin/bpftrace'];
const LONGEST_MS = 20 * 60_000;
/** What the storm's records weigh at least: each exec makes three of more than 140 bytes. */
const LEAST_BYTES = 8000 * 3 * 140;

export async function instructions(): Promise<Figure[]> {
  const costs = new Map<string, number>();
  const lines = countInGuest().split('\n');
  for (const line of lines) {
    const match = /^(\w+\.\w+) (\{.*\})\s*$/.exec(line);
    if (match === null) continue;
    const { ticks, bytes } = JSON.parse(match[2]!) as { ticks?: number[]; bytes?: number };
    costs.set(match[1]!, bytes ?? median(ticks ?? [])); // one tick is one instruction; `ticks_per_instruction` shows it while idle
  }
  const exec = costs.get('nothing.exec');
  const call = costs.get('nothing.getppid');
  if (exec === undefined || call === undefined) throw new Error('the guest counted nothing');
  if ((costs.get('helper.records') ?? 0) < LEAST_BYTES)
    throw new Error('the helper captured too little in the guest; see test-results/instructions.log');

  const over = (name: string, of: number) => ((costs.get(name) ?? NaN) / of - 1) * 100;
  const figures: Figure[] = [
    {
      bench: 'instructions',
      name: 'vfork + exec + exit, nothing attached',
      value: exec,
      unit: 'instructions',
    },
    {
      bench: 'instructions',
      name: 'the same measured again at the end (the noise)',
      value: over('nothing_again.exec', exec),
      unit: '%',
    },
  ];
  const helper = over('helper.exec', exec);
  figures.push({
    bench: 'instructions',
    name: 'Merlon: exec + fork + exit with every field, kernel and helper',
    value: helper,
    unit: '%',
    aim: '≤ 3 %',
    reached: helper <= 3,
    note: '8 arguments, 40 variables',
  });
  figures.push({
    bench: 'instructions',
    name: 'Merlon: the whole pipeline, into the store',
    value: (costs.get('engine.exec') ?? NaN) - exec,
    unit: 'instructions per exec',
  });
  for (const rival of ['execsnoop', 'bpftrace']) {
    if (!costs.has(`${rival}.exec`)) continue;
    figures.push({
      bench: 'instructions',
      name: `${rival}: exec alone`,
      value: over(`${rival}.exec`, exec),
      unit: '%',
    });
  }
  for (const tool of ['helper', 'execsnoop', 'bpftrace']) {
    const cost = costs.get(`${tool}.getppid`);
    if (cost === undefined) continue;
    figures.push({
      bench: 'instructions',
      name: `a cheap system call under ${tool === 'helper' ? 'Merlon' : tool}`,
      value: cost - call,
      unit: 'instructions more',
      note: `${Math.round(call)} with nothing attached`,
    });
  }
  return Promise.resolve(figures);
}

/** @returns what the guest wrote on its second line */
function countInGuest(): string {
  const cache = join(ROOT, '.cache');
  const results = join(ROOT, 'test-results');
  mkdirSync(cache, { recursive: true });
  mkdirSync(results, { recursive: true });
  const image = kernelImage(SERIES, cache, say);
  const init = readFileSync(join(import.meta.dirname, 'count.sh'), 'utf8');
  const initramfs = makeInitramfs(ROOT, cache, init, RIVALS.filter(existsSync));
  const out = join(results, 'instructions.txt');
  say('instructions: counting in an emulated guest, about six minutes');
  const { status, stdout, error } = spawnSync(
    'qemu-system-x86_64',
    [
      ...['-M', 'q35', '-cpu', 'max,-erms,-fsrm', '-smp', '1', '-m', '4096', '-icount', 'shift=0,sleep=off'],
      ...['-nographic', '-no-reboot', '-nic', 'none', '-monitor', 'none'],
      ...['-serial', 'stdio', '-serial', `file:${out}`, '-kernel', image, '-initrd', initramfs],
      '-append',
      `console=ttyS0 quiet panic=-1 mitigations=off clearcpuid=${REP_GOOD}`,
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], timeout: LONGEST_MS, maxBuffer: 64 << 20 },
  );
  writeFileSync(join(results, 'instructions.log'), stdout);
  if (status !== 0 || !stdout.includes('merlon guest: done'))
    throw new Error(`the guest did not finish (${error?.message ?? status}):\n${stdout.slice(-2000)}`);
  return readFileSync(out, 'utf8');
}
