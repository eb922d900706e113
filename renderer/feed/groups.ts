/** Events of one process as one row: what is loaded, folded. */
import type { Event } from '../../shared/event.ts';

/** All loaded events of a process, as one row where its newest event stands. */
export interface ProcessGroup {
  readonly entityId: string;
  /** Newest first, two at least. */
  readonly events: readonly Event[];
  readonly unfolded: boolean;
}

/** A row of the feed: an event, an event inside an unfolded group, or a group. */
export type FeedRow =
  | { readonly of: 'event'; readonly key: string; readonly event: Event; readonly within: boolean }
  | { readonly of: 'group'; readonly key: string; readonly event: Event; readonly group: ProcessGroup };

export const rowOf = (event: Event, within = false): FeedRow => ({
  of: 'event',
  key: event.cursor,
  event,
  within,
});

/** @param events newest first. Events without a process stay by themselves. */
export function groupByProcess(events: readonly Event[], unfolded: ReadonlySet<string>): readonly FeedRow[] {
  const byProcess = new Map<string, Event[]>();
  for (const event of events) {
    const id = event.fields['process.entity_id'] ?? event.cursor;
    const known = byProcess.get(id);
    if (known === undefined) byProcess.set(id, [event]);
    else known.push(event);
  }
  const rows: FeedRow[] = [];
  // A map keeps the order in which its keys came: that of each process's newest event.
  for (const [entityId, own] of byProcess) {
    const [newest] = own;
    if (newest === undefined) continue;
    if (own.length === 1) {
      rows.push(rowOf(newest));
      continue;
    }
    const open = unfolded.has(entityId);
    const group = { entityId, events: own, unfolded: open };
    rows.push({ of: 'group', key: `group-${entityId}`, event: newest, group });
    if (open) for (const event of own) rows.push(rowOf(event, true));
  }
  return rows;
}

/** What a group's row says: how often each action, `exec, 2 fork, exit`, oldest first. */
export function actionsOf({ events }: ProcessGroup): string {
  const counts = new Map<string, number>();
  for (const { fields } of events.toReversed()) {
    const action = (fields['event.action'] ?? 'event').replaceAll('_', ' ');
    counts.set(action, (counts.get(action) ?? 0) + 1);
  }
  return [...counts].map(([action, n]) => (n === 1 ? action : `${n} ${action}`)).join(', ');
}

/** Milliseconds from its oldest to its newest loaded event; undefined where one has no time. */
export function lengthOf({ events }: ProcessGroup): number | undefined {
  const last = events[0]?.fields['@timestamp'];
  const first = events.at(-1)?.fields['@timestamp'];
  return first === undefined || last === undefined ? undefined : Math.max(0, last - first);
}
