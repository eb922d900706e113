/** merlon doctor: what Merlon finds when it looks at itself; without an engine, too. */
import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { Diagnostics, DoctorCheck } from '../shared/console.ts';
import { dataFolder } from '../shared/places.ts';
import { ask, CommandError, EXIT, json, readArgs, type Command, type Output } from './command.ts';
import { ownConfig } from './config.ts';
import { ownSocketPath, ownSurroundings } from './connect.ts';
import { visible } from './terminal.ts';

type Body = (diagnostics: Diagnostics, out: Output) => Promise<void>;

export const doctor: Command = {
  name: 'doctor',
  about: 'looks at itself; with FILE, a bundle without secrets to hand on',
  help: `merlon doctor [FILE] [--json]

Says what it looked at: ok, a problem with what to do, or not checked. Works without an engine, too.
With FILE it writes a bundle (a gzipped tar archive of report.txt and report.json, only you can read it): versions,
checks, counts, settings and the engine’s last log lines. It holds no events and no environment; secrets, your name, your
home folder and this machine’s name are replaced. Nothing is overwritten, and nothing is sent anywhere.
  --json   prints the report
Exit code 0 where no problem was found, 1 where one was.
`,
  prepare(args) {
    const body = plan(args);
    return async ({ console, out }) => body(await ask(console, 'diagnostics.collect', {}), out);
  },
  prepareAlone(args) {
    const body = plan(args);
    return async ({ out }) => body(await alone(), out);
  },
};

/** The same look, by this process. */
async function alone(): Promise<Diagnostics> {
  const { collect } = await import('../engine/doctor/collect.ts');
  return collect({
    config: (await ownConfig()).list(),
    data: dataFolder(ownSurroundings(), homedir()),
    socket: ownSocketPath(),
    helper: undefined,
    status: null,
    log: [],
  });
}

function plan(args: readonly string[]): Body {
  const { values, positionals } = readArgs('doctor', args, { json: { type: 'boolean' } }, 1);
  const [name] = positionals;
  const file = name === undefined ? undefined : resolve(name);
  return async ({ report, bundle }, out) => {
    if (file !== undefined) write(file, Buffer.from(bundle.base64, 'base64'));
    const { checks, holds, leaves_out: leavesOut } = report;
    if (values.json) {
      await out.write(json({ ...report, ...(file === undefined ? {} : { file }) }));
    } else {
      const about =
        file === undefined
          ? ['A bundle to hand on: merlon doctor FILE.tar.gz']
          : [`${file} holds ${holds.join('; ')}.`, `It leaves out ${leavesOut.join('; ')}.`];
      const lines = [...checks.flatMap(linesOf), '', ...about];
      await out.write(lines.map((line) => `${visible(line)}\n`).join(''));
    }
    const problems = checks.filter(({ state }) => state === 'problem').length;
    if (problems > 0)
      throw new CommandError(
        EXIT.failed,
        problems === 1 ? 'One problem was found.' : `${problems} problems were found.`,
      );
  };
}

const MARKS: Readonly<Record<DoctorCheck['state'], string>> = {
  ok: '✓ ok',
  problem: '✗ problem',
  not_checked: '– not checked',
};

function linesOf({ state, title, said, todo }: DoctorCheck): string[] {
  const line = `${MARKS[state].padEnd(13)}  ${title}: ${said}`;
  return todo === undefined ? [line] : [line, `${''.padEnd(13)}  → ${todo}`];
}

/** @throws CommandError where it cannot be, or something is there already. */
function write(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    throw new CommandError(
      EXIT.failed,
      code === 'EEXIST'
        ? `${file} is there already, and Merlon overwrites nothing. Name another file.`
        : `${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
