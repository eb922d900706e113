/** A process that takes a socket's place when told to; for the test of two that start at once. Each line names a path. */
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { listenAt } from './socket.ts';

createInterface({ input: process.stdin }).on('line', (path) => {
  const server = createServer((socket) => socket.on('error', () => {}).end(String(process.pid)));
  void listenAt(server, path, process.getuid?.() ?? 0).then((result) => {
    process.stdout.write(`${result.ok ? 'listening' : result.error.code}\n`);
  });
});
process.stdin.on('end', () => process.exit(0));
process.stdout.write('ready\n');
