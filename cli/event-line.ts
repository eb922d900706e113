/** One event as one line for a person: when, what, who, which program, from where. */
import type { Event, EventFields } from '../shared/event.ts';
import { cell, visible } from './terminal.ts';
import { clock, duration, moment } from './time.ts';

/** At most `width` columns; hostile characters are shown as codes. @param midnight when today began. */
export function eventLine(
  { fields }: Event,
  width: number,
  midnight = new Date().setHours(0, 0, 0, 0),
): string {
  const time = fields['@timestamp'];
  // Of an earlier day the day, with the milliseconds' place taken: `11-09 14:34:07`.
  const when = time === undefined ? '' : time >= midnight ? clock(time) : moment(time).slice(5);
  const lead = [
    cell(when, 14),
    cell(fields['event.action'] ?? '?', 11),
    cell(fields['user.name'] ?? fields['user.id'] ?? '', 10),
    (fields['process.pid'] === undefined ? '' : String(fields['process.pid'])).padStart(7),
  ].join('  ');
  const rest = visible(story(fields));
  const room = Math.max(20, width - 50);
  return `${lead}  ${cell(rest, room).trimEnd()}`;
}

function story(fields: EventFields): string {
  const name = fields['process.name'] ?? fields['merlon.process.comm'] ?? '?';
  const command = fields['process.command_line'] ?? fields['process.executable'] ?? name;
  const parent = fields['process.parent.name'];
  const from = parent === undefined ? '' : `${parent} → `;
  switch (fields['event.action']) {
    case 'exec':
    case 'running':
      return from + command;
    case 'exec_failed':
      return `${name} → ${fields['process.command_line'] ?? fields['file.path'] ?? '?'}  ${fields['error.code'] ?? 'failed'}`;
    case 'fork':
      return `${from}${name}`;
    case 'exit':
      return `${name}  ${ending(fields)}`;
    default:
      return fields.message ?? fields['event.reason'] ?? '';
  }
}

function ending(fields: EventFields): string {
  const how = fields['merlon.exit.signal'] ?? `exit code ${fields['process.exit_code'] ?? '?'}`;
  const core = fields['merlon.exit.core_dumped'] ? ', core dumped' : '';
  const ns = fields['event.duration'];
  return `${how}${core}${ns === undefined ? '' : ` after ${duration(ns / 1e6)}`}`;
}
