/** Failed starts, the same ones together: a shell that looks along its path fails often and means nothing by it. */
import type { Event } from '../../shared/event.ts';

export interface Failure {
  readonly path: string;
  readonly error: string;
  /** The newest one. */
  readonly event: Event;
  /** Among those that were looked at. */
  readonly times: number;
}

/** @param events newest first. */
export function failuresOf(events: readonly Event[]): readonly Failure[] {
  const found = new Map<string, Failure>();
  for (const event of events) {
    const path = event.fields['file.path'] ?? '';
    const error = event.fields['error.code'] ?? '';
    const key = JSON.stringify([path, error, event.fields['process.executable']]);
    const known = found.get(key);
    found.set(key, known ? { ...known, times: known.times + 1 } : { path, error, event, times: 1 });
  }
  return [...found.values()];
}
