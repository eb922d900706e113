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
import { Budget, type Step } from './budget.ts';
import { Meter } from './meter.ts';
import { budgetExhausted, sensorLimited } from './notices.ts';
import { onBattery } from './power.ts';
import { usedBy, type Used } from './processor.ts';
import { isSpare } from './sensors.ts';

const HOUR_MS = 3_600_000;
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
  readonly stats: HelperStats | undefined;
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
}

export class Health {
  readonly #options: HealthOptions;
  readonly #meter = new Meter();
  readonly #budget: Budget;
  #samples: HealthSample[] = [];
  #blind: BlindSpan[] = [];
  #last: Point | undefined;
  /** By the events of the last sample. */
  #processing = new Map<SensorName, Processing>();
  #measuring = false;
  #asking = false;
  #stepping = false;
  readonly #limits = new Map<SpareSensor, Limited>();
  /** The helper could not do that to them. */
  readonly #stuck = new Set<SpareSensor>();
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
      blind: this.#blind.filter(({ until }) => until >= since),
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
    for (const limited of this.#limits.values()) this.#tellSpan(limited);
    this.#limits.clear();
    this.#stuck.clear();
    this.#meter.forget();
    this.#measuring = false;
    this.#budget.begin();
    this.#last = undefined;
  }

  /** Counters of the helper, as they come. */
  took(stats: HelperStats): void {
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
    if (this.#last !== undefined && now - this.#last.atMs < HEALTH_SAMPLE_MS - 500) return;
    this.#sample(now);
    const { percent, onBattery: battery } = this.#options.budget();
    const discharging = onBattery();
    this.#budget.allow(discharging ? battery : percent, discharging);
    const costs = [...this.#spare()];
    const step = this.#budget.next(costs, now, Date.now());
    this.#tellExhausted();
    if (step !== undefined && !this.#stepping) void this.#take(step);
  }

  #sample(now: number): void {
    const { helper, ingest, sensing, waitingBytes } = this.#options;
    const { pid } = helper();
    const { received, tally } = ingest();
    const point: Point = {
      atMs: now,
      engine: usedBy(process.pid),
      helper: pid === null ? undefined : usedBy(pid),
      helperPid: pid,
      received,
      events: [...tally.events],
      leftOut: sensing().stats?.left_out ?? [],
    };
    const last = this.#last;
    this.#last = point;
    if (last === undefined) return;
    const ms = now - last.atMs;
    const engine = percentOf(last.engine, point.engine, ms);
    const helperPercent =
      last.helperPid === point.helperPid ? percentOf(last.helper, point.helper, ms) : null;
    const used = (engine ?? 0) + (helperPercent ?? 0);
    this.#processing = shares(last, point, used);
    this.#samples.push({
      at: Date.now(),
      engine_percent: engine,
      helper_percent: helperPercent,
      rss_bytes: (point.engine?.rssBytes ?? 0) + (point.helper?.rssBytes ?? 0),
      events_per_s: ((received - last.received) / ms) * 1000,
      ring_bytes: sensing().stats?.pending ?? 0,
      waiting_bytes: waitingBytes(),
    });
    if (this.#samples.length > HOUR_MS / HEALTH_SAMPLE_MS) this.#samples.shift();
    if (helperPercent !== null) this.#budget.take(used);
  }

  /** The kernel measures while somebody looks, or while it is time to know what costs so much. */
  #adjust(): void {
    const wanted = this.#meter.wanted(performance.now()) || this.#budget.isTight;
    if (wanted === this.#measuring || this.#asking || this.#options.helper().state !== 'running') return;
    this.#asking = true;
    void this.#options
      .sensing()
      .measure(wanted)
      .then((reply) => {
        if (!reply.ok) return this.#options.log(`what programs cost is not measured: ${reply.error.message}`);
        this.#measuring = wanted;
        this.#meter.forget();
      })
      .finally(() => (this.#asking = false));
  }

  #sensor(name: SensorName): SensorCost {
    const { ingest, sensing } = this.#options;
    const { tally } = ingest();
    const { attached, stats } = sensing();
    const sum = (by: readonly number[] | undefined) =>
      SENSOR_PARTS[name].types.reduce((total, type) => total + (by?.[type] ?? 0), 0);
    const limit = isSpare(name) ? this.#limits.get(name)?.to : undefined;
    const on = SENSOR_PARTS[name].programs.some((program) => attached.includes(program));
    return {
      name,
      state: limit !== undefined && limit !== 'on' ? limit : on ? 'on' : 'off',
      essential: !isSpare(name),
      cpu_percent: this.#programPercent(name),
      events: sum(tally.events),
      bytes: sum(tally.bytes),
      left_out: sum(stats?.left_out),
    };
  }

  #programPercent(name: SensorName): number | null {
    const own = this.#meter.programs.filter((program) => program.sensor === name);
    if (own.length === 0 || own.some(({ cpu_percent }) => cpu_percent === null)) return null;
    return own.reduce((sum, { cpu_percent }) => sum + (cpu_percent ?? 0), 0);
  }

  *#spare() {
    for (const sensor of SENSORS) {
      if (!isSpare(sensor) || this.#stuck.has(sensor)) continue;
      const limit = this.#limits.get(sensor)?.to ?? 'on';
      const programs = this.#programPercent(sensor) ?? 0;
      const { percent, full } = this.#processing.get(sensor) ?? { percent: 0, full: 0 };
      yield { sensor, limit, percent: programs + percent, full_percent: programs + full };
    }
  }

  async #take(step: Step): Promise<void> {
    const { sensor, to } = step;
    this.#stepping = true;
    const reply = await this.#options.sensing().limit(sensor, to);
    this.#stepping = false;
    if (!reply.ok) {
      this.#stuck.add(sensor);
      this.#options.log(`the sensor ${sensor} could not be ${to}: ${reply.error.message}`);
      return;
    }
    const before = this.#limits.get(sensor);
    if (before !== undefined) this.#tellSpan(before);
    if (to === 'on') this.#limits.delete(sensor);
    else this.#limits.set(sensor, { to, sinceNs: this.#options.clock.bootNs() });
    const { status } = this.#budget;
    this.#options
      .ingest()
      .notice((sequence, atNs) => sensorLimited(this.#options, atNs, sequence, { ...step, budget: status }));
  }

  /** What a limit left out is a span in which not everything was seen. */
  #tellSpan({ sinceNs }: Limited): void {
    const endNs = this.#options.clock.bootNs();
    this.#options.ingest().gap({ reason: 'left_out', beginNs: sinceNs, endNs, lost: undefined });
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

/** What was used, shared among the sensors by how many events each had. */
function shares(before: Point, after: Point, used: number): Map<SensorName, Processing> {
  const grown = (name: SensorName, of: 'events' | 'leftOut') =>
    SENSOR_PARTS[name].types.reduce(
      (sum, type) => sum + Math.max(0, (after[of][type] ?? 0) - (before[of][type] ?? 0)),
      0,
    );
  const all = SENSORS.reduce((sum, name) => sum + grown(name, 'events'), 0);
  const each = all > 0 ? used / all : 0;
  return new Map(
    SENSORS.map((name) => {
      const told = grown(name, 'events');
      return [name, { percent: each * told, full: each * (told + grown(name, 'leftOut')) }];
    }),
  );
}
