/** Electron's entry: one window on the engine that already runs (build/start.mjs starts it; it outlives the window). */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { app, session, type BrowserWindow } from 'electron';
import { socketPath } from '../shared/places.ts';
import { connectEngine } from './engine.ts';
import { readPage } from './files.ts';
import { relayWindow } from './ipc.ts';
import { registerScheme, servePage } from './scheme.ts';
import { confine, denyPermissions, openWindow } from './window.ts';

const out = resolve(import.meta.dirname, '..');
const uid = process.getuid?.() ?? 0;
const socket = socketPath({ env: process.env, uid, exists: existsSync });

let window: BrowserWindow | undefined;

function show(): void {
  if (window !== undefined) {
    if (window.isMinimized()) window.restore();
    window.focus();
    return;
  }
  const own = session.fromPartition('persist:console');
  const opened = openWindow(own, resolve(out, 'preload/index.cjs'));
  const release = relayWindow(opened.webContents, () => connectEngine(socket));
  opened.once('closed', () => {
    window = undefined;
    release();
  });
  window = opened;
}

if (app.requestSingleInstanceLock()) {
  app.enableSandbox();
  registerScheme();
  app.on('second-instance', show);
  app.on('web-contents-created', (_event, contents) => confine(contents));
  app.on('window-all-closed', () => app.quit());
  void app.whenReady().then(() => {
    const own = session.fromPartition('persist:console');
    denyPermissions(own);
    servePage(own, readPage(resolve(out, 'renderer')));
    show();
  });
} else {
  app.quit();
}
