/**
 * Kills helper and engine at random moments while programs run all the time, and holds what the store has in the end
 * against what a client was told: whatever was told was committed before.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { connectEngine, type Connection } from '../../cli/connect.ts';
import { MAX_PAGE, type Reply, type RequestIn, type RequestName } from '../../shared/console.ts';
import type { Event } from '../../shared/event.ts';
import { ownConfig } from '../../shared/places.ts';
import { IN_GUEST, ownFolder, SCALE, trigger } from './harness.ts';
import { Told, type Count } from './told.ts';

const ENGINE = join(import.meta.dirname, '../../out/engine/index.js');
const PATIENCE_MS = IN_GUEST ? 180_000 : 60_000;
/** Of each of the storm's two workers: it makes up for what it missed, and with more a small machine does nothing else. */
const EXECS_PER_SECOND = 150 * SCALE;
/** The helper is started again at once the first time, and later ever later; the fifth time within a minute not at all. */
const HELPER_KILLS_OF_ONE_ENGINE = 2;
/** So many of the kills are followed by one of the engine while what they ended is still starting. */
const HASTY = 0.1;
/** A process that is so much younger than the kill was surely not seen by what was killed, by the engine's wall clock. */
const YOUNGER_MS = 20;

export type Target = 'helper' | 'engine';

export interface Outcome extends Count {
  readonly kills: Readonly<Record<Target, number>>;
  /** From each kill that was waited for to the first event of a program that was started after it, in ms. */
  readonly backMs: Readonly<Record<Target, readonly number[]>>;
  /** Of helper kills, those of the first in the life of an engine. */
  readonly firstBackMs: readonly number[];
  /** What `store.check` found. */
  readonly findings: readonly string[];
  readonly partitions: number;
}

export interface CampaignOptions {
  readonly kills: number;
  /** Kinds for kills from 1 on, each waited for. By default either, as it falls. */
  readonly next?: (kill: number) => Target;
  readonly onProgress?: (kills: number, told: number) => void;
}

export async function campaign({ kills, next, onProgress }: CampaignOptions): Promise<Outcome> {
  const folder = ownFolder();
  const tag = `kills-${process.pid}`;
  // A group of its own: the workers end with it.
  const args = ['-n', '1000000000', '-w', '2', '-r', String(EXECS_PER_SECOND), '-t', tag];
  const storm = spawn(trigger('storm'), args, { stdio: 'ignore', detached: true });
  const run = new Campaign(folder, tag);
  try {
    await run.begin();
    for (let kill = 1, hasty = false; kill <= kills; kill++) {
      const target = hasty ? 'engine' : (next?.(kill) ?? run.choose());
      hasty = next === undefined && kill < kills && Math.random() < HASTY;
      await run.kill(target, hasty);
      onProgress?.(kill, run.told.told);
    }
    endGroup(storm);
    return await run.count();
  } finally {
    endGroup(storm);
    await run.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

function endGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
}

class Campaign {
  readonly told: Told;
  readonly #folder: string;
  readonly #kills: Record<Target, number> = { helper: 0, engine: 0 };
  readonly #backMs: Record<Target, number[]> = { helper: [], engine: [] };
  readonly #firstBackMs: number[] = [];
  #life: Life;
  #lives = 0;
  #helperKills = 0;
  #back: { readonly sinceMs: number; readonly resolve: (atMs: number) => void } | undefined;

  constructor(folder: string, tag: string) {
    this.#folder = folder;
    this.told = new Told(tag);
    this.#life = this.#start();
  }

  #start(): Life {
    this.#helperKills = 0;
    return new Life(join(this.#folder, 'data'), join(this.#folder, `${this.#lives++}.sock`), (events) =>
      this.#heard(events),
    );
  }

  #heard(events: readonly Event[]): void {
    for (const event of events) {
      this.told.tell(event);
      if (this.#back === undefined) continue;
      const { 'event.action': action = '', 'process.start': startMs = 0 } = event.fields;
      if (!['fork', 'exec', 'exit'].includes(action) || startMs < this.#back.sinceMs + YOUNGER_MS) continue;
      this.#back.resolve(Date.now());
      this.#back = undefined;
    }
  }

  /** @returns when the first event of a program came that was started after that moment. */
  async #backSince(sinceMs: number): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#back = { sinceMs, resolve };
    const late = Symbol('late');
    const first = await Promise.race([promise, this.#life.failed, wait(PATIENCE_MS, late, { ref: false })]);
    assert.ok(typeof first === 'number', `capture did not come back\n${this.#life.log}`);
    return first;
  }

  async begin(): Promise<void> {
    await this.#backSince(Date.now());
  }

  choose(): Target {
    return this.#helperKills >= HELPER_KILLS_OF_ONE_ENGINE || Math.random() < 0.5 ? 'engine' : 'helper';
  }

  /** @param hasty does not wait for capture to be back. */
  async kill(target: Target, hasty: boolean): Promise<void> {
    const helper = target === 'helper' ? await this.#life.helper() : undefined;
    await wait(Math.random() * 500);
    const killedMs = Date.now();
    if (helper === undefined) {
      await this.#life.kill();
      this.#life = this.#start();
    } else {
      this.#life.killHelper(helper);
      this.#helperKills++;
    }
    this.#kills[target]++;
    if (hasty) return;
    const tookMs = (await this.#backSince(killedMs)) - killedMs;
    this.#backMs[target].push(tookMs);
    if (target === 'helper' && this.#helperKills === 1) this.#firstBackMs.push(tookMs);
  }

  /** Once nothing comes any more. */
  async count(): Promise<Outcome> {
    await this.#life.calm();
    const count = await this.told.count((after) =>
      this.#life.ask('events.page', { query: '', after, limit: MAX_PAGE }),
    );
    const { findings, partitions } = await this.#life.ask('store.check', {});
    return {
      ...count,
      kills: this.#kills,
      backMs: this.#backMs,
      firstBackMs: this.#firstBackMs,
      findings: findings.map(({ file, problem }) => `${file}: ${problem}`),
      partitions,
    };
  }

  end(): Promise<void> {
    return this.#life.end();
  }
}

/** One engine, from its start to its end, with a client that follows it. */
class Life {
  readonly #child: ChildProcess;
  readonly #log: string[] = [];
  readonly #exited: Promise<void>;
  readonly #followed: Promise<Connection | undefined>;
  readonly #heard: (events: readonly Event[]) => void;
  /** Rejects where it ends unasked. */
  readonly failed: Promise<never>;
  #ending = false;
  #chasing = false;
  /** Where the events begin that are still to be asked for. */
  #missedFrom: string | undefined;
  #killedHelper: number | undefined;

  constructor(data: string, socket: string, heard: (events: readonly Event[]) => void) {
    this.#heard = heard;
    this.#child = spawn(process.execPath, [ENGINE, '--data', data, '--socket', socket], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...ownConfig(dirname(socket)) },
    });
    createInterface({ input: this.#child.stderr! }).on('line', (line) => {
      this.#log.push(line);
      if (this.#log.length > 100) this.#log.shift();
    });
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()));
    const { promise, reject } = Promise.withResolvers<never>();
    this.failed = promise;
    promise.catch(() => undefined); // who waits for something is told; the others know that it is over
    const fail = (error: unknown) => {
      if (!this.#ending) reject(error instanceof Error ? error : new Error(String(error)));
    };
    this.#child.once('exit', (code) => fail(new Error(`the engine ended (${code})\n${this.log}`)));
    this.#followed = this.#follow(socket).catch((error: unknown) => {
      fail(error);
      return undefined;
    });
  }

  get log(): string {
    return this.#log.join('\n');
  }

  async #follow(socket: string): Promise<Connection | undefined> {
    const listening = await new Promise<string | undefined>((resolve) => {
      const lines = createInterface({ input: this.#child.stdout! });
      lines.once('line', resolve);
      lines.once('close', () => resolve(undefined));
    });
    if (listening === undefined) return undefined;
    const connected = await connectEngine(socket);
    if (!connected.ok) throw new Error(connected.error.message);
    const { console: faces } = connected.value;
    faces.on('events.live', ({ events, behind }) => {
      this.#heard(events);
      if (behind !== undefined) void this.#fellBehind(connected.value, behind);
    });
    await faces.request('events.subscribe', { query: '' });
    return connected.value;
  }

  /** One chase at a time: several would slow the engine, and this client, so that each makes for the next. */
  async #fellBehind(connection: Connection, from: string): Promise<void> {
    this.#missedFrom ??= from;
    if (this.#chasing) return;
    this.#chasing = true;
    for (let next: string | undefined = from; next !== undefined; next = this.#missedFrom) {
      this.#missedFrom = undefined;
      await this.#catchUp(connection, next);
    }
    this.#chasing = false;
  }

  /** What was not sent because this client was slow; what it does not get because the engine is killed was not told. */
  async #catchUp({ console: faces }: Connection, from: string): Promise<void> {
    for (let after: string | undefined = from; after !== undefined;) {
      const page: Reply<'events.page'> = await faces.request('events.page', {
        query: '',
        after,
        limit: MAX_PAGE,
      });
      if (!page.ok) return;
      this.#heard(page.value.events);
      after = page.value.next;
    }
  }

  async ask<N extends RequestName>(name: N, input: RequestIn<N>) {
    const connection = await this.#followed;
    assert.ok(connection, `the engine does not listen\n${this.log}`);
    const reply: Reply<N> = await connection.console.request(name, input);
    assert.ok(reply.ok, `${name}: ${JSON.stringify(reply)}\n${this.log}`);
    return reply.value;
  }

  /** The process that runs as its helper, once there is one. */
  async helper(): Promise<number> {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const { helper } = await this.ask('status.get', {});
      // The engine may not have seen yet that the last one has ended.
      const another = helper.pid !== null && helper.pid !== this.#killedHelper;
      if (helper.state === 'running' && another) return helper.pid;
      assert.ok(Date.now() < end, `no helper: ${helper.reason}\n${this.log}`);
      await wait(10);
    }
  }

  killHelper(pid: number): void {
    try {
      process.kill(pid, 'SIGKILL');
      this.#killedHelper = pid;
    } catch (error) {
      throw new Error(`the helper (pid ${pid}) ended before it was killed\n${this.log}`, { cause: error });
    }
  }

  /** Waits until few events come in. */
  async calm(): Promise<void> {
    for (let before = -Infinity; ;) {
      const { events } = (await this.ask('status.get', {})).store;
      if (events - before < 100) return;
      before = events;
      await wait(500);
    }
  }

  async kill(): Promise<void> {
    this.#ending = true;
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async end(): Promise<void> {
    this.#ending = true;
    (await this.#followed)?.close();
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS);
    await this.#exited;
    clearTimeout(timer);
  }
}
