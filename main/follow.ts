/** The host's own connection to the engine: it outlives the window, for the tray and for notifications. */
import { makeClient } from '../shared/client.ts';
import { configOf, type Config } from '../shared/config.ts';
import type { Console, Status } from '../shared/console.ts';
import { channelOf, type EngineLink } from './engine.ts';

export interface Followed {
  /** The engine's API while it is connected. */
  readonly api: Console | undefined;
  end(): void;
}

const RETRY_MS = 3000;

/**
 * @param tell told the engine's state at once and whenever it changes; undefined while there is no engine.
 * @param heed told the settings at once and whenever they change.
 */
export function followEngine(
  connect: () => Promise<EngineLink>,
  tell: (status: Status | undefined) => void,
  heed: (config: Config) => void,
  retryMs = RETRY_MS,
): Followed {
  let api: Console | undefined;
  let link: EngineLink | undefined;
  let ended = false;
  let timer: NodeJS.Timeout | undefined;

  const later = () => {
    api = undefined;
    if (ended) return;
    tell(undefined);
    timer = setTimeout(() => void join(), retryMs);
  };
  const join = async () => {
    try {
      link = await connect();
    } catch {
      return later(); // nobody listens there yet, or any more
    }
    if (ended) return link.end();
    const joined = makeClient(channelOf(link));
    joined.onClose(later);
    joined.on('status.changed', tell);
    joined.on('config.changed', ({ settings }) => heed(configOf(settings)));
    api = joined;
    const config = await joined.request('config.list', {});
    if (config.ok && api === joined) heed(configOf(config.value.settings));
    const reply = await joined.request('status.get', {});
    if (reply.ok && api === joined) tell(reply.value);
  };
  void join();
  return {
    get api() {
      return api;
    },
    end: () => {
      ended = true;
      clearTimeout(timer);
      link?.end();
    },
  };
}

const PAUSE_MS = 3_600_000;

/** Holds notifications back for an hour, or not any more, as the settings page does. @param refused told why not. */
export async function pauseNotifications(
  api: Console | undefined,
  paused: boolean,
  refused: (sentence: string) => void,
): Promise<void> {
  const value = paused ? new Date(Date.now() + PAUSE_MS).toISOString() : 'off';
  const reply = await api?.request('config.set', { key: 'notifications.do_not_disturb', value });
  if (reply === undefined) refused('Merlon’s engine does not answer.');
  else if (!reply.ok) refused(reply.error.message);
}
