/** What Merlon knows of itself and of its place in the kernel: capabilities, liveness, cost, and everybody's BPF. */
import { join } from 'node:path';
import * as v from 'valibot';
import type { CapabilityChange, NoticeName, NoticeOf, Status } from '../shared/console.ts';
import { bpfOutput, type BpfOutput } from '../shared/bpf.ts';
import { fail, ok, type Result } from '../shared/result.ts';
import { EveryonesBpf } from './bpf/index.ts';
import { bpfFound } from './bpf/notices.ts';
import { Capabilities } from './capabilities/index.ts';
import { LADDERS } from './capabilities/ladders.ts';
import type { Clock } from './clock.ts';
import type { LiveConfig } from './config/index.ts';
import { Health } from './health/index.ts';
import type { Packages } from './identity/packages.ts';
import type { Users } from './identity/users.ts';
import type { Ingest } from './ingest.ts';
import { forecastKernels, Memory } from './kernels/index.ts';
import { knownPartitions } from './liveness/guard.ts';
import { Liveness } from './liveness/index.ts';
import { ownObject } from './own-files.ts';
import type { Sensing } from './sensing.ts';
import type { DecodedRecord } from './sensor/decode.ts';
import type { LoadedProgram } from './sensor/bpf-events.ts';
import type { HelperProcess } from './sensor/launch.ts';
import { capabilitiesChanged } from './sensor/notices.ts';
import type { Processes } from './sensor/processes.ts';
import { routeOf } from './sensor/spawn.ts';
import type { Store } from './store/contract.ts';

export interface SelfOptions {
  readonly bootId: string;
  readonly clock: Clock;
  /** Absolute path of merlon-helper, or of a script that plays it. */
  readonly helper: string;
  readonly data: string;
  readonly socket: string;
  readonly config: LiveConfig;
  readonly store: Store;
  readonly processes: Processes;
  readonly users: Users;
  readonly packages: Packages;
  /** What is made after this. */
  readonly ingest: () => Ingest;
  readonly sensing: () => Sensing;
  readonly notify: <N extends NoticeName>(name: N, value: NoticeOf<N>) => void;
  readonly onStatus: () => void;
  readonly log: (line: string) => void;
}

/** Looks at everybody's BPF between those that somebody asks for: a detection is told so late at most. */
const BPF_EVERY_MS = 60_000;
/** After somebody loaded a program: by then it is attached. */
const BPF_SOON_MS = 2000;
/** Where programs are loaded all the time, as by a host that starts containers. */
const BPF_APART_MS = 10_000;

export class Self {
  readonly capabilities: Capabilities;
  readonly liveness: Liveness;
  readonly health: Health;
  readonly bpf: EveryonesBpf;
  readonly #options: SelfOptions;
  #sensing = false;
  #lookedAt = -Infinity;
  /** When everybody’s BPF is looked at next, on the monotonic clock. */
  #lookAt = -Infinity;

  constructor(options: SelfOptions) {
    this.#options = options;
    const { bootId, clock, config, data, helper, ingest, log, notify, sensing, socket, store } = options;
    this.liveness = new Liveness({
      bootId,
      clock,
      ingest,
      data,
      socket,
      partitions: () => knownPartitions(store.stats()),
      lossSince: (ns) => sensing().lossSince(ns),
      onDead: (reason) => this.#renew(reason),
      onChange: options.onStatus,
      log,
    });
    this.health = new Health({
      bootId,
      clock,
      ingest,
      sensing,
      helper: () => sensing().helper,
      waitingBytes: () => store.stats().waiting.bytes,
      budget: () => ({
        percent: config.now['sensing.cpu_budget'],
        onBattery: config.now['sensing.cpu_budget_on_battery'],
      }),
      canaries: () => this.liveness.recent,
      tasks: () => sensing().tasks ?? null,
      log,
    });
    const kernels = new Memory(join(data, 'kernels.json'), log);
    this.capabilities = new Capabilities({
      helper,
      folder: data,
      forecast: (signal) => forecastKernels(ownObject(), undefined, signal, kernels),
      onReport: (report) => notify('capabilities.changed', report),
      onDiffers: (changes) => {
        for (const change of changes) this.#tellOf(change);
      },
      log,
    });
    const hadEvents = store.stats().events > 0;
    this.bpf = new EveryonesBpf({
      hadEvents: () => hadEvents,
      bootId,
      clock,
      folder: data,
      processes: options.processes,
      users: options.users,
      packages: options.packages,
      ask: () => this.#askForBpf(),
      own: () => new Set(sensing().attached),
      helperPid: () => (sensing().helper.state === 'running' ? sensing().helper.pid : null),
      onFound: (finding) =>
        ingest().notice((sequence, atNs) => bpfFound(this.#options, atNs, sequence, finding)),
      log,
    });
  }

  get canary(): Status['canary'] {
    return this.liveness.status;
  }

  /** The engine runs. */
  start(): void {
    this.capabilities.look();
    this.liveness.guard();
  }

  helperRuns(helper: HelperProcess): void {
    void this.capabilities.take(helper.request({ command: 'capabilities' }));
    this.#sensing = true;
    this.health.begin();
    this.#lookAt = performance.now() + BPF_SOON_MS;
    // A double sees no program start.
    if (this.#route !== 'double') this.liveness.sensing();
  }

  sensingChanged(): void {
    if (this.#options.sensing().helper.state === 'running' || !this.#sensing) return;
    this.#sensing = false;
    this.liveness.notSensing();
    this.health.end();
  }

  /** @returns whether it is of Merlon’s own tests, and no event. */
  claims(record: DecodedRecord): boolean {
    return this.liveness.claims(record);
  }

  /** Once a second. */
  tick(): void {
    this.health.tick();
    const now = performance.now();
    if (now < this.#lookAt || this.#options.sensing().helper.state !== 'running') return;
    this.#lookAt = now + BPF_EVERY_MS;
    this.#lookedAt = now;
    void this.bpf.look();
  }

  stop(): void {
    this.capabilities.stop();
    this.health.end();
    this.liveness.stop();
    this.bpf.stop();
  }

  get #route() {
    return routeOf(this.#options.helper, process.getuid?.() ?? -1);
  }

  /** Not where somebody would be asked for a password, out of nothing: there it is told, and left to the person. */
  #renew(reason: string): void {
    if (this.#route !== 'pkexec') this.#options.sensing().renew(reason);
  }

  /** A BPF program was loaded, also one that is no event. */
  loaded({ id, tag, process }: LoadedProgram): void {
    // It is looked at soon; many that are loaded together, once.
    const soon = Math.max(performance.now() + BPF_SOON_MS, this.#lookedAt + BPF_APART_MS);
    this.#lookAt = Math.min(this.#lookAt, soon);
    const { users } = this.#options;
    const executable = process.image?.executable ?? null;
    const loader = {
      pid: process.pid,
      entity_id: process.entityId,
      name: process.image?.name ?? process.comm,
      executable,
      user: users.user(process.uid) ?? String(process.uid),
    };
    this.bpf.loaded(id, tag, loader, process.image);
  }

  async #askForBpf(): Promise<Result<BpfOutput, 'not_sensing' | 'inventory_failed'>> {
    const reply = await this.#options.sensing().bpf();
    if (!reply.ok) {
      const { code, message } = reply.error;
      return fail(code === 'not_sensing' ? code : 'inventory_failed', message);
    }
    const parsed = v.safeParse(bpfOutput, reply.value);
    if (parsed.success) {
      this.health.spent(parsed.output.taken_ms);
      return ok(parsed.output);
    }
    return fail(
      'inventory_failed',
      'The helper listed something else than BPF. Build Merlon again with: npm run build',
    );
  }

  #tellOf(change: CapabilityChange): void {
    const { title } = LADDERS[change.protection];
    this.#options
      .ingest()
      .notice((sequence, atNs) => capabilitiesChanged(this.#options, atNs, sequence, { ...change, title }));
  }
}
