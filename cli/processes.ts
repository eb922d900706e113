/** merlon processes: what runs now, and what it uses. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Console, ProcessSummary, ProcessUsage } from '../shared/console.ts';
import { ask, json, readArgs, usage, type Command } from './command.ts';
import { table, type Column } from './terminal.ts';
import { bytes, duration } from './time.ts';

const SORTS = ['cpu', 'memory', 'start'] as const;
type Sort = (typeof SORTS)[number];

/** A share of a processor lies between two looks. */
const LOOK_MS = 1100;

export const processes: Command = {
  name: 'processes',
  about: 'what runs now',
  help: `merlon processes [--sort cpu|memory|start] [--json]

Lists what runs now, by pid.
  --sort   by what they use now, the largest first, with columns for it; or by their starts, the newest first.
           The use of a processor is measured for a second, in percent of one.
  --json   one object a line
`,
  prepare(args) {
    const options = { json: { type: 'boolean' }, sort: { type: 'string' } } as const;
    const { values } = readArgs('processes', args, options);
    const sort = SORTS.find((each) => each === values.sort);
    if (values.sort !== undefined && sort === undefined)
      throw usage('processes', `‘${values.sort}’ is no order; there are ${SORTS.join(', ')}`);
    return async ({ console, out, signal }) => {
      const { processes: running } = await ask(console, 'processes.list', {});
      const used = sort === undefined || sort === 'start' ? undefined : await use(console, sort, signal);
      const list = running.toSorted(order(sort, used));
      const merged = list.map((p) => ({ ...p, ...used?.get(p.entity_id) }));
      await out.write(values.json ? merged.map(json).join('') : readable(list, used, Date.now()));
    };
  },
};

type Used = ReadonlyMap<string, ProcessUsage>;

async function use(console: Console, sort: Sort, signal: AbortSignal): Promise<Used> {
  if (sort === 'cpu') {
    await ask(console, 'processes.usage', {});
    await wait(LOOK_MS, undefined, { signal });
  }
  const { processes: found } = await ask(console, 'processes.usage', {});
  return new Map(found.map((each) => [each.entity_id, each]));
}

function order(sort: Sort | undefined, used: Used | undefined) {
  const value = (p: ProcessSummary): number => {
    if (sort === 'start') return p.start;
    const usage = used?.get(p.entity_id);
    return (sort === 'cpu' ? usage?.cpu_percent : usage?.rss_bytes) ?? -1;
  };
  return (a: ProcessSummary, b: ProcessSummary) =>
    (sort === undefined ? 0 : value(b) - value(a)) || a.pid - b.pid;
}

function readable(list: readonly ProcessSummary[], used: Used | undefined, now: number): string {
  const columns: readonly Column[] = [
    { head: 'PID', align: 'right' },
    { head: 'PARENT', align: 'right' },
    { head: 'USER' },
    ...(used === undefined
      ? []
      : ([
          { head: 'CPU', align: 'right' },
          { head: 'MEMORY', align: 'right' },
        ] as const)),
    { head: 'RUNS FOR', align: 'right' },
    { head: 'NAME' },
    { head: 'COMMAND' },
  ];
  const figures = (usage: ProcessUsage | undefined) => [
    usage?.cpu_percent == null ? 'unknown' : `${usage.cpu_percent.toFixed(1)} %`,
    usage?.rss_bytes == null ? 'unknown' : bytes(usage.rss_bytes),
  ];
  return table(
    columns,
    list.map((p) => [
      String(p.pid),
      String(p.ppid),
      p.user ?? '?',
      ...(used === undefined ? [] : figures(used.get(p.entity_id))),
      duration(Math.max(0, now - p.start)),
      p.name,
      p.command_line ?? p.executable ?? '',
    ]),
  );
}
