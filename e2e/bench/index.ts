/**
 * `npm run bench [-- NAME…] [--execs N] [--events N] [--folder DIR] [--kills N] [--minutes N]`: every bench, or those
 * named, one after the other. The table goes to stderr, the same as JSON to stdout. Exit codes: 0, 1 when a bench could
 * not run, 2 usage. A missed aim is a figure, not a failure.
 */
import { parseArgs } from 'node:util';
import { machine, say } from './machine.ts';
import { table, type Figure } from './figures.ts';
import { consoleBench } from './console.ts';
import { decode } from './decode.ts';
import { idle } from './idle.ts';
import { instructions } from './instructions.ts';
import { kills } from './kills.ts';
import { latency } from './latency.ts';
import { liveness } from './liveness.ts';
import { million } from './million.ts';
import { overflow } from './overflow.ts';
import { ring } from './ring.ts';
import { append } from './append.ts';
import { scale } from './scale.ts';
import { storm } from './storm.ts';
import { syscall } from './syscall.ts';

const BENCHES = {
  ring,
  decode,
  append,
  scale: () => scale({ events: options.events, folder: values.folder }),
  syscall,
  idle,
  liveness,
  latency,
  console: () => consoleBench({ folder: values.folder, minutes: options.minutes }),
  storm,
  million: () => million(options.execs),
  overflow,
  kills: () => kills(options.kills),
  instructions,
} satisfies Record<string, () => Promise<Figure[]>>;

function usage(): never {
  say('usage: npm run bench [-- NAME…] [--execs N] [--events N] [--folder DIR] [--kills N] [--minutes N]');
  say(`names: ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}

function flags() {
  try {
    return parseArgs({
      options: {
        /** Of `million`. */
        execs: { type: 'string', default: '1000000' },
        /** Of `scale`; made in `folder`, and found there by later runs. */
        events: { type: 'string', default: '10000000' },
        folder: { type: 'string' },
        /** Of `kills`. */
        kills: { type: 'string', default: '1000' },
        /** Of `console`. */
        minutes: { type: 'string', default: '5' },
      },
      allowPositionals: true,
    });
  } catch {
    return usage();
  }
}

const { values, positionals } = flags();
const options = {
  execs: Number(values.execs),
  events: Number(values.events),
  kills: Number(values.kills),
  minutes: Number(values.minutes),
};
const counts = Object.values(options).every((count) => Number.isInteger(count) && count >= 1);
if (!counts || positionals.some((name) => !Object.hasOwn(BENCHES, name))) usage();

const figures: Figure[] = [];
for (const [name, bench] of Object.entries(BENCHES)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  try {
    figures.push(...(await bench()));
  } catch (error) {
    process.exitCode = 1;
    figures.push({
      bench: name,
      name: 'could not run',
      value: error instanceof Error ? error.message : String(error),
      unit: '',
    });
  }
}
say(table(figures));
process.stdout.write(`${JSON.stringify({ machine: machine(), figures }, null, 2)}\n`);
