import { BrowserWindow, screen, type Session, type WebContents } from 'electron';
import { keepPlace, readPlace, SMALLEST } from './place.ts';
import { PAGE_URL, isPageUrl } from './scheme.ts';

/** Refuses every permission that a page can ask for. */
export function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
}

/** The page stays where it is: no navigation, no second window, no embedded page. */
export function confine(contents: WebContents): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  contents.on('will-navigate', (event) => {
    if (!isPageUrl(event.url)) event.preventDefault();
  });
  contents.on('will-redirect', (event) => event.preventDefault());
  contents.on('will-attach-webview', (event) => event.preventDefault());
}

export interface WindowOptions {
  readonly session: Session;
  /** Absolute path of the preload script (CommonJS: a sandboxed one can be nothing else). */
  readonly preload: string;
  /** Where its place and size are kept. */
  readonly placeFile: string;
  readonly icon: string;
  /** The place in the console that it opens with, such as `#/feed`; otherwise where the page was last. */
  readonly address: string | undefined;
}

/** The console's window: sandboxed, isolated, where it was last, and shown once it has something to show. */
export function openWindow({ session, preload, placeFile, icon, address }: WindowOptions): BrowserWindow {
  const displays = screen.getAllDisplays().map(({ workArea }) => workArea);
  const { maximised, ...place } = readPlace(placeFile, displays);
  const window = new BrowserWindow({
    ...place,
    minWidth: SMALLEST.width,
    minHeight: SMALLEST.height,
    icon,
    show: false,
    autoHideMenuBar: true,
    title: 'Merlon',
    webPreferences: {
      session,
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      spellcheck: false,
      navigateOnDragDrop: false,
    },
  });
  if (maximised) window.maximize();
  confine(window.webContents);
  window.once('ready-to-show', () => window.show());
  window.on('close', () => keepPlace(placeFile, window.getNormalBounds(), window.isMaximized()));
  void window.loadURL(PAGE_URL + (address ?? ''));
  return window;
}
