/** How Merlon itself has been in the last hour, what it costs, and what is left out where that is too much. */
import {
  HEALTH_SAMPLE_MS,
  SENSORS,
  type BlindSpan,
  type Cost,
  type Health as HealthNow,
  type HealthSample,
  type SensorCost,
  type SensorLimit,
  type SensorName,
  type Status,
} from '../../shared/console.ts';
import type { HelperStats } from '../../shared/helper.ts';
import type { Result } from '../../shared/result.ts';
import { SENSOR_PARTS, type SpareSensor } from '../../shared/sensors.ts';
import type { Clock } from '../clock.ts';
import type { Ingest } from '../ingest.ts';
import type { Gap } from '../sensor/gaps.ts';
import type { NoticeContext } from '../sensor/notices.ts';
import { Budget, BUDGET_SAMPLES, type SpareCost, type Step } from './budget.ts';
import { Meter } from './meter.ts';
import { budgetExhausted, sensorLimited } from './notices.ts';
import { onBattery } from './power.ts';
import { usedBy, type Used } from './processor.ts';
import { isSpare } from './sensors.ts';

const HOUR_MS = 3_600_000;
/**
 * What an event takes of helper and engine, from the kernel's ring to the disk, in milliseconds. Measured with 4,000
 * failed execs in a second on a virtual machine of two processors: 30 µs.
 */
const EVENT_MS = 0.03;
/** The kernel is not asked again so soon to measure what it refused to. */
const ASK_AGAIN_MS = 60_000;
const MAX_BLIND = 1000;

export interface HealthOptions extends NoticeContext {
  readonly clock: Pick<Clock, 'wallOf' | 'bootNs'>;
  readonly ingest: () => Pick<Ingest, 'received' | 'tally' | 'notice' | 'gap'>;
  readonly helper: () => Status['helper'];
  readonly sensing: () => HealthSensing;
  /** What the engine holds until it is stored. */
  readonly waitingBytes: () => number;
  /** Percent of one processor. */
  readonly budget: () => { readonly percent: number; readonly onBattery: number };
  readonly canaries: () => HealthNow['canaries'];
  readonly tasks: () => HealthNow['tasks'];
  readonly log: (line: string) => void;
}

/** What is needed of Sensing. */
export interface HealthSensing {
  readonly attached: readonly string[];
  measure(on: boolean): Promise<Result<unknown>>;
  limit(sensor: SpareSensor, to: SensorLimit): Promise<Result<unknown>>;
}

interface Point {
  readonly atMs: number;
  readonly engine: Used | undefined;
  readonly helper: Used | undefined;
  readonly helperPid: number | null;
  readonly received: number;
  readonly events: readonly number[];
  readonly leftOut: readonly number[];
}

/** What a sensor takes to process, in percent of one processor; and what it would, with what was left out. */
interface Processing {
  readonly percent: number;
  readonly full: number;
}

interface Limited {
  readonly to: SensorLimit;
  /** Boot-clock nanoseconds. */
  readonly sinceNs: number;
  /** What had been left out before, by the helper's count. */
  readonly leftOut: number;
}

export class Health {
  readonly #options: HealthOptions;
  readonly #meter = new Meter();
  readonly #budget: Budget;
  #samples: HealthSample[] = [];
  #blind: BlindSpan[] = [];
  /** As many as the budget's mean stands for, and the one before. */
  #points: Point[] = [];
  /** Of processes beside the helper, since the last sample. */
  #spentMs = 0;
  #askAgainAt = -Infinity;
  #newest: HelperStats | undefined;
  #measuring = false;
  #asking = false;
  #stepping = false;
  readonly #limits = new Map<SpareSensor, Limited>();
  /** The helper would not get them back once they are detached. */
  readonly #stays = new Set<SpareSensor>();
  /** By helpers that have ended. */
  readonly #leftOutBefore = new Map<SensorName, number>();
  #toldExhausted = false;

  constructor(options: HealthOptions) {
    this.#options = options;
    this.#budget = new Budget(options.budget().percent, Date.now());
  }

  get now(): HealthNow {
    const since = Date.now() - HOUR_MS;
    return {
      canaries: this.#options.canaries(),
      tasks: this.#options.tasks(),
      samples: this.#samples.filter(({ at }) => at >= since),
      blind: [...this.#blind, ...this.#openSpans()].filter(({ until }) => until >= since),
    };
  }

  /** What it costs. Whoever asks has the kernel measure for a while. */
  cost(): Cost {
    this.#meter.want(performance.now());
    this.#adjust();
    return {
      measuring: this.#measuring,
      measured_ms: Math.round(this.#meter.measuredMs),
      programs: this.#meter.programs,
      sensors: SENSORS.map((name) => this.#sensor(name)),
      budget: this.#budget.status,
    };
  }

  /** A helper has begun: the kernel measures nothing, and all of its sensors are on. */
  begin(): void {
    this.end();
    this.#stays.clear();
    this.#askAgainAt = -Infinity;
    this.#budget.begin();
  }

  /** No helper senses any more, and so nothing is left out. */
  end(): void {
    for (const [sensor, limited] of this.#limits) this.#tellSpan(sensor, limited);
    for (const sensor of SENSORS) this.#leftOutBefore.set(sensor, this.#leftOut(sensor));
    this.#limits.clear();
    this.#newest = undefined;
    this.#meter.forget();
    this.#measuring = false;
    this.#points = [];
  }

  /** A process beside the helper worked so long. */
  spent(ms: number): void {
    this.#spentMs += ms;
  }

  /** Counters of the helper, as they come. */
  took(stats: HelperStats): void {
    this.#newest = stats;
    if (this.#measuring) this.#meter.take(stats, performance.now());
  }

  blind(gap: Gap): void {
    const { clock } = this.#options;
    this.#blind.push({
      from: clock.wallOf(gap.beginNs),
      until: clock.wallOf(gap.endNs),
      reason: gap.reason,
      lost: gap.lost ?? null,
    });
    if (this.#blind.length > MAX_BLIND) this.#blind.shift();
  }

  /** Once a second. */
  tick(): void {
    const now = performance.now();
    this.#adjust();
    const last = this.#points.at(-1);
    if (last !== undefined && now - last.atMs < HEALTH_SAMPLE_MS - 500) return;
    this.#sample(now);
    const { percent, onBattery: battery } = this.#options.budget();
    const discharging = onBattery();
    this.#budget.allow(discharging ? battery : percent, discharging);
    const step = this.#budget.next([...this.#spare()], now, Date.now());
    this.#tellExhausted();
    if (step !== undefined && !this.#stepping) void this.#take(step);
  }

  #sample(now: number): void {
    const { helper, ingest, waitingBytes } = this.#options;
    const { pid } = helper();
    const { received, tally } = ingest();
    const point: Point = {
      atMs: now,
      engine: usedBy(process.pid),
      helper: pid === null ? undefined : usedBy(pid),
      helperPid: pid,
      received,
      events: [...tally.events],
      leftOut: this.#newest?.left_out ?? [],
    };
    const last = this.#points.at(-1);
    this.#points.push(point);
    if (this.#points.length > BUDGET_SAMPLES + 1) this.#points.shift();
    const spentMs = this.#spentMs;
    this.#spentMs = 0;
    if (last === undefined) return;
    const ms = now - last.atMs;
    const engine = percentOf(last.engine, point.engine, ms);
    const ofHelper = last.helperPid === point.helperPid ? percentOf(last.helper, point.helper, ms) : null;
    const helperPercent = ofHelper === null ? null : ofHelper + (spentMs / ms) * 100;
    const used = (engine ?? 0) + (helperPercent ?? 0);
    this.#samples.push({
      at: Date.now(),
      engine_percent: engine,
      helper_percent: helperPercent,
      rss_bytes: (point.engine?.rssBytes ?? 0) + (point.helper?.rssBytes ?? 0),
      events_per_s: ((received - last.received) / ms) * 1000,
      ring_bytes: this.#newest?.pending ?? 0,
      waiting_bytes: waitingBytes(),
    });
    if (this.#samples.length > HOUR_MS / HEALTH_SAMPLE_MS) this.#samples.shift();
    if (helperPercent !== null) this.#budget.take(used);
  }

  /** The kernel measures while somebody looks, or while it is time to know what costs so much. */
  #adjust(): void {
    const wanted = this.#meter.wanted(performance.now()) || this.#budget.isTight;
    if (wanted === this.#measuring || this.#asking || this.#options.helper().state !== 'running') return;
    if (performance.now() < this.#askAgainAt) return;
    this.#asking = true;
    void this.#options
      .sensing()
      .measure(wanted)
      .then((reply) => {
        if (!reply.ok) {
          this.#askAgainAt = performance.now() + ASK_AGAIN_MS;
          this.#options.log(`what programs cost is not measured: ${reply.error.message}`);
          return;
        }
        this.#measuring = wanted;
        this.#meter.forget();
      })
      .finally(() => (this.#asking = false));
  }

  #sensor(name: SensorName): SensorCost {
    const { ingest, sensing } = this.#options;
    const { tally } = ingest();
    const { attached } = sensing();
    const limit = isSpare(name) ? this.#limits.get(name)?.to : undefined;
    const on = SENSOR_PARTS[name].programs.some((program) => attached.includes(program));
    return {
      name,
      state: limit !== undefined && limit !== 'on' ? limit : on ? 'on' : 'off',
      essential: !isSpare(name),
      cpu_percent: this.#programPercent(name),
      events: sumOf(name, tally.events),
      bytes: sumOf(name, tally.bytes),
      left_out: this.#leftOut(name),
    };
  }

  #programPercent(name: SensorName): number | null {
    const own = this.#meter.programs.filter((program) => program.sensor === name);
    if (own.length === 0 || own.some(({ cpu_percent }) => cpu_percent === null)) return null;
    return own.reduce((sum, { cpu_percent }) => sum + (cpu_percent ?? 0), 0);
  }

  *#spare(): Generator<SpareCost> {
    for (const sensor of SENSORS) {
      if (!isSpare(sensor)) continue;
      const limit = this.#limits.get(sensor)?.to ?? 'on';
      const programs = this.#programPercent(sensor) ?? 0;
      const { percent, full } = this.#processing(sensor);
      yield {
        ...{ sensor, limit, stays: this.#stays.has(sensor) },
        ...{ percent: programs + percent, full_percent: programs + full },
      };
    }
  }

  /** Over the time that the budget's mean stands for. */
  #processing(sensor: SensorName): Processing {
    const [first, last] = [this.#points[0], this.#points.at(-1)];
    if (first === undefined || last === undefined || last.atMs === first.atMs) return { percent: 0, full: 0 };
    const grown = (of: 'events' | 'leftOut') => sumOf(sensor, last[of]) - sumOf(sensor, first[of]);
    const percent = (events: number) => ((events * EVENT_MS) / (last.atMs - first.atMs)) * 100;
    const told = Math.max(0, grown('events'));
    return { percent: percent(told), full: percent(told + Math.max(0, grown('leftOut'))) };
  }

  /** Since the engine started. */
  #leftOut(sensor: SensorName): number {
    return (this.#leftOutBefore.get(sensor) ?? 0) + sumOf(sensor, this.#newest?.left_out ?? []);
  }

  async #take(step: Step): Promise<void> {
    const { sensor, to } = step;
    this.#stepping = true;
    const reply = await this.#options.sensing().limit(sensor, to);
    this.#stepping = false;
    if (!reply.ok) {
      if (to === 'shed') this.#stays.add(sensor);
      this.#options.log(`the sensor ${sensor} could not be ${to}: ${reply.error.message}`);
      return;
    }
    const before = this.#limits.get(sensor);
    if (before !== undefined) this.#tellSpan(sensor, before);
    if (to === 'on') this.#limits.delete(sensor);
    else {
      const sinceNs = this.#options.clock.bootNs();
      this.#limits.set(sensor, { to, sinceNs, leftOut: this.#leftOut(sensor) });
    }
    const { status } = this.#budget;
    this.#options
      .ingest()
      .notice((sequence, atNs) => sensorLimited(this.#options, atNs, sequence, { ...step, budget: status }));
  }

  /** What a limit left out is a span in which not everything was seen. */
  #tellSpan(sensor: SpareSensor, { to, sinceNs, leftOut }: Limited): void {
    const endNs = this.#options.clock.bootNs();
    // Of what is detached nobody knows how much there was.
    const lost = to === 'thinned' ? Math.max(0, this.#leftOut(sensor) - leftOut) : undefined;
    if (lost === 0) return;
    this.#options.ingest().gap({ reason: 'left_out', beginNs: sinceNs, endNs, lost });
  }

  /** Those that have not ended. */
  *#openSpans(): Generator<BlindSpan> {
    const { clock } = this.#options;
    for (const [sensor, { to, sinceNs, leftOut }] of this.#limits) {
      const lost = to === 'thinned' ? Math.max(0, this.#leftOut(sensor) - leftOut) : null;
      yield {
        ...{ from: clock.wallOf(sinceNs), until: clock.wallOf(clock.bootNs()), reason: 'left_out', lost },
      };
    }
  }

  #tellExhausted(): void {
    const { status } = this.#budget;
    const exhausted = status.state === 'exhausted';
    if (exhausted && !this.#toldExhausted)
      this.#options
        .ingest()
        .notice((sequence, atNs) => budgetExhausted(this.#options, atNs, sequence, status));
    this.#toldExhausted = exhausted;
  }
}

function percentOf(before: Used | undefined, after: Used | undefined, ms: number): number | null {
  if (before === undefined || after === undefined || ms <= 0) return null;
  return (Math.max(0, after.cpuMs - before.cpuMs) / ms) * 100;
}

function sumOf(sensor: SensorName, byType: readonly number[]): number {
  return SENSOR_PARTS[sensor].types.reduce((sum, type) => sum + (byType[type] ?? 0), 0);
}
