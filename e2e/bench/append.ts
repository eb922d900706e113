/** The store alone: how much of a processor an event takes, beside a plain table. store.ts measures in its own process. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Figure } from './figures.ts';
import { ROOT, say } from './machine.ts';

const run = promisify(execFile);

interface Side {
  readonly events_per_s: number;
  readonly cpu_us_per_event: number;
  readonly bytes_per_event: number;
}

export async function append(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const unique of ['0.1', '1']) {
    say(`append: ${Number(unique) * 100} % unique command lines`);
    const { stdout } = await run(process.execPath, [
      join(ROOT, 'e2e/bench/store.ts'),
      ...['--events', '200000', '--unique', unique],
    ]);
    const { merlon, plain } = JSON.parse(stdout) as { merlon: Side; plain: Side };
    const note = `${Number(unique) * 100} % unique command lines, some 54 fields`;
    for (const [name, side] of Object.entries({ 'Merlon’s store': merlon, 'a plain table': plain })) {
      figures.push(
        { bench: 'append', name, value: side.events_per_s, unit: 'events/s', note },
        { bench: 'append', name, value: side.cpu_us_per_event, unit: 'µs of processor time per event', note },
        { bench: 'append', name, value: side.bytes_per_event, unit: 'bytes per event', note },
      );
    }
  }
  return figures;
}
