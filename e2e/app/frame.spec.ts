/** The frame: what holds on every screen. */
import { expectAccessible } from './axe.ts';
import { FeedPage } from './feed.page.ts';
import { FramePage } from './frame.page.ts';
import { makeProcess, ordinaryWork } from './processes.ts';
import { expect, test as base } from './test.ts';

const test = base.extend<{ frame: FramePage }>({
  frame: async ({ feed }, use) => {
    await expect(feed.status).toContainText('Sensing');
    await use(new FramePage(feed.page));
  },
});

test.describe('the command menu', () => {
  test('finds by a few letters, runs, and has what was chosen on top', async ({ frame, page }) => {
    await frame.openMenu();
    await expect(frame.lines.first()).toContainText('Overview');
    await page.keyboard.type('thdk');
    await expect(frame.chosenLine).toContainText('Theme: dark');
    await expect(frame.chosenLine.locator('mark')).toHaveText(['Th', 'd', 'k']);
    await frame.press('Enter');
    await expect(page.locator('html[data-theme=dark]')).toHaveCount(1);
    await frame.run('theme system');
    await frame.openMenu();
    await expect(frame.menu.getByRole('group', { name: 'Recent' }).getByRole('option')).toContainText([
      'Theme: dark',
    ]);
    await expectAccessible(page);
  });

  test('walks with the arrows, and Esc gives the focus back', async ({ frame, feed, page }) => {
    await feed.query.focus();
    await frame.openMenu();
    await frame.press('ArrowDown', 'ArrowDown', 'ArrowUp');
    await expect(frame.lines.nth(1)).toHaveAttribute('aria-selected', 'true');
    await frame.press('ArrowUp', 'ArrowUp');
    await expect(frame.lines.last()).toHaveAttribute('aria-selected', 'true');
    await page.keyboard.type('zzzz');
    await expect(frame.menu.getByRole('group', { name: 'Commands' })).toHaveCount(0);
    await frame.press('Escape');
    await expect(frame.menu).toBeHidden();
    await expect(feed.query).toBeFocused();
  });

  test('takes a query, a process and an address', async ({ frame, feed, world }) => {
    const alpha = makeProcess('/usr/bin/alpha');
    await world.play(alpha.exec('alpha'), makeProcess('/usr/bin/beta').exec('beta'));
    await frame.run('process.name:alpha');
    await expect(feed.rows('alpha')).toHaveCount(1);
    await expect(feed.rows('beta')).toHaveCount(0);
    await frame.run(`process ${alpha.task.pid}`);
    await expect
      .poll(() => frame.place)
      .toMatch(new RegExp(`^#/(process/|feed\\?query=process\\.pid%3A${alpha.task.pid})`));
    await frame.run('#/feed?query=process.name%3Abeta');
    await expect(feed.rows('beta')).toHaveCount(1);
  });

  test('what is typed is never taken for markup', async ({ frame, page }) => {
    await frame.openMenu();
    await page.keyboard.type('<b>curl</b>');
    await expect(frame.menu.locator('b')).toHaveCount(0);
  });
});

test.describe('keys', () => {
  test('are listed by ?, and single letters can rest', async ({ frame, page }) => {
    await frame.press('?');
    await expect(frame.help).toBeVisible();
    await expect(frame.help.getByRole('region', { name: 'Go to' })).toContainText('Feed');
    await expectAccessible(page);
    await frame.help.getByRole('switch', { name: 'Keys without Ctrl or Alt' }).click();
    await frame.press('Escape');
    await expect(frame.help).toBeHidden();
    await frame.press('?');
    await expect(frame.help).toBeHidden();
    await page.reload();
    await expect(frame.status).toContainText('Sensing');
    await frame.press('?');
    await expect(frame.help).toBeHidden();
    await frame.press('F1');
    await expect(frame.help).toBeVisible();
  });

  test('are text where text has the focus', async ({ frame, feed, page }) => {
    await feed.query.focus();
    await page.keyboard.type('g f?');
    await expect(frame.help).toBeHidden();
    await feed.hasQuery('g f?');
  });

  test('come one after the other, and the status bar says how they can go on', async ({ frame, feed }) => {
    await feed.grid.focus();
    await frame.press('g');
    await expect(frame.status).toContainText('then');
    await frame.press('f');
    await expect(frame.status).not.toContainText('then');
    expect(frame.place).toBe('#/feed');
  });

  test('do nothing to the page under a sheet', async ({ frame, feed, world }) => {
    await world.play(makeProcess('/usr/bin/alpha').exec('alpha'));
    await expect(feed.rows('alpha')).toHaveCount(1);
    await frame.press('?');
    await frame.press('j');
    await frame.press('Escape');
    await expect(frame.help).toBeHidden();
    await expect(feed.selectedRow).toHaveCount(0);
  });

  test('F6 goes from region to region and comes back to where it was', async ({ frame, feed }) => {
    await feed.query.focus();
    await frame.press('F6');
    expect(await frame.focusedRegion()).toBe('Sensor status');
    await frame.press('F6');
    expect(await frame.focusedRegion()).toBe('Screens');
    await frame.press('F6');
    await expect(feed.query).toBeFocused();
    await frame.press('Shift+F6');
    expect(await frame.focusedRegion()).toBe('Screens');
  });
});

test.describe('addresses', () => {
  test('keep query and selection over a reload and a new tab', async ({
    frame,
    feed,
    page,
    world,
    context,
  }) => {
    await world.play(...ordinaryWork());
    await feed.search('process.name:curl');
    await feed.select('curl');
    await expect.poll(() => frame.place).toMatch(/^#\/feed\?query=process\.name%3Acurl&event=/);
    const heading = await feed.inspector.getByRole('heading', { level: 2 }).textContent();
    await page.reload();
    await expect(feed.inspector.getByRole('heading', { level: 2 })).toHaveText(heading ?? '');
    await feed.hasQuery('process.name:curl');

    const tab = await context.newPage();
    await tab.goto(page.url());
    await expect(new FeedPage(tab).inspector.getByRole('heading', { level: 2 })).toHaveText(heading ?? '');
    // Without an address the console opens where it was left.
    await tab.goto('about:blank');
    await tab.goto(new URL('/', page.url()).href);
    await new FeedPage(tab).hasQuery('process.name:curl');
    await tab.close();
  });

  test('go back and forward', async ({ frame, feed }) => {
    await feed.search('process.name:curl');
    await feed.search('process.name:git');
    await frame.press('Alt+ArrowLeft');
    await feed.hasQuery('process.name:curl');
    await frame.press('Alt+ArrowLeft');
    await feed.hasQuery('');
    await frame.press('Alt+ArrowRight');
    await feed.hasQuery('process.name:curl');
  });

  test('that mean nothing leave the screen as it is', async ({ frame, feed, page }) => {
    await page.evaluate(() => (location.hash = '#/nowhere'));
    await expect.poll(() => frame.place).toBe('#/feed');
    await expect(feed.query).toBeVisible();
  });

  test('of an event that is gone say so', async ({ frame, page }) => {
    await page.evaluate(() => (location.hash = '#/feed?event=0.1'));
    await expect(frame.notes.getByRole('alert')).toContainText('not stored any more');
  });
});

test.describe('notes', () => {
  test('say what was done, and stay while they are pointed at', async ({ feed, page }) => {
    const frame = new FramePage(page);
    await page.clock.install();
    await page.reload();
    await expect(feed.status).toContainText('Sensing');
    await frame.run('copy link');
    const note = frame.notes.getByRole('status');
    await expect(note).toContainText('on the clipboard');
    await note.hover();
    await page.clock.fastForward(60_000);
    await expect(note).toBeVisible();
    await expectAccessible(page);
    await feed.pointElsewhere();
    await page.clock.fastForward(10_000);
    await expect(note).toBeHidden();
  });

  test('offer the way back', async ({ frame }) => {
    await frame.run('keys without');
    await frame.press('?');
    await expect(frame.help).toBeHidden();
    await frame.notes.getByRole('button', { name: 'Undo' }).click();
    await frame.press('?');
    await expect(frame.help).toBeVisible();
  });
});

test.describe('whole states', () => {
  test('a slow engine is waited for in one quiet line', async ({ world, page }) => {
    await page.routeWebSocket(/\/ws$/, () => {});
    await page.goto(await world.link());
    await expect(page.getByText('Merlon’s engine is being asked for its state.')).toBeVisible();
    await expectAccessible(page);
  });

  test('without an engine there is a sentence, and the page goes on by itself', async ({ world, page }) => {
    let ended = true;
    await page.routeWebSocket(/\/ws$/, (socket) => {
      if (ended) void socket.close();
      else socket.connectToServer();
    });
    await page.goto(await world.link());
    const frame = new FramePage(page);
    await expect(page.getByRole('heading', { name: 'Merlon’s engine does not answer' })).toBeVisible();
    await expect(page.getByRole('main')).toContainText('npm start');
    await expect(frame.status).toContainText('Not connected for');
    await expectAccessible(page);
    await page.screenshot({ path: 'test-results/screens/frame-disconnected.png' });
    ended = false;
    await page.getByRole('button', { name: 'Try now' }).click();
    await expect(frame.status).toContainText('Sensing');
    await expect(page.getByRole('grid', { name: 'Events' })).toBeVisible();
  });
});

for (const { name, width, height } of [
  { name: '1440', width: 1440, height: 900 },
  { name: '1024', width: 1024, height: 720 },
  { name: '390', width: 390, height: 844 },
  // 1440 pixels at 200 %.
  { name: '200 %', width: 720, height: 450 },
]) {
  test.describe(`at ${name}`, () => {
    test.use({ viewport: { width, height }, ...(name === '200 %' ? { deviceScaleFactor: 2 } : {}) });

    const shot = (state: string) => `test-results/screens/frame-${state}-${name.replace(' %', '')}.png`;

    test('the page and its inspector fit', async ({ frame, feed, world, page }) => {
      await world.play(...ordinaryWork());
      await expect(feed.rows('curl').first()).toBeVisible();
      await frame.fitsTheWindow();
      await feed.select('curl');
      await frame.fitsTheWindow();
      await page.screenshot({ path: shot('inspector') });
    });

    test('commands and keys fit', async ({ frame, page }) => {
      if (width <= 600) await frame.rail.getByRole('button', { name: 'Commands' }).click();
      else await frame.openMenu();
      await expect(frame.menu).toBeInViewport({ ratio: 1 });
      await page.screenshot({ path: shot('commands') });
      await frame.press('Escape', 'F1');
      await expect(frame.help.getByRole('button', { name: 'Close' })).toBeInViewport({ ratio: 1 });
      await expect(frame.status).toBeInViewport({ ratio: 1 });
      await page.screenshot({ path: shot('keys'), animations: 'disabled' });
    });
  });
}

for (const media of [
  { name: 'forced colours', forcedColors: 'active' },
  { name: 'more contrast', contrast: 'more' },
  { name: 'reduced motion', reducedMotion: 'reduce' },
] as const) {
  test(`with ${media.name} the frame is whole`, async ({ frame, page }) => {
    const { name, ...emulated } = media;
    await page.emulateMedia(emulated);
    await frame.fitsTheWindow();
    await frame.press('?');
    await expect(frame.help).toBeVisible();
    await page.screenshot({ path: `test-results/screens/frame-keys-${name.replace(' ', '-')}.png` });
    if (name === 'reduced motion') {
      const moving = await page.evaluate(
        () => document.getAnimations().filter((each) => each.playState === 'running').length,
      );
      expect(moving).toBe(0);
    }
    await frame.press('Escape', 'Control+k', 'ArrowDown');
    await page.screenshot({ path: `test-results/screens/frame-commands-${name.replace(' ', '-')}.png` });
  });
}
