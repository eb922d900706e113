import { makeProcess } from './processes.ts';
import { expect, test } from './test.ts';

const MARKUP = '<img src=x onerror="document.title=1"><script>document.title=2</script>';

test('markup in names and arguments is text', async ({ feed, world, page }) => {
  const one = makeProcess(`/tmp/${MARKUP.replaceAll('/', '\u2215')}`);
  await world.play(one.exec('a', MARKUP));
  await expect(feed.rows(MARKUP)).toHaveCount(1);
  await feed.select(MARKUP);
  await feed.show('JSON');
  await expect(page).toHaveTitle('Feed · Merlon');
  expect(await page.getByRole('img', { name: 'Merlon' }).count()).toBe(1);
  // The editor puts images without a source beside its placeholder.
  expect(await page.evaluate(() => document.querySelectorAll('main img[src], main script').length)).toBe(0);
});

for (const [what, hostile, shown] of [
  ['a right-to-left override', 'invoice\u202efdp.exe', 'invoiceU+202Efdp.exe'],
  ['a newline', 'one\ntwo', 'oneU+000Atwo'],
  ['an escape sequence', '\x1b[2Jgone', 'U+001B[2Jgone'],
  ['a zero-width space', 'pass\u200bwd', 'passU+200Bwd'],
] as const) {
  test(`${what} shows as its code, in the row and in the inspector`, async ({ feed, world }) => {
    const one = makeProcess('/usr/bin/hostile');
    await world.play(one.exec('hostile', hostile));
    await expect(feed.rows(shown)).toHaveCount(1);
    await feed.select(shown);
    await expect(feed.field('process.args')).toContainText(shown);
  });
}

test('a name of 4 KiB stays in its cell, and is whole in the inspector', async ({ feed, world, page }) => {
  const long = `x${'y'.repeat(4000)}z`;
  const one = makeProcess(`/tmp/${long}`);
  await world.play(one.exec('long-one', long));
  await feed.select('long-one');
  await expect(feed.field('process.name')).toContainText(long);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBeLessThanOrEqual(1440);
});

test('a direction override cannot turn its neighbours', async ({ feed, world }) => {
  const one = makeProcess('/usr/bin/\u202enormal');
  await world.play(one.exec('\u2067abc', 'tail'));
  const row = feed.rows('tail');
  await expect(row).toContainText('U+202Enormal');
  await expect(row).toContainText('U+2067abc');
});
