import { untrack } from 'svelte';
import type { Console } from '../../shared/console.ts';
import type { Event } from '../../shared/event.ts';
import { kept } from '../state/kept.svelte.ts';
import { barsOf, emptyBars, movedTo, sumOf, untilOf, withCounts, type Bars } from './bars.ts';
import {
  FIRST_RANGE,
  isLive,
  rangeSchema,
  spanOf,
  stepOf,
  wholeBars,
  widened,
  type Range,
  type Span,
} from './range.ts';

/** A first answer comes so soon, with what was counted; the rest is asked for from there. */
const PATIENCE_MS = 300;
const MOST_PATIENCE_MS = 5000;
/** Time between two looks at the newest bars. */
const LOOK_MS = 2000;
/** An event may be stored so long after it happened. */
const LATE_MS = 3000;
const MOST_GAPS = 500;
/** Rows follow a brush that rests so long. */
const REST_MS = 250;

/** What the rows are narrowed to: `last` milliseconds, or from and until. */
export interface TimeFilter {
  readonly last?: number;
  readonly from?: number;
  readonly until?: number;
}

/** How many events a span had, over time; the stretch of it that a person chose; and where nothing was seen. */
export class Timeline {
  /** Only one that moves on: tomorrow nobody wants to begin in a minute of today. */
  readonly #kept = kept('feed-range', rangeSchema, FIRST_RANGE);
  range = $state.raw<Range>(FIRST_RANGE);
  bars = $state.raw<Bars>(emptyBars({ from: 0, until: 1 }, 1));
  /** Chosen by hand; its ends are those of bars. */
  brush = $state.raw<Span | undefined>();
  gaps = $state.raw<readonly Event[]>([]);
  /** Bars before this are not counted yet. */
  countedFrom = $state<number | undefined>();
  problem = $state('');
  #zoomed = $state.raw<readonly Range[]>([]);
  readonly total = $derived(sumOf(this.bars));
  readonly chosen = $derived(this.brush && sumOf(this.bars, this.brush));

  #api: Console | undefined;
  #query = '';
  #turn = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #looking = false;
  #resting: ReturnType<typeof setTimeout> | undefined;
  #told: TimeFilter;
  readonly #onfilter: (filter: TimeFilter) => void;

  /** @param onfilter called whenever rows are to come from another time. */
  constructor(onfilter: (filter: TimeFilter) => void) {
    this.#onfilter = onfilter;
    if (isLive(this.#kept.value)) this.range = this.#kept.value;
    this.#told = this.filter;
  }

  get canZoomOut(): boolean {
    return this.#zoomed.length > 0 || this.range.kind !== 'all';
  }

  get filter(): TimeFilter {
    if (this.brush !== undefined) return this.brush;
    switch (this.range.kind) {
      case 'last':
        return { last: this.range.ms };
      case 'own':
        return this.range;
      case 'all':
        return {};
    }
  }

  /** Follows this connection until it ends. */
  async follow(api: Console): Promise<void> {
    this.#api = api;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
    api.onClose(() => {
      if (this.#api !== api) return;
      this.#api = undefined;
      clearInterval(this.#timer);
    });
    // Whoever begins in an effect depends on the connection, and on nothing in here.
    await untrack(() => this.#count());
  }

  /** Counts another query. */
  async ask(query: string): Promise<void> {
    if (query === this.#query) return;
    this.#query = query;
    await this.#count();
  }

  setRange(range: Range): void {
    this.#zoomed = [];
    this.#change(range);
  }

  /** @param span undefined takes the choice back. */
  choose(span: Span | undefined): void {
    this.brush = span === undefined ? undefined : this.#snapped(span);
    this.#tell();
  }

  /** Draws a choice that may still change; rows follow once it rests. */
  preview(span: Span): void {
    this.brush = this.#snapped(span);
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#tell(), REST_MS);
  }

  #tell(): void {
    clearTimeout(this.#resting);
    const { filter } = this;
    const { last, from, until } = this.#told;
    if (filter.last === last && filter.from === from && filter.until === until) return;
    this.#told = filter;
    this.#onfilter(filter);
  }

  /** Shows what was chosen, and no more. */
  zoomIn(): void {
    if (this.brush === undefined) return;
    this.#zoomed = [...this.#zoomed, this.range];
    this.#change({ kind: 'own', ...this.brush });
  }

  /** Back to where `zoomIn` came from, else to the next wider range. */
  zoomOut(): void {
    const before = this.#zoomed.at(-1);
    this.#zoomed = this.#zoomed.slice(0, -1);
    this.#change(before ?? widened(this.range));
  }

  /** Back to a range that ends now: rows arrive again. */
  goLive(): void {
    if (this.brush === undefined && isLive(this.range)) return;
    this.brush = undefined;
    if (isLive(this.range)) return this.#tell();
    const before = this.#zoomed.find(isLive) ?? FIRST_RANGE;
    this.setRange(before);
  }

  /** Looks again for blind intervals and losses. */
  async lookForGaps(): Promise<void> {
    const api = this.#api;
    if (api === undefined) return;
    const { from } = this.bars;
    const reply = await api.request('events.page', {
      query: 'event.action:gap',
      since: from,
      until: untilOf(this.bars),
      limit: MOST_GAPS,
      patience_ms: PATIENCE_MS,
    });
    if (reply.ok && from === this.bars.from) this.gaps = reply.value.events;
  }

  #change(range: Range): void {
    this.range = range;
    if (isLive(range)) this.#kept.value = range;
    this.brush = undefined;
    this.#tell();
    void this.#count();
  }

  #snapped(span: Span): Span {
    const { from, step } = this.bars;
    const [first, last] = barsOf(this.bars, span);
    const start = Math.min(first, this.bars.length - 1);
    return { from: from + start * step, until: from + Math.max(start + 1, last) * step };
  }

  /** Counts everything anew, the newest first. */
  async #count(): Promise<void> {
    const api = this.#api;
    if (api === undefined) return;
    const turn = ++this.#turn;
    const oldest = this.range.kind === 'all' ? await oldestOf(api) : null;
    if (turn !== this.#turn) return;
    const span = spanOf(this.range, Date.now(), oldest);
    const step = stepOf(span);
    // Bars of the same time stay until they are counted anew.
    const bars = step === this.bars.step ? movedTo(this.bars, span) : emptyBars(span, step);
    this.bars = bars;
    this.gaps = this.gaps.filter(({ fields }) => (fields['event.end'] ?? 0) >= bars.from);
    this.problem = '';
    void this.lookForGaps();
    await this.#countFrom(api, bars.from, turn);
  }

  /** Counts from there on to the end, newest first. */
  async #countFrom(api: Console, from: number, turn: number): Promise<void> {
    let until = untilOf(this.bars);
    let patience = PATIENCE_MS;
    while (until > from) {
      const { step } = this.bars;
      const asked = { query: this.#query, from, until, step_ms: step, patience_ms: patience };
      const reply = await api.request('events.histogram', asked);
      if (turn !== this.#turn) return;
      if (!reply.ok) {
        this.problem = reply.error.message;
        return;
      }
      const { counts, counted_from: counted = from } = reply.value;
      const first = Math.min(until, from + Math.ceil((counted - from) / step) * step);
      this.bars = withCounts(this.bars, counts, from, first, until);
      this.countedFrom = counted <= from ? undefined : first;
      if (counted <= from) return;
      if (first < until) until = first;
      // A bar with more events than can be counted in any patience has at least so many.
      else if (patience >= MOST_PATIENCE_MS) until -= step;
      else patience = Math.min(MOST_PATIENCE_MS, patience * 2);
    }
  }

  /** The newest bars again, and those that came since. */
  async #look(): Promise<void> {
    const api = this.#api;
    if (api === undefined || this.#looking || !isLive(this.range)) return;
    if (document.visibilityState === 'hidden' || this.countedFrom !== undefined) return;
    this.#looking = true;
    const turn = this.#turn;
    const known = untilOf(this.bars);
    const span =
      this.range.kind === 'all'
        ? { from: this.bars.from, until: Date.now() }
        : spanOf(this.range, Date.now(), null);
    const step = stepOf(span);
    if (step === this.bars.step) {
      const whole = wholeBars(span, step);
      if (whole.from !== this.bars.from || whole.until !== known) this.bars = movedTo(this.bars, span);
      const since = Math.min(Date.now() - LATE_MS, known) - LOOK_MS;
      await this.#countFrom(api, Math.max(this.bars.from, Math.floor(since / step) * step), turn);
    } else {
      await this.#count();
    }
    this.#looking = false;
  }
}

async function oldestOf(api: Console): Promise<number | null> {
  const reply = await api.request('status.get', {});
  return reply.ok ? reply.value.store.oldest : null;
}
