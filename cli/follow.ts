/**
 * Live events without a loss: what does not fit into a short queue while the reader is slow, or what the engine did not
 * send because we were behind, is paged from the store afterwards.
 */
import { MAX_PAGE, type EventPage, type LiveEvents, type Searched } from '../shared/console.ts';
import { compareCursors, formatCursor, parseCursor, type Cursor, type Event } from '../shared/event.ts';
import { searchedSoFar, searchedWords } from '../shared/searched.ts';
import { ask, CommandError, EXIT, type Run } from './command.ts';

/** Pages may be short, or empty, with a place to go on from: what is found is printed as it is found. */
const PATIENCE_MS = 500;
const MAX_QUEUE = 10_000;
/** Cursors remembered so that nothing is printed twice: more than can be queued while pages are read. */
const MAX_PRINTED = 2 * MAX_QUEUE + MAX_PAGE;

export interface Wanted {
  readonly query: string;
  /** Epoch milliseconds; without it only what happens from now on. */
  readonly since: number | undefined;
  /** End after so many events. */
  readonly limit: number | undefined;
  /** The cursor before every event. */
  readonly beginning: string;
}

/** Prints until the limit is reached, the signal aborts, or the engine ends (a CommandError). */
export async function follow(
  { console, signal, progress }: Run,
  { query, since, limit = Infinity, beginning }: Wanted,
  print: (event: Event) => Promise<void>,
): Promise<void> {
  const inbox = new Inbox();
  const early: LiveEvents[] = [];
  let subscription: number | undefined = undefined;
  console.on('events.live', (live) => {
    // A notice can overtake the reply that names its subscription.
    if (subscription === undefined) early.push(live);
    else if (live.subscription === subscription) inbox.add(live);
  });
  console.onClose(() => inbox.close());
  signal.addEventListener('abort', () => inbox.close(), { once: true });

  subscription = (await ask(console, 'events.subscribe', { query })).subscription;
  for (const live of early) if (live.subscription === subscription) inbox.add(live);
  if (since !== undefined) inbox.missed(beginning);

  const printed = new Set<string>();
  let left = limit;
  const printNew = async (events: readonly Event[]) => {
    for (const event of events) {
      if (left === 0 || signal.aborted) return;
      if (printed.has(event.cursor)) continue;
      printed.add(event.cursor);
      if (printed.size > MAX_PRINTED)
        for (const oldest of printed) {
          printed.delete(oldest);
          break;
        }
      left -= 1;
      await print(event);
    }
  };

  while (left > 0 && !signal.aborted) {
    if (inbox.queueComesFirst) await printNew(inbox.takeQueue());
    let after = inbox.takeMissed();
    let searched: Searched | undefined;
    while (after !== undefined && left > 0 && !signal.aborted) {
      const page: EventPage = await ask(console, 'events.page', {
        query,
        after,
        since,
        limit: MAX_PAGE,
        patience_ms: PATIENCE_MS,
      });
      await printNew(page.events);
      after = page.next;
      searched = searchedSoFar(searched, page);
      if (searched !== undefined) progress.say(searchedWords(searched, Date.now(), 'up to'));
    }
    progress.clear();
    await printNew(inbox.takeQueue());
    if (inbox.isEmpty && left > 0) {
      if (inbox.closed) break;
      await inbox.more();
    }
  }
  if (inbox.closed && !signal.aborted && left > 0) {
    throw new CommandError(EXIT.notRunning, 'Merlon’s engine ended. Start it again with: npm start');
  }
}

/** What came in and was not printed yet: a short queue, or else the place from which to page. */
class Inbox {
  #queue: Event[] = [];
  #missedFrom: Cursor | undefined;
  #wake: (() => void) | undefined;
  closed = false;

  get isEmpty(): boolean {
    return this.#queue.length === 0 && this.#missedFrom === undefined;
  }

  /** Whether what is queued came before what has to be paged. */
  get queueComesFirst(): boolean {
    const first = parseCursor(this.#queue[0]?.cursor ?? '');
    return (
      first !== undefined && this.#missedFrom !== undefined && compareCursors(first, this.#missedFrom) <= 0
    );
  }

  add({ events, behind }: LiveEvents): void {
    this.#queue.push(...events);
    if (this.#queue.length > MAX_QUEUE) {
      // The whole queue goes, so that pages and queue never interleave.
      for (const { cursor } of this.#queue) this.#missed(justBefore(cursor));
      this.#queue = [];
    }
    if (behind !== undefined) this.missed(behind);
    this.#wake?.();
  }

  missed(after: string): void {
    this.#missed(parseCursor(after));
    this.#wake?.();
  }

  #missed(after: Cursor | undefined): void {
    if (after === undefined) return;
    if (this.#missedFrom === undefined || compareCursors(after, this.#missedFrom) < 0)
      this.#missedFrom = after;
  }

  takeMissed(): string | undefined {
    const from = this.#missedFrom;
    this.#missedFrom = undefined;
    return from === undefined ? undefined : formatCursor(from);
  }

  takeQueue(): Event[] {
    const events = this.#queue;
    this.#queue = [];
    return events;
  }

  close(): void {
    this.closed = true;
    this.#wake?.();
  }

  more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
      if (this.closed || !this.isEmpty) this.#wake();
    });
  }
}

/** `after` leaves its own cursor out: this one lets it in. */
function justBefore(cursor: string): Cursor | undefined {
  const parsed = parseCursor(cursor);
  return parsed === undefined ? undefined : { ...parsed, sequence: Math.max(0, parsed.sequence - 1) };
}
