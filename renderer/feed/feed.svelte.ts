import type { Console, EventPage, LiveEvents, Searched } from '../../shared/console.ts';
import * as v from 'valibot';
import type { Event } from '../../shared/event.ts';
import { parseQuery } from '../../shared/query.ts';
import { searchedSoFar } from '../../shared/searched.ts';
import { kept } from '../state/kept.svelte.ts';
import { groupByProcess, type FeedRow } from './groups.ts';
import { Lineage } from './lineage.svelte.ts';
import { mergeNewest } from './merge.ts';
import {
  FOLDED_PACE,
  FOLDED_PAGE,
  MAX_HELD,
  MAX_LIVE_ROWS,
  MAX_ROWS,
  MIN_CHANGE_MS,
  MIN_FOLDED_MS,
  MIN_RESTART_MS,
  PACE,
  PAGE,
  PATIENCE_MS,
  SKIPPING_MS,
} from './pace.ts';
import { Ticks } from './ticks.svelte.ts';
import { Timeline, type TimeFilter } from './timeline.svelte.ts';

/** Why the list stands still. Capture never does. */
export const PAUSE_REASONS = ['range', 'you', 'selection', 'scroll', 'pointer'] as const;
export type PauseReason = (typeof PAUSE_REASONS)[number];

export interface QueryProblem {
  /** From 1; 0 where the problem has no place. */
  readonly column: number;
  readonly message: string;
  readonly expected: readonly string[];
}

/** The feed: one query's events, newest first, followed live or standing still. */
export class Feed {
  draft = $state('');
  applied = $state('');
  problem = $state.raw<QueryProblem | undefined>();
  rows = $state.raw<readonly Event[]>([]);
  /** How many rows ever came on top of others. */
  arrived = $state(0);
  selected = $state.raw<Event | undefined>();
  /** Events that came while the list stood still. */
  newer = $state(0);
  /** More comes than is shown: rows are the newest, without those in between. */
  skipping = $state(false);
  /** First rows of this query were asked for and have not come. */
  loading = $state(false);
  loadingOlder = $state(false);
  /** How far back this query was searched; undefined while it was answered at once. */
  searched = $state.raw<Searched | undefined>();
  /** The person had enough of searching. */
  stopped = $state(false);
  /** There is nothing older. */
  atEnd = $state(false);
  #reasons = $state.raw<ReadonlySet<PauseReason>>(new Set());
  /** The strongest reason, as the strip names it. */
  readonly pausedBy = $derived(PAUSE_REASONS.find((reason) => this.#reasons.has(reason)));
  readonly lineage = new Lineage();
  readonly timeline: Timeline = new Timeline((filter) => this.#narrow(filter));
  readonly ticks = new Ticks();
  readonly #grouped = kept('feed-grouped', v.boolean(), false);
  #unfolded = $state.raw<ReadonlySet<string>>(new Set());
  /** What the list shows: events, or one row for each process. */
  readonly list: readonly (Event | FeedRow)[] = $derived(
    this.grouped ? groupByProcess(this.rows, this.#unfolded) : this.rows,
  );

  #api: Console | undefined;
  #subscription: number | undefined;
  #early: LiveEvents[] = [];
  #held: Event[] = [];
  /** Between those that are held and the rows are others, which the store has: the rows make place. */
  #apart = false;
  /** More was stored than the engine could still send: going live asks the store. */
  #behind = false;
  #skipped: ReturnType<typeof setTimeout> | undefined;
  #seen = new Set<string>();
  #frame: number | undefined;
  #turn = 0;
  /** Where older events go on; undefined at the end. */
  #next: string | undefined;
  /** Goes up when rows are cut off at the end: what is under way from there would leave a hole. */
  #cuts = 0;
  #changedAt = 0;
  #restartedAt = -Infinity;
  /** What the rows are narrowed to; `#since` is where that begins for the rows that are loaded. */
  #filter: TimeFilter = this.timeline.filter;
  #since: number | undefined;

  /** Follows this connection until it ends. */
  async follow(api: Console): Promise<void> {
    this.#api = api;
    this.#subscription = undefined;
    api.on('events.live', (live) => this.#take(live));
    api.on('store.replaced', () => void this.#replaced());
    api.onClose(() => {
      if (this.#api !== api) return;
      this.#api = undefined;
      this.loading = this.loadingOlder = false;
    });
    void this.timeline.follow(api);
    void api.request('processes.list', {}).then((running) => {
      if (running.ok) this.lineage.learnProcesses(running.value.processes);
    });
    if (this.pausedBy === undefined || this.rows.length === 0) return this.#restart();
    // The rows that stand still stay; what is newer is read when they go on.
    await this.#subscribe(++this.#turn);
    this.#behind = true;
  }

  /** What is shown may be there no more. */
  async #replaced(): Promise<void> {
    this.rows = [];
    this.selected = undefined;
    this.ticks.clear();
    this.#standStill();
    void this.timeline.ask(this.applied);
    await this.#restart();
  }

  /** Applies the draft. An unfinished query leaves the rows alone and says where it ends. */
  async apply(text: string = this.draft): Promise<void> {
    this.draft = text;
    const parsed = parseQuery(text);
    if (!parsed.ok) {
      this.problem = parsed.error;
      return;
    }
    this.problem = undefined;
    this.applied = text;
    this.selected = undefined;
    this.#standStill();
    void this.timeline.ask(text);
    await this.#restart();
  }

  /** Whether the loaded rows are folded: one for each process. */
  get grouped(): boolean {
    return this.#grouped.value;
  }

  /** Folds the rows or unfolds them; while they follow, other numbers of them are worth sending. */
  group(grouped: boolean): void {
    if (grouped === this.grouped) return;
    this.#grouped.value = grouped;
    if (this.pausedBy === undefined) void this.#restart();
  }

  /** Shows, or hides, the events of a process below its row. */
  unfold(entityId: string): void {
    const others = new Set([...this.#unfolded].filter((id) => id !== entityId));
    this.#unfolded = others.size < this.#unfolded.size ? others : new Set([...others, entityId]);
  }

  /** Rows come from another stretch of time; one that has ended stands still. */
  #narrow(filter: TimeFilter): void {
    this.#filter = filter;
    this.selected = undefined;
    this.#standStill();
    void this.#restart();
  }

  /** Nothing arrives in a stretch of time that has ended. */
  #standStill(): void {
    this.#reasons = new Set(this.#filter.until === undefined ? [] : ['range' as const]);
  }

  /** Puts back what is applied. */
  restore(): void {
    this.draft = this.applied;
    this.problem = undefined;
  }

  pause(reason: PauseReason): void {
    if (this.#reasons.has(reason)) return;
    this.#reasons = new Set([...this.#reasons, reason]);
  }

  /** Takes back one reason; the list goes on once none is left. */
  release(reason: PauseReason): void {
    if (!this.#reasons.has(reason)) return;
    this.#reasons = new Set([...this.#reasons].filter((each) => each !== reason));
    if (this.#reasons.size === 0) this.#catchUp();
  }

  /** Whatever the reasons were. */
  goLive(): void {
    this.timeline.goLive();
    this.#reasons = new Set();
    this.#catchUp();
  }

  select(event: Event | undefined): void {
    this.selected = event;
    if (event === undefined) this.release('selection');
    else this.pause('selection');
  }

  /** Loads what comes after the last row, as much as fills a window; shows it as it is found. */
  async loadOlder(): Promise<void> {
    const api = this.#api;
    if (!api || this.atEnd || this.stopped || this.loadingOlder || this.loading) return;
    if (this.rows.length >= MAX_ROWS) return;
    const turn = this.#turn;
    const cuts = this.#cuts;
    const goesOn = () => turn === this.#turn && cuts === this.#cuts;
    this.loadingOlder = true;
    for (let found = 0; found < PAGE && !this.atEnd && !this.stopped && goesOn();) {
      const page = await this.#page(api, this.#next);
      if (!goesOn()) return;
      if (!page.ok) {
        this.#failed(page.error.message);
        break;
      }
      found += page.value.events.length;
      this.rows = [...this.rows, ...page.value.events];
      this.#reached(page.value);
    }
    if (goesOn()) this.loadingOlder = false;
  }

  /** Loads older rows where those that are there leave room; not while they are replaced all the time. */
  async fill(): Promise<void> {
    if (!this.skipping) await this.loadOlder();
  }

  /** Ends the search; what it found stays. */
  stop(): void {
    this.stopped = true;
  }

  /** Searches on from where it was stopped. */
  async goOn(): Promise<void> {
    this.stopped = false;
    await this.loadOlder();
  }

  #page(api: Console, before: string | undefined) {
    return api.request('events.page', {
      query: this.applied,
      ...(before === undefined ? {} : { before }),
      ...(this.#since === undefined ? {} : { since: this.#since }),
      ...(this.#filter.until === undefined ? {} : { until: this.#filter.until }),
      limit: this.grouped ? FOLDED_PAGE : PAGE,
      patience_ms: PATIENCE_MS,
    });
  }

  #reached(page: EventPage): void {
    this.#next = page.next;
    this.atEnd = page.next === undefined;
    this.searched = searchedSoFar(this.searched, page);
  }

  /**
   * Subscribes, then loads the newest page; what both bring is shown once.
   * @param onTop the rows of the page come on top of those that are shown.
   */
  async #restart({ onTop = false } = {}): Promise<void> {
    const api = this.#api;
    if (!api) return;
    const turn = ++this.#turn;
    this.#restartedAt = performance.now();
    const { last, from } = this.#filter;
    this.#since = last === undefined ? from : Date.now() - last;
    this.loading = true;
    this.loadingOlder = this.stopped = false;
    this.searched = undefined;
    if (!(await this.#subscribe(turn))) return;
    const page = await this.#page(api, undefined);
    if (turn !== this.#turn) return;
    if (!page.ok) return this.#failed(page.error.message);
    this.#seen = new Set(page.value.events.map((event) => event.cursor));
    this.rows = page.value.events;
    if (onTop) this.arrived += page.value.events.length;
    this.#reached(page.value);
    this.loading = false;
    const later = this.#held.filter((event) => !this.#seen.has(event.cursor));
    // What both have joins them.
    if (later.length < this.#held.length) this.#apart = false;
    this.#held = later;
    this.newer = this.pausedBy === undefined ? 0 : later.length;
    this.#plan();
    if (this.rows.length < PAGE) await this.loadOlder();
  }

  /** @returns whether this turn's subscription stands. */
  async #subscribe(turn: number): Promise<boolean> {
    const api = this.#api;
    if (!api) return false;
    const left = this.#subscription;
    this.#subscription = undefined;
    this.#held = [];
    this.#early = [];
    this.#apart = this.#behind = false;
    this.newer = 0;
    if (left !== undefined) void api.request('events.unsubscribe', { subscription: left });
    const pace = this.grouped ? FOLDED_PACE : PACE;
    const live = await api.request('events.subscribe', { query: this.applied, pace });
    if (turn !== this.#turn) {
      if (live.ok) void api.request('events.unsubscribe', { subscription: live.value.subscription });
      return false;
    }
    if (!live.ok) {
      this.#failed(live.error.message);
      return false;
    }
    this.#subscription = live.value.subscription;
    for (const early of this.#early.splice(0)) this.#take(early);
    return true;
  }

  #failed(message: string): void {
    this.loading = false;
    if (this.#api !== undefined) this.problem = { column: 0, message, expected: [] };
  }

  #take(live: LiveEvents): void {
    if (live.subscription !== this.#subscription) {
      // It may have come before the reply that names it.
      if (this.#subscription === undefined && this.#early.length < 64) this.#early.push(live);
      return;
    }
    const fresh = live.events.filter((event) => !this.#seen.has(event.cursor));
    for (const event of fresh) this.lineage.learn(event);
    if (live.behind !== undefined) this.#behind = true;
    if (live.skipped !== undefined) this.#skip(live.skipped);
    this.#held.push(...fresh);
    if (this.#held.length > MAX_HELD) {
      this.#held = this.#held.slice(-PAGE);
      this.#apart = true;
    }
    if (this.pausedBy === undefined) this.#plan();
    else this.newer += fresh.length;
  }

  /** So many came before what is held next. */
  #skip(events: number): void {
    this.#held = [];
    this.#apart = true;
    if (this.pausedBy !== undefined) this.newer += events;
    this.skipping = true;
    clearTimeout(this.#skipped);
    this.#skipped = setTimeout(() => (this.skipping = false), SKIPPING_MS);
  }

  /** At most one change of the list for each frame, however much comes in. */
  #plan(): void {
    if (this.#frame !== undefined) return;
    this.#frame = requestAnimationFrame((now) => {
      this.#frame = undefined;
      if (this.pausedBy !== undefined) return;
      if (now - this.#changedAt < (this.grouped ? MIN_FOLDED_MS : MIN_CHANGE_MS)) return this.#plan();
      this.#changedAt = now;
      this.#catchUp();
    });
  }

  #catchUp(): void {
    if (this.loading) return;
    if (this.#behind) {
      if (performance.now() - this.#restartedAt < MIN_RESTART_MS) return this.#plan();
      return void this.#restart({ onTop: true });
    }
    if (this.#held.length === 0) return;
    const fresh = this.#held;
    const apart = this.#apart;
    const kept = apart ? [] : this.rows;
    this.#held = [];
    this.#apart = false;
    this.newer = 0;
    this.rows = mergeNewest(fresh, kept, MAX_LIVE_ROWS);
    this.arrived += fresh.length;
    if (apart || this.rows.length < kept.length + fresh.length) this.#cut();
  }

  /** Rows were cut off at the end: older ones go on after the last that is left. */
  #cut(): void {
    this.#cuts += 1;
    this.#next = this.rows.at(-1)?.cursor;
    this.atEnd = this.loadingOlder = this.stopped = false;
    this.searched = undefined;
  }
}
