/** What Merlon senses, as parts that can be left out where they cost too much. */

export const SENSORS = ['process', 'exec_failed', 'cgroup', 'bpf'] as const;
export type SensorName = (typeof SENSORS)[number];

/** Those without which something can still be detected. */
export const SPARE_SENSORS = ['exec_failed', 'cgroup', 'bpf'] as const satisfies readonly SensorName[];
export type SpareSensor = (typeof SPARE_SENSORS)[number];

/** How much of a sensor's events are told. */
export const SENSOR_LIMITS = [
  'on',
  'thinned', // a few a second
  'shed', // detached
] as const;
export type SensorLimit = (typeof SENSOR_LIMITS)[number];

export interface SensorParts {
  /** Programs of bpf/, by name; which of them are attached depends on the kernel. */
  readonly programs: readonly string[];
  /** Records of bpf/events.h (enum merlon_type). */
  readonly types: readonly number[];
}

export const SENSOR_PARTS: Readonly<Record<SensorName, SensorParts>> = {
  process: {
    programs: ['process_exec', 'process_fork', 'process_exit', 'snapshot', 'snapshot_plain'],
    types: [1, 3, 4, 5],
  },
  exec_failed: {
    programs: [
      'fexit_exec',
      'fexit_execat',
      'fexit_exec32',
      'fexit_execat32',
      'exec_failed',
      'execveat_failed',
    ],
    types: [2],
  },
  cgroup: { programs: ['cgroup_made'], types: [6] },
  bpf: { programs: ['fexit_bpf', 'fexit_bpf32', 'bpf_called'], types: [7] },
};

/** null for a program of no sensor, such as the one that counts tasks. */
export function sensorOf(program: string): SensorName | null {
  return SENSORS.find((name) => SENSOR_PARTS[name].programs.includes(program)) ?? null;
}
