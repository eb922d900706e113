import { untrack } from 'svelte';
import type {
  ConsoleErrorCode,
  Console,
  ProcessProgram,
  ProcessStory,
  ProcessUsage,
  StoreCut,
} from '../../shared/console.ts';
import { isoTime, type Event } from '../../shared/event.ts';
import { formatQuery, type Query } from '../../shared/query.ts';
import { is } from './details.ts';
import type { Running } from './running.svelte.ts';
import type { Stretch } from './spans.ts';

/** Descendants and own events that are asked for. */
export const MOST = 500;
/** Ids that fit one query. */
const IDS = 120;
/** Descendants whose events are listed. */
const MOST_BELOW = 2 * IDS;
const MOST_GAPS = 200;
const PATIENCE_MS = 1000;
const USAGE_MS = 2000;
/** What happened is shown so soon; while much happens, the story is read again once in so long. */
const SOON_MS = 150;
const AGAIN_MS = 1000;

export interface Failure {
  readonly code: ConsoleErrorCode;
  readonly message: string;
}

/** One process: where it came from, what came of it, what it did and what it is. */
export class Story {
  readonly running: Running;
  entityId = $state('');
  story = $state.raw<ProcessStory | undefined>();
  failure = $state.raw<Failure | undefined>();
  program = $state.raw<ProcessProgram | undefined>();
  usage = $state.raw<ProcessUsage | undefined>();
  /** Undefined while they are being asked for. */
  gaps = $state.raw<readonly Stretch[] | undefined>();
  /** Events of this process and of what came of it, newest first; undefined while they are being asked for. */
  below = $state.raw<readonly Event[] | undefined>();
  /** There are more of them than are listed. */
  moreBelow = $state(false);
  /** When this executable was first seen in what is stored, and whether that was this very process. */
  firstSeen = $state.raw<{ readonly at: number; readonly here: boolean } | undefined>();
  /** What was cut from the store, where this process is not found. */
  cuts = $state.raw<readonly StoreCut[]>([]);
  readonly family: ReadonlySet<string> = $derived(
    new Set(
      this.story === undefined
        ? []
        : [this.story.process, ...this.story.descendants].map((each) => each.entity_id),
    ),
  );
  #api: Console | undefined;
  #turn = 0;
  /** Somebody looks. */
  #open = false;
  #readAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #usageTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(running: Running) {
    this.running = running;
  }

  /** Goes by this connection until it ends; what is shown is read again. */
  follow(api: Console): void {
    this.#api = api;
    api.on('store.replaced', () => {
      this.story = undefined;
      if (this.entityId !== '' && this.#open) this.open(this.entityId);
    });
    api.onClose(() => {
      if (this.#api !== api) return;
      this.#api = undefined;
      this.usage = undefined;
    });
    untrack(() => {
      if (this.entityId !== '' && this.#open) this.open(this.entityId);
    });
  }

  /** Shows a process; what was shown of the same one stays until it is read again. */
  open(entityId: string): void {
    if (entityId !== this.entityId) {
      this.entityId = entityId;
      this.story = this.failure = this.program = this.usage = undefined;
      this.gaps = this.below = this.firstSeen = undefined;
      this.cuts = [];
    }
    this.#open = true;
    this.#turn += 1;
    void this.#read();
  }

  /** Nobody looks any more. */
  close(): void {
    this.#open = false;
    this.#turn += 1;
    clearTimeout(this.#timer);
    clearTimeout(this.#usageTimer);
    this.#timer = undefined;
  }

  /** Events that happened: those of this family change the page. */
  heard(events: readonly Event[]): void {
    const concerns = events.some(
      ({ fields }) =>
        this.family.has(fields['process.entity_id'] ?? '') ||
        this.family.has(fields['process.parent.entity_id'] ?? '') ||
        fields['process.entity_id'] === this.entityId,
    );
    if (!concerns || this.#timer !== undefined) return;
    const wait = Math.max(SOON_MS, this.#readAt + AGAIN_MS - performance.now());
    this.#timer = setTimeout(() => void this.#read(), wait);
  }

  async #read(): Promise<void> {
    const api = this.#api;
    const turn = this.#turn;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (api === undefined || this.entityId === '') return;
    this.#readAt = performance.now();
    const reply = await api.request('processes.story', { entity_id: this.entityId, limit: MOST });
    if (turn !== this.#turn) return;
    if (!reply.ok) return this.#failed(api, reply.error, turn);
    this.failure = undefined;
    const executable = this.story?.process.executable;
    this.story = reply.value;
    await Promise.all([
      executable === reply.value.process.executable && this.program !== undefined
        ? undefined
        : this.#readProgram(api, turn),
      this.#readGaps(api, turn),
      this.#readBelow(api, turn),
      this.#measure(api, turn),
    ]);
  }

  async #failed(api: Console, failure: Failure, turn: number): Promise<void> {
    // What is shown stays when it cannot be read again; a lost connection is said elsewhere.
    if (failure.code !== 'disconnected' && failure.code !== 'cancelled') this.failure = failure;
    if (failure.code !== 'not_found') return;
    const cuts = await api.request('store.cuts', {});
    if (turn === this.#turn && cuts.ok) this.cuts = cuts.value.cuts;
  }

  async #readProgram(api: Console, turn: number): Promise<void> {
    const reply = await api.request('processes.program', { entity_id: this.entityId });
    if (turn !== this.#turn || !reply.ok) return;
    this.program = reply.value;
    const { path } = reply.value;
    if (path === null) return;
    const first = await api.request('events.page', {
      query: is('process.executable', path),
      after: '0.0.0',
      limit: 1,
      patience_ms: PATIENCE_MS,
    });
    const fields = first.ok ? first.value.events[0]?.fields : undefined;
    const at = fields?.['@timestamp'];
    if (turn !== this.#turn || at === undefined) return;
    this.firstSeen = { at, here: fields?.['process.entity_id'] === this.entityId };
  }

  async #readGaps(api: Console, turn: number): Promise<void> {
    const { start, end } = this.story!.process;
    const reply = await api.request('events.page', {
      query: gapsDuring(start, end ?? Date.now()),
      limit: MOST_GAPS,
      patience_ms: PATIENCE_MS,
    });
    if (turn !== this.#turn || !reply.ok) return;
    this.gaps = reply.value.events.flatMap(({ fields }) => {
      const [from, until] = [fields['event.start'], fields['event.end']];
      return from === undefined || until === undefined ? [] : [{ from, until }];
    });
  }

  async #readBelow(api: Console, turn: number): Promise<void> {
    const ids = [...this.family];
    let more = ids.length > MOST_BELOW;
    const events: Event[] = [];
    for (let at = 0; at < Math.min(ids.length, MOST_BELOW); at += IDS) {
      const reply = await api.request('events.page', {
        query: ofProcesses(ids.slice(at, Math.min(at + IDS, MOST_BELOW))),
        limit: MOST,
        patience_ms: PATIENCE_MS,
      });
      if (turn !== this.#turn || !reply.ok) return;
      events.push(...reply.value.events);
      more ||= reply.value.next !== undefined;
    }
    this.below = events;
    this.moreBelow = more;
  }

  async #measure(api: Console, turn: number): Promise<void> {
    clearTimeout(this.#usageTimer);
    if (this.story?.process.end !== null) {
      this.usage = undefined;
      return;
    }
    const reply = await api.request('processes.usage', { entity_ids: [this.entityId] });
    if (turn !== this.#turn || !reply.ok) return;
    this.usage = reply.value.processes[0];
    this.#usageTimer = setTimeout(() => void this.#measure(api, turn), USAGE_MS);
  }
}

/** Those that lie, or reach, into a span. */
function gapsDuring(from: number, until: number): string {
  const at = (ms: number) => ({ of: 'time', text: isoTime(ms) }) as const;
  const terms: readonly Query[] = [
    { type: 'match', field: 'event.action', pattern: [{ literal: 'gap' }] },
    { type: 'compare', field: 'event.start', op: 'lte', value: at(until) },
    { type: 'compare', field: 'event.end', op: 'gte', value: at(from) },
  ];
  return formatQuery({ type: 'and', terms });
}

/** Everything that these processes did. */
export function ofProcesses(ids: readonly string[]): string {
  const terms = ids.map((id): Query => ({
    type: 'match',
    field: 'process.entity_id',
    pattern: [{ literal: id }],
  }));
  return terms.length === 1 ? formatQuery(terms[0]!) : formatQuery({ type: 'or', terms });
}
