/** The list of what runs: places, figures, search, keys, and what is said where there is nothing. */
import { spawn, type ChildProcess } from 'node:child_process';
import { expectAccessible } from './axe.ts';
import { runningRecord } from './proc.ts';
import { makeProcess } from './processes.ts';
import { ProcessesPage } from './processes.page.ts';
import { expect, test as base } from './test.ts';

const test = base.extend<{ processes: ProcessesPage }>({
  processes: async ({ feed, page }, use) => {
    await expect(feed.status).toContainText('Sensing');
    await use(new ProcessesPage(page));
  },
});

/** bash 1 → make → (cc, ld); and a daemon. */
function build() {
  const bash = makeProcess('/usr/bin/bash');
  const make = makeProcess('/usr/bin/make', bash);
  const cc = makeProcess('/usr/bin/cc', make);
  const ld = makeProcess('/usr/bin/ld', make);
  const cron = makeProcess('/usr/sbin/cron');
  const records = [
    bash.exec('bash', '--login'),
    make.exec('make', 'all'),
    cc.exec('cc', '-O2', 'a.c'),
    ld.exec('ld', '-o', 'a'),
    cron.exec('cron', '-f'),
  ];
  return { bash, make, cc, ld, cron, records };
}

test('what runs stands as a tree, and what begins and ends comes and goes by itself', async ({
  world,
  processes,
}) => {
  const { make, ld, records } = build();
  await world.play(...records);
  await processes.open();
  await processes.shows('bash', 'make', 'cc', 'ld', 'cron');
  await processes.pointElsewhere();
  const as = makeProcess('/usr/bin/as', make);
  await world.play(as.exec('as', 'a.s'));
  await processes.shows('bash', 'make', 'cc', 'ld', 'as', 'cron');
  await world.play(ld.exit(1 << 8));
  await expect(processes.row('ld')).toContainText('exit 1');
  await processes.shows('bash', 'make', 'cc', 'as', 'cron');
});

test('rows do not move under the pointer; ends are told where they stand', async ({ world, processes }) => {
  const { cc, records } = build();
  await world.play(...records);
  await processes.open();
  await processes.row('cron').hover();
  await expect(processes.page.getByText('Paused by pointer')).toBeVisible();
  await world.play(makeProcess('/usr/bin/late').exec('late'), cc.exit(9));
  await expect(processes.row('cc')).toContainText('SIGKILL');
  await expect(processes.page.getByRole('button', { name: '1 started, 1 ended' })).toBeVisible();
  await expect(processes.row('late')).toHaveCount(0);
  await processes.pointElsewhere();
  await expect(processes.row('late')).toHaveCount(1);
});

test('columns sort siblings, or all in a list', async ({ world, processes }) => {
  await world.play(...build().records);
  await processes.open();
  await processes.sortBy('Process');
  await processes.shows('bash', 'make', 'cc', 'ld', 'cron');
  await processes.sortBy('Process');
  await processes.shows('cron', 'bash', 'make', 'ld', 'cc');
  await processes.show('List');
  await processes.shows('make', 'ld', 'cron', 'cc', 'bash');
  await processes.page.reload();
  await processes.shows('make', 'ld', 'cron', 'cc', 'bash');
});

test('a search keeps the ancestors of what it finds, and is in the address', async ({ world, processes }) => {
  test.slow();
  await world.play(...build().records);
  await processes.open();
  await processes.search.fill('-O2');
  await processes.shows('bash', 'make', 'cc');
  await expect(processes.page.getByText('1 of 5 processes')).toBeVisible();
  await expect(processes.page).toHaveURL(/#\/processes\?search=-O2$/);
  await processes.search.fill('no such thing');
  await expect(processes.page.getByRole('heading', { name: 'No process matches' })).toBeVisible();
  await expectAccessible(processes.page);
  await processes.page.getByRole('button', { name: 'Clear the search' }).last().click();
  await processes.shows('bash', 'make', 'cc', 'ld', 'cron');
});

test('keys: / searches, arrows move and fold, Enter opens, Esc leaves', async ({ world, processes }) => {
  await world.play(...build().records);
  await processes.open();
  await expect(processes.row('cron')).toBeVisible();
  await processes.press('/');
  await expect(processes.search).toBeFocused();
  await processes.press('Escape');
  await expect(processes.grid).toBeFocused();
  await processes.press('ArrowDown');
  await processes.press('ArrowDown');
  await expect(processes.selectedRow).toContainText('make');
  await processes.press('ArrowLeft');
  await expect(processes.selectedRow).toHaveAttribute('aria-expanded', 'false');
  await expect(processes.row('-O2')).toHaveCount(0);
  await processes.press('ArrowLeft');
  await expect(processes.selectedRow).toContainText('bash');
  await processes.press('*');
  await expect(processes.row('-O2')).toHaveCount(1);
  await processes.press('End');
  await expect(processes.selectedRow).toContainText('cron');
  await processes.press('Escape');
  await expect(processes.selectedRow).toHaveCount(0);
  await processes.press('Home');
  await processes.press('Enter');
  await expect(processes.heading('bash')).toBeVisible();
});

test.describe('figures', () => {
  let busy: ChildProcess;
  test.beforeEach(() => {
    busy = spawn('/bin/sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
  });
  test.afterEach(() => {
    busy.kill('SIGKILL');
  });

  test('are those of /proc, and unknown where nobody can look', async ({ world, processes }) => {
    await world.play(runningRecord(busy.pid ?? 0), makeProcess('/usr/bin/made-up').exec('made-up'));
    await processes.open();
    const row = processes.row('while :');
    await expect(row).toContainText(/\d+ %/);
    await expect(row).toContainText(/KiB|MiB/);
    await expect(processes.row('made-up')).toContainText('unknown');
    await processes.sortBy('CPU');
    await expect(async () => expect((await processes.names())[1]).toBe('made-up')).toPass();
  });

  test('the page of it tells the program as it is on disk now', async ({ world, processes }) => {
    await world.play(runningRecord(busy.pid ?? 0));
    await processes.openPageOf('while :');
    await expect(processes.details).toContainText(/[0-9a-f]{64}/);
    await expect(processes.details).toContainText('as on disk now, unchanged since it was run');
    await expect(processes.details).toContainText('rwxr-xr-x');
    const head = processes.page.getByRole('region', { name: 'Process', exact: true });
    await expect(head).toContainText(/peak\s*[\d.]+ [KM]iB/);
  });
});

test('kernel threads are one folded group', async ({ world, processes }) => {
  const thread = (pid: number, ppid: number, comm: string) =>
    ({
      type: 'running',
      task: { pid, ppid, startNs: pid, parentStartNs: ppid, comm },
      executable: '',
      args: [],
    }) as const;
  await world.play(thread(2, 0, 'kthreadd'), thread(5, 2, 'kworker/0:1'), ...build().records);
  await processes.open();
  await expect(processes.row('Kernel threads')).toContainText('2 threads');
  await expect(processes.row('kworker')).toHaveCount(0);
  await processes.row('Kernel threads').dblclick();
  await expect(processes.row('kworker/0:1')).toHaveCount(1);
});

test('of thousands only those in view are in the page, and each of them is found', async ({
  world,
  processes,
}) => {
  const many = Array.from({ length: 5000 }, (_, at) => makeProcess(`/usr/bin/worker-${at}`));
  await world.play(...many.map((each, at) => each.exec(`worker-${at}`)));
  await processes.open();
  await expect(processes.page.getByText('5,000 processes')).toBeVisible();
  const rows = processes.grid.getByRole('row');
  const inPage = () => rows.count();
  expect(await inPage()).toBeLessThan(60);
  await processes.grid.focus();
  await processes.press('End');
  await expect(processes.selectedRow).toContainText('worker-4999');
  await expect(processes.selectedRow).toBeInViewport();
  expect(await inPage()).toBeLessThan(60);
  await processes.search.fill('worker-4321');
  await processes.shows('worker-4321');
});

test('hostile names and arguments are text, and stay in their cells', async ({ world, processes }) => {
  const markup = '<img src=x onerror="document.title=1">';
  const one = makeProcess(`/tmp/${markup}`);
  const two = makeProcess('/tmp/\u202etxt.exe');
  await world.play(one.exec(markup, 'y'.repeat(8000)), two.exec('\x1b[2J'));
  await processes.open();
  await expect(processes.row(markup)).toHaveCount(1);
  await expect(processes.row('U+202Etxt.exe')).toContainText('U+001B[2J');
  await processes.select(markup);
  await expect(processes.panel).toContainText(markup);
  await processes.press('Enter');
  await expect(processes.tree).toContainText(markup);
  await expect(processes.page).toHaveTitle(/Merlon$/);
  expect(await processes.page.evaluate(() => document.querySelectorAll('main img').length)).toBe(0);
  const width = await processes.page.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBeLessThanOrEqual(1440);
});

test('what runs is not said to be live while nothing is sensed', async ({ world, processes }) => {
  await processes.open();
  await expect(processes.page.getByText('Live', { exact: true })).toBeVisible();
  world.holdHelper();
  await world.killHelper();
  await expect(processes.page.getByText('Nothing arrives', { exact: true })).toBeVisible();
});

test('nothing known yet, and an engine that is gone, are said', async ({ world, processes }) => {
  test.slow(); // axe takes long on a busy machine
  await processes.open();
  await expect(processes.page.getByRole('heading', { name: 'No process is known yet' })).toBeVisible();
  await world.play(...build().records);
  await expect(processes.row('cron')).toHaveCount(1);
  await world.endEngine();
  await expect(processes.page.getByRole('status').filter({ hasText: 'Not connected since' })).toBeVisible();
  await expect(processes.row('cron')).toHaveCount(1);
  await expectAccessible(processes.page);
});

test('no serious accessibility findings, with and without a selection', async ({ world, processes }) => {
  test.slow();
  await world.play(...build().records);
  await processes.open();
  await expect(processes.row('cron')).toHaveCount(1);
  await expectAccessible(processes.page);
  await processes.select('make');
  await expectAccessible(processes.page);
});
