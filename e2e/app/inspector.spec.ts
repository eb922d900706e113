import { makeProcess } from './processes.ts';
import { expect, test } from './test.ts';

test('the inspector groups the fields of the selected event', async ({ feed, world }) => {
  const shell = makeProcess('/usr/bin/bash');
  const one = makeProcess('/usr/bin/tar', shell);
  await world.play(shell.exec('bash'), one.exec('tar', '-xf', 'a b.tar'));
  await feed.select('a b.tar');
  await expect(feed.inspector.getByRole('heading', { name: 'tar', exact: false }).first()).toBeVisible();
  for (const group of ['Process', 'Parent', 'Identity', 'Executable', 'Kernel']) {
    await expect(feed.inspector.getByRole('heading', { name: group, exact: true })).toBeVisible();
  }
  await expect(feed.field('process.executable')).toContainText('/usr/bin/tar');
  await expect(feed.field('process.parent.executable')).toContainText('/usr/bin/bash');
  await expect(feed.field('process.working_directory')).toContainText('/home/alex/src/beacon');
});

test('a field becomes part of the query', async ({ feed, world }) => {
  const one = makeProcess('/usr/bin/with space');
  const other = makeProcess('/usr/bin/other');
  await world.play(one.exec('x', 'mine'), other.exec('other'));
  await feed.search('event.action:exec or event.action:exit');
  await feed.select('mine');
  await feed.inspector.getByRole('button', { name: 'Add process.name to the query' }).click();
  await feed.hasQuery('(event.action:exec or event.action:exit) and process.name:"with space"');
  await expect(feed.rows('mine')).toHaveCount(1);
  await expect(feed.rows('other')).toHaveCount(0);
});

test('its name leads to the page of the process, and back', async ({ feed, world, page }) => {
  const one = makeProcess('/usr/bin/tar');
  await world.play(one.exec('tar', '-xf', 'a.tar'));
  await feed.select('a.tar');
  await feed.inspector.getByRole('link', { name: /^tar \d+/ }).click();
  await expect(page.getByRole('main', { name: /tar/ })).toBeVisible();
  await page.goBack();
  await expect(feed.rows('a.tar')).toHaveCount(1);
});

test('the tree shows where a process came from, and leads to its events', async ({ feed, world }) => {
  const shell = makeProcess('/usr/bin/grandparent');
  const parent = makeProcess('/usr/bin/parent', shell);
  const child = makeProcess('/usr/bin/child', parent);
  await world.play(shell.exec('grandparent'), parent.exec('parent'), child.exec('child', 'it'), child.exit());
  await feed.select('child it');
  await feed.show('Tree');
  const tree = feed.inspector.getByRole('tree', { name: 'Process tree' });
  const items = tree.getByRole('treeitem');
  await expect(items.filter({ hasText: 'grandparent' })).toHaveCount(2 - 1);
  const level = async (name: string) =>
    Number(await items.filter({ hasText: name }).last().getAttribute('aria-level'));
  expect(await level('child')).toBe((await level('grandparent')) + 2);
  await items.filter({ hasText: 'grandparent' }).getByRole('button').click();
  await feed.hasQuery(/^process\.entity_id:/);
  await expect(feed.rows('grandparent')).toHaveCount(1);
});

test('the JSON view nests by the field names', async ({ feed, world }) => {
  const one = makeProcess('/usr/bin/json-me');
  await world.play(one.exec('json-me'));
  await feed.select('json-me');
  await feed.show('JSON');
  await expect(feed.inspector.getByRole('region', { name: 'JSON' })).toContainText(`"pid": ${one.task.pid}`);
});

test.describe('where the window has no room for both', () => {
  test.use({ viewport: { width: 720, height: 450 } });

  test('the inspector lies over the rows, which keep their width, and under what drops from the bar', async ({
    feed,
    world,
    page,
  }) => {
    await world.play(makeProcess('/usr/bin/beneath').exec('beneath', '--a-long-option'));
    await expect(feed.rows('beneath')).toHaveCount(1);
    const before = await feed.grid.boundingBox();
    await feed.select('beneath');
    expect(await feed.grid.boundingBox()).toEqual(before);
    await feed.inspector.getByRole('button', { name: 'Close the inspector' }).click();
    await expect(feed.inspector).toBeHidden();
    await feed.select('beneath');
    await page.getByRole('button', { name: 'Choose columns' }).click();
    const panel = page.getByRole('dialog', { name: 'Columns' });
    // Nothing covers its corner.
    const box = await panel.boundingBox();
    const top = await panel.evaluate((element, [x, y]) => element.contains(document.elementFromPoint(x, y)), [
      (box?.x ?? 0) + 24,
      (box?.y ?? 0) + 1,
    ] as const);
    expect(top).toBe(true);
  });
});
