import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listenAt } from './socket.ts';

const uid = process.getuid?.() ?? 0;
let folder: string;
const servers: Server[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-socket-'));
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  rmSync(folder, { recursive: true, force: true });
});

function server(): Server {
  const made = createServer();
  servers.push(made);
  return made;
}

describe('listenAt', () => {
  test('makes the folder for its owner only, and the socket too', async () => {
    const path = join(folder, 'run/merlon.sock');
    expect((await listenAt(server(), path, uid)).ok).toBe(true);
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    expect(lstatSync(join(folder, 'run')).mode & 0o777).toBe(0o700);
  });

  test('names somebody who listens and does not answer as an engine', async () => {
    const path = join(folder, 'merlon.sock');
    const other = server();
    other.on('connection', (socket) => socket.resume().end('hello, who are you?'));
    await listenAt(other, path, uid);
    expect(await listenAt(server(), path, uid)).toMatchObject({ ok: false, error: { code: 'in_use' } });
  });

  test.each([
    ['a folder that others can write to', (run: string) => chmodSync(run, 0o777)],
    [
      'a link in the place of the folder',
      (run: string) => {
        rmSync(run, { recursive: true });
        symlinkSync('/tmp', run);
      },
    ],
    ['a file in the place of the socket', (run: string) => writeFileSync(join(run, 'merlon.sock'), '')],
    ['a folder in the place of the socket', (run: string) => mkdirSync(join(run, 'merlon.sock'))],
  ])('refuses %s', async (_, spoil) => {
    const run = join(folder, 'run');
    mkdirSync(run, { mode: 0o700 });
    spoil(run);
    expect(await listenAt(server(), join(run, 'merlon.sock'), uid)).toMatchObject({
      ok: false,
      error: { code: 'refused' },
    });
  });

  test('refuses a path that the kernel would cut', async () => {
    const result = await listenAt(server(), join(folder, 'x'.repeat(120)), uid);
    expect(result).toMatchObject({ ok: false, error: { code: 'refused' } });
  });
});
