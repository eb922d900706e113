import { makeProcess, ordinaryWork } from './processes.ts';
import { expect, test } from './test.ts';

test('the histogram counts what there is, live, and says it in a sentence', async ({ feed, world, page }) => {
  await world.play(...ordinaryWork());
  await expect(page.getByText(/\d\d+ events in range/)).toBeVisible();
  await expect(feed.histogram).toHaveAccessibleName(/: \d\d+ events\./);
  await page.getByRole('button', { name: 'Counts as a table' }).click();
  await expect(page.getByRole('region', { name: 'Events over time as a table' })).toContainText(
    'exec failed',
  );
});

test('losses are drawn and said', async ({ feed, world }) => {
  await world.play(makeProcess('/usr/bin/before').exec('before'));
  await world.lose(212);
  await world.play(makeProcess('/usr/bin/after').exec('after'));
  await expect(feed.rows('212 events were lost')).toHaveCount(1);
  await expect(feed.histogram).toHaveAccessibleName(/1 gap: 212 lost/);
});

test('a brush filters the rows and pauses; its grips move by keys; live clears it', async ({
  feed,
  world,
  page,
}) => {
  await world.play(makeProcess('/usr/bin/inside').exec('inside'));
  await expect(feed.rows('inside')).toHaveCount(1);
  await feed.brush(0.1, 0.5);
  await feed.isPausedBy('range');
  await expect(page.getByRole('heading', { name: 'No event' })).toBeVisible();
  await expect(feed.histogram).toHaveAccessibleName(/0 of them chosen/);
  const begin = feed.grip('Begin');
  const before = Number(await begin.getAttribute('aria-valuenow'));
  await begin.focus();
  await feed.press('ArrowRight');
  await expect(begin).toHaveAttribute('aria-valuenow', String(before + 5000));
  await feed.press('Shift+ArrowLeft');
  await expect(begin).toHaveAttribute('aria-valuenow', String(before - 45_000));
  await feed.grip('End').focus();
  // The newest bars are drawn some seconds after their events.
  await expect(async () => {
    await feed.press('End');
    await expect(feed.rows('inside')).toHaveCount(1, { timeout: 1000 });
  }).toPass();
  await feed.isPausedBy('range');
  await world.play(makeProcess('/usr/bin/later').exec('later'));
  await feed.newer(1).click();
  await feed.isLive();
  await expect(feed.grip('Begin')).toHaveCount(0);
  await expect(feed.rows('later')).toHaveCount(1);
});

test('zooming in shows what was chosen, zooming out what there was; a link leads there', async ({
  feed,
  world,
  page,
}) => {
  await world.play(makeProcess('/usr/bin/inside').exec('inside'));
  await expect(feed.rows('inside')).toHaveCount(1);
  // The newest bars are drawn some seconds after their events.
  await expect(async () => {
    await feed.brush(0.9, 0.999);
    await feed.isPausedBy('range');
    await expect(feed.rows('inside')).toHaveCount(1, { timeout: 1000 });
  }).toPass();
  await page.getByRole('button', { name: 'Zoom into the chosen time' }).click();
  await expect(page.getByRole('button', { name: /^Range: \d\d:\d\d:\d\d – / })).toBeVisible();
  await feed.isPausedBy('range');
  await expect(page).toHaveURL(/from=\d+&until=\d+/);
  await page.reload();
  await feed.isPausedBy('range');
  await expect(feed.rows('inside')).toHaveCount(1);
  await feed.chooseRange('Last 15 minutes');
  await feed.isLive();
});

test('all time has no begin, and an own range is read from its fields', async ({ feed, world, page }) => {
  await world.play(makeProcess('/usr/bin/one').exec('one'));
  await feed.chooseRange('All time');
  await expect(feed.grid).toContainText('This is the oldest event that matches.');
  await page.getByRole('button', { name: /^Range: / }).click();
  await page.getByLabel('From').fill('2026-01-02T10:00:00');
  await page.getByLabel('Until').fill('2026-01-01T10:00:00');
  await page.getByRole('button', { name: 'Show this range' }).click();
  await expect(page.getByText('The begin must come before the end.')).toBeVisible();
  await page.getByLabel('Until').fill('2026-01-02T11:00:00');
  await page.getByRole('button', { name: 'Show this range' }).click();
  await feed.isPausedBy('range');
  await expect(page.getByRole('heading', { name: 'No event in this range' })).toBeVisible();
});
