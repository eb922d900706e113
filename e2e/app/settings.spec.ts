import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expectAccessible } from './axe.ts';
import { ordinaryWork } from './processes.ts';
import { SettingsPage } from './settings.page.ts';
import { expect, test as base } from './test.ts';
import { World } from './world.ts';

const test = base.extend<{ settings: SettingsPage }>({
  settings: async ({ page, feed }, use) => {
    await expect(feed.status).toContainText('Sensing');
    await use(new SettingsPage(page));
  },
});

const own = (world: World) => join(world.folder, 'config/merlon/merlon.yaml');

test('a setting changes at once, in the file, and is taken back', async ({ settings, world }) => {
  await settings.open('Data');
  await settings.comesFrom('Keep for', 'default');
  await settings.type('Keep for', '30');
  await settings.comesFrom('Keep for', 'own');
  expect(readFileSync(own(world), 'utf8')).toContain('retention:\n  days: 30\n');
  expect(await world.console.request('store.retention', {})).toMatchObject({ value: { days: 30 } });
  await settings.undo();
  await settings.comesFrom('Keep for', 'default');
  await expect(settings.field('Keep for')).toHaveValue('14');
});

test('what is no value is said beside it, and nothing changes', async ({ settings, world }) => {
  await settings.open('Data');
  await settings.type('Keep at most', '1 MiB');
  await expect(settings.setting('Keep at most').getByRole('alert')).toContainText('from 64 MiB');
  await settings.field('Keep at most').press('Escape');
  await expect(settings.setting('Keep at most').getByRole('alert')).toHaveCount(0);
  await expect(settings.field('Keep at most')).toHaveValue('2 GiB');
  expect(existsSync(own(world))).toBe(false);
});

test('a file that changes is followed; what it says wrong is told with its place', async ({
  settings,
  world,
}) => {
  await settings.open('Data');
  mkdirSync(dirname(own(world)), { recursive: true });
  writeFileSync(own(world), 'retention:\n  days: 21\n  size: large\n');
  await expect(settings.field('Keep for')).toHaveValue('21');
  const wrong = settings.page.getByRole('region', { name: /Does not count in/ });
  await expect(wrong).toContainText('3:9');
  await expect(wrong).toContainText('retention.size does not count. Takes a size');
});

test('what the administrator locked cannot be changed', async ({ settings, world }) => {
  writeFileSync(join(world.folder, 'system.yaml'), 'retention:\n  days: 90\nlocked: [retention.days]\n');
  await settings.open('Data');
  await expect(settings.field('Keep for')).toHaveValue('90');
  await expect(settings.field('Keep for')).toBeDisabled();
  await expect(settings.setting('Keep for')).toContainText('system.yaml, locked');
});

test('the search finds by title, key and sentence, from the keyboard', async ({ settings, page }) => {
  test.slow(); // axe looks at it, twice
  await settings.open('Sensing');
  await page.getByRole('heading', { name: 'Sensing', level: 2 }).click();
  await page.keyboard.press('/');
  await page.keyboard.type('quiet');
  await expect(settings.setting('Quiet hours')).toBeVisible();
  await expect(settings.setting('Kernel queue')).toHaveCount(0);
  await page.keyboard.press('Escape');
  await expect(settings.setting('Kernel queue')).toBeVisible();
  await settings.search.fill('no such thing');
  await expect(page.getByRole('heading', { name: 'No setting matches' })).toBeVisible();
  await expectAccessible(page);
});

test('theme and keys follow the user', async ({ settings, page, world }) => {
  await settings.open('Console');
  await settings.setting('Theme').getByRole('button', { name: 'Dark' }).click();
  await expect(page.locator('html[data-theme=dark]')).toHaveCount(1);
  await settings.setting('Single-letter keys').getByRole('switch').click();
  await settings.comesFrom('Single-letter keys', 'own');
  await page.keyboard.press('/');
  await expect(settings.search).not.toBeFocused();
  await world.console.request('config.set', { key: 'console.theme', value: 'light' });
  await expect(page.locator('html[data-theme=light]')).toHaveCount(1);
});

test('do not disturb, until a moment and by the clock', async ({ settings, world }) => {
  await settings.open('Notifications');
  await settings.setting('Do not disturb').getByRole('button', { name: '1 hour' }).click();
  await expect(settings.setting('Do not disturb').getByText(/until \d\d:\d\d/)).toBeVisible();
  await settings.setting('Quiet hours').getByRole('switch').click();
  await settings.setting('Quiet hours').getByLabel('Quiet hours until').fill('06:30');
  await settings.setting('Quiet hours').getByLabel('Quiet hours until').blur();
  await settings.comesFrom('Quiet hours', 'own');
  expect(readFileSync(own(world), 'utf8')).toMatch(/quiet_hours: 22:00-06:30/);
});

test('a backup is written, and everything is checked', async ({ settings, world, page }) => {
  await world.play(...ordinaryWork());
  await settings.open('Data');
  const file = join(world.folder, 'backup.tar');
  await settings.part('Backup').getByRole('textbox').fill(file);
  await settings.part('Backup').getByRole('button', { name: 'Write backup' }).click();
  await expect(page.getByRole('status').filter({ hasText: `are in ${file}` })).toBeVisible();
  expect(execFileSync('tar', ['-tf', file], { encoding: 'utf8' })).toContain('catalogue.db');
  await settings.part('Backup').getByRole('button', { name: 'Write backup' }).click();
  await expect(page.getByRole('alert')).toContainText('overwrites nothing');
  await settings.part('Check').getByRole('button').click();
  await expect(page.getByRole('status').filter({ hasText: 'All is sound' })).toBeVisible();
});

test('deleting everything asks for a word, then for the number', async ({ settings, world, page }) => {
  test.slow(); // axe looks at it, twice
  await world.play(...ordinaryWork());
  await settings.open('Data');
  await settings.part('Delete').getByRole('button', { name: 'Delete every event…' }).click();
  const sheet = page.getByRole('dialog', { name: 'Delete every event' });
  await expect(sheet.getByRole('button', { name: 'Keep them' })).toBeFocused();
  const act = sheet.getByRole('button', { name: /^Delete \d/ });
  await expect(act).toBeDisabled();
  await sheet.getByLabel('Type wipe to go on').fill('wipe');
  const number = sheet.getByLabel(/^Type the number of events/);
  await number.fill('0');
  await expect(act).toBeDisabled();
  await expectAccessible(page);
  const count = /([\d,]+)$/.exec((await sheet.getByText(/^Type the number/).textContent()) ?? '')?.[1] ?? '';
  await number.fill(count);
  await act.click();
  await expect(sheet).toHaveCount(0);
  await expect(page.getByRole('status').filter({ hasText: 'were deleted' })).toBeVisible();
  await expect(settings.part('Cuts')).toContainText('deleted by you');
});

test('diagnostics say what is wrong, and the bundle can be downloaded', async ({ settings, page, world }) => {
  await world.lose(3);
  await settings.open('Diagnostics');
  await expect(page.getByRole('contentinfo', { name: 'Sensor status' })).toContainText('3 lost');
  await page.getByRole('button', { name: 'Look now' }).click();
  await expect(page.getByRole('listitem').filter({ hasText: 'Losses' })).toContainText('3 events were lost');
  await expectAccessible(page);
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download the bundle' }).click();
  const file = join(world.folder, 'bundle.tar.gz');
  await (await downloading).saveAs(file);
  expect(execFileSync('tar', ['-tzf', file], { encoding: 'utf8' })).toContain('report.json');
});

test('every section is accessible in both themes', async ({ settings, page }) => {
  test.slow(); // a dozen looks of axe's
  for (const section of ['Sensing', 'Data', 'Notifications', 'Console', 'Diagnostics', 'About'] as const) {
    await settings.open(section);
    await expectAccessible(page);
  }
});

test('a damaged database says what is readable, and what can be saved is', async ({ world, page, feed }) => {
  await world.play(...ordinaryWork());
  await expect(feed.rows('tput').first()).toBeVisible();
  await world.damage();
  await feed.open(await world.link());
  await expect(feed.banner('Some events cannot be read.')).toBeVisible();
  await page.getByRole('link', { name: 'Save what can be read' }).click();
  const state = page.getByRole('region', { name: 'The event database is damaged' });
  await expect(state).toContainText('Readable');
  await expect(state).toContainText('In memory');
  await expectAccessible(page);
  await page.screenshot({ path: 'test-results/screens/settings-damaged-1440-light.png' });
  await state.getByRole('button', { name: 'Check all files' }).click();
  await expect(page.getByRole('alert')).toContainText('not sound');
  await state.getByRole('button', { name: 'Save what can be read' }).click();
  await expect(state).toHaveCount(0);
});

for (const theme of ['light', 'dark'] as const) {
  for (const [width, height] of [
    [1440, 900],
    [1024, 720],
    [390, 844],
  ] as const) {
    test.describe(`${theme} ${width}`, () => {
      test.use({ colorScheme: theme, viewport: { width, height } });
      test('pictures', async ({ settings, page, world }) => {
        const path = (state: string) => `test-results/screens/settings-${state}-${width}-${theme}.png`;
        await world.play(...ordinaryWork());
        writeFileSync(
          join(world.folder, 'system.yaml'),
          'retention:\n  days: 90\n  sze: 1\nlocked: [retention.days]\n',
        );
        await settings.open('Data');
        await expect(settings.field('Keep for')).toHaveValue('90');
        await settings.type('Keep at most', '1 MiB');
        await page.screenshot({ path: path('data') });
        await settings.open('Notifications');
        await settings.setting('Do not disturb').getByRole('button', { name: '1 hour' }).click();
        await settings.comesFrom('Do not disturb', 'own');
        await page.screenshot({ path: path('notifications') });
        await settings.open('Diagnostics');
        await page.getByRole('button', { name: 'Look now' }).click();
        await expect(page.getByRole('heading', { name: 'The bundle' })).toBeVisible();
        await page.screenshot({ path: path('diagnostics') });
        await settings.open('About');
        await page.screenshot({ path: path('about') });
      });
    });
  }
}
