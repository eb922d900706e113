import { ipcMain, type IpcMainEvent, type IpcMainInvokeEvent, type WebContents } from 'electron';
import { REQUEST_NAMES, type RequestName } from '../shared/console.ts';
import type { HostOrder } from '../shared/host.ts';
import { fail } from '../shared/result.ts';
import type { EngineLink } from './engine.ts';
import { PageLink } from './page-link.ts';
import { isPageUrl } from './scheme.ts';

/** Sent to the page when the engine is gone; requests connect anew. */
export const CLOSED = 'merlon:closed';
/** Sent by the page for each notice that it took. */
export const TAKEN = 'merlon:taken';

/** The window's page has no business with these: they are for web faces. */
const WEB_ONLY: readonly RequestName[] = ['console.announce', 'console.redeem', 'console.link'];

export interface PageRelay {
  /** What a native menu, the tray or a link wants of the page. */
  go(order: HostOrder): void;
  /** Undoes the joining. */
  end(): void;
}

/**
 * Joins the contract's requests and notices to the window's page. Each call is answered only to the main frame of
 * that page at its own address.
 */
export function relayWindow(page: WebContents, connect: () => Promise<EngineLink>): PageRelay {
  const tell = (channel: string, value?: unknown) => {
    if (!page.isDestroyed()) page.send(channel, value);
  };
  const engine = new PageLink(connect, { notice: tell, closed: () => tell(CLOSED) });

  const isOurs = (event: IpcMainEvent | IpcMainInvokeEvent): boolean =>
    event.sender === page &&
    event.senderFrame !== null &&
    event.senderFrame === page.mainFrame &&
    isPageUrl(event.senderFrame.url);

  const offered = REQUEST_NAMES.filter((name) => !WEB_ONLY.includes(name));
  for (const name of offered) {
    ipcMain.handle(name, (event, input: unknown) =>
      isOurs(event)
        ? engine.request(name, input)
        : fail('bad_request', 'This request is for Merlon’s own page.'),
    );
  }
  const taken = (event: IpcMainEvent) => {
    if (isOurs(event)) engine.taken();
  };
  ipcMain.on(TAKEN, taken);
  page.on('did-start-navigation', (details) => {
    if (details.isMainFrame && !details.isSameDocument) engine.leave();
  });
  page.on('render-process-gone', () => engine.leave());

  return {
    go: (order) => engine.notice('console.go', order),
    end: () => {
      for (const name of offered) ipcMain.removeHandler(name);
      ipcMain.off(TAKEN, taken);
      engine.leave();
    },
  };
}
