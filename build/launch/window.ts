/** A window for the console: Chromium's app mode, in a profile of Merlon's own. */
import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findOnPath } from '../command.mjs';

const BROWSERS = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'brave-browser',
  'brave',
];

export function hasDisplay(): boolean {
  return Boolean(process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY']);
}

/** The command line that opens `url` as an app window; undefined where no Chromium is installed. */
export function appWindow(url: string, dataFolder: string): string[] | undefined {
  const browser = BROWSERS.map((name) => findOnPath(name)).find((path) => path !== undefined);
  if (browser === undefined) return undefined;
  return [
    browser,
    `--app=${url}`,
    `--user-data-dir=${profileFolder(browser, dataFolder)}`,
    '--class=merlon',
    '--window-size=1440,900',
    '--no-first-run',
    '--no-default-browser-check',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-quic',
    // Chromium refuses its sandbox to root.
    ...(process.getuid?.() === 0 ? ['--no-sandbox', '--test-type'] : []),
  ];
}

/** A snap may not write into hidden folders of the home, where the database lies. */
function profileFolder(browser: string, dataFolder: string): string {
  const real = realpathSync(browser);
  const snap = real.startsWith('/snap/') || real === '/usr/bin/snap';
  return snap ? join(homedir(), 'snap/chromium/common/merlon') : join(dataFolder, 'window');
}
