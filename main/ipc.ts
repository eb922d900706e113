import { ipcMain, type IpcMainEvent, type IpcMainInvokeEvent, type WebContents } from 'electron';
import { makeClient } from '../shared/client.ts';
import {
  NOTICE_NAMES,
  REQUEST_NAMES,
  requestParser,
  type Console,
  type RequestName,
} from '../shared/console.ts';
import { fail } from '../shared/result.ts';
import { channelOf, type EngineLink } from './engine.ts';
import { isPageUrl } from './scheme.ts';

/** Sent to the page when the engine is gone; requests connect anew. */
export const CLOSED = 'merlon:closed';
/** Sent by the page for each notice that it took. */
export const TAKEN = 'merlon:taken';

/** Notices that the page may have waiting before the engine stops being read. */
export const MAX_NOTICES_WAITING = 256;

/** The window's page has no business with these: they are for web faces. */
const WEB_ONLY: readonly RequestName[] = ['console.announce', 'console.redeem', 'console.link'];

interface Joined {
  readonly client: Console;
  readonly link: EngineLink;
}

/**
 * Joins the contract's requests and notices to the window's page. Each call is answered only to the main frame of
 * that page at its own address; its input is parsed here too, so that nothing malformed passes the privileged process.
 * @returns a function that undoes it.
 */
export function relayWindow(page: WebContents, connect: () => Promise<EngineLink>): () => void {
  let joined: Promise<Joined> | undefined;
  let waiting = 0;

  const isOurs = (event: IpcMainEvent | IpcMainInvokeEvent): boolean =>
    event.sender === page &&
    event.senderFrame !== null &&
    event.senderFrame === page.mainFrame &&
    isPageUrl(event.senderFrame.url);

  const tell = (channel: string, value?: unknown) => {
    if (!page.isDestroyed()) page.send(channel, value);
  };

  async function join(): Promise<Joined> {
    const link = await connect();
    const client = makeClient(channelOf(link));
    waiting = 0;
    for (const name of NOTICE_NAMES) {
      client.on(name, (value) => {
        tell(name, value);
        waiting += 1;
        if (waiting === MAX_NOTICES_WAITING) link.pause();
      });
    }
    client.onClose(() => {
      joined = undefined;
      tell(CLOSED);
    });
    return { client, link };
  }

  async function answer(event: IpcMainInvokeEvent, name: RequestName, input: unknown): Promise<unknown> {
    if (!isOurs(event)) return fail('bad_request', 'This request is for Merlon’s own page.');
    try {
      requestParser(name)(input);
    } catch {
      return fail('bad_request', `The input of ${name} is malformed.`);
    }
    try {
      joined ??= join();
      const { client } = await joined;
      // Parsed above by this name's own parser.
      return await client.request(name, input as never);
    } catch {
      joined = undefined;
      return fail('disconnected', 'Merlon’s engine is not running. Start it with: npm start');
    }
  }

  const offered = REQUEST_NAMES.filter((name) => !WEB_ONLY.includes(name));
  for (const name of offered) ipcMain.handle(name, (event, input: unknown) => answer(event, name, input));

  const taken = (event: IpcMainEvent) => {
    if (!isOurs(event) || waiting === 0) return;
    waiting -= 1;
    if (waiting === MAX_NOTICES_WAITING / 2) void joined?.then(({ link }) => link.resume());
  };
  ipcMain.on(TAKEN, taken);

  // A page that loads anew, or dies, takes no notices any more and has forgotten its subscriptions.
  const leave = () => {
    const left = joined;
    joined = undefined;
    void left?.then(({ link }) => link.end()).catch(() => undefined);
  };
  page.on('did-start-navigation', (details) => {
    if (details.isMainFrame && !details.isSameDocument) leave();
  });
  page.on('render-process-gone', leave);

  return () => {
    for (const name of offered) ipcMain.removeHandler(name);
    ipcMain.off(TAKEN, taken);
    leave();
  };
}
