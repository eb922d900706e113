/** Places in the console and their addresses. */

export type Route =
  | { readonly screen: 'overview' }
  | {
      readonly screen: 'feed';
      readonly query?: string | undefined;
      /** Epoch milliseconds. */
      readonly from?: number | undefined;
      readonly until?: number | undefined;
      /** The cursor of the selected event. */
      readonly event?: string | undefined;
    }
  | { readonly screen: 'processes'; readonly search?: string | undefined }
  | { readonly screen: 'process'; readonly entityId: string }
  | { readonly screen: 'protection' }
  | { readonly screen: 'health' }
  | {
      readonly screen: 'bpf';
      readonly search?: string | undefined;
      /** The kernel's number of the selected program. */
      readonly program?: number | undefined;
    }
  | { readonly screen: 'settings'; readonly section?: string | undefined };

export type ScreenName = Route['screen'];

/** The address of a place within the page, such as `#/feed?query=process.name%3Acurl`. */
export function hrefOf(route: Route): string {
  switch (route.screen) {
    case 'overview':
      return '#/overview';
    case 'feed': {
      const { query, from, until, event } = route;
      return `#/feed${search({ query, from, until, event })}`;
    }
    case 'processes':
      return `#/processes${search({ search: route.search })}`;
    case 'process':
      return `#/process/${encodeURIComponent(route.entityId)}`;
    case 'protection':
      return '#/protection';
    case 'health':
      return '#/health';
    case 'bpf':
      return `#/bpf${search({ search: route.search, program: route.program })}`;
    case 'settings':
      return `#/settings${route.section === undefined ? '' : `/${encodeURIComponent(route.section)}`}`;
  }
}

/** @returns undefined where the address is no place. Anybody may have written it: nothing in it is trusted. */
export function parseHref(hash: string): Route | undefined {
  const [, path = '', query = ''] = /^#\/([^?]*)(?:\?(.*))?$/su.exec(hash) ?? [];
  const [screen, name, ...rest] = path.split('/').map(decoded);
  if (rest.length > 0) return undefined;
  const given = new URLSearchParams(query);
  const text = (key: string) => given.get(key) || undefined;
  switch (screen) {
    case 'overview':
    case 'protection':
    case 'health':
      return name === undefined ? { screen } : undefined;
    case 'bpf':
      return name === undefined
        ? compact({ screen, search: text('search'), program: id(text('program')) })
        : undefined;
    case 'feed':
      return name === undefined
        ? compact({
            screen,
            query: text('query'),
            from: ms(text('from')),
            until: ms(text('until')),
            event: text('event'),
          })
        : undefined;
    case 'processes':
      return name === undefined ? compact({ screen, search: text('search') }) : undefined;
    case 'process':
      return name ? { screen, entityId: name } : undefined;
    case 'settings':
      return compact({ screen, section: name || undefined });
    default:
      return undefined;
  }
}

/** Without what is not given, so that equal places are equal objects. */
function compact<R extends Route>(route: R): R {
  const entries = Object.entries(route).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as R;
}

function ms(text: string | undefined): number | undefined {
  const value = Number(text);
  return text === undefined || !Number.isFinite(value) ? undefined : value;
}

function id(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function search(values: Readonly<Record<string, string | number | undefined>>): string {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  return entries.length === 0
    ? ''
    : `?${new URLSearchParams(entries.map(([k, value]) => [k, String(value)]))}`;
}
