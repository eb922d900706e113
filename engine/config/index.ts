/**
 * The settings that hold: default, then /etc/merlon/merlon.yaml, then the user's own file, then flags of this run.
 * Used by the engine, and by the command line where none runs.
 */
import { readFileSync, statSync } from 'node:fs';
import {
  CONFIG_DEFAULTS,
  isSettingKey,
  readSetting,
  SETTING_KEYS,
  SETTINGS,
  type Config,
  type ConfigSource,
  type ConfigValue,
  type SettingKey,
} from '../../shared/config.ts';
import type { ConfigEntry, ConfigFile, ConfigList, ConfigProblem } from '../../shared/console.ts';
import { fail, ok, type Result } from '../../shared/result.ts';
import { OwnFileError, writeOwn } from './own-file.ts';
import { mayConcern, noSetting } from '../../shared/config/names.ts';
import { MAX_FILE_BYTES, NOTHING_SAID, parseFile, type ParsedFile } from './parse.ts';

export interface ConfigPlaces {
  readonly system: string;
  readonly own: string;
}

export type ConfigError = 'unknown_key' | 'bad_value' | 'locked' | 'config_failed';

interface Source {
  readonly source: 'system' | 'own';
  readonly path: string;
  /** What tells one state of the file from another; undefined where there is none. */
  stamp: string | undefined;
  said: ParsedFile;
}

export class LiveConfig {
  readonly #system: Source;
  readonly #own: Source;
  /** Flags of this run, until the person says something newer. */
  readonly #run: Map<SettingKey, ConfigValue>;
  #now: Config;
  #told = '';
  /** Something of `list` is other than it was. */
  onChange: () => void = () => {};

  /** @param run what flags say, already understood. */
  constructor(places: ConfigPlaces, run: ReadonlyMap<SettingKey, ConfigValue> = new Map()) {
    this.#system = { source: 'system', path: places.system, stamp: undefined, said: NOTHING_SAID };
    this.#own = { source: 'own', path: places.own, stamp: undefined, said: NOTHING_SAID };
    this.#run = new Map(run);
    for (const source of [this.#system, this.#own]) read(source);
    this.#now = this.#decide();
    this.#told = JSON.stringify(this.list());
  }

  /** Every setting as it holds. */
  get now(): Config {
    return this.#now;
  }

  list(): ConfigList {
    return {
      settings: SETTING_KEYS.map((key) => this.entry(key)),
      files: [this.#system, this.#own].map(fileOf),
    };
  }

  entry(key: SettingKey): ConfigEntry {
    const { value, source } = this.#said(key);
    return {
      key,
      value,
      source,
      default: SETTINGS[key].initial,
      description: SETTINGS[key].about,
      locked: this.#locked(key),
      problems: this.#problems(key),
    };
  }

  /** Looks at the files again, where they have changed. A file that is broken now leaves what it said before. */
  check(): void {
    const changed = [this.#system, this.#own].map(read).some(Boolean);
    if (changed) this.#tell();
  }

  /** Changes the user's own word; a flag of this run ends there, since this is newer. */
  set(key: string, given: unknown): Result<ConfigEntry, ConfigError> {
    if (!isSettingKey(key)) return fail('unknown_key', noSetting(key));
    const read = readSetting(key, given);
    if (!read.ok) return fail('bad_value', `${key}: ${read.sentence}`);
    return this.#write(new Map([[key, read.value]]));
  }

  /** Several at once: all of them or none. Values must have been understood. */
  setAll(values: ReadonlyMap<SettingKey, ConfigValue>): Result<ConfigEntry, ConfigError> {
    return this.#write(values);
  }

  /** Takes the user's own word back. */
  reset(key: string): Result<ConfigEntry, ConfigError> {
    return isSettingKey(key) ? this.#write(new Map([[key, undefined]])) : fail('unknown_key', noSetting(key));
  }

  /** For this run only, as a flag does. */
  setForRun(values: ReadonlyMap<SettingKey, ConfigValue>): void {
    for (const [key, value] of values) this.#run.set(key, value);
    this.#tell();
  }

  /** Whether something was said of this group, as far as one can tell, that does not count: what holds may be wrong. */
  doubts(group: string): boolean {
    return [this.#system, this.#own].some(({ said }) =>
      said.problems.some((problem) => mayConcern(problem, group)),
    );
  }

  #write(changes: ReadonlyMap<SettingKey, ConfigValue | undefined>): Result<ConfigEntry, ConfigError> {
    const [first] = changes.keys();
    if (first === undefined) throw new Error('nothing is to be changed');
    for (const [key, value] of changes) {
      if (value !== undefined && this.#locked(key))
        return fail(
          'locked',
          `${key} is fixed in ${this.#system.path}: only an administrator changes it there.`,
        );
    }
    try {
      writeOwn(this.#own.path, changes);
    } catch (error) {
      if (!(error instanceof OwnFileError)) throw error;
      return fail('config_failed', error.message);
    }
    for (const key of changes.keys()) this.#run.delete(key);
    read(this.#own);
    this.#tell();
    return ok(this.entry(first));
  }

  #tell(): void {
    this.#now = this.#decide();
    const told = JSON.stringify(this.list());
    if (told === this.#told) return;
    this.#told = told;
    this.onChange();
  }

  #decide(): Config {
    const values = SETTING_KEYS.map((key) => [key, this.#said(key).value]);
    return { ...CONFIG_DEFAULTS, ...Object.fromEntries(values) } as Config; // each was read by its own schema
  }

  #said(key: SettingKey): { readonly value: ConfigValue; readonly source: ConfigSource } {
    const run = this.#run.get(key);
    const own = this.#locked(key) ? undefined : this.#own.said.values.get(key);
    const system = this.#system.said.values.get(key);
    if (run !== undefined && !this.#locked(key)) return { value: run, source: 'run' };
    if (own !== undefined) return { value: own, source: 'own' };
    if (system !== undefined) return { value: system, source: 'system' };
    return { value: SETTINGS[key].initial, source: 'default' };
  }

  #locked(key: SettingKey): boolean {
    return this.#system.said.locked.has(key);
  }

  #problems(key: SettingKey): string[] {
    const refused = [this.#system, this.#own].flatMap(({ path, said }) =>
      said.problems
        .filter((problem) => problem.key === key)
        .map(({ line, column, said: what }) => `${path}, line ${line}, column ${column}: ${what}`),
    );
    if (!this.#locked(key)) return refused;
    const ignored = [
      ...(this.#own.said.values.has(key) ? [`The value in ${this.#own.path}`] : []),
      ...(this.#run.has(key) ? ['The flag of this run'] : []),
    ];
    return [
      ...refused,
      ...ignored.map((what) => `${what} does not count: ${this.#system.path} fixes ${key}.`),
    ];
  }
}

const fileOf = ({ source, path, stamp, said }: Source): ConfigFile => ({
  source,
  path,
  exists: stamp !== undefined,
  problems: said.problems,
});

/** @returns whether the file is another than before. */
function read(source: Source): boolean {
  const stamp = stampOf(source.path);
  if (stamp === source.stamp) return false;
  source.stamp = stamp;
  source.said = stamp === undefined ? NOTHING_SAID : parsed(source);
  return true;
}

function parsed({ path, source, said }: Source): ParsedFile {
  const unreadable = (why: string): ParsedFile => kept(said, [{ line: 1, column: 1, said: why }]);
  try {
    if (statSync(path).size > MAX_FILE_BYTES) return unreadable('This file is too large for settings.');
    const now = parseFile(readFileSync(path, 'utf8'), source === 'system');
    return now.broken ? kept(said, now.problems) : now;
  } catch (error) {
    return unreadable(`This file cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What was understood before goes on: half a file, while somebody edits it, must not cut events. */
const kept = (before: ParsedFile, problems: readonly ConfigProblem[]): ParsedFile => ({
  ...before,
  problems,
  broken: true,
});

function stampOf(path: string): string | undefined {
  try {
    const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}`;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : `not seen: ${code}`;
  }
}
