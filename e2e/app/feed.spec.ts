import { makeProcess, ordinaryWork } from './processes.ts';
import { expect, test } from './test.ts';

test('a program that starts is on top at once, with its parent, arguments and user', async ({
  world,
  feed,
}) => {
  const shell = makeProcess('/usr/bin/bash');
  const curl = makeProcess('/usr/bin/curl', shell, 0);
  await world.play(shell.exec('bash'), curl.exec('curl', '-fsSL', 'https://example.org/a b'));
  const row = feed.rows('https://example.org/a b');
  await expect(row).toContainText('exec');
  await expect(row).toContainText(`curl ${curl.task.pid}`);
  await expect(row).toContainText('bash');
  await expect(row).toContainText('root');
});

test('its end says how long it lived and how it ended', async ({ world, feed }) => {
  const one = makeProcess('/usr/bin/rsync');
  await world.play(one.exec('rsync', 'src/'), one.exit(23 << 8));
  const row = feed.rows('ran 1.84 s, peak 212 MiB');
  await expect(row).toContainText(`rsync ${one.task.pid}`);
  await expect(row).toContainText('23');
});

test('a signal is named, a failed exec has its error', async ({ world, feed }) => {
  const one = makeProcess('/usr/bin/python3');
  const failed = { type: 'exec_failed', task: one.task, error: 2, path: '/no/such/program' } as const;
  await world.play(one.exec('python3'), failed, one.exit(9));
  await expect(feed.rows('exit')).toContainText('SIGKILL');
  await expect(feed.rows('/no/such/program')).toContainText('ENOENT');
  await expect(feed.rows('/no/such/program')).toContainText('python3');
});

test('the status bar tells the truth', async ({ feed, world }) => {
  // A rate lies between two looks at the counter: what came before the first is in none.
  await expect(feed.status).toContainText(/\d events\/s/);
  await world.play(...ordinaryWork());
  await expect(feed.status).toContainText('Sensing');
  await expect(feed.status).toContainText('7 of 7 programs attached');
  await expect(feed.status).toContainText(/[1-9]\d* events\/s/);
  await expect(feed.status).toContainText('0 lost');
  await expect(feed.status).toContainText(/KiB|MiB/);
});

test('a query keeps what matches, live and stored', async ({ feed, world }) => {
  const before = makeProcess('/usr/bin/before-it');
  const other = makeProcess('/usr/bin/other');
  await world.play(before.exec('before-it'), other.exec('other'));
  await expect(feed.rows('other')).toHaveCount(1);
  await feed.search('process.name:(before-it or after-it)');
  await expect(feed.rows('before-it')).toHaveCount(1);
  await expect(feed.rows('other')).toHaveCount(0);
  await world.play(other.exec('other', 'again'), makeProcess('/usr/bin/after-it').exec('after-it'));
  await expect(feed.rows('after-it')).toHaveCount(1);
  await expect(feed.rows('other')).toHaveCount(0);
});

test('what is wiped elsewhere leaves the page, too', async ({ feed, world }) => {
  const one = makeProcess('/usr/bin/before-it');
  await world.play(one.exec('before-it'));
  await feed.rows('before-it').click();
  await world.console.request('store.wipe', { confirm: 'every event' });
  await expect(feed.rows('before-it')).toHaveCount(0);
  await world.play(makeProcess('/usr/bin/after-it').exec('after-it'));
  await expect(feed.rows('after-it')).toHaveCount(1);
});

test('an unfinished query names its column and leaves the rows alone; Esc restores', async ({
  feed,
  world,
}) => {
  const one = makeProcess('/usr/bin/stays');
  await world.play(one.exec('stays'));
  await feed.search('process.name:stays');
  await expect(feed.rows('stays')).toHaveCount(1);
  await feed.search('process.name:stays and user.nme:root');
  await expect(feed.problem).toContainText('Column 24');
  await expect(feed.problem).toContainText('user.name');
  await expect(feed.rows('stays')).toHaveCount(1);
  await feed.query.press('Escape');
  await feed.hasQuery('process.name:stays');
  await expect(feed.problem).toBeHidden();
});

test('a query that nothing matches says so and can be cleared', async ({ feed, world }) => {
  await world.play(makeProcess('/usr/bin/some').exec('some'));
  await feed.search('process.name:postgres');
  await expect(feed.page.getByRole('heading', { name: 'No event matches' })).toBeVisible();
  await feed.page.getByRole('button', { name: 'Clear the query' }).last().click();
  await expect(feed.rows('some')).toHaveCount(1);
});

test('selecting pauses; newer rows are counted and come with L', async ({ feed, world }) => {
  await world.play(makeProcess('/usr/bin/first').exec('first'));
  await feed.select('first');
  await feed.isPausedBy('selection');
  await world.play(
    makeProcess('/usr/bin/second').exec('second'),
    makeProcess('/usr/bin/third').exec('third'),
  );
  await expect(feed.newer(2)).toBeVisible();
  await expect(feed.rows('second')).toHaveCount(0);
  await feed.press('l');
  await feed.isLive();
  await expect(feed.rows('second')).toHaveCount(1);
});

test('the button pauses, and says who did', async ({ feed, world }) => {
  await world.play(makeProcess('/usr/bin/first').exec('first'));
  await expect(feed.rows('first')).toHaveCount(1);
  await feed.page.getByRole('button', { name: 'Pause' }).click();
  await feed.isPausedBy('you');
  await world.play(makeProcess('/usr/bin/second').exec('second'));
  await feed.newer(1).click();
  await feed.isLive();
  await expect(feed.rows('second')).toHaveCount(1);
});

test('scrolling pauses, and going back to the top goes on', async ({ feed, world }) => {
  await world.play(...ordinaryWork());
  await expect(feed.rows('tput')).toHaveCount(1);
  await feed.scroll(600);
  await feed.isPausedBy('scroll');
  await feed.scroll(-5000);
  await feed.pointElsewhere();
  await feed.isLive();
});

test('rows do not move under the pointer', async ({ feed, world }) => {
  await world.play(makeProcess('/usr/bin/first').exec('first'));
  const first = feed.rows('first');
  await first.hover();
  const place = await first.boundingBox();
  await world.play(makeProcess('/usr/bin/second').exec('second'));
  await expect(feed.newer(1)).toBeVisible();
  expect(await first.boundingBox()).toEqual(place);
  await feed.pointElsewhere();
  await expect(feed.rows('second')).toHaveCount(1);
});

test('keys: / queries, J and K move, I hides the inspector, Esc leaves', async ({ feed, world }) => {
  await world.play(...['alpha', 'beta', 'gamma'].map((name) => makeProcess(`/usr/bin/${name}`).exec(name)));
  await expect(feed.rows('gamma')).toHaveCount(1);
  await feed.press('/');
  await expect(feed.query).toBeFocused();
  await feed.press('Escape');
  await feed.press('j');
  await expect(feed.selectedRow).toContainText('gamma');
  await feed.press('j');
  await feed.press('j');
  await expect(feed.selectedRow).toContainText('alpha');
  await feed.press('k');
  await expect(feed.selectedRow).toContainText('beta');
  await expect(feed.inspector).toBeVisible();
  await feed.press('i');
  await expect(feed.inspector).toBeHidden();
  await feed.press('Escape');
  await expect(feed.selectedRow).toHaveCount(0);
  await feed.isLive();
});

test('older events come in from the database while scrolling down', async ({ feed, world }) => {
  const oldest = makeProcess('/usr/bin/the-oldest');
  const many = Array.from({ length: 900 }, (_, n) =>
    makeProcess('/usr/bin/filler').exec('filler', String(n)),
  );
  await world.play(oldest.exec('the-oldest'), ...many);
  await feed.page.reload();
  await expect(feed.rows('filler 899')).toHaveCount(1);
  await feed.grid.focus();
  await expect(async () => {
    await feed.press('End');
    await expect(feed.rows('the-oldest')).toHaveCount(1, { timeout: 300 });
  }).toPass();
});
