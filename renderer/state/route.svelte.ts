import * as v from 'valibot';
import { kept } from './kept.svelte.ts';
import { hrefOf, parseHref, type Route, type ScreenName } from './route.ts';

export { hrefOf, parseHref, type Route, type ScreenName } from './route.ts';

/**
 * Where a console opens that was never open before: the feed asks for the password with all that there is to know
 * about it, and fills as soon as it is given. From then on a console opens where it was left.
 */
const START: Route = { screen: 'feed' };

/** Browsers refuse addresses that change faster than about seven times a second for long; a held arrow key does that. */
const QUIET_MS = 200;

/** What the router needs of a window. */
export interface Place {
  readonly location: { readonly hash: string };
  readonly history: Pick<History, 'state' | 'pushState' | 'replaceState' | 'back' | 'forward'>;
  addEventListener(type: 'popstate' | 'pagehide', listener: () => void): void;
}

const state = v.object({ at: v.number() });

/** Which screen is shown, as the address says; each move is an entry of the browser's own history. */
export class Router {
  current = $state.raw<Route>(START);
  /** How each screen was last left. */
  #left = $state.raw<Partial<Record<ScreenName, Route>>>({});
  /** This entry's number in the history, and the highest there is. */
  #at = $state(0);
  #last = $state(0);
  readonly canGoBack = $derived(this.#at > 0);
  readonly canGoForward = $derived(this.#at < this.#last);

  /** The address does not show yet where the page is. */
  #unwritten = false;
  #resting = false;
  readonly #place: Place | undefined;
  readonly #kept = kept('route', v.string(), '');

  /** @param place undefined where there is no window. */
  constructor(place: Place | undefined) {
    this.#place = place;
    if (place === undefined) return;
    const known = v.safeParse(state, place.history.state);
    // After a reload the entries behind are still there; how many lie ahead is not known.
    this.#at = this.#last = known.success ? known.output.at : 0;
    this.#show(parseHref(place.location.hash) ?? parseHref(this.#kept.value) ?? START);
    this.#write('replace');
    place.addEventListener('popstate', () => this.#moved());
    place.addEventListener('pagehide', () => this.#flush());
  }

  /** Shows another screen, or the same with other contents. `replace`: without a step for "back". */
  go(route: Route, { replace = false }: { replace?: boolean } = {}): void {
    if (hrefOf(route) === hrefOf(this.current)) return;
    if (replace) {
      this.#show(route);
      return this.#writeSoon();
    }
    this.#flush();
    this.#show(route);
    this.#at += 1;
    this.#last = this.#at;
    this.#write('push');
  }

  /** The screen as it was left, or as given where it was not shown yet. */
  lastOf(route: Route): Route {
    return this.#left[route.screen] ?? route;
  }

  back(): void {
    this.#flush();
    if (this.canGoBack) this.#place?.history.back();
  }

  forward(): void {
    this.#flush();
    if (this.canGoForward) this.#place?.history.forward();
  }

  /** Back, forward, a link, or another address typed in. */
  #moved(): void {
    if (this.#place === undefined) return;
    this.#unwritten = false;
    const route = parseHref(this.#place.location.hash);
    const known = v.safeParse(state, this.#place.history.state);
    if (route !== undefined) this.#show(route);
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

  #show(route: Route): void {
    this.current = route;
    this.#left = { ...this.#left, [route.screen]: route };
  }

  /** Now, and once more when it has been quiet for a moment. */
  #writeSoon(): void {
    if (this.#resting) {
      this.#unwritten = true;
      return;
    }
    this.#write('replace');
    this.#resting = true;
    setTimeout(() => {
      this.#resting = false;
      if (this.#unwritten) this.#writeSoon();
    }, QUIET_MS);
  }

  #flush(): void {
    if (this.#unwritten) this.#write('replace');
  }

  #write(how: 'push' | 'replace'): void {
    this.#unwritten = false;
    const href = hrefOf(this.current);
    this.#kept.value = href;
    this.#place?.history[`${how}State`]({ at: this.#at }, '', href);
  }
}

export const router = new Router(globalThis.window);
