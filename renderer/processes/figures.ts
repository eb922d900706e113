/** Figures as the list shows them. What was not measured is a word, never 0. */
import type { ProcessSummary, ProcessUsage } from '../../shared/console.ts';
import { bytes, span } from '../ui/units.ts';

/** Percent of one processor: `0.4 %`, `12 %`, `310 %`. */
export function percent(value: number): string {
  return `${value < 9.95 && value > 0 ? value.toFixed(1) : Math.round(value)} %`;
}

/** @param usage undefined while nobody has looked yet. */
export function cpuOf(usage: ProcessUsage | undefined): string {
  if (usage === undefined) return '';
  if (usage.cpu_percent !== null) return percent(usage.cpu_percent);
  return usage.cpu_time_ns === null ? 'unknown' : '…';
}

/** @param usage undefined while nobody has looked yet. */
export function memoryOf(usage: ProcessUsage | undefined): string {
  if (usage === undefined) return '';
  return usage.rss_bytes === null ? 'unknown' : bytes(usage.rss_bytes);
}

/** How long it has run, or did: `14 min 20 s`. */
export function ageOf({ start, end }: ProcessSummary, now: number): string {
  return span((end ?? now) - start);
}

/** Container ids are 64 hex digits, of which people and tools say twelve. */
export function containerOf({ container, container_name: name }: ProcessSummary): string {
  if (name) return name;
  return container !== null && /^[0-9a-f]{64}$/.test(container) ? container.slice(0, 12) : (container ?? '');
}
