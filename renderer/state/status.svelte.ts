import type { Console, Status } from '../../shared/console.ts';

const RATES_KEPT = 57;

/** What the engine says of itself, as last heard. */
export class StatusState {
  latest = $state.raw<Status | undefined>();
  /** Events a second, oldest first, one a second; null where nothing could be measured. */
  rates = $state.raw<readonly (number | null)[]>([]);
  /** Whether records flowed at some time since this page was opened. */
  hasSensed = $state(false);

  /** Follows this connection until it ends. */
  async follow(api: Console): Promise<void> {
    api.on('status.changed', (status) => this.#take(status));
    const reply = await api.request('status.get', {});
    if (reply.ok) this.#take(reply.value);
  }

  #take(status: Status): void {
    this.latest = status;
    this.rates = [...this.rates, status.sensor.events_per_s].slice(-RATES_KEPT);
    if (status.helper.state === 'running') this.hasSensed = true;
  }
}

/** In which way Merlon senses, in the status bar's words. */
export interface SensorSummary {
  readonly mark: 'on' | 'off' | 'warn';
  readonly word: string;
  readonly detail: string;
}

/** @param now epoch milliseconds, for ages. */
export function summariseSensor(status: Status, ageOf: (since: number) => string): SensorSummary {
  const { helper, sensor } = status;
  const age = ageOf(helper.since);
  switch (helper.state) {
    case 'running': {
      const all = sensor.attached.length + sensor.refused.length;
      const detail = `${sensor.attached.length} of ${all} programs attached`;
      return { mark: sensor.refused.length > 0 ? 'warn' : 'on', word: 'Sensing', detail };
    }
    case 'starting':
      return { mark: 'off', word: 'Starting', detail: 'the helper attaches its programs' };
    case 'authorising':
      return { mark: 'off', word: 'Not sensing', detail: 'waiting for the password' };
    case 'restarting':
      return { mark: 'warn', word: `Not sensing for ${age}`, detail: 'helper starts again' };
    case 'dismissed':
    case 'not_authorised':
      return { mark: 'off', word: 'Not sensing', detail: 'not authorised' };
    case 'failed':
      return { mark: 'warn', word: `Not sensing for ${age}`, detail: 'helper cannot start' };
    case 'stopped':
      return { mark: 'off', word: 'Not sensing', detail: 'stopped' };
  }
}
