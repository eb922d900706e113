/** What can be done on the feed, for the command menu, the keys and their help. */
import type { Command } from '../state/commands.svelte.ts';
import type { Feed } from './feed.svelte.ts';
import { LASTS } from './range.ts';

export interface FeedVerbs {
  readonly query: () => void;
  readonly move: (by: number) => void;
  readonly tick: () => void;
  readonly live: () => void;
  readonly pause: () => void;
  readonly copyQuery: () => void;
  readonly copyJson: () => void;
  readonly out: () => void;
  readonly range: () => void;
  readonly brush: () => void;
  readonly columns: () => void;
  readonly saved: () => void;
  readonly exportEvents: () => void;
  readonly clearTicks: () => void;
}

export function feedCommands(feed: Feed, verbs: FeedVerbs): readonly Command[] {
  const { timeline, ticks } = feed;
  const any = () => ticks.count > 0 || feed.selected !== undefined;
  const chosen = () => timeline.brush !== undefined;
  const list: readonly Omit<Command, 'group'>[] = [
    { id: 'feed.query', title: 'Write a query', keys: '/', words: 'search filter find', run: verbs.query },
    { id: 'feed.saved', title: 'Open saved and recent queries', run: verbs.saved },
    { id: 'feed.down', title: 'Next row', keys: 'j', run: () => verbs.move(1) },
    { id: 'feed.up', title: 'Row before', keys: 'k', run: () => verbs.move(-1) },
    { id: 'feed.live', title: 'Go live', keys: 'l | Home', words: 'newest follow', run: verbs.live },
    { id: 'feed.pause', title: 'Pause the list, or go on', run: verbs.pause },
    {
      id: 'feed.tick',
      title: 'Tick the selected row',
      keys: 'Space',
      words: 'select mark',
      enabled: () => feed.selected !== undefined,
      run: verbs.tick,
    },
    { id: 'feed.untick', title: 'Untick all', enabled: () => ticks.count > 0, run: verbs.clearTicks },
    { id: 'feed.copy-query', title: 'Copy as query', keys: 'q', enabled: any, run: verbs.copyQuery },
    { id: 'feed.copy-json', title: 'Copy as NDJSON', words: 'json', enabled: any, run: verbs.copyJson },
    {
      id: 'feed.export',
      title: 'Export events…',
      words: 'csv ndjson download save',
      run: verbs.exportEvents,
    },
    {
      id: 'feed.by-process',
      title: 'One row for each process',
      keys: 'p',
      words: 'group fold',
      run: () => feed.group(!feed.grouped),
    },
    { id: 'feed.columns', title: 'Choose columns…', run: verbs.columns },
    { id: 'feed.range', title: 'Choose a range…', keys: 'r', words: 'time', run: verbs.range },
    {
      id: 'feed.brush',
      title: 'Choose a stretch of time by keyboard',
      keys: 'b',
      words: 'brush histogram',
      run: verbs.brush,
    },
    {
      id: 'feed.zoom-in',
      title: 'Zoom into the chosen time',
      keys: '+',
      enabled: chosen,
      run: () => timeline.zoomIn(),
    },
    {
      id: 'feed.zoom-out',
      title: 'Zoom out',
      keys: '-',
      enabled: () => timeline.canZoomOut,
      run: () => timeline.zoomOut(),
    },
    ...LASTS.map(({ ms, label }) => ({
      id: `feed.range-${ms}`,
      title: `Range: ${label.toLowerCase()}`,
      run: () => timeline.setRange({ kind: 'last', ms }),
    })),
    { id: 'feed.range-all', title: 'Range: all time', run: () => timeline.setRange({ kind: 'all' }) },
    { id: 'feed.out', title: 'Out, one level', keys: 'Escape', run: verbs.out },
  ];
  return list.map((command) => ({ ...command, group: 'Feed' }));
}
