/** The same console in Electron's window, where its binary exists. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { _electron } from '@playwright/test';
import { makeProcess } from './processes.ts';
import { expect, test } from './test.ts';
import { FeedPage } from './feed.page.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const BINARY = join(ROOT, 'node_modules/electron/dist/electron');

test.skip(!existsSync(BINARY), 'no Electron binary');

test('the window shows the feed, sandboxed and isolated', async ({ world }) => {
  const app = await _electron.launch({
    executablePath: BINARY,
    args: [ROOT, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--open', '#/feed'],
    env: { ...process.env, MERLON_SOCKET: world.socket },
  });
  try {
    const page = await app.firstWindow();
    const feed = new FeedPage(page);
    await expect(feed.status).toContainText('Sensing');
    await world.play(makeProcess('/usr/bin/in-window').exec('in-window'));
    await expect(feed.rows('in-window')).toHaveCount(1);
    expect(await page.evaluate(() => typeof Reflect.get(globalThis, 'require'))).toBe('undefined');
    expect(page.url()).toBe('merlon://console/#/feed');
    const closed = page.waitForEvent('close');
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
    await closed;
    // The tray and the engine stay.
    expect(await app.evaluate(({ app: host }) => host.isReady())).toBe(true);
    await world.helperRuns();
  } finally {
    await app.close();
  }
});
