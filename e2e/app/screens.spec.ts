/** Pictures of the screens in both themes and three widths, kept in test-results/screens for a person to look at. */
import { ordinaryWork } from './processes.ts';
import { expect, test } from './test.ts';
import { World } from './world.ts';

const SIZES = [
  { name: '1440', width: 1440, height: 900 },
  { name: '1024', width: 1024, height: 720 },
  { name: '390', width: 390, height: 844 },
] as const;

for (const theme of ['light', 'dark'] as const) {
  for (const { name, ...viewport } of SIZES) {
    test.describe(`${theme} ${name}`, () => {
      test.use({ colorScheme: theme, viewport });
      const path = (state: string) => `test-results/screens/feed-${state}-${name}-${theme}.png`;

      test('full, selected, error, empty, blind', async ({ feed, world, page }) => {
        await world.play(...ordinaryWork());
        await world.lose(212);
        await world.play(...ordinaryWork());
        await expect(feed.rows('tput').first()).toBeVisible();
        await page.screenshot({ path: path('full') });

        await feed.select('tput');
        await page.screenshot({ path: path('selected') });
        await feed.press('Escape');
        await expect(feed.inspector).toBeHidden();

        await feed.editorIsLoaded();
        await feed.write('event.action:exec and process.name:');
        await expect(feed.completion('curl')).toBeVisible();
        await page.screenshot({ path: path('completion') });
        await feed.press('Escape');

        await feed.brush(0.6, 0.98);
        await feed.isPausedBy('range');
        await page.screenshot({ path: path('brush') });
        await feed.press('l');

        await feed.search('process.name:curl and process.exit_code>>1');
        await expect(feed.problem).toBeVisible();
        await page.screenshot({ path: path('error') });

        await feed.search('process.name:postgres');
        await expect(page.getByRole('heading', { name: 'No event matches' })).toBeVisible();
        await page.screenshot({ path: path('empty') });

        await feed.search('');
        world.holdHelper();
        await world.killHelper();
        await expect(feed.banner('Blind since')).toBeVisible();
        await page.screenshot({ path: path('blind') });
      });

      test('not authorised', async ({ browser }) => {
        const world = await World.start('pkexec');
        try {
          const page = await browser.newPage({ viewport, colorScheme: theme });
          await page.goto(await world.link());
          await expect(page.getByRole('button', { name: 'Ask for the password' })).toBeVisible();
          await page.screenshot({ path: path('not-authorised') });
          await page.close();
        } finally {
          await world.end();
        }
      });
    });
  }
}
