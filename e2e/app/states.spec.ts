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
  test('a dismissed dialog is said, and Ask again asks again', async ({ world, page }) => {
    const feed = new FeedPage(page);
    await feed.open(await world.link());
    await expect(page.getByRole('heading', { name: 'Merlon is not watching yet' })).toBeVisible();
    await expect(page.getByText('You dismissed the password dialog.')).toBeVisible();
    await expect(feed.status).toContainText('not authorised');
    await expect(feed.status).toContainText('— events/s');

    world.answerDialog('refuse');
    await page.getByRole('button', { name: 'Ask again' }).click();
    await expect(page.getByText('polkit did not authorise you to start the helper.')).toBeVisible();

    world.answerDialog('allow');
    await page.getByRole('button', { name: 'Ask again' }).click();
    await expect(feed.status).toContainText('Sensing');
    await world.play(makeProcess('/usr/bin/now-seen').exec('now-seen'));
    await expect(feed.rows('now-seen')).toHaveCount(1);
  });

  test('what runs as root is explained on request', async ({ world, page }) => {
    await page.goto(await world.link());
    await page.getByRole('button', { name: 'What runs as root?' }).click();
    await expect(page.getByText('CAP_BPF')).toBeVisible();
  });
});
