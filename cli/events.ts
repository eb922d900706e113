/** merlon events: stored events, and with --follow what happens from now on. */
import type { EventPage, Searched } from '../shared/console.ts';
import { formatCursor, toEcs, type Event } from '../shared/event.ts';
import { searchedSoFar, searchedWords } from '../shared/searched.ts';
import { ask, json, readArgs, usage, type Command, type Run } from './command.ts';
import { eventLine } from './event-line.ts';
import { follow } from './follow.ts';
import { parseSince } from './time.ts';
import { MAX_PAGE } from '../shared/console.ts';

const DEFAULT_LIMIT = 100;
/** An answer in about so many milliseconds, so that what is found is printed as it is found. */
const PATIENCE_MS = 500;
/** Before every event: `after` it, pages run forward. */
const BEGINNING = formatCursor({ boot: 0, timeNs: 0, sequence: 0 });

export const events: Command = {
  name: 'events',
  about: 'stored events; with --follow, what happens from now on',
  help: `merlon events [--query Q] [--since T] [--limit N] [--follow] [--json]

Prints events, oldest first. Alone: the newest ${DEFAULT_LIMIT}. Piped, or with --json: one JSON object a line with ECS field names.
  --query Q   only events that match, as in the console:
              process.name:curl and user.name:(root or www-data) and not process.exit_code>0
  --since T   events since then: 90s, 10m, 2h30m, 7d, 2026-01-31T12:00:00Z
  --limit N   at most N events: the newest; with --follow, end after N
  --follow    go on with what happens until Ctrl-C (exit code 0); nothing is left out, however slow the reader
  --json      JSON on a terminal, too
`,
  prepare(args) {
    const { values } = readArgs('events', args, {
      query: { type: 'string' },
      since: { type: 'string' },
      limit: { type: 'string' },
      follow: { type: 'boolean' },
      json: { type: 'boolean' },
    });
    const since = values.since === undefined ? undefined : parseSince(values.since, Date.now());
    if (values.since !== undefined && since === undefined) {
      throw usage('events', `--since ‘${values.since}’ is neither a span (10m) nor a date (2026-01-31)`);
    }
    const limit = values.limit === undefined ? undefined : Number(values.limit);
    if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 1)) {
      throw usage('events', `--limit ‘${values.limit ?? ''}’ is not a whole number above 0`);
    }
    const wanted: Wanted = { query: values.query ?? '', since, limit };
    return async (run) => {
      const asJson = values.json === true || !run.out.terminal;
      const print = (event: Event) =>
        run.out.write(asJson ? json(toEcs(event)) : `${eventLine(event, run.out.width)}\n`);
      if (values.follow) await follow(run, { ...wanted, beginning: BEGINNING }, print);
      else if (limit === undefined && since !== undefined) await printSince(run, wanted, print);
      else await printNewest(run, wanted, print);
    };
  },
};

interface Wanted {
  readonly query: string;
  readonly since: number | undefined;
  readonly limit: number | undefined;
}
type Print = (event: Event) => Promise<void>;

/** Everything since then, streamed; what comes in meanwhile is not waited for. */
async function printSince(
  { console, signal, progress }: Run,
  { query, since }: Wanted,
  print: Print,
): Promise<void> {
  const until = Date.now();
  let after: string | undefined = BEGINNING;
  let searched: Searched | undefined;
  while (after !== undefined && !signal.aborted) {
    const page: EventPage = await ask(console, 'events.page', {
      query,
      after,
      since,
      until,
      limit: MAX_PAGE,
      patience_ms: PATIENCE_MS,
    });
    for (const event of page.events) await print(event);
    after = page.next;
    searched = searchedSoFar(searched, page);
    if (searched !== undefined) progress.say(searchedWords(searched, Date.now(), 'up to'));
  }
}

/** The newest, which have to be read backwards and turned round. Interrupted, it prints what was found by then. */
async function printNewest(
  { console, signal, progress }: Run,
  { query, since, limit }: Wanted,
  print: Print,
): Promise<void> {
  const wanted = limit ?? DEFAULT_LIMIT;
  const found: Event[] = [];
  let before: string | undefined;
  let searched: Searched | undefined;
  do {
    const page: EventPage = await ask(console, 'events.page', {
      query,
      before,
      since,
      limit: Math.min(MAX_PAGE, wanted - found.length),
      patience_ms: PATIENCE_MS,
    });
    found.push(...page.events);
    before = page.next;
    searched = searchedSoFar(searched, page);
    if (searched !== undefined) {
      progress.say(`${searchedWords(searched, Date.now())}; ${found.length} found (Ctrl-C shows them)`);
    }
  } while (before !== undefined && found.length < wanted && !signal.aborted);
  for (const event of found.reverse()) await print(event);
}
