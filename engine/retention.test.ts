import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ConfigValue, SettingKey } from '../shared/config.ts';
import { LiveConfig } from './config/index.ts';
import { adoptOldRetention, RetentionSetting } from './retention.ts';
import { DEFAULT_RETENTION } from './store/contract.ts';

let folder: string;
let logged: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-retention-'));
  logged = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const own = () => join(folder, 'own.yaml');
const old = () => join(folder, 'retention.json');
const config = (run: readonly (readonly [SettingKey, ConfigValue])[] = []) =>
  new LiveConfig({ system: join(folder, 'system.yaml'), own: own() }, new Map(run));
const log = (line: string) => void logged.push(line);
const MONTH = { days: 30, bytes: 2 ** 30, freeWhenFull: true };

test('the defaults hold where nothing was chosen', () => {
  expect(new RetentionSetting(config()).now).toEqual(DEFAULT_RETENTION);
});

test('what was chosen holds in the next run, and only that is written', () => {
  expect(new RetentionSetting(config()).keep({ ...DEFAULT_RETENTION, days: 30 })).toMatchObject({ days: 30 });
  expect(readFileSync(own(), 'utf8')).toMatch(/retention:\n {2}days: 30\n$/);
  expect(new RetentionSetting(config()).now.days).toBe(30);
});

test('a flag goes before it, for that run, until something newer is said', () => {
  new RetentionSetting(config()).keep(MONTH);
  const flagged = new RetentionSetting(config([['retention.days', 3]]));
  expect(flagged.now).toEqual({ ...MONTH, days: 3 });
  expect(flagged.keep({ ...MONTH, days: 5 }).days).toBe(5);
  expect(new RetentionSetting(config()).now.days).toBe(5);
});

test.each([
  ['a value that is none', 'retention:\n  days: many\n'],
  ['a mistyped name', 'retension:\n  days: 90\n'],
  ['another', 'retention:\n  day: 90\n'],
  ['no YAML', 'retention: [\n'],
])('nothing is cut while a file has %s', (_, text) => {
  writeFileSync(own(), text);
  expect(new RetentionSetting(config()).forStore.days).toBe(36_500);
});

test('a mistake elsewhere in a file does not stop cutting', () => {
  writeFileSync(own(), 'console:\n  port: none\n');
  expect(new RetentionSetting(config()).forStore).toEqual(DEFAULT_RETENTION);
});

test('where it cannot be kept nothing changes', () => {
  writeFileSync(own(), '- a list\n');
  const retention = new RetentionSetting(config());
  expect(() => retention.keep(MONTH)).toThrow(/something else than settings/);
  expect(retention.now).toEqual(DEFAULT_RETENTION);
});

test('what an earlier Merlon kept becomes settings, and its file goes', () => {
  writeFileSync(old(), JSON.stringify(MONTH));
  adoptOldRetention(folder, config(), log);
  expect(new RetentionSetting(config()).now).toEqual(MONTH);
  expect(existsSync(old())).toBe(false);
  expect(logged).toEqual([expect.stringContaining('30 days, 1 GiB')]);
});

test('it does not go before a settings file', () => {
  writeFileSync(old(), JSON.stringify(MONTH));
  writeFileSync(own(), 'retention:\n  days: 7\n');
  adoptOldRetention(folder, config(), log);
  expect(new RetentionSetting(config()).now).toEqual({ ...MONTH, days: 7 });
});

test('where settings cannot be written it holds for this run, and stays', () => {
  writeFileSync(old(), JSON.stringify(MONTH));
  mkdirSync(own());
  const settings = config();
  adoptOldRetention(folder, settings, log);
  expect(new RetentionSetting(settings).now).toEqual(MONTH);
  expect(existsSync(old())).toBe(true);
});

test.each(['{', '{"days":"many"}', '{"days":1,"bytes":2,"freeWhenFull":true,"more":1}'])(
  'an old file of %s is said, and the settings hold',
  (text) => {
    writeFileSync(old(), text);
    const settings = config();
    adoptOldRetention(folder, settings, log);
    expect(new RetentionSetting(settings).now).toEqual(DEFAULT_RETENTION);
    expect(logged).toEqual([expect.stringContaining('retention.json')]);
  },
);
