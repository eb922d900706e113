/** The host's life: at most one window, a tray for as long as it runs, and the engine, which outlives the window. */
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { app, session, type BrowserWindow } from 'electron';
import type { Status } from '../shared/console.ts';
import type { HostOrder } from '../shared/host.ts';
import type { EngineLink } from './engine.ts';
import { readPage } from './files.ts';
import { followEngine, pauseNotifications } from './follow.ts';
import { relayWindow, type PageRelay } from './ipc.ts';
import { setMenu } from './menu.ts';
import { GOES_ON, News } from './news.ts';
import { notify } from './notify.ts';
import { servePage } from './scheme.ts';
import { openTray } from './tray.ts';
import { denyPermissions, openWindow } from './window.ts';

export interface HostOptions {
  /** The folder of the built programs. */
  readonly out: string;
  readonly icons: string;
  readonly connect: () => Promise<EngineLink>;
  /** The place in the console that the first window shows. */
  readonly address: string | undefined;
}

/** The engine stores what is under way before it ends; whoever quits does not wait for all of that. */
const QUIT_PATIENCE_MS = 2000;

/** Starts it, once the app is ready. @returns what brings the window to the front, opened anew where it is closed. */
export function startHost({ out, icons, connect, address }: HostOptions): (order?: HostOrder) => void {
  const own = session.fromPartition('persist:console');
  denyPermissions(own);
  servePage(own, readPage(resolve(out, 'renderer')));

  let open: { readonly window: BrowserWindow; readonly relay: PageRelay } | undefined;
  let status: Status | undefined;
  let again: NodeJS.Timeout | undefined;
  let ending = false;
  let closedBefore = false;
  const news = new News();

  const begin = (at: string | undefined) => {
    const window = openWindow({
      session: own,
      preload: resolve(out, 'preload/index.cjs'),
      placeFile: resolve(app.getPath('userData'), 'window.json'),
      icon: resolve(icons, '256x256.png'),
      address: at,
    });
    const relay = relayWindow(window.webContents, connect);
    open = { window, relay };
    window.once('closed', () => {
      open = undefined;
      relay.end();
      if (!closedBefore && !ending) notify(GOES_ON, show);
      closedBefore = true;
    });
  };
  const show = (order?: HostOrder) => {
    if (open === undefined) return begin(order && 'open' in order ? order.open : undefined);
    if (open.window.isMinimized()) open.window.restore();
    open.window.show();
    open.window.focus();
    if (order !== undefined) open.relay.go(order);
  };

  const tell = (latest: Status | undefined) => {
    status = latest;
    clearTimeout(again);
    const told = news.take(latest, Date.now());
    tray.show(told);
    if (!ending) for (const note of told.notes) notify(note, show);
    if (told.againMs !== undefined) again = setTimeout(() => tell(status), told.againMs);
  };
  const refused = (body: string) => notify({ title: 'Notifications are as they were', body }, show);
  const pause = (paused: boolean) => void pauseNotifications(engine.api, paused, refused);
  const quit = () => {
    ending = true;
    const asked = engine.api?.request('engine.stop', {});
    void Promise.race([asked, wait(QUIT_PATIENCE_MS)]).then(() => app.quit());
  };
  const sense = () => void engine.api?.request('helper.start', {});
  const tray = openTray(icons, { open: () => show(), sense, pause, quit });
  const engine = followEngine(connect, tell, (config) => {
    news.heed(config);
    tell(status);
  });
  setMenu((command) => show({ command }), quit);
  app.on('before-quit', () => (ending = true));
  app.once('will-quit', () => {
    clearTimeout(again);
    engine.end();
    tray.end();
  });
  begin(address);
  return show;
}
