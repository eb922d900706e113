/** How long, and how much, is kept: three settings as the store wants them. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { formatSize, readSetting, type ConfigValue, type SettingKey } from '../shared/config.ts';
import type { LiveConfig } from './config/index.ts';
import type { Retention } from './store/contract.ts';

/** Where a settings file said something of retention that is not understood: cutting would be a guess. */
const NOTHING_CUT = { days: 36_500, bytes: Number.MAX_SAFE_INTEGER } as const;

export class RetentionSetting {
  readonly #config: LiveConfig;

  constructor(config: LiveConfig) {
    this.#config = config;
  }

  /** What the settings say. */
  get now(): Retention {
    const { now } = this.#config;
    return {
      days: now['retention.days'],
      bytes: now['retention.size'],
      freeWhenFull: now['retention.free_when_full'],
    };
  }

  /** What the store is to do: nothing is cut while it is in doubt what the person said. */
  get forStore(): Retention {
    return this.#config.doubts('retention') ? { ...this.now, ...NOTHING_CUT } : this.now;
  }

  /** @returns what the store is to do then. @throws Error with a sentence where it cannot be kept; nothing has changed then. */
  keep(wanted: Retention): Retention {
    const { now } = this;
    const changes = new Map(
      [...settingsOf(wanted)].filter(([key, value]) => settingsOf(now).get(key) !== value),
    );
    if (changes.size > 0) {
      const written = this.#config.setAll(changes);
      if (!written.ok) throw new Error(written.error.message);
    }
    return this.forStore;
  }
}

const settingsOf = ({ days, bytes, freeWhenFull }: Retention) =>
  new Map<SettingKey, ConfigValue>([
    ['retention.days', days],
    ['retention.size', bytes],
    ['retention.free_when_full', freeWhenFull],
  ]);

const oldFile = v.strictObject({ days: v.number(), bytes: v.number(), freeWhenFull: v.boolean() });

/**
 * Takes over what an earlier Merlon kept as retention.json in the data folder, and deletes that file. What a settings
 * file says already goes before it.
 */
export function adoptOldRetention(folder: string, config: LiveConfig, log: (line: string) => void): void {
  const path = join(folder, 'retention.json');
  const text = readOld(path);
  if (text === undefined) return;
  const old = parseOld(text);
  if (old === undefined) return log(`${path} cannot be understood; the settings hold instead. Delete it.`);
  const wanted = new Map(
    [...settingsOf(old)].filter(([key, value]) => {
      const { source, locked, value: now } = config.entry(key);
      return source === 'default' && !locked && value !== now && readSetting(key, value).ok;
    }),
  );
  const written = wanted.size === 0 ? undefined : config.setAll(wanted);
  if (written?.ok === false) {
    config.setForRun(wanted);
    return log(`${written.error.message} What ${path} says holds for this run.`);
  }
  rmSync(path, { force: true });
  log(
    `What is kept is a setting now (${old.days} days, ${formatSize(old.bytes)} were chosen here); ${path} is deleted.`,
  );
}

function readOld(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    return '';
  }
}

function parseOld(text: string): Retention | undefined {
  try {
    return v.parse(oldFile, JSON.parse(text));
  } catch {
    return undefined;
  }
}
