import type { Console, LiveEvents } from '../../shared/console.ts';
import type { Event } from '../../shared/event.ts';
import { parseQuery } from '../../shared/query.ts';
import { Lineage } from './lineage.ts';
import { mergeNewest } from './merge.ts';

/** Rows kept while following; older ones come from the store. */
export const MAX_LIVE_ROWS = 20_000;
/** Rows loaded at most by scrolling down. */
export const MAX_ROWS = 40_000;
/** New rows that wait while the list is paused; beyond, only their number is known, and the store has them. */
const MAX_HELD = 20_000;
const PAGE = 200;
/** Time between two changes of the list: nobody reads faster, and the page stays free for other work. */
const MIN_CHANGE_MS = 30;
/** Time between two readings of the newest page, when more comes than this page can take. */
const MIN_RESTART_MS = 1000;

/** Why the list stands still. Capture never does. */
export const PAUSE_REASONS = ['you', 'selection', 'scroll', 'pointer'] as const;
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
  /** First rows of this query were asked for and have not come. */
  loading = $state(false);
  loadingOlder = $state(false);
  /** There is nothing older. */
  atEnd = $state(false);
  #reasons = $state.raw<ReadonlySet<PauseReason>>(new Set());
  /** The strongest reason, as the strip names it. */
  readonly pausedBy = $derived(PAUSE_REASONS.find((reason) => this.#reasons.has(reason)));
  readonly lineage = new Lineage();

  #api: Console | undefined;
  #subscription: number | undefined;
  #early: LiveEvents[] = [];
  #held: Event[] = [];
  /** More came than is held: going live asks the store. */
  #overflowed = false;
  #seen = new Set<string>();
  #frame: number | undefined;
  #turn = 0;
  #changedAt = 0;
  #restartedAt = -Infinity;

  /** Follows this connection until it ends. */
  async follow(api: Console): Promise<void> {
    this.#api = api;
    this.#subscription = undefined;
    api.on('events.live', (live) => this.#take(live));
    api.onClose(() => {
      if (this.#api !== api) return;
      this.#api = undefined;
      this.loading = this.loadingOlder = false;
    });
    const running = await api.request('processes.list', {});
    if (running.ok) running.value.processes.forEach((process) => this.lineage.learnProcess(process));
    if (this.pausedBy === undefined || this.rows.length === 0) return this.#restart();
    // The rows that stand still stay; what is newer is read when they go on.
    await this.#subscribe(++this.#turn);
    this.#overflowed = true;
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
    this.#reasons = new Set();
    await this.#restart();
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
    this.#reasons = new Set();
    this.#catchUp();
  }

  select(event: Event | undefined): void {
    this.selected = event;
    if (event === undefined) this.release('selection');
    else this.pause('selection');
  }

  /** Loads the page after the last row. */
  async loadOlder(): Promise<void> {
    const last = this.rows.at(-1);
    const api = this.#api;
    if (!api || !last || this.atEnd || this.loadingOlder || this.loading || this.rows.length >= MAX_ROWS)
      return;
    const turn = this.#turn;
    this.loadingOlder = true;
    const page = await api.request('events.page', { query: this.applied, before: last.cursor, limit: PAGE });
    if (turn !== this.#turn) return;
    this.loadingOlder = false;
    if (!page.ok) return;
    this.rows = [...this.rows, ...page.value.events];
    this.atEnd = page.value.next === undefined;
  }

  /** Subscribes, then loads the newest page; what both bring is shown once. */
  async #restart(): Promise<void> {
    const api = this.#api;
    if (!api) return;
    const turn = ++this.#turn;
    const query = this.applied;
    this.#restartedAt = performance.now();
    this.loading = true;
    this.loadingOlder = false;
    if (!(await this.#subscribe(turn))) return;
    const page = await api.request('events.page', { query, limit: PAGE });
    if (turn !== this.#turn) return;
    if (!page.ok) return this.#failed(page.error.message);
    this.#seen = new Set(page.value.events.map((event) => event.cursor));
    this.rows = page.value.events;
    this.atEnd = page.value.next === undefined;
    this.loading = false;
    this.#held = this.#held.filter((event) => !this.#seen.has(event.cursor));
    this.newer = this.pausedBy === undefined ? 0 : this.#held.length;
    this.#plan();
  }

  /** @returns whether this turn's subscription stands. */
  async #subscribe(turn: number): Promise<boolean> {
    const api = this.#api;
    if (!api) return false;
    const left = this.#subscription;
    this.#subscription = undefined;
    this.#held = [];
    this.#early = [];
    this.#overflowed = false;
    this.newer = 0;
    if (left !== undefined) void api.request('events.unsubscribe', { subscription: left });
    const live = await api.request('events.subscribe', { query: this.applied });
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
    if (live.behind !== undefined || this.#held.length + fresh.length > MAX_HELD) {
      this.#overflowed = true;
      this.#held = [];
    }
    if (!this.#overflowed) this.#held.push(...fresh);
    if (this.pausedBy === undefined) this.#plan();
    else this.newer = this.#overflowed ? this.newer + fresh.length : this.#held.length;
  }

  /** At most one change of the list for each frame, however much comes in, and pauses between them in a storm. */
  #plan(): void {
    if (this.#frame !== undefined) return;
    this.#frame = requestAnimationFrame((now) => {
      this.#frame = undefined;
      if (this.pausedBy !== undefined) return;
      if (now - this.#changedAt < MIN_CHANGE_MS) return this.#plan();
      this.#changedAt = now;
      this.#catchUp();
    });
  }

  #catchUp(): void {
    if (this.loading) return;
    if (this.#overflowed) {
      if (performance.now() - this.#restartedAt < MIN_RESTART_MS) return this.#plan();
      return void this.#restart();
    }
    if (this.#held.length === 0) return;
    const fresh = this.#held;
    this.#held = [];
    this.newer = 0;
    this.rows = mergeNewest(fresh, this.rows, MAX_LIVE_ROWS);
    this.arrived += fresh.length;
    if (this.rows.length === MAX_LIVE_ROWS) this.atEnd = false;
  }
}
