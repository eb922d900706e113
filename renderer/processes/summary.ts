/** A process from an event about it, as `processes.list` would tell it. */
import type { ProcessSummary } from '../../shared/console.ts';
import type { EventFields } from '../../shared/event.ts';
import { escapeText } from '../ui/escape.ts';
import { duration, span } from '../ui/units.ts';

/**
 * @param before what was known; what the event does not tell stays.
 * @returns undefined where the event names no process.
 */
export function summaryOfEvent(
  fields: Readonly<EventFields>,
  before: ProcessSummary | undefined,
): ProcessSummary | undefined {
  const entityId = fields['process.entity_id'];
  const pid = fields['process.pid'];
  if (entityId === undefined || pid === undefined) return undefined;
  return {
    entity_id: entityId,
    pid,
    ppid: fields['process.parent.pid'] ?? before?.ppid ?? 0,
    parent_entity_id: fields['process.parent.entity_id'] ?? before?.parent_entity_id ?? null,
    name: fields['process.name'] ?? before?.name ?? fields['merlon.process.comm'] ?? '',
    executable: fields['process.executable'] ?? before?.executable ?? null,
    command_line: fields['process.command_line'] ?? before?.command_line ?? null,
    user: fields['user.name'] ?? fields['user.id'] ?? before?.user ?? null,
    start: fields['process.start'] ?? before?.start ?? fields['@timestamp'] ?? 0,
    end: fields['process.end'] ?? before?.end ?? null,
    exit_code: fields['process.exit_code'] ?? before?.exit_code ?? null,
    signal: fields['merlon.exit.signal'] ?? before?.signal ?? null,
    container: fields['container.id'] ?? before?.container ?? null,
    container_name: fields['container.name'] ?? before?.container_name ?? null,
    unit: fields['merlon.systemd.unit'] ?? before?.unit ?? null,
  };
}

/** How it ended, in words: `exit 1`, `SIGKILL`; empty while it runs. */
export function endOf({ end, signal, exit_code: code }: ProcessSummary): string {
  if (end === null) return '';
  if (signal !== null) return signal;
  return code === null ? 'ended' : `exit ${code}`;
}

/** `412 ms · exit 1`, for what has ended. */
export function fateOf(process: ProcessSummary): string {
  if (process.end === null) return '';
  const lived = duration((process.end - process.start) * 1e6);
  const how = endOf(process);
  return how === 'exit 0' || how === 'ended' ? lived : `${lived} · ${how}`;
}

/** A process and its life in words. @param now epoch milliseconds. */
export function spokenLife(process: ProcessSummary, now: number): string {
  const life =
    process.end === null ? `running for ${span(now - process.start)}` : `ended after ${fateOf(process)}`;
  return `${escapeText(process.name)} ${process.pid}, ${life}`;
}
