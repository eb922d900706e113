import type {
  Console,
  EventValues,
  NewPrograms,
  Reply,
  RequestIn,
  RequestName,
  RequestOut,
  StoreRetention,
  StoreRoom,
} from '../../shared/console.ts';
import type { Event } from '../../shared/event.ts';
import { failuresOf, type Failure } from './failures.ts';
import { hourOf, lanesOf, MINUTE_MS, type Hour, type Lane } from './minutes.ts';

const DAY_MS = 86_400_000;
/** An answer that takes longer is shown as far as it came. */
const PATIENCE_MS = 1000;
const LISTED = 8;
const TALKERS = 5;
/** Gaps whose losses are added up. */
const GAPS = 100;
const FAILURES = 100;

/** What happened in the last 24 hours, by `event.action`. */
export interface LastDay {
  readonly counts: Readonly<Record<string, number>>;
  readonly events: number;
}

/** What the overview shows, as last asked; each part undefined until it was. */
export class Overview {
  hour = $state.raw<Hour>(hourOf(Date.now()));
  lanes = $state.raw<readonly Lane[] | undefined>();
  /** Minutes before this moment (epoch milliseconds) were not counted in time. */
  countedFrom = $state<number | undefined>();
  lastDay = $state.raw<LastDay | undefined>();
  /** Of the last 24 hours, newest first. */
  gaps = $state.raw<readonly Event[] | undefined>();
  failures = $state.raw<readonly Failure[] | undefined>();
  newest = $state.raw<NewPrograms | undefined>();
  programs = $state.raw<EventValues | undefined>();
  users = $state.raw<EventValues | undefined>();
  retention = $state.raw<StoreRetention | undefined>();
  room = $state.raw<StoreRoom | undefined>();
  /** Why some of it could not be asked, a sentence. */
  problem = $state<string | undefined>();
  /** Epoch milliseconds of the last answers. */
  asOf = $state<number | undefined>();
  /** In the last 24 hours; `lost` as far as it is known. */
  readonly missed = $derived.by(() => {
    if (this.gaps === undefined || this.lastDay === undefined) return undefined;
    const lost = this.gaps.reduce((sum, { fields }) => sum + (fields['merlon.gap.lost'] ?? 0), 0);
    return { count: Math.max(this.gaps.length, this.lastDay.counts['gap'] ?? 0), lost };
  });

  #asking: Console | undefined;

  /** Asks for everything anew. What does not answer stays as it was. */
  async refresh(api: Console, now = Date.now()): Promise<void> {
    if (this.#asking === api) return;
    this.#asking = api;
    const problems: string[] = [];
    const ask = async <N extends RequestName>(
      name: N,
      input: RequestIn<N>,
      take: (value: RequestOut<N>) => void,
    ) => {
      const reply: Reply<N> = await api.request(name, input);
      if (this.#asking !== api) return;
      if (reply.ok) take(reply.value);
      else problems.push(reply.error.message);
    };
    await Promise.all([...this.#happened(ask, now), ...this.#stands(ask)]);
    if (this.#asking !== api) return;
    this.#asking = undefined;
    this.problem = problems[0];
    if (problems.length === 0) this.asOf = now;
  }

  #happened(ask: Ask, now: number): readonly Promise<void>[] {
    const hour = hourOf(now);
    const recent = { since: now - DAY_MS, patience_ms: PATIENCE_MS };
    const busiest = { query: '', ...hour, limit: TALKERS, patience_ms: PATIENCE_MS };
    return [
      ask(
        'events.histogram',
        { query: '', ...hour, step_ms: MINUTE_MS, patience_ms: PATIENCE_MS },
        (told) => {
          this.hour = hour;
          this.lanes = lanesOf(told.counts);
          this.countedFrom = told.counted_from;
        },
      ),
      ask(
        'events.histogram',
        { query: '', from: now - DAY_MS, until: now, step_ms: DAY_MS },
        ({ counts }) => {
          const sums = Object.entries(counts).map(([action, [n = 0]]) => [action, n] as const);
          this.lastDay = {
            counts: Object.fromEntries(sums),
            events: sums.reduce((all, [, n]) => all + n, 0),
          };
        },
      ),
      ask('events.page', { query: 'event.action:gap', limit: GAPS, ...recent }, ({ events }) => {
        this.gaps = events;
      }),
      ask('events.page', { query: 'event.action:exec_failed', limit: FAILURES, ...recent }, ({ events }) => {
        this.failures = failuresOf(events).slice(0, LISTED);
      }),
      ask('events.values', { field: 'process.executable', ...busiest }, (told) => (this.programs = told)),
      ask('events.values', { field: 'user.name', ...busiest }, (told) => (this.users = told)),
    ];
  }

  #stands(ask: Ask): readonly Promise<void>[] {
    return [
      ask('programs.newest', { limit: LISTED }, (told) => (this.newest = told)),
      ask('store.retention', {}, (told) => (this.retention = told)),
      ask('store.room', {}, (told) => (this.room = told)),
    ];
  }
}

type Ask = <N extends RequestName>(
  name: N,
  input: RequestIn<N>,
  take: (value: RequestOut<N>) => void,
) => Promise<void>;
