/**
 * The privileged process: loads the sensors, forwards what they say, carries out a closed list of commands. It ends with
 * its stdin: a parent that is not root cannot signal it, and must never leave it behind.
 */
import { Socket } from 'node:net';
import process from 'node:process';
import { Sensor } from '../native/index.ts';
import manifest from '../package.json' with { type: 'json' };
import { keptCapabilities, PrivilegeError } from './privileges.ts';
import { inventoryAt } from './inventory.ts';
import { probeOf } from './probe.ts';
import { serve } from './serve.ts';
import { frameOutput } from './stream.ts';

/** Exit codes; the launcher's own are beside its refusals. engine/sensor/ending.ts has a sentence for each. */
const EXIT_PRIVILEGES = 79;
const EXIT_BUG = 70;
const EXIT_USAGE = 64;
/** How long what was read already may take to leave; well within the engine's patience (engine/sensor/launch.ts). */
const FLUSH_MS = 1000;

const sensor = new Sensor();

const log = (line: string): void => {
  process.stderr.write(`merlon-helper: ${line}\n`);
};
const end = (code: number, reason: string): never => {
  sensor.stop();
  log(`ends: ${reason}`);
  process.exit(code);
};

process.stderr.on('error', () => {}); // nobody reads the log any more; stdin says when to end
// Ctrl-C in the terminal goes to the whole foreground group; the engine ends this process in its own order, by stdin.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => end(0, 'SIGTERM'));
process.on('SIGHUP', () => end(0, 'SIGHUP'));
process.on('uncaughtException', (error) => end(EXIT_BUG, error.stack ?? error.message));

function openStdout(): Socket {
  try {
    // Not process.stdout, which blocks the whole process while a pipe is full.
    return new Socket({ fd: 1, readable: false, writable: true });
  } catch {
    return end(EXIT_USAGE, 'stdin and stdout must be pipes: the engine starts this program.');
  }
}

function requirePrivileges(): string[] {
  try {
    return keptCapabilities();
  } catch (error) {
    if (error instanceof PrivilegeError) return end(EXIT_PRIVILEGES, error.message);
    throw error;
  }
}

const capabilities = requirePrivileges();
const probed = probeOf(process.env['MERLON_PROBE']);
const inventory = inventoryAt(process.env['MERLON_INVENTORY']);
const output = frameOutput(openStdout(), (reason) => end(0, `stdout: ${reason}`));
const reason = await serve({
  input: process.stdin,
  output,
  sensor,
  probed,
  inventory,
  version: manifest.version,
  capabilities,
  log,
});
setTimeout(() => end(0, `${reason}; what it had read was not taken`), FLUSH_MS);
await output.flush();
end(0, reason);
