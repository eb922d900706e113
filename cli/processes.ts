/** merlon processes: what runs now. */
import type { ProcessSummary } from '../shared/console.ts';
import { ask, json, readArgs, type Command } from './command.ts';
import { table } from './terminal.ts';
import { duration } from './time.ts';

export const processes: Command = {
  name: 'processes',
  about: 'what runs now',
  help: `merlon processes [--json]

Lists what runs now, by pid.
  --json   one object a line
`,
  prepare(args) {
    const { values } = readArgs('processes', args, { json: { type: 'boolean' } });
    return async ({ console, out }) => {
      const list = [...(await ask(console, 'processes.list', {})).processes].sort((a, b) => a.pid - b.pid);
      await out.write(values.json ? list.map(json).join('') : readable(list, Date.now()));
    };
  },
};

function readable(list: readonly ProcessSummary[], now: number): string {
  return table(
    [
      { head: 'PID', align: 'right' },
      { head: 'PARENT', align: 'right' },
      { head: 'USER' },
      { head: 'RUNS FOR', align: 'right' },
      { head: 'NAME' },
      { head: 'COMMAND' },
    ],
    list.map((p) => [
      String(p.pid),
      String(p.ppid),
      p.user ?? '?',
      duration(Math.max(0, now - p.start)),
      p.name,
      p.command_line ?? p.executable ?? '',
    ]),
  );
}
