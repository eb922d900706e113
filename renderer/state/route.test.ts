import { describe, expect, it, vi } from 'vitest';
import { hrefOf, parseHref, Router, type Place, type Route } from './route.svelte.ts';

const ROUTES: readonly [string, Route][] = [
  ['#/overview', { screen: 'overview' }],
  ['#/feed', { screen: 'feed' }],
  ['#/feed?query=process.name%3A%22a+%26+b%22', { screen: 'feed', query: 'process.name:"a & b"' }],
  ['#/feed?from=1000&until=2000.5&event=3.77', { screen: 'feed', from: 1000, until: 2000.5, event: '3.77' }],
  ['#/processes?search=%23%3F%2F', { screen: 'processes', search: '#?/' }],
  ['#/process/a%2Fb%3F%25', { screen: 'process', entityId: 'a/b?%' }],
  ['#/protection', { screen: 'protection' }],
  ['#/health', { screen: 'health' }],
  ['#/bpf', { screen: 'bpf' }],
  ['#/bpf?search=a+b&program=41', { screen: 'bpf', search: 'a b', program: 41 }],
  ['#/settings', { screen: 'settings' }],
  ['#/settings/data', { screen: 'settings', section: 'data' }],
];

describe('addresses', () => {
  it.each(ROUTES)('%s is a place and back', (href, route) => {
    expect(hrefOf(route)).toBe(href);
    expect(parseHref(href)).toEqual(route);
  });

  it.each([
    '',
    '#',
    '#feed',
    '#/',
    '#/nowhere',
    '#/process',
    '#/process/',
    '#/feed/x',
    '#/protection/x',
    '#/health/x',
    '#/bpf/41',
    '#/process/a/b',
  ])('%s is none', (href) => expect(parseHref(href)).toBeUndefined());

  it('takes broken escapes and times as they are, or not at all', () => {
    expect(parseHref('#/process/%E0%A4%A')).toEqual({ screen: 'process', entityId: '%E0%A4%A' });
    expect(parseHref('#/feed?from=soon&until=')).toEqual({ screen: 'feed' });
    expect(parseHref('#/bpf?program=-1')).toEqual({ screen: 'bpf' });
    expect(parseHref('#/bpf?program=1e3')).toEqual({ screen: 'bpf' });
  });
});

/** A window's history. */
class FakePlace implements Place {
  entries: { state: unknown; href: string }[];
  at = 0;
  #listeners: (() => void)[] = [];

  constructor(href = '') {
    this.entries = [{ state: null, href }];
  }

  get href(): string {
    return this.entries[this.at]?.href ?? '';
  }
  get location() {
    return { hash: this.href };
  }
  get history(): Place['history'] {
    return {
      state: this.entries[this.at]?.state,
      pushState: (state, _, href) => {
        this.entries = [...this.entries.slice(0, ++this.at), { state, href: String(href) }];
      },
      replaceState: (state, _, href) => {
        this.replaced(String(href));
        this.entries[this.at] = { state, href: String(href) };
      },
      back: () => this.#move(-1),
      forward: () => this.#move(1),
    };
  }
  replaced(_href: string) {}
  addEventListener(type: 'popstate' | 'pagehide', listener: () => void) {
    if (type === 'popstate') this.#listeners.push(listener);
  }
  /** As a link does, or a person in the address bar. */
  follow(href: string) {
    this.entries = [...this.entries.slice(0, ++this.at), { state: null, href }];
    this.#listeners.forEach((listener) => listener());
  }
  #move(by: number) {
    this.at += by;
    this.#listeners.forEach((listener) => listener());
  }
}

describe('the router', () => {
  it('opens where the address points', () => {
    expect(new Router(new FakePlace('#/process/x')).current).toEqual({ screen: 'process', entityId: 'x' });
  });

  it('writes each move as a step that can be taken back', () => {
    const place = new FakePlace();
    const router = new Router(place);
    router.go({ screen: 'settings' });
    router.go({ screen: 'process', entityId: 'x' });
    expect(place.href).toBe('#/process/x');
    router.back();
    expect(router.current).toEqual({ screen: 'settings' });
    expect([router.canGoBack, router.canGoForward]).toEqual([true, true]);
    router.back();
    expect([router.canGoBack, router.canGoForward]).toEqual([false, true]);
    router.forward();
    router.go({ screen: 'overview' });
    expect(router.canGoForward).toBe(false);
  });

  it('replaces without a step, and takes no step to where it is', () => {
    const place = new FakePlace('#/feed');
    const router = new Router(place);
    router.go({ screen: 'feed', query: 'a' }, { replace: true });
    router.go({ screen: 'feed', query: 'a' });
    expect(place.entries.map(({ href }) => href)).toEqual(['#/feed?query=a']);
  });

  it('writes what changes quickly seldom, and before each step', () => {
    vi.useFakeTimers();
    const place = new FakePlace('#/feed');
    const replaced = vi.spyOn(place, 'replaced');
    const router = new Router(place);
    replaced.mockClear();
    for (let at = 1; at <= 20; at += 1) router.go({ screen: 'feed', event: `3.${at}` }, { replace: true });
    expect(replaced.mock.calls).toEqual([['#/feed?event=3.1']]);
    vi.advanceTimersByTime(200);
    expect(replaced.mock.lastCall).toEqual(['#/feed?event=3.20']);
    router.go({ screen: 'feed', event: '3.21' }, { replace: true });
    router.go({ screen: 'settings' });
    router.back();
    expect(router.current).toEqual({ screen: 'feed', event: '3.21' });
    vi.useRealTimers();
  });

  it('follows links, and stays where an address means nothing', () => {
    const place = new FakePlace('#/feed');
    const router = new Router(place);
    place.follow('#/settings/data');
    expect(router.current).toEqual({ screen: 'settings', section: 'data' });
    expect(router.canGoBack).toBe(true);
    place.follow('#/nonsense');
    expect(router.current).toEqual({ screen: 'settings', section: 'data' });
    expect(place.href).toBe('#/settings/data');
  });

  it('remembers how each screen was left', () => {
    const router = new Router(new FakePlace('#/feed?query=a'));
    router.go({ screen: 'settings' });
    expect(router.lastOf({ screen: 'feed' })).toEqual({ screen: 'feed', query: 'a' });
    expect(router.lastOf({ screen: 'processes' })).toEqual({ screen: 'processes' });
  });

  it('lives without a window', () => {
    const router = new Router(undefined);
    router.go({ screen: 'overview' });
    expect(router.current).toEqual({ screen: 'overview' });
  });
});
