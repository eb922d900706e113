/**
 * The store alone, all its threads on one processor, beside a plain table with as many indexes: events per second and
 * bytes per event once everything is stored, sealed and indexed. store.ts measures in its own process. Rates are by
 * processor time, which stays true where others use the processor, too; the one by the clock stands beside it.
 */
import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { engineArgv } from '../../shared/engine-argv.ts';
import type { Figure } from './figures.ts';
import { ROOT, say } from './machine.ts';

const run = promisify(execFile);
/** The plain table slows down as it grows; it is given fewer, which is in its favour. */
const PLAIN_EVENTS = 200_000;

const measured = v.object({
  events: v.number(),
  fields: v.number(),
  events_per_s: v.number(),
  committed_per_s: v.number(),
  cpu_us_per_event: v.number(),
  bytes_per_event: v.number(),
});

export async function append(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const unique of [0.1, 1]) {
    const lines = `${unique * 100} % unique command lines`;
    say(`append: Merlon’s store, ${lines}`);
    const ours = await measure(['merlon', '--unique', String(unique)]);
    const note = `${lines}, ${Math.round(ours.fields)} fields, ${ours.events} events`;
    const aimed = unique === 0.1;
    const rate = 1e6 / ours.cpu_us_per_event;
    figures.push(
      {
        bench: 'append',
        name: 'Merlon’s store, one core, sealed and indexed',
        value: rate,
        unit: 'events/s',
        ...(aimed ? { aim: '≥ 150,000', reached: rate >= 150_000 } : {}),
        note: `${note}; ${ours.cpu_us_per_event.toFixed(2)} µs of processor time per event`,
      },
      {
        bench: 'append',
        name: 'Merlon’s store, one core, by the clock',
        value: ours.events_per_s,
        unit: 'events/s',
        note: `${note}; ${Math.round(ours.committed_per_s)} until committed`,
      },
      {
        bench: 'append',
        name: 'Merlon’s store',
        value: ours.bytes_per_event,
        unit: 'bytes per event',
        ...(aimed ? { aim: '≤ 300', reached: ours.bytes_per_event <= 300 } : {}),
        note,
      },
    );
    say(`append: a plain table, ${lines}`);
    const plain = await measure(['plain', '--unique', String(unique), '--events', String(PLAIN_EVENTS)]);
    const theirs = `${lines}, the same fields, ${plain.events} events; three indexes and FTS5`;
    const name = 'a plain table';
    figures.push(
      {
        bench: 'append',
        name: `${name}, one core`,
        value: 1e6 / plain.cpu_us_per_event,
        unit: 'events/s',
        note: `${theirs}; by the clock ${Math.round(plain.events_per_s)}`,
      },
      { bench: 'append', name, value: plain.bytes_per_event, unit: 'bytes per event', note: theirs },
    );
  }
  return figures;
}

async function measure(args: readonly string[]): Promise<v.InferOutput<typeof measured>> {
  const processor = String(cpus().length - 1);
  const store = engineArgv(join(ROOT, 'out/bench/store.js'), args);
  const { stdout } = await run('taskset', ['-c', processor, process.execPath, ...store]);
  return v.parse(measured, JSON.parse(stdout));
}
