import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { peer } from './index.ts';

/** A Node socket's descriptor: the one thing that its public interface keeps back. */
function descriptorOf(socket: Socket): number {
  const { _handle } = socket as unknown as { _handle: { fd: number } };
  return _handle.fd;
}

it('names the process, user and group at the other end of a Unix socket', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-peer-'));
  const server = createServer().listen(join(folder, 'socket'));
  await once(server, 'listening');
  const client = createConnection(join(folder, 'socket'));
  const accepted: unknown[] = await once(server, 'connection');
  const [socket] = accepted as [Socket];
  expect(peer(descriptorOf(socket))).toEqual({
    pid: process.pid,
    uid: process.getuid?.(),
    gid: process.getgid?.(),
  });
  client.destroy();
  socket.destroy();
  server.close();
  rmSync(folder, { recursive: true });
});

it('refuses what is no socket', () => {
  const fd = openSync('/dev/null', 'r');
  expect(() => peer(fd)).toThrow(/SO_PEERCRED: Socket operation on non-socket/);
  closeSync(fd);
});
