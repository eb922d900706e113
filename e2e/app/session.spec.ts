import { expect, test } from './test.ts';

test('a link opens the console once, and leaves the address', async ({ world, page, browser }) => {
  const link = await world.link();
  await page.goto(link);
  await expect(page.getByRole('textbox', { name: 'Query' })).toBeVisible();
  expect(new URL(page.url()).search).toBe('');

  const other = await browser.newPage();
  const answer = await other.goto(link);
  expect(answer?.status()).toBe(401);
  await expect(other.getByRole('heading', { name: 'Merlon does not know this browser' })).toBeVisible();
  await expect(other.getByText('This link was used already')).toBeVisible();
  await other.close();
});

test('without a session there is nothing to see', async ({ world, page }) => {
  const address = new URL(await world.link()).origin;
  const answer = await page.goto(address);
  expect(answer?.status()).toBe(401);
  await expect(page.getByText('npm start')).toBeVisible();
});

test('a reload keeps the session', async ({ feed, page }) => {
  await page.reload();
  await expect(feed.status).toContainText('Sensing');
});

test('nothing is loaded from elsewhere, and the policy holds', async ({ world, page }) => {
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  const answer = await page.goto(await world.link());
  await expect(page.getByRole('contentinfo')).toContainText('Sensing');
  const own = new URL(page.url()).host;
  expect(requests.map((url) => new URL(url).host).filter((host) => host !== own)).toEqual([]);
  expect(await answer?.headerValue('content-security-policy')).toContain("default-src 'none'");
  // A script written into the page is not run.
  const ran = await page.evaluate(() => {
    const script = document.createElement('script');
    try {
      script.textContent = 'document.title = "broken"';
      document.body.append(script);
    } catch {
      // Trusted Types refuse it before the policy does.
    }
    return document.title === 'broken';
  });
  expect(ran).toBe(false);
});

test('the theme is chosen and kept', async ({ feed, page }) => {
  const theme = () => page.evaluate(() => document.documentElement.dataset['theme']);
  await page.getByRole('button', { name: 'Theme: System' }).click();
  expect(await theme()).toBe('light');
  await page.getByRole('button', { name: 'Theme: Light' }).click();
  expect(await theme()).toBe('dark');
  await page.reload();
  await expect(feed.query).toBeVisible();
  expect(await theme()).toBe('dark');
});
