/** Tests get a world (engine, web face, helper double), and the feed opened in it. */
import { test as base } from '@playwright/test';
import { FeedPage } from './feed.page.ts';
import { World, type Helper } from './world.ts';

interface Given {
  helper: Helper;
  world: World;
  feed: FeedPage;
}

export const test = base.extend<Given>({
  helper: ['double', { option: true }],
  world: async ({ helper }, use, info) => {
    const world = await World.start(helper);
    await use(world);
    if (info.status !== info.expectedStatus) console.log(world.log);
    await world.end();
  },
  feed: async ({ page, world }, use) => {
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      // Chromium reports what the Content-Security-Policy refused as an error.
      if (message.type() === 'error' && /Content Security|Trusted/.test(message.text())) {
        complaints.push(message.text());
      }
    });
    const feed = new FeedPage(page);
    await feed.open(await world.link());
    await use(feed);
    base.expect(complaints).toEqual([]);
  },
});

export { expect } from '@playwright/test';
