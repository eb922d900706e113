/** How the database grows, and what ends it first: its limits, or the disk. */
import type { StoreRetention, StoreRoom } from '../../shared/console.ts';

const DAY_MS = 86_400_000;
/** From a shorter time nothing is concluded. */
const LEAST_MS = 3_600_000;
/** So near to the limit it is reached: retention cuts whole files. */
const AT_LIMIT = 0.95;

export interface Known {
  readonly bytes: number;
  readonly events: number;
  /** Epoch milliseconds of the oldest event. */
  readonly oldest: number | null;
  /** Events of the last 24 hours. */
  readonly lastDay: number;
  readonly now: number;
}

export type Outlook =
  | { readonly kind: 'unknown' }
  /** Events older than `days` go before the size is reached. */
  | { readonly kind: 'age'; readonly perDay: number; readonly days: number; readonly settles: number }
  /** The size is reached in so many days, then the oldest events go. */
  | { readonly kind: 'size'; readonly perDay: number; readonly days: number }
  | { readonly kind: 'at_size'; readonly perDay: number }
  /** The disk is full before any limit is reached. */
  | { readonly kind: 'disk'; readonly perDay: number; readonly days: number };

/** Bytes a day at the pace of the last 24 hours; undefined where there is too little to tell. */
export function growth({ bytes, events, oldest, lastDay, now }: Known): number | undefined {
  if (oldest === null || events === 0 || now - oldest < LEAST_MS) return undefined;
  const days = Math.min(now - oldest, DAY_MS) / DAY_MS;
  return (lastDay / days) * (bytes / events);
}

export function outlook(known: Known, retention: StoreRetention, room: StoreRoom | undefined): Outlook {
  const perDay = growth(known);
  if (perDay === undefined || perDay <= 0) return { kind: 'unknown' };
  const settles = perDay * retention.days;
  const end = Math.min(settles, retention.bytes);
  if (room !== undefined && known.bytes + room.free < end)
    return { kind: 'disk', perDay, days: room.free / perDay };
  if (known.bytes >= retention.bytes * AT_LIMIT) return { kind: 'at_size', perDay };
  if (settles < retention.bytes) return { kind: 'age', perDay, days: retention.days, settles };
  return { kind: 'size', perDay, days: (retention.bytes - known.bytes) / perDay };
}

/** `less than a day`, `1 day`, `23 days`, `more than a year` */
export function daysText(days: number): string {
  if (days < 1) return 'less than a day';
  if (days > 365) return 'more than a year';
  const whole = Math.floor(days);
  return whole === 1 ? '1 day' : `${whole} days`;
}
