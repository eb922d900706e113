/** The host's own connection to the engine: it outlives the window, for the tray and for notifications. */
import { makeClient } from '../shared/client.ts';
import type { Console, Status } from '../shared/console.ts';
import { channelOf, type EngineLink } from './engine.ts';

export interface Followed {
  /** The engine's API while it is connected. */
  readonly api: Console | undefined;
  end(): void;
}

const RETRY_MS = 3000;

/** @param tell told the engine's state at once and whenever it changes; undefined while there is no engine. */
export function followEngine(
  connect: () => Promise<EngineLink>,
  tell: (status: Status | undefined) => void,
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
    api = joined;
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
