/** merlon histogram: how many events there were, over time. */
import type { EventHistogram } from '../shared/console.ts';
import { MAX_BUCKETS } from '../shared/console.ts';
import { whenAbout } from '../shared/searched.ts';
import { ask, json, readArgs, usage, type Command, type Run } from './command.ts';
import { table } from './terminal.ts';
import { count, moment, parseSince, parseSpan } from './time.ts';

const PATIENCE_MS = 500;
const MOST_PATIENCE_MS = 5000;
/** Without --step: the shortest of these that gives no more rows than a screen has. */
const STEPS_MS = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 86_400, 604_800].map(
  (s) => s * 1000,
);
const GOOD_ROWS = 48;
const BAR_WIDTH = 40;

interface Span {
  readonly from: number;
  readonly until: number;
  readonly step: number;
}

export const histogram: Command = {
  name: 'histogram',
  about: 'how many events there were, over time',
  help: `merlon histogram [--query Q] [--since T] [--step S] [--json]

Counts events, exactly, in steps of time. Piped, or with --json: one JSON object a line, with the counts of each action.
  --query Q   only events that match, as in merlon events
  --since T   from then on: 90s, 10m, 24h, 14d, 2026-01-31T12:00:00Z (default: 24h)
  --step S    width of a step: 10s, 5m, 1h, 1d (default: so that it fits a screen); at most ${MAX_BUCKETS} steps
  --json      JSON on a terminal, too
`,
  prepare(args) {
    const { values } = readArgs('histogram', args, {
      query: { type: 'string' },
      since: { type: 'string' },
      step: { type: 'string' },
      json: { type: 'boolean' },
    });
    const span = spanOf(values.since ?? '24h', values.step, Date.now());
    return async (run) => {
      const counts = await countAll(run, values.query ?? '', span);
      const asJson = values.json === true || !run.out.terminal;
      await run.out.write(asJson ? jsonLines(counts, span) : bars(counts, span));
    };
  },
};

/** Steps begin at whole hours, days … of the local clock. @throws CommandError (usage) */
export function spanOf(sinceText: string, stepText: string | undefined, now: number): Span {
  const since = parseSince(sinceText, now);
  if (since === undefined || since >= now) {
    throw usage(
      'histogram',
      `--since ‘${sinceText}’ is neither a span (24h) nor a date (2026-01-31) before now`,
    );
  }
  const step =
    stepText === undefined
      ? (STEPS_MS.find((each) => (now - since) / each <= GOOD_ROWS) ?? (now - since) / GOOD_ROWS)
      : parseSpan(stepText);
  if (step === undefined || step < 1)
    throw usage('histogram', `--step ‘${stepText ?? ''}’ is no span, such as 1h`);
  const offset = new Date(since).getTimezoneOffset() * 60e3;
  const from = Math.floor((since - offset) / step) * step + offset;
  const buckets = Math.ceil((now - from) / step);
  if (buckets > MAX_BUCKETS) {
    throw usage(
      'histogram',
      `${count(buckets)} steps are more than ${count(MAX_BUCKETS)}: make --step longer`,
    );
  }
  return { from, until: from + buckets * step, step };
}

type Counts = EventHistogram['counts'];

/** Goes on where patience ended the count, until all is counted; what was counted by then where it is interrupted. */
async function countAll({ console, signal, progress }: Run, query: string, span: Span): Promise<Counts> {
  let all: Counts = {};
  let until = span.until;
  let patience: number | undefined = PATIENCE_MS;
  while (!signal.aborted) {
    const part: EventHistogram = await ask(console, 'events.histogram', {
      query,
      from: span.from,
      until,
      step_ms: span.step,
      ...(patience === undefined ? {} : { patience_ms: patience }),
    });
    all = sumOf(all, part.counts);
    const reached = part.counted_from;
    if (reached === undefined || reached <= span.from) break;
    progress.say(`Counted back to ${whenAbout(reached, Date.now())}`);
    // Where nothing came of so much patience, more is needed; in the end, as much as it takes.
    if (reached >= until) patience = (patience ?? 0) >= MOST_PATIENCE_MS ? undefined : MOST_PATIENCE_MS;
    until = Math.min(until, reached);
  }
  progress.clear();
  return all;
}

function sumOf(a: Counts, b: Counts): Counts {
  const sum: Record<string, readonly number[]> = { ...a };
  for (const [action, counts] of Object.entries(b)) {
    const before = sum[action] ?? [];
    const length = Math.max(before.length, counts.length);
    sum[action] = Array.from({ length }, (_, i) => (before[i] ?? 0) + (counts[i] ?? 0));
  }
  return sum;
}

interface Bucket {
  readonly at: number;
  readonly events: number;
  readonly actions: Readonly<Record<string, number>>;
}

function bucketsOf(counts: Counts, { from, until, step }: Span): Bucket[] {
  return Array.from({ length: Math.round((until - from) / step) }, (_, i) => {
    const actions = Object.entries(counts).flatMap(([action, each]): [string, number][] =>
      (each[i] ?? 0) > 0 ? [[action, each[i] ?? 0]] : [],
    );
    return {
      at: from + i * step,
      events: actions.reduce((sum, [, n]) => sum + n, 0),
      actions: Object.fromEntries(actions),
    };
  });
}

const jsonLines = (counts: Counts, span: Span) =>
  bucketsOf(counts, span)
    .map(({ at, events, actions }) => json({ '@timestamp': new Date(at).toISOString(), events, actions }))
    .join('');

function bars(counts: Counts, span: Span): string {
  const buckets = bucketsOf(counts, span);
  const most = Math.max(1, ...buckets.map(({ events }) => events));
  return table(
    [{ head: 'FROM' }, { head: 'EVENTS', align: 'right' }, { head: '' }],
    buckets.map(({ at, events }) => [moment(at), count(events), bar(events / most)]),
  );
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** @param part 0 to 1; whatever is not nothing is seen. */
function bar(part: number): string {
  const eighths = part === 0 ? 0 : Math.max(1, Math.round(part * BAR_WIDTH * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}
