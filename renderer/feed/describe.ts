/** What a row says of an event. Pure: from fields to words. */
import type { Event, EventFields } from '../../shared/event.ts';
import { bytes, duration } from '../ui/units.ts';
import type { IconName } from '../ui/icons.ts';

export interface Described {
  readonly icon: IconName;
  readonly action: string;
  /** The machine's words (a command line, a path) … */
  readonly target: string;
  /** … or ours, where there is nothing of the machine's to show. */
  readonly note: string;
  readonly tags: readonly string[];
  readonly outcome: string;
  /** Whether the outcome is worth a look: a failure. */
  readonly failed: boolean;
}

const ICONS: Readonly<Record<string, IconName>> = {
  exec: 'play',
  exec_failed: 'ban',
  fork: 'fork',
  exit: 'minus',
  running: 'eye',
  bpf_loaded: 'database',
  bpf_refused: 'ban',
  bpf_attached: 'tree',
  bpf_detached: 'minus',
  bpf_pinned: 'lock',
  sensor_started: 'feed',
  sensor_stopped: 'feed',
  clock_stepped: 'clock',
  capabilities_changed: 'feed',
  canary_missed: 'feed',
  canary_returned: 'feed',
  tampered: 'ban',
  foreign_bpf: 'ban',
  sensor_limited: 'feed',
  sensor_restored: 'feed',
  budget_exceeded: 'feed',
};

const TAGS: Readonly<Record<string, string>> = {
  memfd: 'in memory',
  deleted: 'deleted file',
  setuid: 'setuid',
  setgid: 'setgid',
  file_capabilities: 'file capabilities',
  ld_preload: 'LD_PRELOAD',
  ld_audit: 'LD_AUDIT',
};

/** Whether the event says that Merlon saw nothing for a while, or missed some. */
export function isGap(event: Event): boolean {
  return event.fields['event.action'] === 'gap';
}

export function describe({ fields }: Event): Described {
  const action = fields['event.action'] ?? 'event';
  return {
    icon: ICONS[action] ?? 'feed',
    action: action.replaceAll('_', ' '),
    target: targetOf(action, fields),
    note: noteOf(action, fields),
    tags: (fields['merlon.process.flags'] ?? []).flatMap((flag) => TAGS[flag] ?? []),
    outcome: outcomeOf(fields),
    failed: fields['event.outcome'] === 'failure' || fields['merlon.exit.signal'] !== undefined,
  };
}

function targetOf(action: string, fields: EventFields): string {
  if (action === 'exit' || action === 'fork') return '';
  if (action.startsWith('bpf_')) return programOf(fields);
  const command = fields['process.command_line'];
  if (action !== 'exec_failed') return command ?? fields['process.executable'] ?? '';
  // The arguments' first word can say anything; the file is what was tried.
  const file = fields['file.path'];
  if (file === undefined || command === undefined) return file ?? command ?? '';
  const name = fields['process.args']?.[0] ?? '';
  return name === file || file.endsWith(`/${name}`) ? command : `${file} (${command})`;
}

/** A BPF program: `lsm guard 41`, and where it was pinned. */
function programOf(fields: EventFields): string {
  const { 'merlon.bpf.program.id': id, 'file.path': path } = fields;
  const words = [fields['merlon.bpf.program.type'], fields['merlon.bpf.program.name'], id];
  const program = words.filter((word) => word !== undefined).join(' ');
  return path === undefined ? program : `${program} at ${path}`;
}

function noteOf(action: string, fields: EventFields): string {
  switch (action) {
    case 'exit': {
      const parts = [];
      const lived = fields['event.duration'];
      const rss = fields['merlon.exit.max_rss'];
      if (lived !== undefined) parts.push(`ran ${duration(lived)}`);
      if (rss !== undefined) parts.push(`peak ${bytes(rss)}`);
      return parts.join(', ');
    }
    case 'fork':
      return 'new process, same program';
    case 'running':
      return targetOf(action, fields) === '' ? 'already ran when Merlon started' : '';
    case 'bpf_attached':
      return fields['merlon.bpf.command'] === 'link_update' ? 'in the place of another' : '';
    default:
      return fields['process.pid'] === undefined ? (fields['message'] ?? fields['event.reason'] ?? '') : '';
  }
}

function outcomeOf(fields: EventFields): string {
  const signal = fields['merlon.exit.signal'];
  if (signal !== undefined) return signal;
  const error = fields['error.code'];
  if (error !== undefined) return error;
  const code = fields['process.exit_code'];
  return code === undefined ? '' : String(code);
}

/** A gap's sentence in two parts: what is known, and what is not. */
export function describeGap({ fields }: Event): { readonly known: string; readonly rest: string } {
  const message = fields['message'] ?? fields['event.reason'] ?? 'Some events are missing here.';
  const parts = /^(.*?[:.])\s+(.*)$/s.exec(message);
  return { known: parts?.[1] ?? message, rest: parts?.[2] ?? '' };
}
