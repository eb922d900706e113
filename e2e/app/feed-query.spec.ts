import { makeProcess, ordinaryWork } from './processes.ts';
import { expect, test } from './test.ts';

test('fields, then operators, then values with their counts are completed', async ({ feed, world }) => {
  await world.play(...ordinaryWork());
  await expect(feed.rows('tput')).toHaveCount(1);
  await feed.editorIsLoaded();
  await feed.query.focus();
  await feed.page.keyboard.type('event.act');
  await expect(feed.completion('event.action')).toContainText('what happened');
  await feed.press('Tab');
  await feed.hasQuery('event.action:');
  await expect(feed.completion(/^exec\s*\d+/)).toBeVisible();
  await expect(feed.completion(/^exec_failed\s*1/)).toBeVisible();
  await feed.page.keyboard.type('exec_');
  await feed.press('Tab');
  await feed.hasQuery('event.action:exec_failed ');
  await expect(feed.completion('and').first()).toBeVisible();
  await feed.press('Enter');
  await expect(feed.rows('tput')).toHaveCount(1);
  await expect(feed.rows('curl')).toHaveCount(0);
});

test('arrows choose and Enter takes what they chose; Esc closes the list, then restores', async ({
  feed,
  world,
}) => {
  await world.play(makeProcess('/usr/bin/alpha').exec('alpha'), makeProcess('/usr/bin/beta').exec('beta'));
  await expect(feed.rows('beta')).toHaveCount(1);
  await feed.search('event.action:exec');
  await feed.write('event.action:exec and process.name:');
  await expect(feed.completion('beta')).toHaveCount(1);
  await feed.press('ArrowDown');
  await expect(feed.completions.getByRole('option', { selected: true })).toContainText('beta');
  await feed.press('Enter');
  await feed.hasQuery('event.action:exec and process.name:beta ');
  await expect(feed.rows('alpha')).toHaveCount(1);
  await feed.press('Escape');
  await expect(feed.completions).toHaveCount(0);
  await feed.press('Escape');
  await feed.hasQuery('event.action:exec');
});

test('what was typed before the editor came stays', async ({ world, page, feed: _ }) => {
  let letGo = () => undefined as void;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  await page.route('**/editor-*.js', async (route) => {
    await held;
    await route.continue();
  });
  await page.reload();
  const query = page.getByRole('textbox', { name: 'Query' });
  await query.fill('process.name:early');
  letGo();
  await expect(query).toHaveAttribute('contenteditable', 'true');
  await expect(query).toHaveText('process.name:early');
  await expect(query).toBeFocused();
  await world.play(makeProcess('/usr/bin/early').exec('early'));
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/query=process\.name%3Aearly/);
});

test('the last queries come back with the arrow, and over a reload', async ({ feed, page }) => {
  await feed.search('process.name:one');
  await feed.search('process.name:two');
  await page.reload();
  await feed.hasQuery('process.name:two');
  await feed.editorIsLoaded();
  await feed.query.focus();
  await feed.press('ArrowUp');
  await feed.hasQuery('process.name:one');
  await feed.press('ArrowDown');
  await feed.hasQuery('process.name:two');
});

test('a query is saved by a name, applied, renamed, and deleted with a way back', async ({ feed, page }) => {
  await feed.search('process.name:one');
  const open = page.getByRole('button', { name: 'Saved and recent queries' });
  await open.click();
  await page.getByRole('textbox', { name: 'Name of this query' }).fill('Mine');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const list = page.getByRole('list', { name: 'Saved queries' });
  await list.getByRole('button', { name: 'Rename Mine' }).click();
  await page.getByRole('textbox', { name: 'New name' }).fill('Ours');
  await page.keyboard.press('Enter');
  await expect(list).toContainText('Ours');
  await list.getByRole('button', { name: 'Delete Ours' }).click();
  await expect(list).not.toContainText('Ours');
  await page.getByRole('button', { name: 'Undo' }).click();
  if (!(await list.isVisible())) await open.click();
  await expect(list).toContainText('Ours');
  await page.keyboard.press('Escape');
  await feed.search('');
  await open.click();
  await list.getByRole('button', { name: /^Ours/ }).click();
  await feed.hasQuery('process.name:one');
});

test('hostile values are listed as text', async ({ feed, world }) => {
  await world.play(makeProcess('/tmp/<img src=x onerror=alert(1)>').exec('x', '\u202egpj.exe'));
  await expect(feed.rows('onerror')).toHaveCount(1);
  await feed.editorIsLoaded();
  await feed.query.focus();
  await feed.page.keyboard.type('process.name:');
  await expect(feed.completion('<img src=x onerror=alert(1)>')).toHaveCount(1);
  await feed.write('process.args:\u202e');
  await expect(feed.query).toContainText('U+202E');
  await expect(feed.completion('U+202E')).toHaveCount(1);
});

test('nothing found: each term is counted, and can be dropped; all time is looked in', async ({
  feed,
  world,
  page,
}) => {
  await world.play(...ordinaryWork());
  await expect(feed.rows('tput')).toHaveCount(1);
  await feed.search('event.action:exec_failed and process.name:postgres');
  await expect(page.getByRole('heading', { name: 'No event matches in this range' })).toBeVisible();
  const terms = page.getByRole('table', { name: 'Events that each term selects by itself' });
  await expect(terms.getByRole('row', { name: /event\.action:exec_failed 1 in range/ })).toBeVisible();
  await expect(terms.getByRole('row', { name: /process\.name:postgres 0 in range/ })).toBeVisible();
  await expect(page.getByRole('button', { name: /Look in all time: 0/ })).toBeVisible();
  await page.getByRole('button', { name: /^Drop process\.name/ }).click();
  await feed.hasQuery('event.action:exec_failed');
  await expect(feed.rows('tput')).toHaveCount(1);
});
