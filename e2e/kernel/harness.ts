/** One whole engine with its real helper, in folders of its own; collects every event that the engine tells live. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';
import { connectEngine, type Connection } from '../../cli/connect.ts';
import type { Reply, RequestIn, RequestName, RequestOut, Status } from '../../shared/console.ts';
import { MAX_PAGE } from '../../shared/console.ts';
import { engineArgv } from '../../shared/engine-argv.ts';
import {
  compareCursors,
  parseCursor,
  type Cursor,
  type Event,
  type EventFields,
} from '../../shared/event.ts';
import { ownConfig } from '../../shared/places.ts';

const ROOT = join(import.meta.dirname, '../..');
const ENGINE = join(ROOT, 'out/engine/index.js');
const TINY_RING = join(import.meta.dirname, 'tiny-ring.ts');
const TRIGGERS = join(import.meta.dirname, 'triggers/build');

/** Storms are made smaller by it, where everything is slow (a guest under emulation). */
export const SCALE = Number(process.env['MERLON_TEST_SCALE'] ?? '1');
export const IN_GUEST = process.env['MERLON_GUEST'] === '1';
const PATIENCE_MS = IN_GUEST ? 180_000 : 15_000;

/** A folder of this test's own. */
export function ownFolder(): string {
  return mkdtempSync(join(tmpdir(), 'merlon-kernel-'));
}

/** The path of a trigger program. */
export function trigger(name: string): string {
  const path = join(TRIGGERS, name);
  assert.ok(existsSync(path), `${path} is missing: make -C e2e/kernel/triggers`);
  return path;
}

export interface EngineOptions {
  readonly data?: string;
  /** Another size of the kernel's ring than the engine asks for. */
  readonly ringBytes?: number;
  /** Let nothing be told live: `events` stays empty, and asking is what costs. */
  readonly quiet?: boolean;
  /** Further flags, such as --keep-days. */
  readonly keep?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Another copy of the built programs, in a folder `out`. */
  readonly out?: string;
  /** Percent of a processor above which sensors are left out; else none is, however busy the test. */
  readonly cpuBudget?: number;
  /** Begin before the helper says that it runs. */
  readonly early?: boolean;
}

/** In the settings that ownConfig() names. */
function budgetOf(folder: string, percent: number): void {
  mkdirSync(join(folder, 'config/merlon'), { recursive: true });
  writeFileSync(
    join(folder, 'config/merlon/merlon.yaml'),
    `sensing.cpu_budget: ${percent}\nsensing.cpu_budget_on_battery: ${percent}\n`,
  );
}

export class Engine {
  readonly folder: string;
  readonly data: string;
  readonly socket: string;
  readonly events: Event[] = [];
  readonly #quiet: boolean;
  readonly #child: ChildProcess;
  readonly #log: string[] = [];
  readonly #ended: Promise<number>;
  #connection: Connection | undefined;
  #changed: (() => void)[] = [];
  readonly #known = new Set<string>();
  #behind: string | undefined;
  #catchingUp = Promise.resolve();
  #sorted = 0;

  private constructor(folder: string, options: EngineOptions) {
    const { data, ringBytes, quiet, keep, env, out, cpuBudget } = options;
    this.folder = folder;
    this.data = data ?? join(folder, 'data');
    this.socket = join(folder, 'merlon.sock');
    budgetOf(folder, cpuBudget ?? 6400);
    const args = ['--data', this.data, '--socket', this.socket, ...(keep ?? [])];
    if (ringBytes !== undefined) args.push('--helper', TINY_RING);
    this.#quiet = quiet === true;
    this.#child = spawn(
      process.execPath,
      engineArgv(out === undefined ? ENGINE : join(out, 'engine/index.js'), args),
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        // As `npm start` does: measured in a session of its own, where scheduling differs.
        detached: quiet === true,
        env: {
          ...process.env,
          ...ownConfig(folder),
          ...env,
          ...(ringBytes === undefined ? {} : { MERLON_RING_BYTES: String(ringBytes) }),
        },
      },
    );
    createInterface({ input: this.#child.stderr! }).on('line', (line) => {
      this.#log.push(line);
      if (this.#log.length > 200) this.#log.shift();
    });
    this.#ended = new Promise((resolve) => this.#child.once('close', (code) => resolve(code ?? -1)));
  }

  /** Starts one, and waits until events flow and what already ran is known. */
  static async start(options: EngineOptions = {}): Promise<Engine> {
    const engine = new Engine(ownFolder(), options);
    try {
      await engine.#listen();
      if (!options.early) await engine.running();
      return engine;
    } catch (error) {
      await engine.end();
      throw error;
    }
  }

  async #listen(): Promise<void> {
    const listening = new Promise<string | undefined>((resolve) => {
      const lines = createInterface({ input: this.#child.stdout! });
      lines.once('line', resolve);
      lines.once('close', () => resolve(undefined));
    });
    assert.ok(await within(listening, 'the engine’s first line', () => this.log), `no engine:\n${this.log}`);
    const connection = await connectEngine(this.socket);
    assert.ok(connection.ok, JSON.stringify(connection));
    this.#connection = connection.value;
    const { console: faces } = connection.value;
    faces.on('events.live', ({ events, behind }) => {
      this.#add(events);
      if (behind !== undefined) this.#fellBehind(behind);
      this.#wake();
    });
    faces.on('status.changed', () => this.#wake());
    if (!this.#quiet) await this.ask('events.subscribe', { query: '' });
  }

  #add(events: readonly Event[]): void {
    for (const event of events) {
      if (this.#known.has(event.cursor)) continue;
      this.#known.add(event.cursor);
      this.events.push(event);
    }
  }

  /** What the engine did not send because this test was slow is in the store; one walk through it at a time. */
  #fellBehind(after: string): void {
    const walking = this.#behind !== undefined;
    this.#behind = after;
    if (!walking) this.#catchingUp = this.#catchUp(after);
  }

  async #catchUp(from: string): Promise<void> {
    let after = from;
    for (;;) {
      const begunAt = this.#behind;
      const page: RequestOut<'events.page'> = await this.ask('events.page', {
        query: '',
        after,
        limit: MAX_PAGE,
      });
      this.#add(page.events);
      after = page.events.at(-1)?.cursor ?? after;
      // At the end, unless it fell behind again while the page was read.
      if (page.next === undefined && this.#behind === begunAt) break;
    }
    this.#behind = undefined;
    this.events.sort((a, b) => compareCursors(cursorOf(a), cursorOf(b)));
    this.#sorted++;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const resolve of waiting) resolve();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The newest lines of its log. */
  get log(): string {
    return this.#log.join('\n');
  }

  async request<N extends RequestName>(name: N, input: RequestIn<N>): Promise<Reply<N>> {
    assert.ok(this.#connection, 'the engine does not listen yet');
    return this.#connection.console.request(name, input);
  }

  /** The value of a reply that must succeed. */
  async ask<N extends RequestName>(name: N, input: RequestIn<N>): Promise<RequestOut<N>> {
    const reply: Reply<N> = await within(this.request(name, input), `an answer to ${name}`, () => this.log);
    assert.ok(reply.ok, `${name}: ${JSON.stringify(reply)}\n${this.log}`);
    return reply.value;
  }

  status(): Promise<Status> {
    return this.ask('status.get', {});
  }

  /** Waits for a state; asks once in a while, as `status.changed` may have passed already. */
  async statusUntil(
    about: string,
    holds: (status: Status) => boolean,
    patienceMs = PATIENCE_MS,
  ): Promise<Status> {
    const end = Date.now() + patienceMs;
    for (;;) {
      const status = await this.status();
      if (holds(status)) return status;
      assert.ok(Date.now() < end, `never came: ${about}\n${JSON.stringify(status, null, 1)}\n${this.log}`);
      await wait(50);
    }
  }

  /** Events flow; a program that starts now is told. */
  async running(): Promise<Status> {
    const status = await this.statusUntil('the helper runs', ({ helper }) => {
      assert.ok(
        !['failed', 'not_authorised', 'dismissed'].includes(helper.state),
        `${helper.reason}\n${this.log}`,
      );
      return helper.state === 'running';
    });
    if (this.#quiet) return status;
    const { pid } = await run(['/bin/true']);
    await this.until('a program is seen', (e) => e['process.pid'] === pid && e['event.action'] === 'exit');
    return status;
  }

  /** The first event, past or to come, that fits. */
  async until(
    about: string,
    fits: (fields: EventFields) => boolean,
    patienceMs = PATIENCE_MS,
  ): Promise<EventFields> {
    let seen = 0;
    let sorted = this.#sorted;
    const end = Date.now() + patienceMs;
    for (;;) {
      await this.#catchingUp;
      if (sorted !== this.#sorted) seen = 0;
      sorted = this.#sorted;
      for (; seen < this.events.length; seen++) {
        const { fields } = this.events[seen]!;
        if (fits(fields)) return fields;
      }
      const left = end - Date.now();
      if (left <= 0) break;
      await Promise.race([
        new Promise<void>((resolve) => this.#changed.push(resolve)),
        wait(left, undefined, { ref: false }),
      ]);
    }
    return assert.fail(`never came: ${about} (of ${this.events.length} events)\n${this.log}`);
  }

  /** All events so far of a process, in their order. */
  of(pid: number, action?: string): EventFields[] {
    return this.events
      .map(({ fields }) => fields)
      .filter((e) => e['process.pid'] === pid && (action === undefined || e['event.action'] === action));
  }

  /** The events of a process that has ended, once its end is told. */
  async story(pid: number, patienceMs?: number): Promise<EventFields[]> {
    await this.until(
      `the end of ${pid}`,
      (e) => e['process.pid'] === pid && e['event.action'] === 'exit',
      patienceMs,
    );
    return this.of(pid);
  }

  /** What the last `exec` said of a program that has ended. */
  async execOf(pid: number): Promise<EventFields> {
    const exec = (await this.story(pid)).findLast((e) => e['event.action'] === 'exec');
    assert.ok(exec, `no exec of ${pid}`);
    return exec;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async ended(): Promise<number> {
    return within(this.#ended, 'the engine’s end', () => this.log);
  }

  /** Ends it in order, and clears up unless the data was given. */
  async end(): Promise<void> {
    this.#connection?.close();
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS);
    await this.#ended;
    clearTimeout(timer);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function cursorOf(event: Event): Cursor {
  const cursor = parseCursor(event.cursor);
  assert.ok(cursor, event.cursor);
  return cursor;
}

async function within<T>(promise: Promise<T>, about: string, log: () => string): Promise<T> {
  const late = Symbol('late');
  const first = await Promise.race([promise, wait(PATIENCE_MS, late, { ref: false })]);
  if (first === late) return assert.fail(`never came: ${about}\n${log()}`);
  return first;
}

export interface Ran {
  readonly pid: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
}

/** Runs a program to its end. */
export function run(argv: readonly string[], options: SpawnOptions = {}): Promise<Ran> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  return new Promise((resolve, reject) => {
    let stdout = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ pid: child.pid ?? 0, code, signal, stdout }));
  });
}

/** Starts an engine for a body, and ends it whatever happens. */
export async function withEngine(
  options: EngineOptions,
  body: (engine: Engine) => Promise<void>,
): Promise<void> {
  const engine = await Engine.start(options);
  try {
    await body(engine);
  } finally {
    await engine.end();
  }
}

/** Runs a trigger program to its end. @returns what it says it did */
export async function play<S extends v.GenericSchema>(
  name: string,
  schema: S,
  args: readonly string[] = [],
): Promise<v.InferOutput<S>> {
  const { code, stdout } = await run([trigger(name), ...args]);
  assert.equal(code, 0, `${name} did not do its thing`);
  return v.parse(schema, JSON.parse(stdout));
}
