import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ok } from '../shared/result.ts';
import { engineDouble, merlon, someStatus, type EngineDouble } from './double.ts';

/** Several processes of Node in each. */
vi.setConfig({ testTimeout: 60_000 });

describe('without an engine', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'merlon-cli-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const run = (...args: string[]) => merlon(args, join(folder, 'none.sock'));

  it('config changes the own file, and says who will see it', async () => {
    const told = await run('config', 'set', 'retention.size', '4 GiB');
    expect(told).toMatchObject({ code: 0, stderr: '' });
    expect(told.stdout).toBe(
      'retention.size is 4 GiB (own).\nNo engine runs; the next one that you start will see it.\n',
    );
    const file = join(folder, 'config/merlon/merlon.yaml');
    expect(readFileSync(file, 'utf8')).toContain('size: 4 GiB');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await run('config', 'get', 'retention.size')).stdout).toBe('4 GiB\n');
    expect(JSON.parse((await run('config', 'get', 'retention.size', '--json')).stdout)).toMatchObject({
      value: 4 * 2 ** 30,
      source: 'own',
    });
    expect((await run('config', 'reset', 'retention.size')).stdout).toMatch(
      /^retention.size is 2 GiB \(default\)/,
    );
  });

  it('config list shows every setting, and what does not count with its place', async () => {
    writeFileSync(join(folder, 'system.yaml'), 'console:\n  port: none\nlocked: [retention.days]\n');
    const { code, stdout } = await run('config', 'list');
    expect(code).toBe(0);
    expect(stdout).toMatch(/retention\.days +14 days +default, locked/);
    expect(stdout).toMatch(/system\.yaml, line 2, column 9: console\.port does not count/);
    const told = await run('config', 'set', 'retention.days', '3');
    expect(told).toMatchObject({ code: 1, stdout: '' });
    expect(told.stderr).toMatch(/only an administrator/);
  });

  it('doctor looks all the same, and its bundle is a file for its owner alone', async () => {
    const file = join(folder, 'bundle.tar.gz');
    const { stdout } = await run('doctor', file);
    expect(stdout).toMatch(/– not checked +Helper: No engine runs/);
    expect(stdout).toMatch(/It leaves out events/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(execFileSync('tar', ['-tzf', file], { encoding: 'utf8' })).toMatch(/report\.txt\n.*report\.json/);
    const again = await run('doctor', file);
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toMatch(/overwrites nothing/);
  });

  it('nothing else works', async () => {
    expect(await run('sense')).toMatchObject({ code: 3 });
  });
});

describe('with an engine', () => {
  let engine: EngineDouble;
  beforeEach(async () => {
    engine = await engineDouble();
  });
  afterEach(() => engine.close());
  const run = (...args: string[]) => merlon(args, engine.socket);

  it.each([
    ['config without a verb', ['config'], /list, get, set, reset/],
    ['another verb', ['config', 'put'], /‘put’ is none of/],
    ['no setting', ['config', 'get'], /Name a setting/],
    ['an unknown one', ['config', 'get', 'retention.dais'], /Did you mean retention\.days\?/],
    ['no value', ['config', 'set', 'retention.days'], /Give retention\.days a value/],
    ['a wrong one', ['config', 'set', 'retention.days', 'many'], /Takes a number of days/],
    ['a word too many', ['config', 'set', 'retention.size', '2', 'GiB'], /one word too many/],
  ])('%s is a usage error', async (_, args, sentence) => {
    const told = await run(...args);
    expect(told).toMatchObject({ code: 2, stdout: '' });
    expect(told.stderr).toMatch(sentence);
    expect(engine.asked).toEqual([]);
  });

  it('asks the engine, in the kind of value that the setting takes', async () => {
    engine.answer('config.set', (input) => {
      const { key, value } = input as { key: string; value: unknown };
      return ok({ key, value, source: 'own', default: 0, description: '', locked: false, problems: [] });
    });
    expect(await run('config', 'set', 'console.port', '7411')).toMatchObject({
      stdout: 'console.port is 7411 (own). It counts from the next npm start.\n',
    });
    await run('config', 'set', 'notifications.enabled', 'no');
    await run('config', 'set', 'notifications.do_not_disturb', '2h');
    expect(engine.asked.map(({ input }) => input)).toEqual([
      { key: 'console.port', value: 7411 },
      { key: 'notifications.enabled', value: false },
      { key: 'notifications.do_not_disturb', value: expect.stringMatching(/^\d{4}-.*Z$/) },
    ]);
  });

  it('sense waits for what the person says at the dialog', async () => {
    const helper = (state: string, reason?: string) => ({
      ...someStatus,
      helper: { state, pid: null, since: 0, ...(reason === undefined ? {} : { reason }) },
    });
    engine.answer('helper.start', () => ok({}));
    engine.answer('status.get', () => {
      setTimeout(
        () =>
          engine.notify('status.changed', helper('dismissed', 'You dismissed the password dialog.') as never),
        50,
      );
      return ok(helper('authorising'));
    });
    expect(await run('sense')).toMatchObject({
      code: 1,
      stderr: 'merlon: You dismissed the password dialog.\n',
    });
    engine.answer('status.get', () => ok(helper('running')));
    expect(await run('sense')).toMatchObject({ code: 0, stdout: 'Merlon senses.\n' });
  });
});
