/** One face at the other end of a connection: what it asked for, and how fast it reads. */
import type { Socket } from 'node:net';
import { FRAME_CONTROL, FRAME_HEADER_BYTES, frameHeader } from '../../shared/frames.ts';
import { formatCursor } from '../../shared/event.ts';
import { MAX_LIVE, type NoticeName, type NoticeOf } from '../../shared/console.ts';
import type { Predicate } from '../../shared/query.ts';
import type { StoredEvent } from '../store/index.ts';

/** A client that leaves this much unread gets no live events until it has caught up. */
export const BEHIND_BYTES = 4 << 20;
/** One that leaves this much unread although only replies and states go to it does not read at all. */
const GIVE_UP_BYTES = 64 << 20;
/** Least time between two batches. */
const LIVE_EVERY_MS = 16;
const MAX_LIVE_BYTES = 1 << 20;
export const MAX_SUBSCRIPTIONS = 16;

/** No more than so many live events in such a time; of more, the newest. Without it all of them. */
export interface Pace {
  readonly newest: number;
  readonly everyMs: number;
}

interface Subscription {
  readonly id: number;
  readonly matches: Predicate;
  readonly pace: Pace | undefined;
  /** The next batch leaves then at the earliest. */
  due: number;
  waiting: LiveEvent[];
  /** So many came before those that wait, and are left out. */
  skipped: number;
  /** Up to here the client has been told everything, or told to page it. */
  sent: string;
  behind: boolean;
}

/** A stored event, as JSON once it was wanted. */
export class LiveEvent {
  readonly stored: StoredEvent;
  #json: string | undefined;

  constructor(stored: StoredEvent) {
    this.stored = stored;
  }
  get cursor(): string {
    return formatCursor(this.stored.cursor);
  }
  get json(): string {
    return (this.#json ??= JSON.stringify({ cursor: this.cursor, fields: this.stored.fields }));
  }
}

export class Client {
  readonly #socket: Socket;
  readonly #subscriptions = new Map<number, Subscription>();
  #nextSubscription = 1;
  #timer: NodeJS.Timeout | undefined;
  /** The newest event that was offered or passed over; all up to it are stored. */
  #offered: string | undefined;
  /** Requests that were not answered yet. */
  underWay = 0;
  /** The web face that this connection announced. */
  announced: string | undefined;
  readonly #gone = new AbortController();

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('drain', () => this.#flush());
    socket.on('close', () => {
      clearTimeout(this.#timer);
      this.#gone.abort();
    });
  }

  /** Aborts when the connection ends: nobody waits for its answers any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  notify<N extends NoticeName>(notice: N, value: NoticeOf<N>): void {
    this.send({ notice, value });
  }

  send(message: unknown): void {
    this.sendJson(JSON.stringify(message));
  }

  sendJson(json: string): void {
    if (this.#socket.destroyed || !this.#socket.writable) return;
    const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + Buffer.byteLength(json));
    frame.set(frameHeader(FRAME_CONTROL, frame.length - FRAME_HEADER_BYTES));
    frame.write(json, FRAME_HEADER_BYTES, 'utf8');
    this.#socket.write(frame);
    if (this.#socket.writableLength > GIVE_UP_BYTES) this.#socket.destroy();
  }

  /** @param from the newest stored cursor now. @returns undefined where it has too many already. */
  subscribe(matches: Predicate, from: string | null, pace?: Pace): number | undefined {
    if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS) return undefined;
    const id = this.#nextSubscription++;
    this.#subscriptions.set(id, {
      id,
      matches,
      pace,
      due: -Infinity,
      waiting: [],
      skipped: 0,
      sent: from ?? '0.0.0',
      behind: false,
    });
    return id;
  }

  unsubscribe(id: number): boolean {
    return this.#subscriptions.delete(id);
  }

  get subscribed(): boolean {
    return this.#subscriptions.size > 0;
  }

  /** Events were stored. They leave at once where none left in the time between two batches. */
  offer(events: readonly LiveEvent[]): void {
    this.#offered = events.at(-1)?.cursor ?? this.#offered;
    const slow = this.#socket.writableLength > BEHIND_BYTES;
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.pace !== undefined) this.#takeNewest(subscription, subscription.pace, events);
      else if (slow || subscription.behind) this.#fallBehind(subscription);
      else this.#take(subscription, events);
    }
    this.#flush();
  }

  /** Events up to this cursor were stored and are not there any more: whoever wants them is told to page. */
  passOver(newest: string): void {
    if (!this.subscribed) return;
    this.#offered = newest;
    for (const subscription of this.#subscriptions.values()) this.#fallBehind(subscription);
    this.#flush();
  }

  #fallBehind(subscription: Subscription): void {
    subscription.behind = true;
    subscription.waiting = [];
    subscription.skipped = 0;
  }

  #take(subscription: Subscription, events: readonly LiveEvent[]): void {
    for (const event of events) {
      if (!subscription.matches(event.stored.fields)) continue;
      if (subscription.waiting.length >= MAX_LIVE) return this.#fallBehind(subscription);
      subscription.waiting.push(event);
    }
    if (subscription.waiting.length === 0) subscription.sent = events.at(-1)?.cursor ?? subscription.sent;
  }

  #takeNewest(subscription: Subscription, { newest }: Pace, events: readonly LiveEvent[]): void {
    const matching = events.filter((event) => subscription.matches(event.stored.fields));
    const { waiting } = subscription;
    subscription.skipped += Math.max(0, waiting.length + matching.length - newest);
    subscription.waiting = [...waiting, ...matching].slice(-newest);
    if (subscription.waiting.length === 0) subscription.sent = events.at(-1)?.cursor ?? subscription.sent;
  }

  /** Sends what is due; looks again when the next is. */
  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#socket.writableLength > BEHIND_BYTES) return; // 'drain' comes here again
    const now = performance.now();
    let next = Infinity;
    for (const subscription of this.#subscriptions.values()) {
      if (!subscription.behind && subscription.waiting.length === 0) continue;
      if (subscription.due > now) {
        next = Math.min(next, subscription.due);
        continue;
      }
      subscription.due = now + restOf(subscription);
      if (subscription.behind) this.#tellBehind(subscription);
      this.#sendWaiting(subscription);
    }
    if (next < Infinity) this.#timer = setTimeout(() => this.#flush(), next - now);
  }

  /** From now on events are sent again; what lies between is to be paged. */
  #tellBehind(subscription: Subscription): void {
    subscription.behind = false;
    const value = { subscription: subscription.id, events: [], behind: subscription.sent };
    // So that the next such notice begins where this one ends, rather than naming the same page once more.
    subscription.sent = this.#offered ?? subscription.sent;
    this.send({ notice: 'events.live', value });
  }

  #sendWaiting(subscription: Subscription): void {
    const { id, waiting, skipped } = subscription;
    if (waiting.length === 0) return;
    subscription.waiting = [];
    subscription.skipped = 0;
    subscription.sent = waiting.at(-1)!.cursor;
    const first = skipped === 0 ? '' : `"skipped":${skipped},`;
    let parts: string[] = [];
    let length = 0;
    let begun = false;
    const send = () => {
      this.#sendLive(id, parts, begun ? '' : first);
      begun = true;
      parts = [];
      length = 0;
    };
    for (const event of waiting) {
      parts.push(event.json);
      length += event.json.length;
      if (length >= MAX_LIVE_BYTES) send();
    }
    if (parts.length > 0) send();
  }

  #sendLive(subscription: number, events: readonly string[], more: string): void {
    this.sendJson(
      `{"notice":"events.live","value":{"subscription":${subscription},${more}"events":[${events.join(',')}]}}`,
    );
  }
}

/** How long nothing more is sent after what waits now: the longer, the more that is. */
function restOf({ pace, waiting }: Subscription): number {
  if (pace === undefined) return LIVE_EVERY_MS;
  return Math.max(LIVE_EVERY_MS, (pace.everyMs * waiting.length) / pace.newest);
}
