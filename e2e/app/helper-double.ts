/**
 * Plays the helper: the real protocol on stdin and stdout, records from a script. A test connects to the Unix socket
 * in $MERLON_DOUBLE and sends one JSON command a line: `{"records": [RecordSpec…]}` or `{"lost": N}`. It says nothing while a file
 * of that name with `.hold` after it exists. What the kernel takes is in the file with `.probe` after it, as giveProbe writes
 * it; with the argument `probe` it prints that and ends. What BPF there is stands likewise in `.bpf` (giveBpf).
 */
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { existsSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';
import { LAYOUT_HASH } from '../../engine/sensor/records.generated.ts';
import { FRAME_CONTROL, FRAME_RECORDS, FrameReader, controlFrame, frameHeader } from '../../shared/frames.ts';
import { HELPER_PROTOCOL, MAX_CONTROL_BYTES, helperCommand, type HelperStats } from '../../shared/helper.ts';
import type { BpfOutput } from '../../shared/bpf.ts';
import { BPF, HELPER } from './bpf.fixture.ts';
import { USUAL } from './protection.fixture.ts';
import { writeRecord, type RecordSpec } from './records.ts';

const place = process.env['MERLON_DOUBLE'];
if (place === undefined) throw new Error('MERLON_DOUBLE must name the socket of the script');

const PROGRAMS = [
  'process_exec',
  'process_fork',
  'process_exit',
  'exec_failed',
  'execveat_failed',
  'cgroup_made',
  'snapshot',
];
const MAX_BATCH = 1 << 20;

let seq = 0;
let lost = 0;
let received = 0;

const say = (bytes: Uint8Array) => void process.stdout.write(bytes);

function stream(records: readonly Buffer[]): void {
  let batch: Buffer[] = [];
  let size = 0;
  const flush = () => {
    if (size === 0) return;
    say(frameHeader(FRAME_RECORDS, size));
    say(Buffer.concat(batch));
    batch = [];
    size = 0;
  };
  for (const record of records) {
    if (size + record.length > MAX_BATCH) flush();
    batch.push(record);
    size += record.length;
  }
  flush();
}

/** The boot clock, where the machine has not slept since it started. */
const bootNs = () => process.hrtime.bigint();

function play(specs: readonly RecordSpec[]): void {
  received += specs.length;
  stream(specs.map((spec) => writeRecord(spec, ++seq, bootNs())));
}

/** Records that did not fit: their numbers are missing in the sequence, as the kernel leaves them out. */
function lose(count: number): void {
  seq += count;
  lost += count;
}

const stats = (): HelperStats => ({
  programs: PROGRAMS.map((name) => ({ name, runs: received, run_ns: received * 1000, missed: 0 })),
  lost: [[0], [lost], [0], [0], [0], [0], [0], [0]],
  left_out: [0, 0, 0, 0, 0, 0, 0, 0],
  received,
  pending: 0,
});

const held = async () => {
  while (existsSync(`${place}.hold`)) await wait(20);
};

/** A ProbeOutput; null where the probe is to fail. */
function probed(): unknown {
  const file = `${place}.probe`;
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : USUAL;
}

/** A BpfOutput; null where the helper is to fail. */
function inventory(): BpfOutput | null {
  const file = `${place}.bpf`;
  const output = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as BpfOutput | null) : BPF;
  if (output === null) return null;
  const holders = output.holders.map((each) => (each.pid === HELPER ? { ...each, pid: process.pid } : each));
  return { ...output, at_ns: Number(bootNs()), holders };
}

function sayInventory(id: number): void {
  const value = inventory();
  const error = { code: 'failed', message: 'The kernel does not list its programs.', detail: 'EPERM' };
  say(controlFrame(value === null ? { id, ok: false, error } : { id, ok: true, value }));
}

if (process.argv[2] === 'probe') {
  await held();
  const output = probed();
  if (output !== null) writeSync(1, JSON.stringify(output));
  process.exit(output === null ? 1 : 0);
}

const reader = new FrameReader(new Map([[FRAME_CONTROL, MAX_CONTROL_BYTES]]));
process.stdin.on('data', (chunk: Buffer) => {
  for (const { payload } of reader.push(chunk)) {
    const command = v.parse(helperCommand, JSON.parse(Buffer.from(payload).toString()));
    switch (command.command) {
      case 'start':
        say(controlFrame({ id: command.id, ok: true, value: { attached: PROGRAMS, refused: [] } }));
        say(controlFrame({ notice: 'snapshot_done', processes: 0 }));
        break;
      case 'stats':
        say(controlFrame({ id: command.id, ok: true, value: stats() }));
        break;
      case 'capabilities':
        say(controlFrame({ id: command.id, ok: true, value: probed() }));
        break;
      case 'bpf':
        sayInventory(command.id);
        break;
      case 'measure':
      case 'limit':
        say(controlFrame({ id: command.id, ok: true, value: {} }));
        break;
      case 'stop':
        process.exit(0);
    }
  }
});
process.stdin.on('end', () => process.exit(0));

const order = v.union([
  v.strictObject({ records: v.array(v.custom<RecordSpec>((spec) => typeof spec === 'object')) }),
  v.strictObject({ lost: v.number() }),
]);

rmSync(place, { force: true });
createServer((connection) => {
  connection.on('error', () => connection.destroy());
  createInterface({ input: connection }).on('line', (line) => {
    const command = v.parse(order, JSON.parse(line));
    if ('records' in command) play(command.records);
    else lose(command.lost);
  });
}).listen(place);

await held();
say(
  controlFrame({
    notice: 'hello',
    protocol: HELPER_PROTOCOL,
    layout: LAYOUT_HASH,
    version: '0.1.0',
    pid: process.pid,
    capabilities: ['CAP_BPF', 'CAP_PERFMON', 'CAP_DAC_READ_SEARCH'],
  }),
);
