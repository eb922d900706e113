import { expectAccessible } from './axe.ts';
import { FeedPage } from './feed.page.ts';
import { makeProcess, ordinaryWork } from './processes.ts';
import { expect, test } from './test.ts';

test('a killed helper is a banner, an open gap, and then a gap that stays', async ({ feed, world }) => {
  await world.play(...ordinaryWork());
  await expect(feed.status).toContainText('Sensing');
  world.holdHelper();
  await world.killHelper();
  await expect(feed.banner(/Blind since \d\d:\d\d:\d\d\./)).toContainText('The helper ended by SIGKILL.');
  await expect(feed.status).toContainText('Not sensing for');
  await expect(feed.status).toContainText('unknown lost');
  await expect(feed.status).toContainText('— events/s');
  await expect(feed.rows('Nothing is seen from here on')).toHaveCount(1);
  world.letHelperGo();
  await world.helperRuns();
  await expect(feed.status).toContainText('Sensing');
  await expect(feed.rows(/Not sensing for .*: the helper ended\./)).toHaveCount(1);
  await expect(feed.rows('Nothing is seen from here on')).toHaveCount(0);
  await world.play(makeProcess('/usr/bin/seen-again').exec('seen-again'));
  await expect(feed.rows('seen-again')).toHaveCount(1);
});

test('a database that refuses writes is a banner until it takes them, and what waited comes then', async ({
  feed,
  world,
}) => {
  await world.play(makeProcess('/usr/bin/before').exec('before'));
  await expect(feed.rows('before')).toHaveCount(1);
  await world.fillDisk(true);
  await world.play(makeProcess('/usr/bin/meanwhile').exec('meanwhile'));
  await expect(feed.banner(/Events are not stored since \d\d:\d\d:\d\d\./)).toContainText('.open.db');
  await expect(feed.status).toContainText('Not storing');
  await expect(feed.rows('meanwhile')).toHaveCount(0);
  await world.fillDisk(false);
  await expect(feed.rows('meanwhile')).toHaveCount(1);
  await expect(feed.banner('Events are not stored')).toHaveCount(0);
});

test('lost records are counted and shown as a gap', async ({ feed, world }) => {
  await world.play(makeProcess('/usr/bin/before').exec('before'));
  await world.lose(212);
  await world.play(makeProcess('/usr/bin/after').exec('after'));
  await expect(feed.rows('212 events were lost')).toHaveCount(1);
  await expect(feed.status).toContainText('212 lost');
});

test('when the engine ends, the rows stay and the page says what to do', async ({ feed, world }) => {
  await world.play(makeProcess('/usr/bin/stays').exec('stays'));
  await expect(feed.rows('stays')).toHaveCount(1);
  await world.endEngine();
  await expect(feed.banner('Not connected since')).toContainText('npm start');
  await expect(feed.status).toContainText('Not connected for');
  await expect(feed.rows('stays')).toHaveCount(1);
});

test.describe('with a password dialog', () => {
  test.use({ helper: 'pkexec' });
  test('nothing is asked before the page has said what for', async ({ world, page }) => {
    const feed = new FeedPage(page);
    await feed.open(await world.link());
    await expect(page.getByRole('heading', { name: 'Merlon is not watching yet' })).toBeVisible();
    await expect(page.getByText('Nothing was asked and nothing runs as root so far.')).toBeVisible();
    await expect(page.getByText('BTF present')).toBeVisible();
    await expect(feed.status).toContainText('not asked for yet');
    await expect(feed.status).toContainText('— events/s');
    await expectAccessible(page);

    await page.getByRole('button', { name: 'Ask for the password' }).click();
    await expect(page.getByText('You dismissed the password dialog.')).toBeVisible();
    await expect(feed.status).toContainText('not authorised');

    world.answerDialog('refuse');
    await page.getByRole('button', { name: 'Ask again' }).click();
    await expect(page.getByText('polkit did not authorise you to start the helper.')).toBeVisible();

    world.answerDialog('allow');
    await page.getByRole('button', { name: 'Ask again' }).click();
    await expect(feed.status).toContainText('Sensing');
    await world.play(makeProcess('/usr/bin/now-seen').exec('now-seen'));
    await expect(feed.rows('now-seen')).toHaveCount(1);

    // From then on it asks as soon as it starts.
    await world.endEngine();
    world.answerDialog('dismiss');
    await world.startEngine('pkexec');
    await world.startFace();
    await page.goto(await world.link());
    await expect(page.getByText('You dismissed the password dialog.')).toBeVisible();
    await page.getByRole('button', { name: 'Browse them' }).click();
    await expect(feed.rows('now-seen')).toHaveCount(1);
  });

  test('what runs as root is explained on request', async ({ world, page }) => {
    await page.goto(await world.link());
    await page.getByRole('button', { name: 'What runs as root?' }).click();
    const sheet = page.getByRole('dialog', { name: 'What runs as root' });
    for (const text of ['CAP_BPF', 'process_exec', 'load the programs'])
      await expect(sheet.getByText(text).first()).toBeVisible();
    await expect(sheet.getByText('merlon-helper').last()).toBeVisible();
    await expectAccessible(page);
  });
});
