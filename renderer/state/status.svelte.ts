import type { CanaryStatus, Console, Status } from '../../shared/console.ts';
import { count, counted, span } from '../ui/units.ts';

export interface Blindness {
  /** Epoch milliseconds. */
  readonly since: number;
  readonly reason: string;
}

const RATES_KEPT = 57;
const RATE_MS = 1000;

/** What the engine says of itself, as last heard. */
export class StatusState {
  latest = $state.raw<Status | undefined>();
  /** Events a second, oldest first, one a second; null where nothing could be measured. */
  rates = $state.raw<readonly (number | null)[]>([]);
  /** Whether records flowed at some time since this page was opened. */
  hasSensed = $state(false);
  /** Since when, and why, records do not flow any more; undefined while they do, and before they ever did. */
  blind = $state.raw<Blindness | undefined>();
  /** How many bytes the store may have; undefined while that is not known. */
  limit = $state<number | undefined>();
  #ratedAt = -Infinity;

  /** Follows this connection until it ends. */
  async follow(api: Console): Promise<void> {
    api.on('status.changed', (status) => this.#take(status));
    const reply = await api.request('status.get', {});
    if (reply.ok) this.#take(reply.value);
    await this.readLimit(api);
  }

  /** Anew after the limit was changed. */
  async readLimit(api: Console): Promise<void> {
    const reply = await api.request('store.retention', {});
    if (reply.ok) this.limit = reply.value.bytes;
  }

  #take(status: Status): void {
    this.latest = status;
    const now = performance.now();
    // States come whenever they change; the rate is one figure a second.
    if (now - this.#ratedAt >= RATE_MS / 2) {
      this.#ratedAt = now;
      this.rates = [...this.rates, status.sensor.events_per_s].slice(-RATES_KEPT);
    }
    const { state, since, reason } = status.helper;
    if (state === 'running') {
      this.hasSensed = true;
      this.blind = undefined;
    } else if (this.hasSensed) {
      // The reason comes with one state and is still true in the next.
      this.blind = { since: this.blind?.since ?? since, reason: reason ?? this.blind?.reason ?? '' };
    }
  }
}

/** In which way Merlon senses, in the status bar's words. */
export interface SensorSummary {
  readonly mark: 'on' | 'off' | 'warn';
  readonly word: string;
  readonly detail: string;
}

/** @param blindFor how long nothing was seen, where something was seen before. */
export function summariseSensor(status: Status, blindFor: string | undefined): SensorSummary {
  const { helper, sensor } = status;
  const not = blindFor === undefined ? 'Not sensing' : `Not sensing for ${blindFor}`;
  switch (helper.state) {
    case 'running': {
      const all = sensor.attached.length + sensor.refused.length;
      if (status.canary?.state === 'missed')
        return { mark: 'warn', word: 'Perhaps blind', detail: 'a canary has not come back' };
      const detail = `${sensor.attached.length} of ${all} programs attached`;
      return { mark: sensor.refused.length > 0 ? 'warn' : 'on', word: 'Sensing', detail };
    }
    case 'unasked':
      return { mark: 'off', word: not, detail: 'not asked for yet' };
    case 'starting':
      return blindFor === undefined
        ? { mark: 'off', word: 'Starting', detail: 'the helper attaches its programs' }
        : { mark: 'warn', word: not, detail: 'helper is starting' };
    case 'authorising':
      return { mark: 'off', word: not, detail: 'waiting for the password' };
    case 'restarting':
      return { mark: 'warn', word: not, detail: 'helper starts again' };
    case 'dismissed':
    case 'not_authorised':
      return { mark: 'off', word: not, detail: 'not authorised' };
    case 'failed':
      return { mark: 'warn', word: not, detail: 'helper cannot start' };
    case 'stopped':
      return { mark: 'off', word: not, detail: 'stopped' };
  }
}

export interface CanarySummary {
  readonly text: string;
  readonly warn: boolean;
  /** What it is about, for whoever points at it. */
  readonly about: string;
}

/** Whether Merlon’s own sensors tell of what it starts to test them, in the status bar’s words. */
export function summariseCanary(canary: CanaryStatus, now: number): CanarySummary {
  const { state, missing_since: missing, last, sent, missed } = canary;
  const about = `At random times Merlon starts a program of its own, which its sensors must tell of. ${count(sent)} started, ${count(missed)} missed.`;
  if (state === 'missed') return { text: `missed for ${span(now - (missing ?? now))}`, warn: true, about };
  if (state === 'not_sent') return { text: 'cannot be sent', warn: true, about };
  if (last === null) return { text: 'on its way', warn: false, about };
  return { text: `${Math.round(last.ms)} ms, ${span(Math.max(0, now - last.at))} ago`, warn: false, about };
}

/** What is not as it should be with the store, in the status bar's words; undefined where nothing is. */
export function summariseStore({ problem, waiting, damaged }: Status['store']): string | undefined {
  const room = waiting?.seconds_left;
  if (problem !== undefined) {
    if (room === 0) return 'Not storing: memory is full';
    if (room === undefined || room === null) return 'Not storing: events wait in memory';
    return `Not storing: room for ${span(room * 1000)}`;
  }
  if (waiting !== undefined) return `Storing lags: ${counted(waiting.events, 'event')} in memory`;
  return damaged.length === 0 ? undefined : `${counted(damaged.length, 'file')} damaged`;
}
