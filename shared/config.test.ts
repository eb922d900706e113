import { describe, expect, test } from 'vitest';
import {
  CONFIG_DEFAULTS,
  formatSetting,
  formatSize,
  parseSize,
  readSetting,
  readSettingText,
  SETTING_KEYS,
  SETTINGS,
  writeSetting,
} from './config.ts';
import { quietAt } from './config/quiet.ts';

describe('every setting', () => {
  test.each(SETTING_KEYS)('%s takes its default, as it is written and as it is typed', (key) => {
    const initial = CONFIG_DEFAULTS[key];
    expect(readSetting(key, initial)).toEqual({ ok: true, value: initial });
    expect(readSetting(key, writeSetting(key, initial))).toEqual({ ok: true, value: initial });
    expect(readSettingText(key, String(writeSetting(key, initial)))).toEqual({ ok: true, value: initial });
    expect(formatSetting(key, initial)).not.toBe('');
  });

  test.each(SETTING_KEYS)('%s refuses what is none, with a sentence', (key) => {
    for (const given of [null, undefined, {}, [], NaN, 'nonsense', -1]) {
      expect(readSetting(key, given)).toEqual({ ok: false, sentence: expect.stringMatching(/^Takes .*\.$/) });
    }
    expect(SETTINGS[key].about).toMatch(/^[A-Z].*\.$/);
  });
});

test.each([
  ['2 GiB', 2 ** 31],
  ['500MiB', 500 * 2 ** 20],
  ['1.5 gib', 1.5 * 2 ** 30],
  ['1024', 1024],
  ['2 GB', undefined],
  ['GiB', undefined],
  ['-1 GiB', undefined],
])('the size %s is %s bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes));

test.each([
  [2 ** 31, '2 GiB'],
  [1.5 * 2 ** 30, '1.5 GiB'],
  [500 * 2 ** 20, '500 MiB'],
  [1234567, '1234567 bytes'],
])('%s bytes are written %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
  expect(parseSize(text)).toBe(bytes);
});

describe('quiet', () => {
  const at = (text: string) => new Date(`2026-01-10T${text}`).getTime();
  const of = (pause: string, hours: string, enabled = true) => ({
    'notifications.enabled': enabled,
    'notifications.do_not_disturb': pause,
    'notifications.quiet_hours': hours,
  });
  test.each([
    ['nothing is said', of('off', 'off'), '12:00', undefined],
    ['switched off', of('off', 'off', false), '12:00', { why: 'switched_off' }],
    ['on', of('on', 'off'), '12:00', { why: 'do_not_disturb' }],
    [
      'until later',
      of(new Date(at('13:00')).toISOString(), 'off'),
      '12:00',
      { why: 'do_not_disturb', until: at('13:00') },
    ],
    ['until earlier', of(new Date(at('11:00')).toISOString(), 'off'), '12:00', undefined],
    ['in the hours', of('off', '11:00-13:00'), '12:00', { why: 'quiet_hours', until: at('13:00') }],
    ['at their end', of('off', '11:00-13:00'), '13:00', undefined],
    [
      'over midnight, before',
      of('off', '22:00-07:00'),
      '23:00',
      { why: 'quiet_hours', until: at('07:00') + 86_400_000 },
    ],
    ['over midnight, after', of('off', '22:00-07:00'), '06:59', { why: 'quiet_hours', until: at('07:00') }],
    ['outside', of('off', '22:00-07:00'), '12:00', undefined],
  ])('%s', (_, settings, now, quiet) => expect(quietAt(settings, at(now))).toEqual(quiet));
});
