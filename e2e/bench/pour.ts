/** Events at any rate without the work of making them: programs would take the processor from the page that is measured. */
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { RecordSpec, Task } from '../app/records.ts';
import type { EngineOptions } from '../kernel/harness.ts';
import { ROOT } from './machine.ts';

const TURN_MS = 20;
const COMMANDS = [
  ['/usr/bin/git', 'git', 'status', '--porcelain'],
  ['/usr/bin/gcc-12', 'gcc', '-O2', '-Wall', '-c', 'src/main.c', '-o', 'build/main.o'],
  ['/usr/bin/sed', 'sed', '-n', '1,20p', '/etc/services'],
  ['/usr/bin/dash', 'sh', '-c', 'command -v node'],
] as const;

/** An engine with the helper that plays what `pouring` tells it. @param socket a path of the test's own. */
export const onDouble = (socket: string): EngineOptions => ({
  keep: ['--helper', join(ROOT, 'e2e/app/helper-double.ts')],
  env: { MERLON_DOUBLE: socket },
});

/** Processes begin, run a program and end, three events each, while a body runs. */
export async function pouring(
  socket: string,
  eventsPerSecond: number,
  body: () => Promise<void>,
): Promise<void> {
  const wire = connect(socket);
  await new Promise((resolve, reject) =>
    wire.once('connect', () => resolve(undefined)).once('error', reject),
  );
  const stopped = new AbortController();
  const flowing = pour(wire, eventsPerSecond, stopped.signal);
  try {
    await body();
  } finally {
    stopped.abort();
    await flowing;
    wire.destroy();
  }
}

async function pour(wire: Socket, eventsPerSecond: number, signal: AbortSignal): Promise<void> {
  const begun = performance.now();
  let processes = 0;
  while (!signal.aborted) {
    const due = Math.floor((((performance.now() - begun) / 1000) * eventsPerSecond) / 3);
    const records: RecordSpec[] = [];
    while (processes < due) records.push(...life(++processes));
    if (records.length > 0 && !wire.write(`${JSON.stringify({ records })}\n`))
      await new Promise((resolve) => wire.once('drain', resolve));
    await wait(TURN_MS);
  }
}

function life(number: number): RecordSpec[] {
  const [executable, ...args] = COMMANDS[number % COMMANDS.length]!;
  const task: Task = {
    pid: 10_000 + (number % 100_000),
    ppid: 1,
    startNs: 1_000_000_000 + number,
    parentStartNs: 0,
    comm: args[0],
    uid: 1000,
  };
  return [
    { type: 'fork', task },
    { type: 'exec', task, executable, args: [...args, String(number % 40)], cwd: '/home/alex' },
    { type: 'exit', task, status: 0, runNs: 12_000_000, maxRss: 8192 },
  ];
}
