import type { Page } from '@playwright/test';
import type { Health } from '../../shared/console.ts';
import { expectAccessible } from './axe.ts';
import { FramePage } from './frame.page.ts';
import { HealthPage } from './health.page.ts';
import { expect, test as base } from './test.ts';

const test = base.extend<{ health: HealthPage; told: { to: (health: Health) => Health } | undefined }>({
  /** What the engine's answer becomes on its way. */
  told: [undefined, { option: true }],
  health: async ({ page, world, told }, use) => {
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    if (told !== undefined) await alter(page, told.to);
    const health = new HealthPage(page);
    await health.open(await world.link());
    await use(health);
    expect(complaints).toEqual([]);
  },
});

async function alter(page: Page, to: (health: Health) => Health): Promise<void> {
  await page.routeWebSocket(/\/ws$/, (face) => {
    const engine = face.connectToServer();
    engine.onMessage((text) => {
      const message = JSON.parse(String(text)) as { value?: Partial<Health> };
      if (message.value?.canaries === undefined) return face.send(text);
      face.send(JSON.stringify({ ...message, value: to(message.value as Health) }));
    });
  });
}

const MINUTE = 60_000;
const EVIL = '\u202e<img src=x onerror="document.title=1">';

/** An hour in which something happened. */
function eventful(): Health {
  const now = Date.now();
  const samples = Array.from({ length: 700 }, (_, at) => ({
    at: now - (700 - at) * 5000,
    engine_percent: 0.4,
    helper_percent: 0.1,
    rss_bytes: 150 * 2 ** 20,
    events_per_s: 14,
    ring_bytes: 0,
    waiting_bytes: 2048,
  }));
  return {
    canaries: Array.from({ length: 60 }, (_, at) => ({
      at: now - (60 - at) * MINUTE + 1000,
      ms: at === 40 ? null : 11,
    })),
    tasks: { kernel: 18_204, counted: 18_204 },
    samples,
    blind: [
      { from: now - 30 * MINUTE, until: now - 28 * MINUTE, reason: 'helper_lost', lost: null },
      { from: now - 10 * MINUTE, until: now - 10 * MINUTE + 38, reason: 'ring_overflow', lost: 1204 },
      { from: now - 5 * MINUTE, until: now - 4 * MINUTE, reason: EVIL, lost: 3 },
    ],
  };
}

test('says in one sentence whether everything is alive', async ({ health, page }) => {
  await health.isKnown();
  await expect(page).toHaveTitle('Health · Merlon');
  await expect(health.chart('Canaries')).toBeVisible();
  await expect(health.part('Perhaps blind')).toBeVisible();
});

test('says what it costs, once that was measured twice', async ({ health }) => {
  await health.isKnown();
  const programs = health.part('Cost by program');
  await expect(programs.getByRole('rowheader', { name: 'process_exec' })).toBeVisible();
  await expect(programs).not.toContainText('measuring…');
  await expect(health.part('Cost by sensor')).toContainText(/Merlon takes .* of one processor; it may take/);
});

test.describe('an hour in which something happened', () => {
  test.use({ told: { to: () => eventful() } });

  test('is told, with a way to the feed at that time', async ({ health, page }) => {
    await health.isKnown();
    await expect(health.sentence).toContainText('1,207 events were lost');
    const blind = health.part('Perhaps blind');
    await expect(blind.getByRole('link')).toHaveCount(3);
    await expect(blind.getByRole('link').last()).toContainText(/the helper ended.*nobody can know/);
    await expect(blind.getByRole('link').first()).toContainText('U+202E<img');
    await expect(page.locator('main img')).toHaveCount(0);
    await blind.getByRole('link').last().click();
    expect(new FramePage(page).place).toMatch(/^#\/feed\?from=\d+&until=\d+/);
  });

  test('is gone through by the arrow keys', async ({ health, page }) => {
    await health.isKnown();
    await health.moment.focus();
    const now = await health.moment.getAttribute('aria-valuenow');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('PageDown');
    await expect(health.moment).toHaveAttribute(
      'aria-valuetext',
      /^\d\d:\d\d:\d\d: Canaries 11 ms, Events 14 a second/,
    );
    expect(Number(await health.moment.getAttribute('aria-valuenow'))).toBeLessThan(Number(now) - 300);
    await page.keyboard.press('Home');
    await expect(health.moment).toHaveAttribute(
      'aria-valuenow',
      (await health.moment.getAttribute('aria-valuemin')) ?? '',
    );
    await page.keyboard.press('Escape');
    await expect(health.main.getByText('now').first()).toBeVisible();
  });

  test('is pointed at', async ({ health }) => {
    await health.isKnown();
    await health.chart('Processor').hover();
    await expect(health.main).toContainText(/before/);
  });

  test('is a table, too', async ({ health }) => {
    await health.isKnown();
    await health.show('Table');
    await expect(health.table.getByRole('columnheader', { name: 'Canaries' })).toBeVisible();
    await expect(health.table.getByRole('row').filter({ hasText: '1 missed' })).toHaveCount(1);
    await expect(health.table.getByRole('row').filter({ hasText: 'the helper ended' }).first()).toBeVisible();
  });

  for (const width of [1440, 390]) {
    test.describe(`at ${width} px`, () => {
      test.slow();
      test.use({ viewport: { width, height: 900 } });
      test('nothing keeps anybody out', async ({ health, page }) => {
        await health.isKnown();
        await health.fitsTheWindow();
        await expectAccessible(page);
        await health.show('Table');
        await expectAccessible(page);
      });
    });
  }
});

test.describe('not authorised', () => {
  test.use({ helper: 'pkexec' });
  test('the page says that the engine is alive and nothing senses', async ({ health, page }) => {
    await expect(health.sentence).toContainText('The engine is alive, but nothing senses');
    await expect(health.part('Perhaps blind')).toContainText('what happens now is not seen at all');
    await health.fitsTheWindow();
    await expectAccessible(page);
  });
});

test('without the engine what was known stays', async ({ health, world }) => {
  await health.isKnown();
  await world.endEngine();
  await expect(health.main.getByRole('status').filter({ hasText: 'Not connected since' })).toBeVisible();
  await expect(health.chart('Canaries')).toBeVisible();
});

test('is reached by keys and from the report', async ({ health, page }) => {
  await health.isKnown();
  const frame = new FramePage(page);
  await frame.press('g', 's');
  await expect(page).toHaveTitle('Protection · Merlon');
  await frame.press('g', 'h');
  await expect(page).toHaveTitle('Health · Merlon');
});
