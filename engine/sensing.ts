/** The helper's lives as one: keeps it running, counts what it lost, and tells of the time without it. */
import type { Status } from '../shared/console.ts';
import type { HelperStats } from '../shared/helper.ts';
import type { Result } from '../shared/result.ts';
import { fail } from '../shared/result.ts';
import type { SensorLimit, SpareSensor } from '../shared/sensors.ts';
import type { Clock } from './clock.ts';
import type { Ingest } from './ingest.ts';
import type { Ending } from './sensor/ending.ts';
import { Counts, type TaskTotals } from './sensor/counts.ts';
import { Gaps, missedRuns, type Gap, type GapReason } from './sensor/gaps.ts';
import { HelperKeeper, type KeeperHooks } from './sensor/keeper.ts';
import { launchHelper, type HelperProcess, type HelperRequest, type Running } from './sensor/launch.ts';
import { sensorStarted, sensorStopped, type NoticeContext } from './sensor/notices.ts';
import { LAYOUT_HASH } from './sensor/records.generated.ts';

export interface SensingOptions extends NoticeContext {
  /** Absolute path of merlon-helper. */
  readonly file: string;
  readonly clock: Clock;
  readonly ingest: Ingest;
  /** A helper has begun to sense. */
  readonly onRunning?: (launched: HelperProcess) => void;
  /** Its counters, about once a second. */
  readonly onStats?: (stats: HelperStats) => void;
  /** Something in `helper` or `sensor` changed. */
  readonly onChange: () => void;
  readonly log: (line: string) => void;
  /** Of the next helper’s ring. */
  readonly ringBytes?: () => number;
  /** The newest moment of this boot that is in the store: nobody looked from then on. */
  readonly awaySinceNs: number | undefined;
}

/** The types of bpf/events.h, by number. */
const TYPE_NAMES = ['none', 'exec', 'exec_failed', 'fork', 'exit', 'running', 'cgroup', 'bpf'];
const STATS_EVERY_MS = 1000;
const SETTLE_EVERY_MS = 100;
const RATE_SECONDS = 5;

/** Between the end of one helper and the start of the next. */
interface Blind {
  readonly sinceNs: number;
  readonly reason: GapReason;
}

export class Sensing {
  readonly #options: SensingOptions;
  readonly #keeper: HelperKeeper;
  #launched: HelperProcess | undefined;
  #running: Running | undefined;
  #gaps: Gaps | undefined;
  /** Where the program that counts is attached. */
  #counts: Counts | undefined;
  #countedNs = 0;
  #blind: Blind | undefined;
  /** Why the engine ended a helper: it no longer believes it, or it sees nothing. */
  #distrust: Ending | undefined;
  #lostBefore: Record<string, number> = {};
  #stats: HelperStats | undefined;
  #asking = false;
  /** Counters that are to be compared once the queue has come so far. */
  #look: { readonly gaps: Gaps; readonly stats: HelperStats } | undefined;
  #rates: number[] = [];
  /** When events were lost last. */
  #lossNs = -Infinity;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(options: SensingOptions) {
    this.#options = options;
    const { awaySinceNs } = options;
    if (awaySinceNs !== undefined) this.#blind = { sinceNs: awaySinceNs, reason: 'engine_away' };
    this.#keeper = new HelperKeeper({
      launch: (hooks) => this.#launch(hooks),
      onStatus: () => options.onChange(),
    });
  }

  get helper(): Status['helper'] {
    return this.#keeper.status;
  }

  get sensor(): Status['sensor'] {
    const running = this.helper.state === 'running';
    const byType = addLost(this.#lostBefore, this.#stats);
    return {
      attached: running ? (this.#running?.reply.attached ?? []) : [],
      refused: running ? (this.#running?.reply.refused ?? []) : [],
      events_per_s: running ? this.#rate() : null,
      received: this.#options.ingest.received,
      lost: running && this.#stats !== undefined ? sum(Object.values(byType)) : null,
      lost_by_type: byType,
    };
  }

  /** Leaves the start to a person. @param reason how it is asked for. */
  wait(reason: string): void {
    this.#keeper.wait(reason);
  }

  /** Starts the helper. @returns false where one is under way already. */
  start(): boolean {
    if (this.#timers.length === 0) {
      this.#timers.push(setInterval(() => this.#second(), STATS_EVERY_MS));
      this.#timers.push(setInterval(() => this.#settle(), SETTLE_EVERY_MS));
    }
    return this.#keeper.start();
  }

  /** Ends the helper. @returns once it has ended and its last records are queued. */
  async stop(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    await this.#keeper.stop();
  }

  pressure(full: boolean): void {
    if (full) this.#launched?.pause();
    else this.#launched?.resume();
  }

  /** Ends a helper whose records do not hold together; it is not started again by itself. */
  distrust(what: string): void {
    if (this.#distrust !== undefined || this.#launched === undefined) return;
    const reason = `The helper sent records that do not hold together (${what}) and was told to end. Build Merlon again with: npm run build`;
    this.#distrust = { state: 'failed', reason, retry: false };
    this.#options.log(reason);
    this.#launched.stop();
  }

  /** Processes and threads that were made, by the kernel's count and by the programs'; since this helper began. */
  get tasks(): TaskTotals | undefined {
    return this.#counts?.totals;
  }

  /** Names of the programs that are attached. */
  get attached(): readonly string[] {
    return this.sensor.attached;
  }

  /** All BPF of the host; BpfOutput, to be parsed. */
  bpf(): Promise<Result<unknown, 'not_sensing' | 'failed'>> {
    return this.#ask({ command: 'bpf' });
  }

  /** Has the kernel measure the runs of BPF programs, or no longer. */
  measure(on: boolean): Promise<Result<unknown, 'not_sensing' | 'failed'>> {
    return this.#ask({ command: 'measure', on });
  }

  /** Has a sensor tell all, a few or none of its events. */
  limit(sensor: SpareSensor, to: SensorLimit): Promise<Result<unknown, 'not_sensing' | 'failed'>> {
    return this.#ask({ command: 'limit', sensor, to });
  }

  async #ask(command: HelperRequest): Promise<Result<unknown, 'not_sensing' | 'failed'>> {
    const reply = await this.#keeper.process?.request(command);
    if (reply === undefined) return fail('not_sensing', 'Nothing senses.');
    if (reply.ok) return reply;
    const { code, message } = reply.error;
    return fail(code === 'gone' ? 'not_sensing' : 'failed', message);
  }

  /** Whether events were lost since that moment of the boot clock, as far as the kernel has said. */
  lossSince(ns: number): boolean {
    return this.#lossNs >= ns;
  }

  /** Ends a helper whose sensors are dead; the next is started by itself. @param reason a sentence. */
  renew(reason: string): void {
    if (this.#distrust !== undefined || this.#launched === undefined) return;
    this.#distrust = { state: 'failed', reason, retry: true };
    this.#options.log(reason);
    this.#launched.stop();
  }

  #launch(hooks: KeeperHooks): HelperProcess {
    const { clock, file, ingest, log, ringBytes } = this.#options;
    this.#distrust = undefined;
    // Before the start is answered: its first records may come in one piece with that answer.
    const launchNs = clock.bootNs();
    const gaps = new Gaps(launchNs);
    ingest.helperStarted(gaps, launchNs);
    const launched = launchHelper({
      file,
      layout: LAYOUT_HASH,
      ...(ringBytes === undefined ? {} : { ringBytes: ringBytes() }),
      onRecords: (payload) => ingest.push(payload),
      onSnapshot: (processes) => ingest.snapshotDone(processes),
      onLog: (line) => log(`helper: ${line}`),
      onState: hooks.onState,
      onRunning: (running) => {
        this.#begin(running, gaps);
        hooks.onRunning(running);
        void this.#poll();
        this.#options.onRunning?.(launched);
      },
      onEnd: (ending) => {
        const told = this.#distrust ?? ending;
        this.#end(told);
        hooks.onEnd(told);
      },
    });
    this.#launched = launched;
    if (ingest.full) launched.pause();
    return launched;
  }

  #begin(running: Running, gaps: Gaps): void {
    const { clock, ingest } = this.#options;
    const nowNs = clock.bootNs();
    gaps.attached(nowNs);
    this.#running = running;
    this.#gaps = gaps;
    this.#counts = running.reply.attached.includes('task_made') ? new Counts() : undefined;
    this.#countedNs = nowNs;
    this.#stats = undefined;
    ingest.notice((sequence, atNs) =>
      sensorStarted(this.#options, atNs, sequence, running.reply.attached.length),
    );
    const blind = this.#blind;
    this.#blind = undefined;
    if (blind !== undefined)
      ingest.gap({ reason: blind.reason, beginNs: blind.sinceNs, endNs: nowNs, lost: undefined });
  }

  #end(ending: Ending): void {
    const { clock, ingest } = this.#options;
    this.#launched = undefined;
    this.#lostBefore = addLost(this.#lostBefore, this.#stats);
    this.#stats = undefined;
    this.#rates = [];
    const gaps = this.#gaps;
    this.#gaps = undefined;
    this.#counts = undefined;
    if (gaps === undefined) return; // it never ran
    // In order with its last records, which may still be queued.
    ingest.step(() => {
      const nowNs = clock.bootNs();
      const last = gaps.settled(Infinity);
      if (last !== undefined) ingest.gap(last);
      this.#blind = {
        sinceNs: gaps.lastNs ?? nowNs,
        reason: ending.state === 'stopped' ? 'helper_restarted' : 'helper_lost',
      };
      ingest.add((sequence, atNs) => sensorStopped(this.#options, atNs, sequence, ending.reason));
    });
  }

  #second(): void {
    this.#rates.push(this.#options.ingest.received);
    if (this.#rates.length > RATE_SECONDS + 1) this.#rates.shift();
    void this.#poll();
  }

  /** The counters are read once a second; an answer that is late is waited for, not asked for again. */
  async #poll(): Promise<void> {
    const { ingest } = this.#options;
    const { process } = this.#keeper;
    const gaps = this.#gaps;
    if (process === undefined || gaps === undefined || this.#asking) return;
    this.#asking = true;
    const reply = await process.stats();
    this.#asking = false;
    if (!reply.ok || gaps !== this.#gaps) return;
    this.#stats = reply.value;
    this.#compare(reply.value);
    this.#options.onStats?.(reply.value);
    this.#options.onChange();
    const looking = this.#look?.gaps === gaps;
    this.#look = { gaps, stats: reply.value };
    // However long the queue is not worked off, one look waits in it, and takes the newest counters.
    if (looking) return;
    ingest.step(() => {
      const stats = this.#look?.gaps === gaps ? this.#look.stats : reply.value;
      if (this.#look?.gaps === gaps) this.#look = undefined;
      for (const gap of gaps.stats(stats, this.#options.clock.bootNs())) this.#tell(gap);
    });
  }

  /** What the kernel counted and Merlon's programs did not is a gap, although no record's number is missing. */
  #compare(stats: HelperStats): void {
    const missing = this.#counts?.take(stats) ?? 0;
    const nowNs = this.#options.clock.bootNs();
    if (missing > 0) this.#tell({ reason: 'not_run', beginNs: this.#countedNs, endNs: nowNs, lost: missing });
    this.#countedNs = nowNs;
  }

  #settle(): void {
    const gap = this.#gaps?.settled(this.#options.clock.bootNs());
    if (gap !== undefined) this.#tell(gap);
  }

  #tell(gap: Gap): void {
    this.#lossNs = Math.max(this.#lossNs, gap.endNs);
    this.#options.ingest.gap(gap);
  }

  #rate(): number | null {
    const first = this.#rates[0];
    const last = this.#rates.at(-1);
    if (first === undefined || last === undefined || this.#rates.length < 2) return null;
    return (last - first) / (this.#rates.length - 1);
  }
}

function addLost(
  before: Readonly<Record<string, number>>,
  stats: HelperStats | undefined,
): Record<string, number> {
  const result: Record<string, number> = { ...before };
  if (stats === undefined) return result;
  stats.lost.forEach((row, type) => {
    const name = TYPE_NAMES[type] ?? `type_${type}`;
    const lost = sum(row);
    if (lost > 0 || (type > 0 && type < TYPE_NAMES.length)) result[name] = (result[name] ?? 0) + lost;
  });
  result['missed_runs'] = (result['missed_runs'] ?? 0) + missedRuns(stats);
  return result;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
