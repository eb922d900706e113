/** One face at the other end of a connection: what it asked for, and how fast it reads. */
import type { Socket } from 'node:net';
import { FRAME_CONTROL, FRAME_HEADER_BYTES, frameHeader } from '../../shared/frames.ts';
import { formatCursor } from '../../shared/event.ts';
import type { NoticeName, NoticeOf } from '../../shared/console.ts';
import type { Predicate } from '../../shared/query.ts';
import type { StoredEvent } from '../store/index.ts';

/** A client that leaves this much unread gets no live events until it has caught up. */
export const BEHIND_BYTES = 4 << 20;
/** One that leaves this much unread although only replies and states go to it does not read at all. */
const GIVE_UP_BYTES = 64 << 20;
const LIVE_EVERY_MS = 16;
/** Events in one batch; a face that is to show more is told to page instead. */
const MAX_LIVE = 500;
const MAX_LIVE_BYTES = 1 << 20;
export const MAX_SUBSCRIPTIONS = 16;

interface Subscription {
  readonly id: number;
  readonly matches: Predicate;
  waiting: LiveEvent[];
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
  #flushedAt = -Infinity;
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
  subscribe(matches: Predicate, from: string | null): number | undefined {
    if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS) return undefined;
    const id = this.#nextSubscription++;
    this.#subscriptions.set(id, { id, matches, waiting: [], sent: from ?? '0.0.0', behind: false });
    return id;
  }

  unsubscribe(id: number): boolean {
    return this.#subscriptions.delete(id);
  }

  get subscribed(): boolean {
    return this.#subscriptions.size > 0;
  }

  /** Events were stored. They leave at once where none left in the last 16 ms. */
  offer(events: readonly LiveEvent[]): void {
    this.#offered = events.at(-1)?.cursor ?? this.#offered;
    const slow = this.#socket.writableLength > BEHIND_BYTES;
    for (const subscription of this.#subscriptions.values()) {
      if (slow) subscription.behind = true;
      if (subscription.behind) subscription.waiting = [];
      else this.#take(subscription, events);
    }
    this.#flushSoon();
  }

  /** Events up to this cursor were stored and are not there any more: whoever wants them is told to page. */
  passOver(newest: string): void {
    if (!this.subscribed) return;
    this.#offered = newest;
    for (const subscription of this.#subscriptions.values()) {
      subscription.behind = true;
      subscription.waiting = [];
    }
    this.#flushSoon();
  }

  #flushSoon(): void {
    const wait = this.#flushedAt + LIVE_EVERY_MS - performance.now();
    if (wait <= 0) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), wait);
  }

  #take(subscription: Subscription, events: readonly LiveEvent[]): void {
    for (const event of events) {
      if (!subscription.matches(event.stored.fields)) continue;
      if (subscription.waiting.length >= MAX_LIVE) {
        subscription.behind = true;
        subscription.waiting = [];
        return;
      }
      subscription.waiting.push(event);
    }
    if (subscription.waiting.length === 0) subscription.sent = events.at(-1)?.cursor ?? subscription.sent;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushedAt = performance.now();
    if (this.#socket.writableLength > BEHIND_BYTES) return; // 'drain' comes here again
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.behind) this.#tellBehind(subscription);
      else this.#sendWaiting(subscription);
    }
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
    const { waiting } = subscription;
    if (waiting.length === 0) return;
    subscription.waiting = [];
    subscription.sent = waiting.at(-1)!.cursor;
    let parts: string[] = [];
    let length = 0;
    for (const event of waiting) {
      parts.push(event.json);
      length += event.json.length;
      if (length < MAX_LIVE_BYTES) continue;
      this.#sendLive(subscription.id, parts);
      parts = [];
      length = 0;
    }
    if (parts.length > 0) this.#sendLive(subscription.id, parts);
  }

  #sendLive(subscription: number, events: readonly string[]): void {
    this.sendJson(
      `{"notice":"events.live","value":{"subscription":${subscription},"events":[${events.join(',')}]}}`,
    );
  }
}
