import { readFileSync } from 'node:fs';
import { makeProcess, ordinaryWork } from './processes.ts';
import { expect, test } from './test.ts';

test('any field can be a column; order and width are kept, and can be reset', async ({
  feed,
  world,
  page,
}) => {
  await world.play(makeProcess('/usr/bin/one').exec('one', 'two'));
  await expect(feed.rows('one two')).toHaveCount(1);
  await page.getByRole('button', { name: 'Choose columns' }).click();
  await page.getByRole('searchbox', { name: 'Find a field' }).fill('args_count');
  await page.getByRole('button', { name: /^process\.args_count/ }).click();
  await page.getByRole('button', { name: 'Hide Ancestry' }).click();
  await page.getByRole('button', { name: 'Move process.args_count' }).focus();
  for (let i = 0; i < 5; i += 1) await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Escape');
  await expect(feed.columns).toHaveText([
    'process.args_count',
    'Time',
    'Action',
    'Process',
    'Command line or target',
    'User',
    'Outcome',
  ]);
  const width = page.getByRole('separator', { name: 'Width of User' });
  await width.focus();
  await page.keyboard.press('ArrowRight');
  await expect(width).toHaveAttribute('aria-valuenow', '72');
  await page.reload();
  await expect(feed.columns.first()).toHaveText('process.args_count');
  await expect(width).toHaveAttribute('aria-valuenow', '72');
  await page.getByRole('button', { name: 'Choose columns' }).click();
  await page.getByRole('button', { name: 'Reset columns' }).click();
  await expect(feed.columns.first()).toHaveText('Time');
});

test('loaded rows fold to one for each process, and unfold', async ({ feed, world }) => {
  const one = makeProcess('/usr/bin/folded');
  await world.play(one.exec('folded', 'it'), makeProcess('/usr/bin/other').exec('other'), one.exit());
  await expect(feed.rows('folded')).toHaveCount(2);
  await feed.pointElsewhere();
  await feed.press('p');
  await expect(feed.rows('folded')).toHaveCount(1);
  await expect(feed.rows('folded')).toContainText('2 events');
  await expect(feed.rows('folded')).toContainText('exec, exit');
  await feed.rows('folded').click();
  await feed.press('ArrowRight');
  await expect(feed.rows('folded')).toHaveCount(3);
  await feed.press('ArrowLeft');
  await expect(feed.rows('folded')).toHaveCount(1);
  await feed.press('p');
  await expect(feed.rows('folded')).toHaveCount(2);
});

test('rows stay in order, and whole, when so many come at once that all change', async ({ feed, world }) => {
  const flood = (name: string) =>
    Array.from({ length: 120 }, (_, at) => makeProcess('/usr/bin/many').exec('many', `${name}-${at}`));
  const odd = makeProcess('/usr/bin/many').exec('many', 'odd', '\u202e');
  await world.play(...flood('first'), odd);
  await expect(feed.rows('odd U+202E')).toHaveCount(1);
  for (const name of ['second', 'third']) {
    await world.play(...flood(name));
    await expect(feed.rows('many').first()).toContainText(`many ${name}-119`);
    await expect(feed.rows('many').nth(19)).toContainText(`many ${name}-100`);
    await expect(async () => {
      const rows = await feed.rows('many').allTextContents();
      const texts = rows.map((text) => /many (\w+-\d+)/.exec(text)?.[1]);
      expect(texts).toEqual(texts.map((_, at) => `${name}-${119 - at}`));
    }).toPass();
    await world.play(odd);
    await expect(feed.rows('many').first()).toContainText('many odd U+202E');
  }
});

test('rows are ticked by key and click, in stretches, and copied', async ({ feed, world, page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await world.play(...['a1', 'a2', 'a3', 'a4'].map((name) => makeProcess(`/usr/bin/${name}`).exec(name)));
  await expect(feed.rows('a4')).toHaveCount(1);
  await feed.select('a4');
  await feed.press('Space');
  await feed.press('Shift+ArrowDown');
  await feed.press('Shift+ArrowDown');
  const ticked = page.getByRole('group', { name: 'Ticked events' });
  await expect(ticked).toContainText('3 ticked');
  await feed.rows('a3').click({ modifiers: ['Control'] });
  await expect(ticked).toContainText('2 ticked');
  await ticked.getByRole('button', { name: 'Copy as query' }).click();
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await expect.poll(clipboard).toMatch(/^process\.entity_id:\(\S+ or \S+\)$/);
  await ticked.getByRole('button', { name: 'Copy as NDJSON' }).click();
  await expect.poll(clipboard).toContain('"name":"a2"');
  await ticked.getByRole('button', { name: 'Untick' }).click();
  await expect(ticked).toHaveCount(0);
});

test.describe('in a narrow window', () => {
  test.use({ viewport: { width: 720, height: 450 } });

  test('what can be done with ticked rows has the room', async ({ feed, world, page }) => {
    await world.play(makeProcess('/usr/bin/a1').exec('a1'));
    await feed.rows('a1').click({ modifiers: ['Control'] });
    for (const verb of ['Copy as NDJSON', 'Untick'])
      await expect(page.getByRole('button', { name: verb })).toBeInViewport({ ratio: 1 });
  });
});

test('a result is exported as NDJSON with its gaps, and as CSV without formulas', async ({
  feed,
  world,
  page,
}) => {
  await world.play(makeProcess('/usr/bin/kept').exec('=1+1', 'x'), makeProcess('/usr/bin/left').exec('left'));
  await world.lose(212);
  await world.play(makeProcess('/usr/bin/kept').exec('kept'));
  await expect(feed.rows('212 events were lost')).toHaveCount(1);
  await feed.search('process.name:kept');
  await expect(feed.rows('=1+1')).toHaveCount(1);
  const write = async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export 3 events' }).click(),
    ]);
    return readFileSync(await download.path(), 'utf8');
  };
  const open = page.getByRole('button', { name: 'Export events' });
  await open.click();
  const lines = (await write()).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { event: { action: 'gap' } },
    { process: { name: 'kept', args: ['kept'] } },
    { process: { name: 'kept', args: ['=1+1', 'x'] } },
  ]);
  await expect(page.getByText(/1 gap of this time/)).toBeVisible();
  await open.click();
  await page.getByRole('button', { name: 'CSV', exact: true }).click();
  const csv = await write();
  expect(csv.split('\r\n')[0]).toMatch(/^@timestamp,event\.action,process\.name,/);
  expect(csv).toContain(",'=1+1 x,");
  expect(csv).toContain(',gap,');
});

test('an event is reached by its link', async ({ feed, world, page }) => {
  await world.play(makeProcess('/usr/bin/linked').exec('linked'));
  await feed.select('linked');
  await expect(page).toHaveURL(/event=/);
  await page.reload();
  await expect(feed.inspector.getByRole('heading', { name: 'linked' })).toBeVisible();
});

test('a field is copied as a query by Q', async ({ feed, world, page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await world.play(...ordinaryWork());
  await feed.select('tput');
  await feed.field('process.name').hover();
  await feed.press('q');
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('process.name:node');
});
