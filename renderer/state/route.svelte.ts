import * as v from 'valibot';
import { kept } from './kept.svelte.ts';
import { hrefOf, parseHref, type Route } from './route.ts';

export { hrefOf, parseHref, type Route, type ScreenName } from './route.ts';

/** Where a console opens that was never open before. */
const START: Route = { screen: 'feed' };

/** What the router needs of a window. */
export interface Place {
  readonly location: { readonly hash: string };
  readonly history: Pick<History, 'state' | 'pushState' | 'replaceState' | 'back' | 'forward'>;
  addEventListener(type: 'popstate', listener: () => void): void;
}

const state = v.object({ at: v.number() });

/** Which screen is shown, as the address says; each move is an entry of the browser's own history. */
export class Router {
  current = $state.raw<Route>(START);
  /** This entry's number in the history, and the highest there is. */
  #at = $state(0);
  #last = $state(0);
  readonly canGoBack = $derived(this.#at > 0);
  readonly canGoForward = $derived(this.#at < this.#last);

  readonly #place: Place | undefined;
  readonly #kept = kept('route', v.string(), '');

  /** @param place undefined where there is no window. */
  constructor(place: Place | undefined) {
    this.#place = place;
    if (place === undefined) return;
    const known = v.safeParse(state, place.history.state);
    // After a reload the entries behind are still there; how many lie ahead is not known.
    this.#at = this.#last = known.success ? known.output.at : 0;
    this.current = parseHref(place.location.hash) ?? parseHref(this.#kept.value) ?? START;
    this.#write('replace');
    place.addEventListener('popstate', () => this.#moved());
  }

  /** Shows another screen, or the same with other contents. `replace`: without a step for "back". */
  go(route: Route, { replace = false }: { replace?: boolean } = {}): void {
    if (hrefOf(route) === hrefOf(this.current)) return;
    this.current = route;
    if (replace) return this.#write('replace');
    this.#at += 1;
    this.#last = this.#at;
    this.#write('push');
  }

  back(): void {
    if (this.canGoBack) this.#place?.history.back();
  }

  forward(): void {
    if (this.canGoForward) this.#place?.history.forward();
  }

  /** Back, forward, a link, or another address typed in. */
  #moved(): void {
    if (this.#place === undefined) return;
    const route = parseHref(this.#place.location.hash);
    const known = v.safeParse(state, this.#place.history.state);
    if (route !== undefined) this.current = route;
    if (known.success && route !== undefined) {
      this.#at = known.output.at;
      this.#last = Math.max(this.#last, this.#at);
      this.#kept.value = hrefOf(route);
      return;
    }
    // A new entry that was not made by `go`; where its address means nothing, the screen stays.
    if (!known.success) this.#last = this.#at += 1;
    this.#write('replace');
  }

  #write(how: 'push' | 'replace'): void {
    const href = hrefOf(this.current);
    this.#kept.value = href;
    this.#place?.history[`${how}State`]({ at: this.#at }, '', href);
  }
}

export const router = new Router(globalThis.window);
