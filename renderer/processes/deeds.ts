/** What a process did, as rows of its page: its events, and the births of its children. Pure. */
import type { ProcessSummary } from '../../shared/console.ts';
import type { Event, EventFields } from '../../shared/event.ts';
import { bytes, duration } from '../ui/units.ts';
import { endOf } from './summary.ts';

export interface Deed {
  /** The cursor of the event, or the id of the child. */
  readonly id: string;
  readonly at: number;
  readonly action: string;
  /** Whose deed it is, where it is not the page's own process. */
  readonly who: string;
  readonly whoPid: number | undefined;
  /** The machine's words … */
  readonly target: string;
  /** … or ours. */
  readonly note: string;
  readonly outcome: string;
  readonly failed: boolean;
  /** The event in the feed. */
  readonly cursor?: string;
  /** The child's page. */
  readonly child?: string;
}

/** Newest first. */
export function deedsOf(events: readonly Event[], children: readonly ProcessSummary[]): readonly Deed[] {
  return [...events.map(deedOf), ...children.map(birthOf)].sort(
    (a, b) => b.at - a.at || (a.id < b.id ? 1 : -1),
  );
}

function deedOf(event: Event): Deed {
  const { fields } = event;
  const action = fields['event.action'] ?? 'event';
  return {
    id: event.cursor,
    at: fields['@timestamp'] ?? 0,
    action: action.replaceAll('_', ' '),
    who: fields['process.name'] ?? fields['merlon.process.comm'] ?? '',
    whoPid: fields['process.pid'],
    target: targetOf(action, fields),
    note: noteOf(action, fields),
    outcome: outcomeOf(fields),
    failed: fields['event.outcome'] === 'failure' || fields['merlon.exit.signal'] !== undefined,
    cursor: event.cursor,
  };
}

function targetOf(action: string, fields: Readonly<EventFields>): string {
  const command = fields['process.command_line'] ?? '';
  switch (action) {
    case 'exit':
      return '';
    case 'fork':
      return '';
    case 'exec_failed': {
      // The arguments' first word can say anything; the file is what was tried.
      const file = fields['file.path'] ?? '';
      return command === '' || command === file ? file : `${file} (${command})`;
    }
    default:
      return command || (fields['process.executable'] ?? '');
  }
}

function noteOf(action: string, fields: Readonly<EventFields>): string {
  const parent = fields['process.parent.pid'];
  switch (action) {
    case 'exit': {
      const [lived, peak] = [fields['event.duration'], fields['merlon.exit.max_rss']];
      return [lived !== undefined && `ran ${duration(lived)}`, peak !== undefined && `peak ${bytes(peak)}`]
        .filter(Boolean)
        .join(', ');
    }
    case 'fork':
      return parent === undefined ? 'born' : `born to ${fields['process.parent.name'] ?? ''} ${parent}`;
    case 'running':
      return targetOf(action, fields) === '' ? 'already ran when Merlon started' : '';
    default:
      return '';
  }
}

function outcomeOf(fields: Readonly<EventFields>): string {
  const signal = fields['merlon.exit.signal'];
  if (signal !== undefined) return signal;
  if (fields['error.code'] !== undefined) return fields['error.code'];
  const code = fields['process.exit_code'];
  return code === undefined ? '' : `exit ${code}`;
}

/** A child as a deed of its parent: who was born, and what became of it. */
function birthOf(child: ProcessSummary): Deed {
  const lived =
    child.end === null ? undefined : `${endOf(child)} after ${duration((child.end - child.start) * 1e6)}`;
  return {
    id: child.entity_id,
    at: child.start,
    action: 'fork',
    who: '',
    whoPid: undefined,
    target: `${child.name} ${child.pid}`,
    note: '',
    outcome: lived ?? 'still running',
    failed: child.signal !== null,
    child: child.entity_id,
  };
}
