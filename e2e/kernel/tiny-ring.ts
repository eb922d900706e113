/**
 * Stands between engine and helper, and asks the kernel for a ring of MERLON_RING_BYTES instead of what the engine asked
 * for. Everything else passes untouched; it ends with either of them.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { controlFrame, FRAME_CONTROL, FrameReader } from '../../shared/frames.ts';
import { helperCommand, MAX_CONTROL_BYTES } from '../../shared/helper.ts';
import * as v from 'valibot';

const ringBytes = Number(process.env['MERLON_RING_BYTES']);
const helper = spawn(join(import.meta.dirname, '../../out/helper/merlon-helper'), [], {
  stdio: ['pipe', 'inherit', 'inherit'],
});
const reader = new FrameReader(new Map([[FRAME_CONTROL, MAX_CONTROL_BYTES]]));
process.stdin.on('data', (chunk: Buffer) => {
  for (const { payload } of reader.push(chunk)) {
    const command = v.parse(helperCommand, JSON.parse(Buffer.from(payload).toString()));
    helper.stdin.write(controlFrame(command.command === 'start' ? { ...command, ringBytes } : command));
  }
});
process.stdin.on('end', () => helper.stdin.end());
helper.on('exit', (code) => process.exit(code ?? 1));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => helper.stdin.end());
