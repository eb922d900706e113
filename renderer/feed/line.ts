/** One row of the feed, cell by cell: all that it shows, made at once. */
import type { Event, FieldName } from '../../shared/event.ts';
import { shown, type Shown } from '../ui/foreign.ts';
import { ICONS } from '../ui/icons.ts';
import { clock, clockMillis, count, dayAndMinute, duration, moment } from '../ui/units.ts';
import { cellText } from './cells.ts';
import { describe } from './describe.ts';
import { actionsOf, lengthOf, type ProcessGroup } from './groups.ts';

/** More does not fit into one line of any window; the inspector has the whole. */
const LINE = 240;

export interface Line {
  readonly time: string;
  /** Of a time of today. */
  readonly millis: string;
  /** The whole time, where `time` is not that of today. */
  readonly moment: string | undefined;
  /** Path of the icon. */
  readonly icon: string;
  readonly action: string;
  readonly name: Shown;
  /** No process has a part in it. */
  readonly nameless: boolean;
  readonly pid: number | '';
  /** From the eldest known ancestor, `systemd › bash › `, and the parent. */
  readonly ancestors: Shown;
  readonly parent: Shown;
  /** Of a row that stands for many events: what they are. */
  readonly sum: string;
  readonly tags: readonly string[];
  readonly target: Shown;
  /** `target` are our words, not the machine's. */
  readonly noted: boolean;
  readonly user: Shown;
  readonly outcome: string;
  readonly failed: boolean;
}

/**
 * @param ancestry names, eldest first.
 * @param midnight when today began, in milliseconds.
 * @param group of which `event` is the newest.
 */
export function lineOf(
  event: Event,
  ancestry: readonly string[],
  midnight: number,
  group: ProcessGroup | undefined,
): Line {
  const { fields } = event;
  const words = describe(event);
  const name = fields['process.name'] ?? fields['merlon.process.comm'] ?? '';
  const time = fields['@timestamp'] ?? 0;
  const today = time >= midnight;
  // What it ran, as the newest of its events that says so has it.
  const target =
    group?.events.map((each) => describe(each).target).find((text) => text !== '') ?? words.target;
  return {
    time: today ? clock(time) : dayAndMinute(time, midnight),
    millis: today ? clockMillis(time) : '',
    moment: today ? undefined : moment(time),
    icon: ICONS[words.icon],
    action: group === undefined ? words.action : `${count(group.events.length)} events`,
    name: shown(name, 64),
    nameless: name === '',
    pid: fields['process.pid'] ?? '',
    ancestors: shown(ancestry.length > 1 ? `${ancestry.slice(0, -1).join(' › ')} › ` : '', 160),
    parent: shown(ancestry.at(-1) ?? '', 64),
    sum: group === undefined ? '' : sumOf(group),
    tags: words.tags,
    target: shown(target || words.note, LINE),
    noted: target === '',
    user: shown(fields['user.name'] ?? fields['user.id'] ?? '', 32),
    outcome: words.outcome,
    failed: words.failed,
  };
}

function sumOf(group: ProcessGroup): string {
  const length = lengthOf(group);
  return actionsOf(group) + (length === undefined ? '' : `\u00a0in ${duration(length * 1e6)}`);
}

/** The cell of a field that has no column of its own. */
export const cellOf = (event: Event, name: FieldName): Shown => shown(cellText(event, name), LINE);
