import { untrack } from 'svelte';
import type { Console, LiveEvents, ProcessSummary } from '../../shared/console.ts';
import type { Event } from '../../shared/event.ts';
import { summaryOfEvent } from './summary.ts';
import type { Usages } from './tree.ts';

/** How long a process that ended stays in the list, said to have ended. */
export const ENDED_SHOWN_MS = 5000;
/** Time between two changes of the list … */
const FLUSH_MS = 250;
/** … which takes some 4 µs for each process to lay out: thousands of them change less often. */
const FLUSH_MS_EACH = 0.2;
const USAGE_MS = 2000;
/** A look takes the engine some 30 µs for each process. */
const USAGE_MS_EACH = 1;
/** The first share of a processor needs a second look: it comes sooner. */
const FIRST_USAGE_MS = 1000;
/** Time between two readings of the whole list, when more comes than this page can take. */
const RELIST_MS = 1000;
const QUERY = 'event.action:(exec or fork or exit or running or gap or sensor_started)';

/** Why rows stand still. Figures never do. */
export const PAUSE_REASONS = ['selection', 'pointer'] as const;
export type PauseReason = (typeof PAUSE_REASONS)[number];

/** The processes whose places rows have, and the figures by which they are sorted. */
export interface Basis {
  readonly processes: ReadonlyMap<string, ProcessSummary>;
  readonly usages: Usages;
}

const NOBODY: Basis = { processes: new Map(), usages: new Map() };

/** What runs now: listed once, then followed by events; what it uses, asked for while somebody looks. */
export class Running {
  /** The newest that is known, with those that ended a moment ago. */
  processes = $state.raw<ReadonlyMap<string, ProcessSummary>>(new Map());
  usages = $state.raw<Usages>(new Map());
  /** What rows are laid out by: the newest, or what was there when they were paused. */
  basis = $state.raw<Basis>(NOBODY);
  selected = $state<string | undefined>();
  /** The list was read at least once. */
  known = $state(false);
  problem = $state('');
  #reasons = $state.raw<ReadonlySet<PauseReason>>(new Set());
  readonly pausedBy = $derived(PAUSE_REASONS.find((reason) => this.#reasons.has(reason)));
  /** What changed since the rows stand still. */
  readonly held = $derived(this.pausedBy === undefined ? NOTHING : changes(this.basis, this.processes));

  readonly #listeners = new Set<(events: readonly Event[]) => void>();
  readonly #table = new Map<string, ProcessSummary>();
  /** When those that ended are to leave. */
  readonly #leaving = new Map<string, number>();
  #api: Console | undefined;
  #watchers = 0;
  #turn = 0;
  #subscription: number | undefined;
  #early: LiveEvents[] = [];
  #usageTimer: ReturnType<typeof setTimeout> | undefined;
  #flushTimer: ReturnType<typeof setTimeout> | undefined;
  #listing = false;
  #listedAt = -Infinity;
  /** Running here or there, but not in both, at the last look. */
  #doubtful: ReadonlySet<string> = new Set();

  /** Goes by this connection until it ends; asks nothing while nobody watches. */
  follow(api: Console): void {
    this.#api = api;
    this.#subscription = undefined;
    api.on('events.live', (live) => this.#take(live));
    api.onClose(() => {
      if (this.#api !== api) return;
      this.#api = undefined;
      this.#subscription = undefined;
      this.usages = new Map();
      clearTimeout(this.#usageTimer);
    });
    if (this.#watchers > 0) void this.#begin();
  }

  /** Somebody looks, until the function that this returns is called. */
  watch(): () => void {
    this.#watchers += 1;
    untrack(() => {
      if (this.#watchers === 1) void this.#begin();
      if (this.selected !== undefined) this.pause('selection');
    });
    return () => {
      this.#watchers -= 1;
      if (this.#watchers === 0) untrack(() => this.#end());
    };
  }

  /** Calls back with every event about processes while somebody watches. */
  listen(listener: (events: readonly Event[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  pause(reason: PauseReason): void {
    if (!this.#reasons.has(reason)) this.#reasons = new Set([...this.#reasons, reason]);
  }

  /** Takes back one reason; rows go on once none is left. */
  release(reason: PauseReason): void {
    if (!this.#reasons.has(reason)) return;
    this.#reasons = new Set([...this.#reasons].filter((each) => each !== reason));
    this.#settle();
  }

  /** Rows take their newest places, though they go on standing still if they did. */
  renew(): void {
    this.#forget(performance.now());
    this.processes = new Map(this.#table);
    this.basis = { processes: this.processes, usages: this.usages };
    if (this.#leaving.size > 0) this.#plan();
  }

  /** Whose row is chosen: rows stand still until nobody's is. */
  select(id: string | undefined): void {
    this.selected = id;
    if (id === undefined) this.release('selection');
    else this.pause('selection');
  }

  async #begin(): Promise<void> {
    const api = this.#api;
    if (api === undefined) return;
    const turn = ++this.#turn;
    this.#early = [];
    const live = await api.request('events.subscribe', { query: QUERY });
    if (!live.ok) {
      if (turn === this.#turn) this.problem = live.error.message;
      return;
    }
    if (turn !== this.#turn) {
      void api.request('events.unsubscribe', { subscription: live.value.subscription });
      return;
    }
    this.#subscription = live.value.subscription;
    await this.#list();
    for (const early of this.#early.splice(0)) this.#take(early);
    if (turn === this.#turn) await this.#measure(FIRST_USAGE_MS);
  }

  #end(): void {
    this.#turn += 1;
    clearTimeout(this.#usageTimer);
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    if (this.#subscription !== undefined)
      void this.#api?.request('events.unsubscribe', { subscription: this.#subscription });
    this.#subscription = undefined;
    this.usages = new Map();
    this.#reasons = new Set();
  }

  async #list(): Promise<void> {
    const api = this.#api;
    if (api === undefined || this.#listing) return;
    this.#listing = true;
    this.#listedAt = performance.now();
    const reply = await api.request('processes.list', {});
    this.#listing = false;
    if (api !== this.#api) return;
    if (!reply.ok) {
      this.problem = reply.error.message;
      return;
    }
    this.problem = '';
    const listed = new Set(reply.value.processes.map((process) => process.entity_id));
    for (const process of reply.value.processes) {
      // An end that was heard of while the list was on its way is newer than the list.
      if (this.#table.get(process.entity_id)?.end == null) this.#table.set(process.entity_id, process);
    }
    for (const [id, process] of this.#table)
      if (process.end === null && !listed.has(id)) this.#ended(id, { ...process, end: Date.now() });
    this.known = true;
    this.#settle();
  }

  async #measure(next = USAGE_MS): Promise<void> {
    const api = this.#api;
    const turn = this.#turn;
    if (api === undefined) return;
    if (!globalThis.document?.hidden) {
      const reply = await api.request('processes.usage', {});
      if (turn !== this.#turn || api !== this.#api) return;
      if (reply.ok) {
        this.usages = new Map(reply.value.processes.map((usage) => [usage.entity_id, usage]));
        this.#compare();
        this.#settle();
      }
    }
    const pace = Math.max(next, this.#table.size * USAGE_MS_EACH);
    this.#usageTimer = setTimeout(() => void this.#measure(), pace);
  }

  /** Who is missed here or there twice in a row was missed by the events: the list is read again. */
  #compare(): void {
    const doubtful = new Set<string>();
    for (const id of this.usages.keys()) if (!this.#table.has(id)) doubtful.add(id);
    for (const [id, { end }] of this.#table) if (end === null && !this.usages.has(id)) doubtful.add(id);
    const lasting = [...doubtful].some((id) => this.#doubtful.has(id));
    this.#doubtful = doubtful;
    if (lasting) void this.#list();
  }

  #take(live: LiveEvents): void {
    if (live.subscription !== this.#subscription) {
      if (this.#subscription === undefined && this.#early.length < 64) this.#early.push(live);
      return;
    }
    let unsure = live.behind !== undefined;
    for (const { fields } of live.events) {
      const action = fields['event.action'];
      if (action === 'gap' || action === 'sensor_started') {
        unsure = true;
        continue;
      }
      const before = this.#table.get(fields['process.entity_id'] ?? '');
      const process = summaryOfEvent(fields, before);
      if (process === undefined) continue;
      if (process.end === null) this.#table.set(process.entity_id, process);
      else this.#ended(process.entity_id, process);
    }
    for (const listener of this.#listeners) listener(live.events);
    if (unsure && performance.now() - this.#listedAt > RELIST_MS) void this.#list();
    this.#plan();
  }

  /** Who was never shown leaves without a word: a busy compiler would fill the list with its dead. */
  #ended(id: string, process: ProcessSummary): void {
    if (!this.processes.has(id)) {
      this.#table.delete(id);
      return;
    }
    this.#table.set(id, process);
    if (!this.#leaving.has(id)) this.#leaving.set(id, performance.now() + ENDED_SHOWN_MS);
  }

  #plan(): void {
    const pace = Math.max(FLUSH_MS, this.#table.size * FLUSH_MS_EACH);
    this.#flushTimer ??= setTimeout(() => {
      this.#flushTimer = undefined;
      this.#settle();
    }, pace);
  }

  /** Shows what is known; rows change their places only where nothing holds them. */
  #settle(): void {
    if (this.pausedBy === undefined) return this.renew();
    // Its end is told where it stands, however long that is.
    this.processes = new Map(this.#table);
  }

  #forget(now: number): void {
    for (const [id, at] of this.#leaving) {
      if (at > now) continue;
      this.#leaving.delete(id);
      this.#table.delete(id);
    }
  }
}

/** How many began and ended. */
export interface Changes {
  readonly started: number;
  readonly ended: number;
}
const NOTHING: Changes = { started: 0, ended: 0 };

function changes({ processes: before }: Basis, after: ReadonlyMap<string, ProcessSummary>): Changes {
  let [started, ended] = [0, 0];
  for (const [id, { end }] of after) {
    const known = before.get(id);
    if (known === undefined) started += end === null ? 1 : 0;
    else if (known.end === null && end !== null) ended += 1;
  }
  return { started, ended };
}
