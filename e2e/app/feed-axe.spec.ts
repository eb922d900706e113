/** The feed's states and what opens over it, without serious findings in both themes. */
import { expectAccessible } from './axe.ts';
import { ordinaryWork } from './processes.ts';
import { expect, test } from './test.ts';

/** Each look takes seconds, in two themes. */
test.describe.configure({ timeout: 240_000 });

test('rows, a selection, ticks, groups and a chosen time', async ({ feed, world, page }) => {
  await world.play(...ordinaryWork());
  await world.lose(212);
  await world.play(...ordinaryWork());
  await expect(feed.rows('212 events were lost')).toHaveCount(1);
  await expectAccessible(page);
  await feed.select('tput');
  await feed.press('Space');
  await expectAccessible(page);
  await feed.press('Escape');
  await feed.press('p');
  await expect(feed.rows('2 events').first()).toBeVisible();
  await expectAccessible(page);
  await feed.press('p');
  await feed.brush(0.5, 0.99);
  await expect(feed.grip('Begin')).toBeVisible();
  await page.getByRole('button', { name: 'Counts as a table' }).click();
  await expectAccessible(page);
});

test('completion, an error, and nothing found', async ({ feed, world, page }) => {
  await world.play(...ordinaryWork());
  await expect(feed.rows('tput')).toHaveCount(1);
  await feed.editorIsLoaded();
  await feed.write('event.action:');
  await expect(feed.completion('exec').first()).toBeVisible();
  await expectAccessible(page);
  await feed.search('process.exit_code>>1');
  await expect(feed.problem).toBeVisible();
  await expectAccessible(page);
  await feed.search('process.name:postgres and event.action:exec');
  await expect(page.getByRole('heading', { name: 'No event matches' })).toBeVisible();
  await expectAccessible(page);
});

test('range, columns, saved queries and export', async ({ feed, world, page }) => {
  await world.play(...ordinaryWork());
  await feed.search('event.action:exec');
  for (const name of [/^Range: /, 'Choose columns', 'Saved and recent queries', 'Export events']) {
    await page.getByRole('button', { name }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await expectAccessible(page);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
  }
});
