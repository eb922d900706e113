import { describe, expect, test } from 'vitest';
import type { ConfigEntry, Console } from '../../shared/console.ts';
import {
  CONFIG_DEFAULTS,
  SETTING_KEYS,
  SETTINGS,
  type ConfigValue,
  type SettingKey,
} from '../../shared/config.ts';
import { ok, fail } from '../../shared/result.ts';
import { ConfigState } from '../state/config.svelte.ts';
import { SettingsState, words } from './settings.svelte.ts';

/** An engine that has settings, and a page over it. */
async function page(refuse?: string) {
  const own = new Map<SettingKey, ConfigValue>();
  const list = () => ({
    settings: SETTING_KEYS.map((key): ConfigEntry => ({
      key,
      value: own.get(key) ?? CONFIG_DEFAULTS[key],
      source: own.has(key) ? 'own' : 'default',
      default: CONFIG_DEFAULTS[key],
      description: SETTINGS[key].about,
      locked: false,
      problems: [],
    })),
    files: [],
  });
  let changed: (value: unknown) => void = () => {};
  const api = {
    on: (_: string, listener: (value: unknown) => void) => (changed = listener),
    request: (name: string, input: { key: SettingKey; value: ConfigValue }) => {
      if (name === 'config.list') return Promise.resolve(ok(list()));
      if (refuse !== undefined) return Promise.resolve(fail('bad_value', refuse));
      if (name === 'config.set') own.set(input.key, input.value);
      else own.delete(input.key);
      changed(list());
      return Promise.resolve(ok(list().settings[0]));
    },
  };
  const config = new ConfigState();
  await config.follow(api as unknown as Console);
  const said: { text: string; undo?: () => void }[] = [];
  const settings = new SettingsState(config, { say: (toast) => void said.push(toast) });
  return { config, settings, said };
}

describe('a change', () => {
  test('holds at once, is said, and can be taken back', async () => {
    const { config, settings, said } = await page();
    await settings.change('retention.days', 30);
    expect(config.value('retention.days')).toBe(30);
    expect(said[0]?.text).toBe('Keep for: 30 days.');
    said[0]?.undo?.();
    await Promise.resolve();
    expect(config.entries.get('retention.days')).toMatchObject({ value: 14, source: 'default' });
  });

  test('of an own value is taken back to that value', async () => {
    const { config, settings, said } = await page();
    await settings.change('retention.days', 30);
    await settings.change('retention.days', 40);
    said[1]?.undo?.();
    await Promise.resolve();
    expect(config.value('retention.days')).toBe(30);
    await settings.reset('retention.days');
    expect(said[2]?.text).toBe('Keep for: 14 days.');
  });

  test('to the same is none', async () => {
    const { settings, said } = await page();
    await settings.change('console.theme', 'system');
    expect(said).toEqual([]);
  });

  test('that is refused says why beside the setting', async () => {
    const { settings, said } = await page('It is fixed.');
    await settings.change('retention.days', 30);
    expect(settings.problems.get('retention.days')).toBe('It is fixed.');
    expect(said).toEqual([]);
  });
});

test.each([
  ['days', ['retention.days']],
  ['quiet HOURS', ['notifications.quiet_hours']],
  ['dark', ['console.theme']],
  ['console port', ['console.port']],
  ['nothing of that name', []],
])('“%s” finds %j', async (query, keys) => {
  const { settings } = await page();
  settings.query = query;
  expect(settings.found).toEqual(keys);
  settings.query = ' ';
  expect(settings.found).toBeUndefined();
});

test.each([
  ['retention.size', 2 ** 31, '2 GiB'],
  ['console.theme', 'dark', 'dark'],
  ['notifications.enabled', false, 'off'],
] as const)('%s of %s reads %s', (key, value, text) => {
  expect(words(key, value)).toBe(text);
});
