/** A database that is damaged, or cannot be opened, is set aside, and Merlon goes on with a fresh one. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expectAccessible } from './axe.ts';
import { makeProcess, ordinaryWork } from './processes.ts';
import { SettingsPage } from './settings.page.ts';
import { expect, test as base } from './test.ts';
import type { World } from './world.ts';

const test = base.extend<{ settings: SettingsPage }>({
  settings: async ({ page }, use) => use(new SettingsPage(page)),
});

const asides = (world: World) =>
  readdirSync(join(world.folder, 'data')).filter((name) => name.startsWith('set-aside-'));

test('a damaged database is set aside whole, and what comes is found in the new one', async ({
  world,
  page,
  feed,
  settings,
}) => {
  test.slow(); // axe looks at it, twice
  await world.play(...ordinaryWork());
  await expect(feed.rows('tput').first()).toBeVisible();
  await world.damage();
  await world.play(makeProcess('/usr/bin/between').exec('between'));
  await feed.open(await world.link());
  await settings.open('Data');
  await settings.trouble('damaged').getByRole('button', { name: 'Set it aside, start fresh…' }).click();
  const sheet = page.getByRole('dialog', { name: 'Set it aside, start fresh' });
  await expect(sheet.getByRole('button', { name: 'Leave it' })).toBeFocused();
  await sheet.getByRole('button', { name: 'The whole database' }).click();
  await expect(sheet).toContainText('readable event');
  await expectAccessible(page);
  await sheet.getByRole('button', { name: /^Set it aside, start fresh/ }).click();
  await expect(sheet).toHaveCount(0);
  await expect(settings.trouble('damaged')).toHaveCount(0);
  const [aside = ''] = asides(world);
  const done = page.getByRole('status').filter({ hasText: 'The old database lies in' });
  await expect(done).toContainText(join(world.folder, 'data', aside));
  await expect(done).toContainText(/\d KiB|\d MiB/);
  await expect(settings.part('Cuts')).toContainText('set aside');
  await expect(settings.part('Cuts')).toContainText(aside);
  await expectAccessible(page);
  await world.play(makeProcess('/usr/bin/afterwards').exec('afterwards'));
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Feed' }).click();
  await expect(feed.rows('afterwards')).toHaveCount(1);
  await expect(feed.rows('between')).toHaveCount(0);
});

test('the damaged files alone can go: rows of sound ones stay', async ({ world, page, feed, settings }) => {
  await world.play(...ordinaryWork());
  await expect(feed.rows('tput').first()).toBeVisible();
  await world.damage();
  await world.play(makeProcess('/usr/bin/between').exec('between'));
  await feed.open(await world.link());
  await settings.open('Data');
  await settings.trouble('damaged').getByRole('button', { name: 'Set it aside, start fresh…' }).click();
  const sheet = page.getByRole('dialog', { name: 'Set it aside, start fresh' });
  await expect(sheet).toContainText('in sound files');
  await page.keyboard.press('Control+Enter');
  await expect(sheet).toHaveCount(0);
  await expect(page.getByRole('status').filter({ hasText: 'What was damaged lies in' })).toBeVisible();
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Feed' }).click();
  await expect(feed.rows('between')).toHaveCount(1);
  await expect(feed.banner('Some events cannot be read.')).toHaveCount(0);
});

test('Esc leaves it as it is', async ({ world, page, feed, settings }) => {
  await world.play(...ordinaryWork());
  await expect(feed.rows('tput').first()).toBeVisible();
  await world.damage();
  await feed.open(await world.link());
  await settings.open('Data');
  await settings.trouble('damaged').getByRole('button', { name: 'Set it aside, start fresh…' }).click();
  await expect(page.getByRole('dialog', { name: 'Set it aside, start fresh' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(settings.trouble('damaged')).toBeVisible();
  expect(asides(world)).toEqual([]);
});

test('an open page has none of the rows that were set aside elsewhere', async ({ world, feed }) => {
  await world.play(makeProcess('/usr/bin/before-it').exec('before-it'));
  await feed.rows('before-it').click();
  expect(await world.console.request('store.fresh', { scope: 'everything' })).toMatchObject({ ok: true });
  await expect(feed.rows('before-it')).toHaveCount(0);
  await world.play(makeProcess('/usr/bin/after-it').exec('after-it'));
  await expect(feed.rows('after-it')).toHaveCount(1);
});

for (const theme of ['light', 'dark'] as const) {
  test.describe(theme, () => {
    test.use({ colorScheme: theme });
    test('a newer database is left alone; what came meanwhile is in the fresh one', async ({
      world,
      page,
      feed,
      settings,
    }) => {
      const picture = (state: string) =>
        page.screenshot({ path: `test-results/screens/fresh-${state}-1440-${theme}.png` });
      await world.play(...ordinaryWork());
      await expect(feed.rows('tput').first()).toBeVisible();
      await world.makeNewer();
      await world.play(makeProcess('/usr/bin/meanwhile').exec('meanwhile'));
      await page.goto(await world.link());
      await expect(page.getByText(/written by a newer Merlon/).first()).toBeVisible();
      await settings.open('Data');
      const state = settings.trouble('unopened');
      await expect(state).toContainText('nothing, while it cannot be opened');
      await expectAccessible(page);
      await picture('unopened');
      await state.getByRole('button', { name: 'Set it aside, start fresh…' }).click();
      const sheet = page.getByRole('dialog', { name: 'Set it aside, start fresh' });
      await picture('sheet');
      await sheet.getByRole('button', { name: /^Set it aside, start fresh/ }).click();
      await expect(state).toHaveCount(0);
      await expect(page.getByRole('status').filter({ hasText: 'lies in' })).toBeVisible();
      await expect(settings.part('Cuts')).toContainText('unknown');
      await picture('done');
      expect(existsSync(join(world.folder, 'data', asides(world)[0] ?? '', 'catalogue.db'))).toBe(true);
      await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Feed' }).click();
      await expect(feed.rows('meanwhile')).toHaveCount(1);
      await expect(feed.rows('tput')).toHaveCount(0);
    });

    test('pictures of a damaged one', async ({ world, page, feed, settings }) => {
      const path = (state: string) => `test-results/screens/fresh-${state}-1440-${theme}.png`;
      await world.play(...ordinaryWork());
      await expect(feed.rows('tput').first()).toBeVisible();
      await world.damage();
      await feed.open(await world.link());
      await settings.open('Data');
      const state = settings.trouble('damaged');
      await expect(state).toBeVisible();
      await page.screenshot({ path: path('damaged') });
      await state.getByRole('button', { name: 'Set it aside, start fresh…' }).click();
      await expect(page.getByRole('dialog')).toContainText('in sound files');
      await page.screenshot({ path: path('damaged-sheet') });
    });
  });
}
