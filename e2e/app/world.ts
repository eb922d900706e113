/** One engine and one web face for a test, in a folder of their own, ended again whatever happens. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { makeClient } from '../../shared/client.ts';
import { MAX_REPLY_BYTES, type Console } from '../../shared/console.ts';
import { engineArgv } from '../../shared/engine-argv.ts';
import { FRAME_CONTROL, FrameReader, controlFrame } from '../../shared/frames.ts';
import { ownConfig } from '../../shared/places.ts';
import type { RecordSpec } from './records.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const DOUBLE = join(import.meta.dirname, 'helper-double.ts');

/**
 * Who plays the helper: the double; the real one; or nobody yet, because a fake pkexec answers as a person at the
 * password dialog would ("dismiss" exits 126, "refuse" 127, "allow" starts the double).
 */
export type Helper = 'double' | 'real' | 'pkexec';

export class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'merlon-app-'));
  readonly socket = join(this.folder, 'merlon.sock');
  readonly #children: ChildProcess[] = [];
  readonly #log: string[] = [];
  #console: Console | undefined;
  #wire: Socket | undefined;

  static async start(helper: Helper): Promise<World> {
    const world = new World();
    try {
      await world.startEngine(helper);
      await world.startFace();
      return world;
    } catch (error) {
      await world.end();
      throw new Error(`the engine or its web face did not start:\n${world.log}`, { cause: error });
    }
  }

  get log(): string {
    return this.#log.join('\n');
  }

  async startEngine(helper: Helper): Promise<void> {
    const engine = engineArgv(join(ROOT, 'out/engine/index.js'), [
      '--data',
      join(this.folder, 'data'),
      '--socket',
      this.socket,
    ]);
    const env = { ...process.env, ...ownConfig(this.folder), MERLON_DOUBLE: this.#script };
    if (helper === 'real') {
      await this.#spawn(process.execPath, engine, env);
    } else if (helper === 'double') {
      await this.#spawn(process.execPath, [...engine, '--helper', DOUBLE], env);
    } else {
      await this.#spawnAsUser([...engine, '--helper', join(ROOT, 'out/helper/merlon-helper')], env);
    }
    this.#wire = await open(this.socket);
    this.#console = consoleOver(this.#wire);
  }

  async startFace(port = 0): Promise<void> {
    const face = [join(ROOT, 'out/main/web.js'), '--socket', this.socket, '--port', String(port)];
    await this.#spawn(process.execPath, face, process.env);
  }

  get console(): Console {
    if (this.#console === undefined) throw new Error('the engine has not started');
    return this.#console;
  }

  /** A new one-time link to the page. */
  async link(): Promise<string> {
    const reply = await this.console.request('console.link', {});
    if (!reply.ok) throw new Error(reply.error.message);
    return reply.value.url;
  }

  /** Plays records, once the helper runs. */
  async play(...records: readonly RecordSpec[]): Promise<void> {
    await this.#tell({ records });
  }

  /** Records that the kernel's queue had no room for. */
  async lose(count: number): Promise<void> {
    await this.#tell({ lost: count });
  }

  /** The pid of the helper, once it runs. */
  async helperRuns(): Promise<number> {
    for (;;) {
      const status = await this.console.request('status.get', {});
      if (!status.ok) throw new Error(status.error.message);
      const { state, pid } = status.value.helper;
      if (state === 'running' && pid !== null) return pid;
      await new Promise((again) => setTimeout(again, 50));
    }
  }

  async killHelper(): Promise<void> {
    process.kill(await this.helperRuns(), 'SIGKILL');
  }

  /** As a full disk does, to the engine alone: none of its files may grow while this holds. */
  async fillDisk(full: boolean): Promise<void> {
    const status = await this.console.request('status.get', {});
    if (!status.ok) throw new Error(status.error.message);
    const bytes = full ? '0' : 'unlimited';
    execFileSync('prlimit', [`--pid=${status.value.engine.pid}`, `--fsize=${bytes}:`]);
  }

  /** Ends the engine and its face, spoils every file of events, and starts them again; pages need a new link. */
  async damage(): Promise<void> {
    await this.endEngine();
    const events = join(this.folder, 'data/events');
    for (const name of readdirSync(events)) overwrite(join(events, name), Buffer.alloc(100, 'x'), 0);
    await this.startEngine('double');
    await this.startFace();
  }

  /** The same, but the database is one that a newer Merlon has written. */
  async makeNewer(): Promise<void> {
    await this.endEngine();
    // `user_version` in the header (https://www.sqlite.org/fileformat2.html#the_database_header).
    overwrite(join(this.folder, 'data/catalogue.db'), Buffer.from([0, 0, 39, 15]), 60);
    await this.startEngine('double');
    await this.startFace();
  }

  /** The next helper double to start says nothing until it may. */
  holdHelper(): void {
    writeFileSync(join(this.folder, 'double.sock.hold'), '');
  }

  letHelperGo(): void {
    rmSync(join(this.folder, 'double.sock.hold'));
  }

  /** What the person does at the password dialog, from now on. */
  answerDialog(answer: 'dismiss' | 'refuse' | 'allow'): void {
    writeFileSync(join(this.folder, 'answer'), answer);
  }

  async endEngine(): Promise<void> {
    await ended(this.#children[0]);
  }

  async end(): Promise<void> {
    this.#wire?.destroy();
    for (const child of this.#children.toReversed()) await ended(child);
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #script(): string {
    return join(this.folder, 'double.sock');
  }

  async #tell(order: unknown): Promise<void> {
    await this.helperRuns();
    const script = await open(this.#script);
    await new Promise<void>((done) => script.end(`${JSON.stringify(order)}\n`, () => done()));
  }

  /**
   * An engine that believes to be an ordinary user's: in a user namespace where root's id is 1000. Its pkexec is a
   * script of ours, first on the path.
   */
  async #spawnAsUser(engine: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
    const bin = join(this.folder, 'bin');
    if (!existsSync(bin)) this.answerDialog('dismiss');
    mkdirSync(bin, { recursive: true });
    const script = `#!/bin/sh
case "$(cat ${this.folder}/answer)" in
  dismiss) exit 126 ;;
  refuse) echo 'Error executing command as another user: Not authorized' >&2; exit 127 ;;
  *)
    for word; do :; done
    [ "$word" = probe ] || word=
    exec ${process.execPath} ${DOUBLE} $word ;;
esac
`;
    writeFileSync(join(bin, 'pkexec'), script);
    chmodSync(join(bin, 'pkexec'), 0o755);
    const own = { ...env, PATH: `${bin}:${env['PATH'] ?? ''}` };
    if (process.getuid?.() !== 0) return this.#spawn(process.execPath, engine, own);
    const mapped = ['--user', '--map-user=1000', '--map-group=1000', process.execPath, ...engine];
    await this.#spawn('unshare', mapped, own);
  }

  /** Starts it and waits until it says that it listens. */
  async #spawn(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#children.push(child);
    child.stderr.on('data', (chunk: Buffer) => this.#log.push(chunk.toString().trimEnd()));
    const line = await new Promise<string>((said, failed) => {
      createInterface({ input: child.stdout }).once('line', said);
      child.once('error', failed);
      child.once('exit', (code) => failed(new Error(`${args[0] ?? command} ended with ${code}`)));
    });
    v.parse(v.object({ listening: v.string() }), JSON.parse(line));
  }
}

function overwrite(path: string, bytes: Buffer, at: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((exited) => child.once('exit', exited));
  child.kill('SIGTERM');
  const impatient = setTimeout(() => child.kill('SIGKILL'), 5000);
  await gone;
  clearTimeout(impatient);
}

/** A script's socket appears a moment after its process. */
async function open(path: string): Promise<Socket> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await new Promise<Socket>((opened, failed) => {
        const socket = connectSocket(path, () => opened(socket));
        socket.once('error', failed);
      });
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((again) => setTimeout(again, 50));
    }
  }
}

function consoleOver(socket: Socket): Console {
  const reader = new FrameReader(new Map([[FRAME_CONTROL, MAX_REPLY_BYTES]]));
  return makeClient({
    send: (message) => void socket.write(controlFrame(message)),
    onMessage: (listener) =>
      socket.on('data', (chunk: Buffer) => {
        for (const { payload } of reader.push(chunk)) listener(JSON.parse(Buffer.from(payload).toString()));
      }),
    onClose: (listener) => socket.on('close', listener).on('error', () => socket.destroy()),
  });
}
