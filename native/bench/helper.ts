/**
 * Measures ring → helper → its reader: the real helper, started by its launcher, with its ring filled by a BPF program
 * and its frames thrown away. `node native/bench/helper.ts HELPER [SECONDS]` prints one line of JSON. Needs root and
 * `make -C native bench`.
 */
import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { controlFrame, FRAME_CONTROL, FRAME_RECORDS, FrameReader } from '../../shared/frames.ts';
import {
  DEFAULT_RING_BYTES,
  HELPER_PROTOCOL,
  MAX_CONTROL_BYTES,
  MAX_RECORDS_BYTES,
} from '../../shared/helper.ts';

const RECORD_BYTES = 640;
const [, , file = 'out/helper/merlon-helper', seconds = '3'] = process.argv;

const child = spawn(file, [], { stdio: ['pipe', 'pipe', 'inherit'] });
const reader = new FrameReader(
  new Map([
    [FRAME_CONTROL, MAX_CONTROL_BYTES],
    [FRAME_RECORDS, MAX_RECORDS_BYTES],
  ]),
);
const snapshot = Promise.withResolvers<void>();
let bytes = 0;
let last = 0;

function take(payload: Uint8Array): void {
  const message: unknown = JSON.parse(Buffer.from(payload).toString());
  if (typeof message !== 'object' || message === null) throw new Error('the helper said something else');
  if ('error' in message) throw new Error(JSON.stringify(message.error));
  if ('layout' in message) {
    const { layout } = message;
    const start = {
      id: 1,
      command: 'start',
      protocol: HELPER_PROTOCOL,
      layout,
      ringBytes: DEFAULT_RING_BYTES,
    };
    child.stdin.write(controlFrame(start));
  }
  if ('processes' in message) snapshot.resolve();
}

child.stdout.on('data', (chunk: Buffer) => {
  for (const { kind, payload } of reader.push(chunk)) {
    if (kind === FRAME_CONTROL) take(payload);
    else bytes += payload.length;
  }
  last = performance.now();
});
await snapshot.promise;
bytes = 0;
const first = performance.now();
const load = fileURLToPath(new URL('../build/ring-load', import.meta.url));
const { stdout } = await promisify(execFile)(load, [String(child.pid), seconds]);
const { sent, full } = JSON.parse(stdout) as { sent: number; full: number };
while (bytes < sent * RECORD_BYTES && performance.now() - last < 2000)
  await new Promise((r) => setTimeout(r, 5));
if (bytes < sent * RECORD_BYTES)
  throw new Error(`${sent} records were sent, but only ${bytes} bytes arrived`);
const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
const mib = (name: string) =>
  Math.round(Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1]) / 1024);
const records_per_s = Math.round(bytes / RECORD_BYTES / ((last - first) / 1000));
const figures = {
  records_per_s,
  bytes_per_record: RECORD_BYTES,
  rss_mib: mib('VmRSS'),
  peak_mib: mib('VmHWM'),
};
process.stdout.write(`${JSON.stringify({ ...figures, sent, full })}\n`);
child.stdin.end();
