/**
 * Measures ring → JavaScript for real: a BPF program fills the sensor's ring, and what arrives in onBatch is counted.
 * `node native/bench/index.ts [SECONDS]` prints one line of JSON. Needs root and `make -C native bench`.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DEFAULT_RING_BYTES } from '../../shared/helper.ts';
import { Sensor } from '../index.ts';

const RECORD_BYTES = 640;
const seconds = process.argv[2] ?? '3';

let bytes = 0;
let batches = 0;
let first = 0;
let last = 0;
const sensor = new Sensor();
sensor.start({
  ringBytes: DEFAULT_RING_BYTES,
  onBatch(batch, release) {
    // The first and the last byte are read, as a consumer would: the memory is there.
    if (batch[0] === undefined || batch[batch.length - 1] === undefined) throw new Error('an empty batch');
    last = performance.now();
    if (bytes === 0) first = last;
    bytes += batch.length;
    batches++;
    release();
  },
  onError(error) {
    throw error;
  },
});

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

const mainBefore = process.cpuUsage();
const load = fileURLToPath(new URL('../build/ring-load', import.meta.url));
const { stdout } = await promisify(execFile)(load, [String(process.pid), seconds]);
const { sent, full } = JSON.parse(stdout) as { sent: number; full: number };
while (sensor.stats().pending > 0) await new Promise((resolve) => setTimeout(resolve, 5));
await new Promise((resolve) => setTimeout(resolve, 20));
const ringNs = cpuOf('merlon-ring');
const { user, system } = process.cpuUsage(mainBefore);
const rss = Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
if (bytes < sent * RECORD_BYTES)
  throw new Error(`${sent} records were sent, but only ${bytes} bytes arrived`);
process.stdout.write(
  `${JSON.stringify({
    records_per_s: Math.round(bytes / RECORD_BYTES / ((last - first) / 1000)),
    bytes_per_record: RECORD_BYTES,
    rss_mib: Math.round(rss),
    /** CPU time, which a busy machine changes less than the rate: of the ring's thread, and of all threads. */
    ring_thread_ns_per_record: Math.round((ringNs * RECORD_BYTES) / bytes),
    process_ns_per_record: Math.round(((user + system) * 1000 * RECORD_BYTES) / bytes),
    sent,
    full,
    batches,
  })}\n`,
);
sensor.stop();
