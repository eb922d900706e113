/**
 * A helper for the engine's tests: the real protocol with records made here. What it does is said by MERLON_DOUBLE:
 * `well`, `malformed` (a batch that does not hold together), `killed` (SIGKILL in the middle of a frame, in its first
 * life only), `lossy` (a jump in a sequence, and counters that agree). With the argument `probe` it is merlon-probe.
 */
import { existsSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { uptime } from 'node:os';
import { controlFrame, FRAME_CONTROL, FRAME_RECORDS, frameHeader, FrameReader } from '../shared/frames.ts';
import { HELPER_PROTOCOL, MAX_CONTROL_BYTES } from '../shared/helper.ts';
import { probeWith } from './capabilities/probe.builder.ts';
import { batchOf, execRecord, exitRecord, forkRecord } from './sensor/records.builder.ts';
import { LAYOUT_HASH } from './sensor/records.generated.ts';

const behaviour = process.env['MERLON_DOUBLE'] ?? 'well';
const mark = process.env['MERLON_DOUBLE_MARK'] ?? '';
const firstLife = mark !== '' && !existsSync(mark);
if (mark !== '') writeFileSync(mark, '');

const nowNs = () => Math.round(uptime() * 1e9);
const begin = nowNs();
const shell = { pid: 5000, startNs: 1000, ppid: 1, parentStartNs: 1, comm: 'sh' };
const child = { pid: 5001, startNs: begin, ppid: 5000, parentStartNs: 1000, comm: 'sh' };

function records(payload: Uint8Array): void {
  process.stdout.write(frameHeader(FRAME_RECORDS, payload.length));
  process.stdout.write(payload);
}

function stream(): void {
  records(
    batchOf(execRecord({ timeNs: begin, task: shell, executable: '/bin/sh', args: ['sh'] }, 'running')),
  );
  process.stdout.write(controlFrame({ notice: 'snapshot_done', processes: 1 }));
  const fork = forkRecord({ seq: 1, timeNs: begin + 1000, task: child });
  const exec = execRecord({
    seq: 2,
    timeNs: begin + 2000,
    task: child,
    executable: '/bin/true',
    args: ['true', '--password', 'hunter2hunter2'],
  });
  const exit = exitRecord({
    seq: behaviour === 'lossy' ? 9 : 3,
    timeNs: begin + 3000,
    task: child,
    runNs: 3000,
  });
  if (behaviour === 'malformed') return records(batchOf(fork, new Uint8Array(16)));
  records(batchOf(fork, exec, exit));
  if (behaviour === 'killed' && firstLife) {
    process.stdout.write(frameHeader(FRAME_RECORDS, 1000));
    process.stdout.write(new Uint8Array(10), () => process.kill(process.pid, 'SIGKILL'));
  }
}

/** What a kernel takes, as the file in MERLON_DOUBLE_PROBE has it. */
function probe(): unknown {
  const file = process.env['MERLON_DOUBLE_PROBE'];
  return file === undefined ? probeWith() : JSON.parse(readFileSync(file, 'utf8'));
}

const lost = behaviour === 'lossy' ? [[0], [6]] : [[0], [0]];
if (process.argv[2] === 'probe') {
  writeSync(1, JSON.stringify(probe()));
  process.exit(0);
}
const hello = {
  notice: 'hello',
  protocol: HELPER_PROTOCOL,
  layout: LAYOUT_HASH,
  version: '0',
  pid: process.pid,
};
process.stdout.write(controlFrame({ ...hello, capabilities: [] }));
const answers: Readonly<Record<string, unknown>> = {
  start: { attached: ['process_exec'], refused: [] },
  stats: {
    programs: [{ name: 'process_exec', runs: 0, run_ns: 0, missed: 0 }],
    lost,
    left_out: [],
    received: 4,
    pending: 0,
  },
  capabilities: probe(),
};
const reader = new FrameReader(new Map([[FRAME_CONTROL, MAX_CONTROL_BYTES]]));
process.stdin.on('data', (chunk: Buffer) => {
  for (const { payload } of reader.push(chunk)) {
    const { id, command } = JSON.parse(Buffer.from(payload).toString()) as { id: number; command: string };
    const value = answers[command] ?? {};
    process.stdout.write(controlFrame({ id, ok: true, value }));
    if (command === 'start') stream();
  }
});
process.stdin.on('end', () => process.exit(0));
