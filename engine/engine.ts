/** The engine, put together: store, identity, ingest, helper and the socket that faces connect to. */
import { homedir, release } from 'node:os';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import manifest from '../package.json' with { type: 'json' };
import { peer } from '../native/peer/index.ts';
import type { Status } from '../shared/console.ts';
import { formatCursor } from '../shared/event.ts';
import { fail, ok, type Result } from '../shared/result.ts';
import { Api } from './api.ts';
import { ApiServer } from './api/server.ts';
import { listenAt } from './api/socket.ts';
import { StatusTeller, StoreStatus } from './api/status.ts';
import { Clock } from './clock.ts';
import type { LiveConfig } from './config/index.ts';
import { collect } from './doctor/collect.ts';
import { rootFacts } from './doctor/root-facts.ts';
import { Cgroups } from './identity/cgroups.ts';
import { ContainerNames } from './identity/containers.ts';
import { Packages } from './identity/packages.ts';
import { ProgramFiles } from './identity/program.ts';
import { Users } from './identity/users.ts';
import { Ingest } from './ingest.ts';
import { Novelty } from './novelty/novelty.ts';
import { redactionKey, Redactor } from './redact.ts';
import { Refusals } from './refusals.ts';
import { adoptOldRetention, RetentionSetting } from './retention.ts';
import { Self } from './self.ts';
import { Sensing } from './sensing.ts';
import { EventMaker } from './sensor/events.ts';
import { clockStepped } from './sensor/notices.ts';
import { OwnProbe } from './sensor/own-probe.ts';
import { readArguments } from './sensor/proc.ts';
import { Processes } from './sensor/processes.ts';
import { Usage } from './sensor/usage.ts';
import { routeOf } from './sensor/spawn.ts';
import type { Store, StoreOptions } from './store/contract.ts';
import { openStore, StoreError } from './store/index.ts';

export interface EngineOptions {
  readonly data: string;
  readonly socket: string;
  /** Absolute path of merlon-helper, or of a script that plays it. */
  readonly helper: string;
  readonly config: LiveConfig;
  /** The last lines that were logged. */
  readonly logged: () => readonly string[];
  readonly log: (line: string) => void;
  /** A client asked the engine to end. */
  readonly onStop: () => void;
}

export interface Engine {
  /** Detaches, stores what is under way, closes. Idempotent. */
  stop(): Promise<void>;
}

type StartError = 'in_use' | 'socket' | 'store';

/** The sensor waits this long for dpkg's index; packages of earlier events stay unknown. */
const INDEX_WAIT_MS = 300;
const TICK_MS = 1000;
const UNASKED =
  'Nobody was asked for a password yet. The console says what for, and asks; in a terminal: merlon sense';
/** Where more than this waits to be stored, faces are told to page rather than what came. */
const LIVE_BYTES = 8 << 20;

/** Starts everything. Fails: in_use (socket or database of another engine), socket, store. */
export async function startEngine(options: EngineOptions): Promise<Result<Engine, StartError>> {
  const { data, log } = options;
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  adoptOldRetention(data, options.config, log);
  const retention = new RetentionSetting(options.config);
  const refusals = new Refusals(log);
  const opened = await open({
    folder: data,
    bootId,
    retention: retention.forStore,
    waitUnopened: true,
    onRefused: (said) => refusals.say(said),
    log,
  });
  if (!opened.ok) return opened;
  const engine = new RunningEngine(options, { bootId, store: opened.value, retention, refusals });
  const listening = await engine.listen();
  if (listening.ok) {
    await engine.sense();
    return ok(engine);
  }
  await engine.stop();
  const { code, message } = listening.error;
  return fail(code === 'in_use' ? 'in_use' : 'socket', message);
}

async function open(options: StoreOptions): Promise<Result<Store, StartError>> {
  try {
    return ok(await openStore(options));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return fail(error.code === 'in_use' ? 'in_use' : 'store', error.message);
  }
}

/** What is there before the engine is. */
interface Ground {
  readonly bootId: string;
  readonly store: Store;
  readonly retention: RetentionSetting;
  readonly refusals: Refusals;
}

class RunningEngine implements Engine {
  readonly #options: EngineOptions;
  readonly #store: Store;
  readonly #clock = new Clock();
  readonly #bootId: string;
  readonly #cgroups = new Cgroups(new ContainerNames(homedir()));
  readonly #users = new Users();
  readonly #packages: Packages;
  readonly #ingest: Ingest;
  readonly #programs: Novelty;
  readonly #sensing: Sensing;
  readonly #self: Self;
  readonly #server: ApiServer;
  readonly #status: StatusTeller;
  readonly #refusals: Refusals;
  readonly #storeStatus = new StoreStatus();
  #retained: string;
  #newest: string | null;
  #timer: NodeJS.Timeout | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: EngineOptions, { bootId, store, retention, refusals }: Ground) {
    this.#options = options;
    this.#bootId = bootId;
    this.#store = store;
    this.#refusals = refusals;
    refusals.onChange = () => this.#status.changed();
    this.#retained = JSON.stringify(retention.forStore);
    options.config.onChange = () => this.#reconfigured(retention);
    const { log } = options;
    const clock = this.#clock;
    const { boot, last, newest } = store;
    this.#newest = newest === undefined ? null : formatCursor(newest);
    const users = this.#users;
    const cgroups = this.#cgroups;
    const processes = new Processes(bootId);
    const redactor = new Redactor(redactionKey(options.data));
    this.#packages = new Packages({ log });
    const maker = new EventMaker({
      bootId,
      clock,
      processes,
      users,
      cgroups,
      packages: this.#packages,
      redactor,
      readArguments,
      probe: OwnProbe.beside(options.helper),
      onLoaded: (loaded) => this.#self.loaded(loaded),
    });
    this.#self = new Self({
      bootId,
      clock,
      helper: options.helper,
      data: options.data,
      socket: options.socket,
      config: options.config,
      store,
      processes,
      users,
      packages: this.#packages,
      ingest: () => this.#ingest,
      sensing: () => this.#sensing,
      notify: (name, value) => this.#server.notify(name, value),
      onStatus: () => this.#status.changed(),
      log,
    });
    const programs = new Novelty({ folder: options.data, store, log });
    this.#programs = programs;
    this.#ingest = new Ingest({
      bootId,
      boot,
      sequence: last.sequence,
      lastTimeNs: last.timeNs,
      clock,
      processes,
      maker,
      own: (record) => this.#self.claims(record),
      append: async (events) => {
        const unknown = programs.look(events);
        const { cursor } = events.at(-1)!;
        await store.append(events);
        programs.stored(unknown, cursor);
      },
      waitingBytes: () => store.stats().waiting.bytes,
      wanted: () => this.#server.subscribed && store.stats().waiting.bytes < LIVE_BYTES,
      onStored: (newest, events) => {
        this.#newest = formatCursor(newest);
        if (events === undefined) this.#server.passedOver(this.#newest);
        else this.#server.stored(events);
      },
      onPressure: (full) => this.#sensing.pressure(full),
      onMalformed: (reason) => this.#sensing.distrust(reason),
      onGap: (gap) => this.#self.health.blind(gap),
      log,
    });
    this.#sensing = new Sensing({
      bootId,
      clock,
      file: options.helper,
      ingest: this.#ingest,
      awaySinceNs: last.timeNs === 0 ? undefined : last.timeNs,
      ringBytes: () => options.config.now['sensing.queue_size'],
      onRunning: (helper) => this.#self.helperRuns(helper),
      onStats: (stats) => this.#self.health.took(stats),
      onChange: () => this.#sensingChanged(),
      log,
    });
    const api = new Api({
      status: () => this.#statusNow(),
      store,
      retention,
      programs,
      newest: () => this.#newest,
      sources: { processes, clock, users, cgroups, stored: (id) => store.process(id) },
      usage: new Usage(processes, { clock }),
      packages: this.#packages,
      files: new ProgramFiles(users),
      config: options.config,
      collect: () => this.#collect(),
      explain: () => rootFacts(options.helper),
      self: this.#self,
      startHelper: () => this.#sensing.start(),
      stop: options.onStop,
      onReplaced: () => this.#server.notify('store.replaced', {}),
      exchanging: (work) => this.#self.liveness.exchanging(work),
      log,
    });
    this.#server = new ApiServer({
      handlers: api.handlers,
      peerOf: (socket) => peer(descriptorOf(socket)),
      uid: process.getuid?.() ?? -1,
      onGone: (client) => api.gone(client),
      log,
    });
    this.#status = new StatusTeller(
      () => this.#statusNow(),
      (status) => this.#server.notify('status.changed', status),
    );
  }

  /** Settings changed: what depends on them follows, and faces are told. */
  #reconfigured(retention: RetentionSetting): void {
    const wanted = JSON.stringify(retention.forStore);
    if (wanted !== this.#retained) {
      this.#retained = wanted;
      this.#store.retain(retention.forStore).catch((error: unknown) => {
        this.#options.log(`what is kept could not be changed: ${String(error)}`);
      });
    }
    this.#server.notify('config.changed', this.#options.config.list());
  }

  #sensingChanged(): void {
    this.#self.sensingChanged();
    this.#status.changed();
  }

  #collect() {
    const { config, data, socket, helper, logged } = this.#options;
    return collect({ config: config.list(), data, socket, helper, status: this.#statusNow(), log: logged() });
  }

  listen(): Promise<Result<object, 'in_use' | 'refused'>> {
    return listenAt(this.#server.server, this.#options.socket, process.getuid?.() ?? -1);
  }

  /** Reads what identity needs, then starts the helper. */
  async sense(): Promise<void> {
    const index = this.#packages.load();
    const late = new Promise((resolve) => setTimeout(resolve, INDEX_WAIT_MS).unref());
    await Promise.all([this.#cgroups.scan(), Promise.race([index, late])]);
    if (this.#stopped !== undefined) return;
    this.#programs.start();
    this.#self.start();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    if (await this.#mayAsk()) this.#sensing.start();
    else this.#sensing.wait(UNASKED);
  }

  /** No password dialog comes before the console could say what it is for. Where nobody is asked, nobody waits. */
  async #mayAsk(): Promise<boolean> {
    if (routeOf(this.#options.helper, process.getuid?.() ?? -1) !== 'pkexec') return true;
    const ask = this.#options.config.now['sensing.ask_at_start'];
    if (ask !== 'after_first_time') return ask === 'always';
    // What is stored, or was, was seen by a helper that somebody had authorised.
    const known = this.#newest !== null || this.#store.stats().unopened === true;
    return known || (await this.#store.cuts()).length > 0;
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#status.stop();
    this.#self.stop();
    await this.#sensing.stop();
    // A store that takes nothing now gets one more chance when it is closed.
    await Promise.race([this.#ingest.drain(), this.#refusals.refused()]);
    await this.#server.close();
    await this.#programs.stop();
    await this.#store.close();
  }

  #tick(): void {
    this.#users.check();
    this.#options.config.check();
    const step = this.#clock.check();
    if (step !== undefined) {
      const context = { bootId: this.#bootId, clock: this.#clock };
      this.#ingest.notice((sequence, atNs) => clockStepped(context, atNs, sequence, step));
    }
    this.#self.tick();
    this.#status.changed();
  }

  #statusNow(): Status {
    const { canary } = this.#self;
    return {
      engine: {
        version: manifest.version,
        pid: process.pid,
        uptime_s: Math.round(process.uptime()),
        rss_bytes: process.memoryUsage.rss(),
      },
      helper: this.#sensing.helper,
      sensor: this.#sensing.sensor,
      ...(canary && { canary }),
      store: this.#storeStatus.of(this.#store.stats()),
      host: { kernel: release(), boot_id: this.#bootId },
    };
  }
}

/** Node has no public way to a socket's descriptor; libuv's handle carries it on every Unix. */
function descriptorOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  if (typeof fd !== 'number' || fd < 0) throw new Error('the connection has no descriptor');
  return fd;
}
