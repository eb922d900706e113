/** What the parts of Merlon's sensing are worth to detection, and what is no longer seen without them. */
import type { SensorName, SpareSensor } from '../../shared/console.ts';

interface Spare {
  /** Against the others: the least worth for its cost is left out first. */
  readonly worth: number;
  /** For a sentence. */
  readonly sees: string;
}

export const SPARE: Readonly<Record<SpareSensor, Spare>> = {
  exec_failed: { worth: 2, sees: 'Attempts to start a program that failed' },
  cgroup: { worth: 4, sees: 'The names of containers and services that begin' },
  bpf: { worth: 8, sees: 'Programs that others load into the kernel' },
};

export function isSpare(name: SensorName): name is SpareSensor {
  return Object.hasOwn(SPARE, name);
}
