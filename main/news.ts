/** What a person hears of the engine's state without looking at the window: the tray's mark, and notifications. */
import { CONFIG_DEFAULTS, type Config } from '../shared/config.ts';
import { quietAt, type Quiet } from '../shared/config/quiet.ts';
import type { Status } from '../shared/console.ts';

/** on: all is seen. gap: something is being, or was just, missed. off: nothing is seen until a person does something. */
export type Mark = 'on' | 'gap' | 'off';

export interface Note {
  readonly title: string;
  readonly body: string;
}

export interface Told {
  readonly mark: Mark;
  /** What is true, in a few words. */
  readonly words: string;
  readonly notes: readonly Note[];
  /** Why notifications are held back, while they are. */
  readonly quiet?: Quiet;
  /** Look at the same state again after so long: it may be worth a notification by then. */
  readonly againMs?: number;
}

/** A helper that is back sooner has left its gap on screen, and is no reason to call anybody. */
export const GRACE_MS = 5000;
/** The mark tells of lost events for so long. */
export const LOST_SHOWN_MS = 600_000;

export class News {
  /** Epoch milliseconds since when nothing is seen, where something was seen before. */
  #blindSince: number | undefined;
  #hasSensed = false;
  #toldBlind = false;
  #lost: number | undefined;
  #lostAt = -Infinity;
  #problem: string | undefined;
  #damaged = 0;
  #config = CONFIG_DEFAULTS;

  /** What is missed while settings hold notifications back is not told later. */
  heed(config: Config): void {
    this.#config = config;
  }

  /** @param status undefined while there is no engine. */
  take(status: Status | undefined, now: number): Told {
    const notes: Note[] = [];
    const running = status?.helper.state === 'running';
    if (running) this.#sensing(now, notes);
    else if (this.#hasSensed) this.#blind(status, now, notes);
    if (status !== undefined) this.#store(status.store, notes);
    const { lost } = status?.sensor ?? {};
    if (typeof lost === 'number') {
      if (this.#lost !== undefined && lost > this.#lost) this.#lostAt = now;
      this.#lost = lost;
    }
    const left = this.#blindSince === undefined || this.#toldBlind ? 0 : GRACE_MS - (now - this.#blindSince);
    const quiet = quietAt(this.#config, now);
    return {
      ...this.#mark(status, now),
      notes: quiet === undefined ? notes : [],
      ...(quiet === undefined ? {} : { quiet }),
      ...(left > 0 ? { againMs: left } : {}),
    };
  }

  #sensing(now: number, notes: Note[]): void {
    if (this.#toldBlind && this.#blindSince !== undefined) {
      const seconds = Math.max(1, Math.round((now - this.#blindSince) / 1000));
      notes.push({
        title: 'Sensing again',
        body: `Nothing was seen for ${seconds} s. The feed shows the gap.`,
      });
    }
    this.#hasSensed = true;
    this.#toldBlind = false;
    this.#blindSince = undefined;
  }

  #blind(status: Status | undefined, now: number, notes: Note[]): void {
    this.#blindSince ??= status?.helper.since ?? now;
    if (this.#toldBlind || now - this.#blindSince < GRACE_MS) return;
    this.#toldBlind = true;
    const why = status === undefined ? 'Merlon’s engine does not answer.' : (status.helper.reason ?? '');
    notes.push({ title: 'Merlon does not sense', body: `${why} What happens meanwhile is not seen.`.trim() });
  }

  #store({ problem, damaged }: Status['store'], notes: Note[]): void {
    if (problem !== undefined && this.#problem === undefined)
      notes.push({ title: 'Events are not stored', body: problem });
    if (problem === undefined && this.#problem !== undefined)
      notes.push({ title: 'Events are stored again', body: 'What waited in memory is stored.' });
    if (damaged.length > this.#damaged)
      notes.push({ title: 'Some events cannot be read', body: damaged.at(-1) ?? '' });
    this.#problem = problem;
    this.#damaged = damaged.length;
  }

  #mark(status: Status | undefined, now: number): Pick<Told, 'mark' | 'words'> {
    if (status === undefined) return { mark: 'off', words: 'Merlon’s engine does not answer' };
    const { helper, store } = status;
    switch (helper.state) {
      case 'running':
        if (store.problem !== undefined) return { mark: 'gap', words: 'Sensing; events are not stored' };
        return now - this.#lostAt < LOST_SHOWN_MS
          ? { mark: 'gap', words: 'Sensing; events were lost' }
          : { mark: 'on', words: 'Sensing' };
      case 'unasked':
        return { mark: 'off', words: 'Not sensing: nobody asked for it yet' };
      case 'starting':
        return { mark: this.#hasSensed ? 'gap' : 'off', words: 'Not sensing: the helper is starting' };
      case 'restarting':
        return { mark: 'gap', words: 'Not sensing: the helper starts again' };
      case 'authorising':
        return { mark: 'off', words: 'Not sensing: waiting for the password' };
      case 'dismissed':
      case 'not_authorised':
        return { mark: 'off', words: 'Not sensing: not authorised' };
      case 'failed':
        return { mark: 'off', words: 'Not sensing: the helper cannot start' };
      default: // stopped, and whatever else only a person ends
        return { mark: 'off', words: 'Not sensing' };
    }
  }
}

/** The tray's line about notifications. @returns whether a click on it pauses them; undefined where none changes that. */
export function quietLine(quiet: Quiet | undefined): { readonly label: string; readonly pauses?: boolean } {
  const until =
    quiet?.until === undefined ? '' : ` until ${new Date(quiet.until).toTimeString().slice(0, 5)}`;
  switch (quiet?.why) {
    case undefined:
      return { label: 'Pause notifications for 1 h', pauses: true };
    case 'do_not_disturb':
      return { label: `Notify again (paused${until})`, pauses: false };
    case 'quiet_hours':
      return { label: `No notifications${until} (quiet hours)` };
    case 'switched_off':
      return { label: 'Notifications are switched off in Settings' };
  }
}

/** Said once, when the window is closed for the first time. */
export const GOES_ON: Note = {
  title: 'Merlon goes on',
  body: 'The window is closed, and sensing goes on. Open it again from the tray, or with: npm start',
};
