/** Bytes to records, as the engine does it: a storm's mix of fork, exec and exit with unique arguments. */
import { decodeBatch } from '../../engine/sensor/decode.ts';
import { batchOf, execRecord, exitRecord, forkRecord } from '../../engine/sensor/records.builder.ts';
import { median, type Figure } from './figures.ts';

const PROCESSES = 1000;
const ROUNDS = 60;

export async function decode(): Promise<Figure[]> {
  const batch = batchOf(...Array.from({ length: PROCESSES }, (_, i) => life(i)).flat());
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const begun = performance.now();
    const records = decodeBatch(batch, () => undefined);
    rates.push(records.length / ((performance.now() - begun) / 1000));
  }
  const rate = median(rates.slice(ROUNDS / 2));
  return Promise.resolve([
    {
      bench: 'decode',
      name: 'records decoded',
      value: rate,
      unit: 'records/s',
      aim: '≥ 1,000,000',
      reached: rate >= 1e6,
      note: `fork, exec, exit; ${Math.round(batch.length / (PROCESSES * 3))} bytes on average; median of ${ROUNDS / 2}`,
    },
  ]);
}

function life(i: number): Uint8Array[] {
  const task = {
    pid: 1000 + i,
    tid: 1000 + i,
    ppid: 999,
    vpid: 1000 + i,
    startNs: 5_000_000_000 + i * 1000,
    parentStartNs: 4_000_000_000,
    capEffective: 0x1ffffffffffn,
    cgroupId: 1234n,
    comm: 'cc1',
  };
  const timeNs = task.startNs + 500;
  return [
    forkRecord({ timeNs, task }),
    execRecord({
      timeNs: timeNs + 100,
      task,
      inode: 1183207n,
      dev: 8 << 20,
      executable: '/usr/lib/gcc/x86_64-linux-gnu/12/cc1',
      cwd: '/home/alex/src/merlon/build',
      args: ['cc1', '-quiet', '-I', 'include', '-O2', '-o', `/tmp/cc${i}.s`, `source-${i}.c`],
      tty: 'pts0',
    }),
    exitRecord({ timeNs: timeNs + 900, task, runNs: 900, cpuNs: 500, maxRss: 12 << 20 }),
  ];
}
