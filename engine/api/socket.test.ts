import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listenAt, turnName } from './socket.ts';

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

  test('gives a stale socket’s place to one of several that start at once', async () => {
    const children = Array.from({ length: 3 }, () => new Starter());
    try {
      await Promise.all(children.map((child) => child.said()));
      for (let round = 0; round < 10; round++) {
        const path = join(folder, `${round}.sock`);
        await leaveStale(path);
        for (const child of children) child.start(path);
        const results = await Promise.all(children.map((child) => child.said()));
        expect([...results].sort(), `round ${round}`).toEqual(['in_use', 'in_use', 'listening']);
        expect(await text(connect(path))).toBe(String(children[results.indexOf('listening')]?.pid));
      }
    } finally {
      await Promise.all(children.map((child) => child.end()));
    }
  }, 60_000);

  test('whoever holds the turn for long does not keep an engine from starting', async () => {
    const path = join(folder, 'merlon.sock');
    await once(server().listen(turnName(path, uid)), 'listening');
    expect((await listenAt(server(), path, uid)).ok).toBe(true);
  }, 20_000);
});

/** A socket file that nobody listens at, as a killed engine leaves it. */
async function leaveStale(path: string): Promise<void> {
  const dying = createServer().listen(`${path}.dying`);
  await once(dying, 'listening');
  linkSync(`${path}.dying`, path);
  dying.close();
  await once(dying, 'close');
}

class Starter {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor() {
    this.#child = spawn(process.execPath, [join(import.meta.dirname, 'socket.child.ts')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }
  get pid(): number | undefined {
    return this.#child.pid;
  }
  start(path: string): void {
    this.#child.stdin.write(`${path}\n`);
  }
  async said(): Promise<string | undefined> {
    const line = await this.#lines.next();
    return line.done === true ? undefined : line.value;
  }
  async end(): Promise<void> {
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
  }
}
