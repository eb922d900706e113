/** The page of one process: lives on an axis, events, details, and where it leads. */
import { expectAccessible } from './axe.ts';
import { makeProcess } from './processes.ts';
import { ProcessesPage } from './processes.page.ts';
import { expect, test as base } from './test.ts';

const test = base.extend<{ processes: ProcessesPage }>({
  processes: async ({ feed, page }, use) => {
    await expect(feed.status).toContainText('Sensing');
    await use(new ProcessesPage(page));
  },
});

/** bash → npm → node → curl, which failed; npm goes on. */
function install() {
  const bash = makeProcess('/usr/bin/bash');
  const npm = makeProcess('/usr/bin/npm', bash);
  const node = makeProcess('/usr/bin/node', npm);
  const curl = makeProcess('/usr/bin/curl', node);
  const records = [
    bash.exec('bash', '--login'),
    npm.exec('npm', 'install'),
    node.exec('node', 'postinstall.js'),
    curl.exec('curl', '-fsSL', 'https://example.org/u9'),
    { type: 'exec_failed', task: node.task, error: 2, path: '/usr/local/bin/tput' } as const,
    curl.exit(22 << 8),
    node.exit(0),
  ];
  return { bash, npm, node, curl, records };
}

test('ancestors and descendants with their lives, the process among them', async ({ world, processes }) => {
  const { npm, records } = install();
  await world.play(...records);
  await processes.openPageOf('npm install');
  await expect(processes.heading(`npm ${npm.task.pid}`)).toContainText('running');
  await expect(processes.tree.getByRole('treeitem', { selected: true })).toContainText('npm');
  await expect(processes.life('bash')).toHaveAttribute('aria-level', '1');
  await expect(processes.life('curl')).toHaveAttribute('aria-level', '4');
  await expect(processes.life('curl')).toHaveAttribute('aria-label', /ended after .* · exit 22/);
  await expect(processes.life('bash')).toHaveAttribute('aria-label', /running for/);
});

test('its events, the births of its children, and those of its descendants', async ({ world, processes }) => {
  const { records } = install();
  await world.play(...records);
  await processes.openPageOf('npm install');
  await expect(processes.event('npm install')).toHaveCount(1);
  await expect(processes.event(/fork\s*node/)).toContainText(/exit 0 after/);
  await expect(processes.event('tput')).toHaveCount(0);
  await processes.page.getByRole('button', { name: /With descendants \d/ }).click();
  await expect(processes.event('tput')).toContainText('ENOENT');
  await expect(processes.event('curl -fsSL')).toHaveCount(1);
});

test('what happens meanwhile comes by itself', async ({ world, processes }) => {
  const { npm, records } = install();
  await world.play(...records);
  await processes.openPageOf('npm install');
  const late = makeProcess('/usr/bin/late', npm);
  await world.play(late.exec('late'));
  await expect(processes.life('late')).toHaveCount(1);
  await world.play(npm.exit(9));
  await expect(processes.heading('npm')).toContainText('SIGKILL');
  await expect(processes.details).toContainText('212 MiB');
});

test.describe('where the window has no room for both', () => {
  test.use({ viewport: { width: 720, height: 450 } });

  test('details come when they are asked for, and Esc puts them away', async ({ world, processes }) => {
    await world.play(...install().records);
    await processes.openPageOf('npm install');
    await expect(processes.details).toBeHidden();
    await processes.page.getByRole('button', { name: 'Details' }).click();
    await expect(processes.details).toBeVisible();
    await processes.press('Escape');
    await expect(processes.details).toBeHidden();
    await expect(processes.tree).toBeVisible();
  });
});

test('[ and ] go to the parent and the first child, Alt ← goes back', async ({ world, processes }) => {
  await world.play(...install().records);
  await processes.openPageOf('npm install');
  await processes.press(']');
  await expect(processes.heading('node')).toBeVisible();
  await processes.press(']');
  await expect(processes.heading('curl')).toBeVisible();
  await processes.press('[');
  await expect(processes.heading('node')).toBeVisible();
  await processes.press('[');
  await expect(processes.heading('npm')).toBeVisible();
  await processes.press('Alt+ArrowLeft');
  await expect(processes.heading('node')).toBeVisible();
  await processes.life('bash').click();
  await expect(processes.heading('bash')).toBeVisible();
  await processes.press('Escape');
  await expect(processes.grid).toBeVisible();
});

test('arrows walk the tree, Enter goes there', async ({ world, processes }) => {
  await world.play(...install().records);
  await processes.openPageOf('npm install');
  await processes.tree.focus();
  await processes.press('ArrowRight');
  await processes.press('Enter');
  await expect(processes.heading('node')).toBeVisible();
});

test('its events open in the feed', async ({ world, processes, feed }) => {
  await world.play(...install().records);
  await processes.openPageOf('npm install');
  await expect(processes.page.getByRole('link', { name: 'Open in the feed' })).toHaveAttribute(
    'href',
    /#\/feed\?query=process\.entity_id/,
  );
  await processes.page.getByRole('link', { name: 'Open in the feed' }).click();
  await expect(feed.grid).toBeVisible();
});

test('a process that has ended is found by its address', async ({ world, processes, page }) => {
  test.slow(); // axe takes long on a busy machine
  const { records } = install();
  await world.play(...records);
  await processes.openPageOf('npm install');
  await processes.life('curl').click();
  await expect(processes.heading('curl')).toContainText('exit 22');
  await page.reload();
  await expect(processes.heading('curl')).toContainText('exit 22');
  await expect(page.getByRole('button', { name: 'As now' })).toHaveCount(0);
  await expectAccessible(page);
});

test('blind intervals in its life are hatched and told', async ({ world, processes }) => {
  const { npm, records } = install();
  await world.play(...records);
  await world.lose(12);
  await world.play(makeProcess('/usr/bin/after', npm).exec('after'));
  await processes.openPageOf('npm install');
  await expect(processes.details).toContainText(/1 interval, /);
  await expect(processes.page.getByText('blind: what happened there was not seen')).toBeVisible();
});

test('a process that nobody knows is said so', async ({ processes, page }) => {
  test.slow();
  await page.goto(`${new URL(page.url()).origin}/#/process/0123456789-1-1`);
  await expect(page.getByRole('heading', { name: 'Merlon knows no such process' })).toBeVisible();
  await expect(page.getByText('The address may be from another machine.')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('link', { name: 'All processes' }).click();
  await expect(processes.search).toBeVisible();
});

test('what was cut by a person is said where a process is not found', async ({ world, processes, page }) => {
  const { records } = install();
  await world.play(...records);
  await processes.openPageOf('npm install');
  await processes.life('curl').click();
  await expect(processes.heading('curl')).toBeVisible();
  const wiped = await world.console.request('store.wipe', { confirm: 'every event' });
  expect(wiped.ok).toBe(true);
  await page.goto(`${new URL(page.url()).origin}/#/process/0123456789-1-1`);
  await expect(page.getByText('because a person deleted them')).toBeVisible();
});

test('without the engine the page stays, and says so', async ({ world, processes }) => {
  test.slow();
  await world.play(...install().records);
  await processes.openPageOf('npm install');
  await expect(processes.event('npm install')).toHaveCount(1);
  await world.endEngine();
  await expect(processes.page.getByRole('status').filter({ hasText: 'Not connected since' })).toBeVisible();
  await expect(processes.event('npm install')).toHaveCount(1);
  await expectAccessible(processes.page);
});
