/** Searches that take long, and a store in trouble, as a person sees them. Pictures in test-results/screens. */
import { makeProcess, ordinaryWork } from './processes.ts';
import { FeedPage } from './feed.page.ts';
import { standBetween, type Between } from './impatient.ts';
import { expect, test as base } from './test.ts';

const REACHED = new Date().setHours(0, 2, 0, 0) - 86_400e3;
const LONG = { query: /rare/, turns: 9, of: 10_000_000, reached: REACHED };

const test = base.extend<{ between: Between; searched: FeedPage }>({
  between: async ({ page }, use) => use(await standBetween(page, LONG)),
  searched: async ({ page, world, between: _ }, use) => {
    const feed = new FeedPage(page);
    await world.play(makeProcess('/usr/bin/rare').exec('rare'), ...ordinaryWork());
    await feed.open(await world.link());
    await expect(feed.rows('tput')).toHaveCount(1);
    await use(feed);
  },
});

test('a long search says how far it came, and shows what it finds in the end', async ({
  between,
  searched,
}) => {
  await searched.search('process.name:rare');
  between.letThrough(3);
  await expect(searched.grid).toContainText(/Searched 3 M of 10 M events, back to \w{3} 22:02 …/);
  await expect(searched.page.getByRole('heading', { name: 'No event matches' })).toHaveCount(0);
  between.letThrough(6);
  await expect(searched.rows('rare')).toHaveCount(1);
  await expect(searched.grid).toContainText('This is the oldest event in this range that matches.');
});

test('live events come in while the search goes on', async ({ between, searched, world }) => {
  await searched.search('process.name:rare');
  between.letThrough(1);
  await expect(searched.grid).toContainText('Searched 1 M of 10 M events');
  await searched.pointElsewhere();
  await world.play(makeProcess('/usr/bin/rare').exec('rare', 'just-now'));
  await expect(searched.rows('just-now')).toHaveCount(1);
  await expect(searched.grid).toContainText('Searched 1 M of 10 M events');
});

test('it can be stopped, and gone on with from there', async ({ between, searched }) => {
  await searched.search('process.name:rare');
  between.letThrough(2);
  await expect(searched.grid).toContainText('Searched 2 M of 10 M events');
  await searched.page.getByRole('button', { name: 'Stop' }).click();
  between.letThrough(1);
  await expect(searched.grid).toContainText('What is older was not looked at.');
  const asked = between.asked.length;
  await searched.page.getByRole('button', { name: 'Search on' }).click();
  between.letThrough(6);
  await expect(searched.rows('rare')).toHaveCount(1);
  expect(between.asked[asked]).toMatchObject({ query: 'process.name:rare', before: '0.0.7' });
});

test('another query ends it', async ({ between, searched }) => {
  await searched.search('process.name:rare');
  between.letThrough(1);
  await expect(searched.grid).toContainText('Searched 1 M of 10 M events');
  await searched.search('event.action:exec_failed');
  await expect(searched.rows('tput')).toHaveCount(1);
  between.letThrough(9);
  await expect(searched.grid).toContainText('This is the oldest event in this range that matches.');
  const after = between.asked.slice(
    between.asked.findIndex(({ query }) => query === 'event.action:exec_failed'),
  );
  expect(after.filter(({ query }) => query === 'process.name:rare')).toEqual([]);
  await expect(searched.rows('rare')).toHaveCount(0);
});

test('while events are not stored, the bar counts down and the page says why', async ({
  between,
  searched,
}) => {
  const problem = 'Events are not stored since 14:02:03. What was stored is safe. There is no space left.';
  const waiting = { events: 9000, bytes: 24 << 20, limit_bytes: 64 << 20, seconds_left: 40 };
  between.storeIs({ problem, waiting });
  await expect(searched.status).toContainText('Not storing: room for 40 s');
  await expect(searched.banner('Events are not stored')).toContainText('Memory has room for 40 s.');
  between.storeIs({ problem, waiting: { ...waiting, bytes: 64 << 20, seconds_left: 0 } });
  await expect(searched.status).toContainText('Not storing: memory is full');
  await expect(searched.banner('Events are not stored')).toContainText('counted as lost');
  between.storeIs({});
  await expect(searched.status).not.toContainText('Not storing');
  await expect(searched.banner('Events are not stored')).toHaveCount(0);
});

test('what is damaged is said, with what to do', async ({ between, searched }) => {
  between.storeIs({
    damaged: ['The file 000002.db is damaged from page 7 on.', 'Another.'],
    damaged_partitions: 2,
  });
  await expect(searched.status).toContainText('2 files damaged');
  await expect(searched.banner('Some events cannot be read')).toContainText('000002.db is damaged');
  await expect(searched.banner('Some events cannot be read')).toContainText('Save what can be read');
});

for (const theme of ['light', 'dark'] as const) {
  for (const [name, viewport] of [
    ['1440', { width: 1440, height: 900 }],
    ['1024', { width: 1024, height: 720 }],
    ['390', { width: 390, height: 844 }],
  ] as const) {
    test.describe(`${theme} ${name}`, () => {
      test.use({ colorScheme: theme, viewport });
      test('pictures of a long search and of trouble', async ({ between, searched, page }) => {
        const path = (state: string) => `test-results/screens/search-${state}-${name}-${theme}.png`;
        await searched.search('process.name:rare');
        between.letThrough(3);
        await expect(searched.grid).toContainText('Searched 3 M');
        await page.screenshot({ path: path('running') });
        await page.getByRole('button', { name: 'Stop' }).click();
        between.letThrough(1);
        await expect(searched.grid).toContainText('What is older was not looked at.');
        await page.screenshot({ path: path('stopped') });
        await searched.search('');
        await expect(searched.rows('tput')).toHaveCount(1);
        between.storeIs({
          problem:
            'Events are not stored since 14:02:03. What was stored is safe; what came since waits in memory and is tried again every second. There is no space left for the database /home/alex/.local/state/merlon/catalogue.db (database or disk is full). Free some space on that disk.',
          waiting: { events: 9000, bytes: 24 << 20, limit_bytes: 64 << 20, seconds_left: 40 },
          damaged: ['The file 000002.db is damaged from page 7 on.'],
          damaged_partitions: 1,
        });
        await expect(searched.status).toContainText('Not storing');
        await page.screenshot({ path: path('trouble') });
      });
    });
  }
}
