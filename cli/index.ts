/** merlon: the command line. Finds the running engine by its socket, wherever its data lies. */
import type { Writable } from 'node:stream';
import { backup } from './backup.ts';
import { bpf } from './bpf.ts';
import { capabilities } from './capabilities.ts';
import { config } from './config.ts';
import { CommandError, EXIT, type Command, type Output } from './command.ts';
import { connectEngine } from './connect.ts';
import { doctor } from './doctor.ts';
import { events } from './events.ts';
import { histogram } from './histogram.ts';
import { open } from './open.ts';
import { processes } from './processes.ts';
import { ProgressLine } from './progress.ts';
import { sense } from './sense.ts';
import { status } from './status.ts';
import { stop } from './stop.ts';
import { store } from './store.ts';
import { visible } from './terminal.ts';
import { tree } from './tree.ts';
import { wipe } from './wipe.ts';

const COMMANDS: readonly Command[] = [
  status,
  events,
  histogram,
  processes,
  tree,
  store,
  backup,
  wipe,
  config,
  capabilities,
  bpf,
  doctor,
  sense,
  open,
  stop,
];

const HELP = `merlon COMMAND [--json] [--help]

${COMMANDS.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join('\n')}

Finds the engine by its socket: $MERLON_SOCKET, else merlon.sock in $XDG_RUNTIME_DIR or /run/user/UID, else in /tmp/merlon-UID.
Exit codes: 0 done · 1 failed · 2 usage · 3 engine not running · 4 not permitted
`;

function streamOutput(
  stream: Writable & { isTTY?: boolean; columns?: number },
  progress: ProgressLine,
): Output {
  return {
    terminal: stream.isTTY === true,
    width: stream.columns || 80,
    write: (text) => {
      progress.clear();
      return stream.write(text) ? Promise.resolve() : new Promise((resolve) => stream.once('drain', resolve));
    },
  };
}

async function main([name, ...args]: readonly string[]): Promise<void> {
  const progress = new ProgressLine(process.stderr);
  const out = streamOutput(process.stdout, progress);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    await out.write(HELP);
    if (name === undefined) process.exitCode = EXIT.usage;
    return;
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command === undefined) {
    throw new CommandError(EXIT.usage, `There is no command ‘${name}’. See: merlon --help`);
  }
  if (args.includes('--help') || args.includes('-h')) return out.write(command.help);
  const body = command.prepare(args);

  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupt.abort());
  const connection = await connectEngine();
  if (!connection.ok) {
    const { code, message } = connection.error;
    if (code === 'not_running' && command.prepareAlone !== undefined)
      return command.prepareAlone(args)({ out, progress, signal: interrupt.signal });
    const exitCode =
      code === 'not_running' ? EXIT.notRunning : code === 'not_permitted' ? EXIT.notPermitted : EXIT.failed;
    throw new CommandError(exitCode, message);
  }
  try {
    await body({ console: connection.value.console, out, progress, signal: interrupt.signal });
  } finally {
    progress.clear();
    connection.value.close();
  }
}

// The reader went away (`| head`): there is nobody left to tell.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed),
);

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  process.stderr.write(`merlon: ${visible(error.message)}\n`);
  process.exitCode = error.exitCode;
}
