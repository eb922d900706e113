/**
 * Measures ring → JavaScript for real: a BPF program fills the sensor's ring, and what arrives in onBatch is counted.
 * `node native/bench/index.ts [SECONDS]` prints one line of JSON. Needs root and `make -C native bench`.
 *
 * First the reader alone: the ring is filled while every batch is lent out, and the time from their release to the last
 * record is taken (median of the rounds). Then filling and reading together, which share the processors.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DEFAULT_RING_BYTES } from '../../shared/helper.ts';
import { Sensor } from '../index.ts';

const RECORD_BYTES = 640;
const ROUNDS = 15;
const seconds = process.argv[2] ?? '3';

let bytes = 0;
let first = 0;
let last = 0;
let holding = false;
const held: (() => void)[] = [];
const sensor = new Sensor();
sensor.start({
  ringBytes: DEFAULT_RING_BYTES,
  onBatch(batch, release) {
    // The first and the last byte are read, as a consumer would: the memory is there.
    if (batch[0] === undefined || batch[batch.length - 1] === undefined) throw new Error('an empty batch');
    last = performance.now();
    if (bytes === 0) first = last;
    bytes += batch.length;
    if (holding) held.push(release);
    else release();
  },
  onError(error) {
    throw error;
  },
});

async function fillFor(duration: string): Promise<{ sent: number; full: number }> {
  const load = fileURLToPath(new URL('../build/ring-load', import.meta.url));
  const { stdout } = await promisify(execFile)(load, [String(process.pid), duration]);
  return JSON.parse(stdout) as { sent: number; full: number };
}

async function untilEmpty(): Promise<void> {
  while (sensor.stats().pending > 0) await sleep(1);
  await sleep(20);
}

/** Records per second from a full ring, once the batches are given back. */
async function drainRate(): Promise<number> {
  holding = true;
  await fillFor('0.05');
  const before = bytes;
  const start = performance.now();
  holding = false;
  for (const release of held.splice(0)) release();
  await untilEmpty();
  return (bytes - before) / RECORD_BYTES / ((last - start) / 1000);
}

/** CPU time of this process's threads of that name so far, in ns: /proc/PID/task/TID/schedstat. */
function cpuOf(name: string): number {
  let sum = 0;
  for (const thread of readdirSync('/proc/self/task')) {
    const folder = `/proc/self/task/${thread}`;
    if (readFileSync(`${folder}/comm`, 'utf8').trim() === name)
      sum += Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0]);
  }
  return sum;
}

const rates: number[] = [];
for (let round = 0; round < ROUNDS; round++) rates.push(await drainRate());
rates.sort((a, b) => a - b);

bytes = 0;
const ringBefore = cpuOf('merlon-ring');
const cpuBefore = process.cpuUsage();
const { sent, full } = await fillFor(seconds);
await untilEmpty();
const ringNs = cpuOf('merlon-ring') - ringBefore;
const { user, system } = process.cpuUsage(cpuBefore);
if (bytes < sent * RECORD_BYTES)
  throw new Error(`${sent} records were sent, but only ${bytes} bytes arrived`);
const rss = Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
const figures = {
  records_per_s: Math.round(rates[ROUNDS >> 1] ?? NaN),
  bytes_per_record: RECORD_BYTES,
  rss_mib: Math.round(rss),
  /** While a program fills the ring on one of the processors. */
  records_per_s_while_filling: Math.round(bytes / RECORD_BYTES / ((last - first) / 1000)),
  /** CPU time, which a busy machine changes less than the rates: of the ring's thread, and of all threads. */
  ring_thread_ns_per_record: Math.round((ringNs * RECORD_BYTES) / bytes),
  process_ns_per_record: Math.round(((user + system) * 1000 * RECORD_BYTES) / bytes),
  sent,
  full,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
sensor.stop();
