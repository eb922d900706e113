import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expectAccessible } from './axe.ts';
import { OverviewPage } from './overview.page.ts';
import { makeProcess, ordinaryWork } from './processes.ts';
import { expect, test as base } from './test.ts';
import { World } from './world.ts';

const HOUR_MS = 3_600_000;

/** The overview of an engine that has learned for two hours what is ordinary: nothing. */
const test = base.extend<{ overview: OverviewPage; learned: boolean }>({
  learned: [true, { option: true }],
  world: async ({ helper, learned }, use, info) => {
    const world = new World();
    try {
      if (learned) learn(world);
      await world.startEngine(helper);
      await world.startFace();
      await use(world);
      if (info.status !== info.expectedStatus) console.log(world.log);
    } finally {
      await world.end();
    }
  },
  overview: async ({ page, world }, use) => {
    const overview = new OverviewPage(page);
    await overview.open(await world.link());
    await use(overview);
  },
});

function learn(world: World): void {
  const data = join(world.folder, 'data');
  mkdirSync(data, { recursive: true });
  const began = Date.now() - 2 * HOUR_MS;
  writeFileSync(join(data, 'programs.ndjson'), `${JSON.stringify({ programs: 1, began })}\n`);
}

/** An ordinary morning with a loss in it. */
async function morning(world: World): Promise<void> {
  await world.play(...ordinaryWork());
  await world.lose(212);
  await world.play(...ordinaryWork());
}

test('says that it senses, and what was missed', async ({ overview, world }) => {
  await expect(overview.headline).toContainText(/Sensing since \d\d:\d\d:\d\d/);
  await expect(overview.headline).toContainText('7 of 7 programs attached: process_exec');
  await morning(world);
  await overview.shows(overview.line('Gaps', 'kernel queue was full'));
  await expect(overview.line('Gaps', 'kernel queue was full')).toContainText('212 lost');
  await expect(overview.headline).toContainText(
    '1 gap in the last 24 hours, and 212 events are known to be lost',
  );
});

test('a program that never ran before leads to its events and to its process', async ({
  overview,
  world,
}) => {
  await world.play(makeProcess('/opt/odd/tool').exec('tool'), makeProcess('/usr/bin/bash').exec('bash'));
  const line = overview.line('New programs', '/opt/odd/tool');
  await overview.shows(line);
  await expect(line).toContainText('no package');
  await expect(overview.line('New programs', 'process')).toHaveCount(2);
  await line.click();
  await overview.isAtQuery('process.executable:/opt/odd/tool');
});

test('who is busy, what failed and each minute lead to what is behind them', async ({ overview, world }) => {
  await morning(world);
  await overview.shows(overview.line('Failed starts', '/usr/local/bin/tput'));
  await expect(overview.line('Failed starts', 'tput')).toContainText('ENOENT × 2');
  await overview.line('Busiest', '/usr/bin/git').click();
  await overview.isAtQuery('process.executable:/usr/bin/git');
  await overview.page.goBack();
  await overview.line('Failed starts', 'tput').click();
  await overview.isAtQuery('event.action:exec_failed and file.path:/usr/local/bin/tput');
  await overview.page.goBack();
  await overview
    .part('Last hour')
    .getByRole('link', { name: /^Programs started: \d+ in the last hour/ })
    .click();
  await overview.isAtQuery('event.action:exec');
});

test('by keyboard: lines are gone through, a minute is chosen', async ({ overview, world, page }) => {
  await morning(world);
  await overview.shows(overview.line('Last hour', 'Processes ended'));
  await page.keyboard.press('j');
  await expect(overview.line('Last hour', 'Open in the feed')).toBeFocused();
  await page.keyboard.press('j');
  const lane = overview.part('Last hour').getByRole('link', { name: /^Programs started/ });
  await expect(lane).toBeFocused();
  await page.keyboard.press('ArrowLeft');
  await expect(lane).toContainText(/\d+ at \d\d:\d\d/);
  await page.keyboard.press('Enter');
  await overview.isAtQuery('event.action:exec');
  const { searchParams } = new URL(page.url().replace('#/', ''));
  expect(Number(searchParams.get('until')) - Number(searchParams.get('from'))).toBe(60_000);
});

test('what is hostile is text', async ({ overview, world, page }) => {
  await world.play(
    makeProcess('/tmp/<img src=x onerror=alert(1)>').exec('x'),
    makeProcess(`/tmp/invoice\u202efdp.exe`).exec('y'),
    makeProcess(`/tmp/${'w'.repeat(3000)}`).exec('z'),
  );
  await overview.shows(overview.line('New programs', '<img src=x onerror=alert(1)>'));
  await expect(overview.line('New programs', 'invoiceU+202Efdp.exe')).toBeVisible();
  await expect(page.locator('main img')).toHaveCount(0);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  expect(wide).toBe(false);
});

test.describe('a new database', () => {
  test.use({ learned: false });
  test('says that it learns, and calls nothing new', async ({ overview, world }) => {
    await world.play(makeProcess('/usr/bin/first').exec('first'));
    await expect(overview.part('New programs')).toContainText(/Learning since \d\d:\d\d:\d\d/);
    await expect(overview.part('Gaps')).toContainText('None in the last 24 hours.');
    await expect(overview.part('Disk')).toContainText('not known yet');
    await expect(overview.line('New programs', 'first')).toHaveCount(0);
  });
});

test('a helper that is gone is said, hatched, and then a gap', async ({ overview, world }) => {
  world.holdHelper();
  await world.killHelper();
  await expect(overview.headline).toContainText(/Blind since \d\d:\d\d:\d\d\./);
  world.letHelperGo();
  await world.helperRuns();
  await expect(overview.headline).toContainText('Sensing since');
  await overview.shows(overview.line('Gaps', 'helper ended'));
  await expect(overview.line('Gaps', 'helper ended')).toContainText('unknown');
});

test('a database that refuses writes is said', async ({ overview, world }) => {
  await world.fillDisk(true);
  await world.play(makeProcess('/usr/bin/meanwhile').exec('meanwhile'));
  await expect(overview.headline).toContainText('Events are not stored since');
  await world.fillDisk(false);
  await expect(overview.headline).not.toContainText('Events are not stored since');
});

test('without the engine what was true stays, and is said to be old', async ({ overview, world }) => {
  await morning(world);
  await overview.shows(overview.line('Gaps', 'kernel queue was full'));
  await world.endEngine();
  await expect(overview.headline).toContainText('Not connected since');
  await expect(overview.headline.getByRole('button', { name: 'Try now' })).toBeVisible();
  await expect(overview.line('Gaps', 'kernel queue was full')).toBeVisible();
});

test.describe('not authorised', () => {
  test.use({ helper: 'pkexec' });
  test('is said with the next step', async ({ overview, world }) => {
    await overview.headline.getByRole('button', { name: 'Ask for the password' }).click();
    await expect(overview.headline).toContainText('You dismissed the password dialog.');
    world.answerDialog('allow');
    await overview.headline.getByRole('button', { name: 'Ask again' }).click();
    await expect(overview.headline).toContainText('Sensing since');
  });
});

// Each looks at both themes.
for (const width of [1440, 390]) {
  test.describe(`at ${width} px nothing keeps anybody out`, () => {
    test.slow();
    test.use({ viewport: { width, height: 900 } });

    test('while it senses', async ({ overview, world, page }) => {
      await morning(world);
      await overview.shows(overview.line('Gaps', 'kernel queue was full'));
      await expectAccessible(page);
    });

    test('without the engine', async ({ overview, world, page }) => {
      await world.endEngine();
      await expect(overview.headline).toContainText('Not connected since');
      await expectAccessible(page);
    });

    test.describe('at first', () => {
      test.use({ learned: false, helper: 'pkexec' });
      test('while nothing is known', async ({ overview, page }) => {
        await expect(overview.headline).toContainText('Not sensing yet.');
        await expectAccessible(page);
      });
    });
  });
}

const SIZES = [
  { name: '1440', width: 1440, height: 900 },
  { name: '1024', width: 1024, height: 720 },
  { name: '390', width: 390, height: 844 },
] as const;

/** Keeps a picture. */
async function look(page: Page, state: string, name: string): Promise<void> {
  await page.screenshot({ path: `test-results/screens/overview-${state}-${name}.png` });
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const { name, ...viewport } of SIZES) {
    test.describe(`${colorScheme} ${name}`, () => {
      test.use({ colorScheme, viewport });
      const label = `${name}-${colorScheme}`;

      test('full, blind, disconnected', async ({ overview, world, page }) => {
        await morning(world);
        await overview.shows(overview.line('Gaps', 'kernel queue was full'));
        await overview.shows(overview.line('New programs', '/usr/bin/git'));
        await look(page, 'full', label);
        world.holdHelper();
        await world.killHelper();
        await expect(overview.headline).toContainText('Blind since');
        await look(page, 'blind', label);
        await world.endEngine();
        await expect(overview.headline).toContainText('Not connected since');
        await look(page, 'disconnected', label);
      });

      test.describe('at first', () => {
        test.use({ learned: false, helper: 'pkexec' });
        test('not sensing, nothing known', async ({ overview, page }) => {
          await expect(overview.headline).toContainText('Not sensing yet.');
          await look(page, 'empty', label);
        });
      });
    });
  }
}
