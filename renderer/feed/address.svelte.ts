import { untrack } from 'svelte';
import type { Connection } from '../state/connection.svelte.ts';
import { router } from '../state/route.svelte.ts';
import { toasts } from '../state/toasts.svelte.ts';
import type { Feed } from './feed.svelte.ts';

/**
 * Keeps the feed and its address together: `#/feed?query=…&event=…`. An applied query is a step of the history, a
 * selection is not. To be called where effects may be.
 */
export function followAddress(feed: Feed, connection: Connection): void {
  const route = $derived(router.current.screen === 'feed' ? router.current : undefined);

  $effect(() => {
    const query = route?.query ?? '';
    if (route !== undefined && query !== untrack(() => feed.applied)) void untrack(() => feed.apply(query));
  });

  $effect(() => {
    const query = feed.applied || undefined;
    if (query !== untrack(() => route?.query)) untrack(() => route && router.go({ screen: 'feed', query }));
  });

  $effect(() => {
    const cursor = route?.event;
    const { api } = connection;
    if (cursor === undefined || api === undefined || cursor === untrack(() => feed.selected?.cursor)) return;
    void api.request('events.get', { cursor }).then((reply) => {
      if (route?.event !== cursor) return;
      if (reply.ok) feed.select(reply.value);
      else toasts.fail('The event of this link is not stored any more, or was never stored here.');
    });
  });

  let selected = false;
  $effect(() => {
    const event = feed.selected?.cursor;
    // Before anything was selected the address may name what is still being read.
    selected ||= event !== undefined;
    if (selected) untrack(() => route && router.go({ ...route, event }, { replace: true }));
  });
}
