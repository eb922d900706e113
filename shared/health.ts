/** What is measured of Merlon itself: parts of the contract (shared/console.ts). */
import type { SensorName } from './sensors.ts';

export interface Health {
  /** The canaries of the last hour, oldest first; null for one that was missed. */
  readonly canaries: readonly { readonly at: number; readonly ms: number | null }[];
  /** Processes and threads made since the helper began, by the kernel's own count and by Merlon's programs; null where they do not count. */
  readonly tasks: { readonly kernel: number; readonly counted: number } | null;
  /** The last hour, oldest first, one in `HEALTH_SAMPLE_MS`. */
  readonly samples: readonly HealthSample[];
  /** Spans of the last hour in which something may not have been seen, oldest first. */
  readonly blind: readonly BlindSpan[];
}

export const HEALTH_SAMPLE_MS = 5000;

/** Over the time since the sample before. */
export interface HealthSample {
  /** Epoch milliseconds at its end. */
  readonly at: number;
  /** Percent of one processor; null where it was not there, or cannot be read. */
  readonly engine_percent: number | null;
  readonly helper_percent: number | null;
  /** Resident memory of the engine and the helper together. */
  readonly rss_bytes: number;
  readonly events_per_s: number;
  /** What waits in the kernel's ring, and in the engine until it is stored. */
  readonly ring_bytes: number;
  readonly waiting_bytes: number;
}

export interface BlindSpan {
  /** Epoch milliseconds. */
  readonly from: number;
  readonly until: number;
  /** As `event.reason` of the gap. */
  readonly reason: string;
  /** null where nobody can know. */
  readonly lost: number | null;
}

export const SENSOR_STATES = [
  'on',
  'off', // this kernel refuses it, or nothing senses
  'thinned', // to keep the budget: only some of its events are told
  'shed', // to keep the budget: detached
] as const;
export type SensorState = (typeof SENSOR_STATES)[number];

export interface Cost {
  /** Whether the kernel measures runs: while somebody asks, or a budget is exceeded. */
  readonly measuring: boolean;
  /** Milliseconds that the shares below stand for; 0 at the first answer, where there is none yet. */
  readonly measured_ms: number;
  readonly programs: readonly ProgramCost[];
  readonly sensors: readonly SensorCost[];
  readonly budget: Budget;
}

export interface ProgramCost {
  readonly name: string;
  readonly sensor: SensorName | null;
  /** While measured. */
  readonly runs: number;
  readonly run_ns: number;
  /** Nanoseconds a run; null while it did not run. */
  readonly average_ns: number | null;
  /** Of one processor, over `measured_ms`; null at the first answer. */
  readonly cpu_percent: number | null;
}

export interface SensorCost {
  readonly name: SensorName;
  readonly state: SensorState;
  /** It is never left out: without it there is nothing to detect with. */
  readonly essential: boolean;
  /** Of its programs, of one processor; null while it is not measured. */
  readonly cpu_percent: number | null;
  /** Since the engine started. */
  readonly events: number;
  /** What its events took in the ring. */
  readonly bytes: number;
  /** Events that were left out to keep the budget. */
  readonly left_out: number;
}

export interface Budget {
  /** Percent of one processor that engine and helper may take together. */
  readonly percent: number;
  /** Whether that is the smaller budget for a machine on battery. */
  readonly on_battery: boolean;
  /** The mean of the last samples, null before there are some. */
  readonly used_percent: number | null;
  readonly state: 'within' | 'over' | 'exhausted';
  /** Epoch milliseconds since when the state holds. */
  readonly since: number;
}
