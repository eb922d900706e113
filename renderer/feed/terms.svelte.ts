import type { Console } from '../../shared/console.ts';
import { formatQuery, parseQuery, type Query } from '../../shared/query.ts';
import type { OpenSpan } from './querying.svelte.ts';

const PATIENCE_MS = 2000;
const MOST_TERMS = 8;

/** One of the terms that must all hold, and how many events it selects by itself. */
export interface Term {
  readonly text: string;
  /** What it is about, in short. */
  readonly name: string;
  /** undefined: not known yet; null: could not be counted in time. */
  readonly events: number | null | undefined;
  /** The query without it. */
  readonly rest: string;
}

/** Why a query finds nothing: each of its terms counted by itself. */
export class Terms {
  list = $state.raw<readonly Term[]>([]);
  /** How many events match the whole query in all time; undefined while that is not known. */
  everywhere = $state<number | undefined>();
  #turn = 0;

  /** The term without which the most could be found: the one that selects the least. */
  readonly rarest = $derived.by(() => {
    if (this.list.length < 2 || this.list.some(({ events }) => events === undefined)) return undefined;
    return this.list.reduce((least, term) => ((term.events ?? 0) < (least.events ?? 0) ? term : least));
  });

  async count(api: Console | undefined, query: string, { from, until }: OpenSpan): Promise<void> {
    const turn = ++this.#turn;
    const now = Date.now();
    this.list = termsOf(query);
    this.everywhere = undefined;
    if (api === undefined) return;
    const status = await api.request('status.get', {});
    const oldest = status.ok ? (status.value.store.oldest ?? now - 1) : now - 1;
    const ask = (text: string, begin: number, end: number) =>
      countOf(api, text, Math.min(begin, end - 1), end);
    for (const [at, term] of this.list.entries()) {
      const events = await ask(term.text, from ?? oldest, until ?? now);
      if (turn !== this.#turn) return;
      this.list = this.list.with(at, { ...term, events });
    }
    if (from === undefined && until === undefined) return;
    const everywhere = await ask(query, oldest, now);
    if (turn === this.#turn) this.everywhere = everywhere ?? undefined;
  }
}

async function countOf(api: Console, query: string, from: number, until: number): Promise<number | null> {
  const asked = { query, from, until, step_ms: Math.max(1, until - from), patience_ms: PATIENCE_MS };
  const reply = await api.request('events.histogram', asked);
  if (!reply.ok || reply.value.counted_from !== undefined) return null;
  return Object.values(reply.value.counts)
    .flat()
    .reduce((sum, events) => sum + events, 0);
}

/** The terms of a query that must all hold. */
export function termsOf(query: string): readonly Term[] {
  const parsed = parseQuery(query);
  if (!parsed.ok || parsed.value === null) return [];
  const terms = parsed.value.type === 'and' ? parsed.value.terms : [parsed.value];
  return terms.slice(0, MOST_TERMS).map((term) => {
    const others = terms.filter((each) => each !== term);
    const [only] = others;
    const rest = others.length > 1 ? formatQuery({ type: 'and', terms: others }) : formatQuery(only ?? null);
    return { text: formatQuery(term), name: nameOf(term), events: undefined, rest };
  });
}

/** The field that a term is about; the term, where it is about several, or none. */
function nameOf(term: Query): string {
  if ('field' in term) return term.field;
  if (term.type === 'not') return `not ${nameOf(term.term)}`;
  if (term.type === 'or') {
    const names = new Set(term.terms.map(nameOf));
    const [name] = names;
    if (names.size === 1 && name !== undefined) return name;
  }
  return formatQuery(term);
}
