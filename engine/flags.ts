/** What the flags of the command line say about settings, for this run. */
import {
  isSettingKey,
  readSetting,
  readSettingText,
  type ConfigValue,
  type SettingKey,
} from '../shared/config.ts';
import { noSetting } from '../shared/config/names.ts';

export interface SettingFlags {
  readonly 'keep-days'?: string | undefined;
  readonly 'keep-gib'?: string | undefined;
  readonly 'free-when-full'?: boolean | undefined;
  /** KEY=VALUE, any number of them. */
  readonly set?: readonly string[] | undefined;
}

/** @returns only what is given; or, where a setting takes something else, a sentence that says so. */
export function runSettings(flags: SettingFlags): ReadonlyMap<SettingKey, ConfigValue> | string {
  const run = new Map<SettingKey, ConfigValue>();
  for (const text of flags.set ?? []) {
    const at = text.indexOf('=');
    const key = at < 0 ? text : text.slice(0, at);
    if (!isSettingKey(key)) return `--set: ${noSetting(key)}`;
    const read = readSettingText(key, at < 0 ? '' : text.slice(at + 1));
    if (!read.ok) return `--set ${key}: ${read.sentence}`;
    run.set(key, read.value);
  }
  const days = numberOf(flags['keep-days']);
  const gib = numberOf(flags['keep-gib']);
  const short = [
    ['--keep-days', 'retention.days', days],
    ['--keep-gib', 'retention.size', gib === undefined ? undefined : Math.round(gib * 2 ** 30)],
    ['--free-when-full', 'retention.free_when_full', flags['free-when-full']],
  ] as const;
  for (const [flag, key, given] of short) {
    if (given === undefined) continue;
    const read = readSetting(key, given);
    if (!read.ok) return `${flag}: ${read.sentence}`;
    run.set(key, read.value);
  }
  return run;
}

/** NaN where the text is no number in decimals. */
function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : NaN;
}
