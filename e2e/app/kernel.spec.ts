/** The real kernel, the real helper: what runs on this machine is seen. */
import { execFile, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from './test.ts';

const run = promisify(execFile);

test.use({ helper: 'real' });
test.skip(process.getuid?.() !== 0, 'the helper is started without a password only by root');

let folder: string;
let program: string;

test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-seen-'));
  program = join(folder, `probe-${process.pid}`);
  copyFileSync('/bin/sleep', program);
});
test.afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a command that runs now is seen: arguments, parent, user, end', async ({ feed, world }) => {
  await world.helperRuns();
  await feed.searchAnswered(`process.name:probe-${process.pid}`);
  await expect(feed.page.getByRole('heading', { name: 'No event matches' })).toBeVisible();
  await run(program, ['0.05']);
  const exec = feed.rows('exec');
  await expect(exec).toContainText(`${program} 0.05`);
  await expect(exec).toContainText('root');
  const exit = feed.rows('exit');
  await expect(exit).toContainText(/ran \d+ ms, peak \d/);
  await feed.select('exec');
  await expect(feed.field('process.executable')).toContainText(program);
  await expect(feed.field('process.parent.pid')).toContainText(String(process.pid));
  await feed.show('Tree');
  await expect(feed.inspector.getByRole('treeitem', { selected: true })).toContainText(
    `probe-${process.pid}`,
  );
});

test('a killed command ends by its signal', async ({ feed, world }) => {
  await world.helperRuns();
  await feed.searchAnswered(`process.name:probe-${process.pid} and event.action:exit`);
  const child = spawn(program, ['30'], { stdio: 'ignore' });
  await new Promise((begun) => child.once('spawn', begun));
  child.kill('SIGKILL');
  await expect(feed.rows('exit')).toContainText('SIGKILL');
});

test('what ran before Merlon is known too', async ({ feed, world }) => {
  await world.helperRuns();
  await feed.searchAnswered(`process.pid:${process.pid} and event.action:running`);
  await expect(feed.rows('running')).toContainText(String(process.pid));
});

test('a program that is not there is a failed exec', async ({ feed, world }) => {
  await world.helperRuns();
  const missing = join(folder, 'not-there');
  await feed.searchAnswered(`event.action:exec_failed and file.path:"${missing}"`);
  await run('/bin/sh', ['-c', `exec ${missing} now`]).catch(() => undefined);
  await expect(feed.rows('exec failed').first()).toContainText('ENOENT');
});

test('the helper killed with SIGKILL is said, and sensing goes on', async ({ feed, world }) => {
  await feed.searchAnswered('event.action:gap');
  await world.killHelper();
  await world.helperRuns();
  await expect(feed.status).toContainText('programs attached');
  await expect(feed.rows(/Not sensing for .*: the helper ended\./)).toHaveCount(1);
});
