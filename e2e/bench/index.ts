/**
 * `npm run bench [-- NAME…] [--execs N]`: every bench, or those named, one after the other. The table goes to stderr,
 * the same as JSON to stdout. Exit codes: 0, 1 when a bench could not run, 2 usage. A missed aim is a figure, not a failure.
 */
import { machine, say } from './machine.ts';
import { table, type Figure } from './figures.ts';
import { decode } from './decode.ts';
import { idle } from './idle.ts';
import { instructions } from './instructions.ts';
import { latency } from './latency.ts';
import { million } from './million.ts';
import { overflow } from './overflow.ts';
import { ring } from './ring.ts';
import { append } from './append.ts';
import { storm } from './storm.ts';
import { syscall } from './syscall.ts';

const BENCHES = {
  ring,
  decode,
  append,
  syscall,
  idle,
  latency,
  storm,
  million: () => million(execs),
  overflow,
  instructions,
} satisfies Record<string, () => Promise<Figure[]>>;

const args = process.argv.slice(2);
const at = args.indexOf('--execs');
const execs = at < 0 ? 1_000_000 : Number(args.splice(at, 2)[1]);
const unknown = args.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0 || !Number.isInteger(execs) || execs < 1) {
  say(`usage: npm run bench [-- NAME…] [--execs N]; names: ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}

const figures: Figure[] = [];
for (const [name, bench] of Object.entries(BENCHES)) {
  if (args.length > 0 && !args.includes(name)) continue;
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
