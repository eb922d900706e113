/** Ring → JavaScript, and the helper's memory while its ring is full: the benches that stand beside the addon. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Figure } from './figures.ts';
import { ROOT, say } from './machine.ts';

const run = promisify(execFile);

interface RingFigures {
  readonly records_per_s: number;
  readonly bytes_per_record: number;
  readonly rss_mib: number;
  readonly ring_thread_ns_per_record: number;
}
interface HelperFigures {
  readonly records_per_s: number;
  readonly peak_mib: number;
}

export async function ring(): Promise<Figure[]> {
  say('ring: building and running native/bench');
  await run('make', ['-C', join(ROOT, 'native'), 'bench']);
  const alone = (await figuresOf('index.ts')) as RingFigures;
  const helper = (await figuresOf('helper.ts', join(ROOT, 'out/helper/merlon-helper'))) as HelperFigures;
  return [
    {
      bench: 'ring',
      name: 'ring → JavaScript',
      value: alone.records_per_s,
      unit: 'records/s',
      aim: '≥ 5,000,000',
      reached: alone.records_per_s >= 5e6,
      note: `${alone.bytes_per_record} bytes each; the BPF program that fills the ring shares the processors`,
    },
    {
      bench: 'ring',
      name: 'the ring’s thread',
      value: alone.ring_thread_ns_per_record,
      unit: 'ns of processor time per record',
    },
    {
      bench: 'ring',
      name: 'the process with the sensor',
      value: alone.rss_mib,
      unit: 'MiB',
      aim: '≤ 80 MiB',
      reached: alone.rss_mib <= 80,
    },
    { bench: 'ring', name: 'ring → helper → pipe → reader', value: helper.records_per_s, unit: 'records/s' },
    {
      bench: 'ring',
      name: 'helper, peak memory meanwhile',
      value: helper.peak_mib,
      unit: 'MiB',
      aim: '≤ 80 MiB',
      reached: helper.peak_mib <= 80,
    },
  ];
}

async function figuresOf(script: string, ...args: string[]): Promise<unknown> {
  const { stdout } = await run(process.execPath, [join(ROOT, 'native/bench', script), ...args]);
  return JSON.parse(stdout) as unknown;
}
