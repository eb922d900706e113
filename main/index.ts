/** Electron's entry: a window and a tray on the engine that already runs (build/start.mjs starts it). */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { app } from 'electron';
import { openedBy, parseAddress } from '../shared/host.ts';
import { socketPath } from '../shared/places.ts';
import { connectEngine } from './engine.ts';
import { startHost } from './host.ts';
import { registerScheme } from './scheme.ts';
import { confine } from './window.ts';

const uid = process.getuid?.() ?? 0;
const socket = socketPath({ env: process.env, uid, exists: existsSync });
const address = openedBy(process.argv);

// Handed over to the first start: Chromium may put another's command line into another order.
if (app.requestSingleInstanceLock({ open: address })) {
  let show: ReturnType<typeof startHost> | undefined;
  app.enableSandbox();
  registerScheme();
  app.on('second-instance', (_event, argv, _folder, handed) => {
    const given: unknown = Reflect.get(new Object(handed), 'open');
    const open = parseAddress(given) ?? openedBy(argv);
    show?.(open === undefined ? undefined : { open });
  });
  app.on('web-contents-created', (_event, contents) => confine(contents));
  // The tray stays; without a listener Electron would quit.
  app.on('window-all-closed', () => undefined);
  void app.whenReady().then(() => {
    const out = resolve(import.meta.dirname, '..');
    const icons = resolve(app.getAppPath(), 'build/icons');
    show = startHost({ out, icons, connect: () => connectEngine(socket), address });
  });
} else {
  app.quit();
}
