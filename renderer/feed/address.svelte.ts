import { untrack } from 'svelte';
import type { Console } from '../../shared/console.ts';
import type { Connection } from '../state/connection.svelte.ts';
import { router, type Route } from '../state/route.svelte.ts';
import { toasts } from '../state/toasts.svelte.ts';
import type { Feed } from './feed.svelte.ts';

type FeedRoute = Extract<Route, { screen: 'feed' }>;

/** The address of what is shown. */
export function routeOf(feed: Feed): FeedRoute {
  const { brush, range } = feed.timeline;
  const span = brush ?? (range.kind === 'own' ? range : undefined);
  return {
    screen: 'feed',
    ...(feed.applied === '' ? {} : { query: feed.applied }),
    ...(span === undefined ? {} : { from: Math.round(span.from), until: Math.round(span.until) }),
    ...(feed.selected === undefined ? {} : { event: feed.selected.cursor }),
  };
}

/** A selection is no step for "back", nor is a time that is still being adjusted. */
const isSameView = (a: FeedRoute, b: FeedRoute) =>
  a.query === b.query && (a.from === undefined) === (b.from === undefined);

/**
 * Keeps the feed and its address together: `#/feed?query=…&from=…&until=…&event=…`. A query or a time is a step of the
 * history, a selection is not. To be called where effects may be.
 */
export function followAddress(feed: Feed, connection: Connection): void {
  const route = $derived(router.current.screen === 'feed' ? router.current : undefined);
  /** Another screen was shown: an address without more then leaves the feed as it was left. */
  let away = false;
  /** The event of the address, while it is read. */
  let awaited: string | undefined;

  $effect(() => {
    const shown = route;
    const { api } = connection;
    if (shown === undefined) {
      away = true;
      return;
    }
    const returns = away && Object.keys(shown).length === 1;
    away = false;
    untrack(() => {
      if (returns) return router.go(routeOf(feed), { replace: true });
      awaited = shown.event;
      void show(feed, shown, api).then(() => (awaited = undefined));
    });
  });

  $effect(() => {
    const now = routeOf(feed);
    untrack(() => {
      if (route === undefined) return;
      const same = isSameView(now, route);
      // What is still being read is not selected yet.
      if (same && now.event === undefined && awaited !== undefined) return;
      router.go(now, { replace: same });
    });
  });
}

async function show(
  feed: Feed,
  { query = '', from, until, event }: FeedRoute,
  api: Console | undefined,
): Promise<void> {
  const now = routeOf(feed);
  if (from !== now.from || until !== now.until) {
    if (from !== undefined && until !== undefined && from < until)
      feed.timeline.setRange({ kind: 'own', from, until });
    else feed.timeline.goLive();
  }
  if (query !== feed.applied) await feed.apply(query);
  if (event === undefined || event === feed.selected?.cursor || api === undefined) return;
  const reply = await api.request('events.get', { cursor: event });
  if (reply.ok) feed.select(reply.value);
  else toasts.fail('The event of this link is not stored any more, or was never stored here.');
}
