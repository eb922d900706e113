/** merlon config …: every setting, with its source; without an engine, too. */
import { homedir } from 'node:os';
import type { LiveConfig } from '../engine/config/index.ts';
import {
  formatSetting,
  isSettingKey,
  readSettingText,
  SETTINGS,
  type ConfigSource,
  type ConfigValue,
  type SettingKey,
} from '../shared/config.ts';
import { noSetting } from '../shared/config/names.ts';
import type { ConfigEntry, ConfigList, Console } from '../shared/console.ts';
import { configFile, systemConfigFile } from '../shared/places.ts';
import { ask, CommandError, EXIT, json, readArgs, usage, type Command, type Output } from './command.ts';
import { ownSurroundings } from './connect.ts';
import { table, visible } from './terminal.ts';
import { parseSpan } from './time.ts';

/** The settings, wherever they are asked for. */
interface Settings {
  list(): Promise<ConfigList>;
  set(key: SettingKey, value: ConfigValue): Promise<ConfigEntry>;
  reset(key: SettingKey): Promise<ConfigEntry>;
  /** Who will act by them. */
  readonly seenBy: string;
}

type Body = (settings: Settings, out: Output) => Promise<void>;

export const config: Command = {
  name: 'config',
  about: 'list | get | set | reset: every setting, and where its value comes from',
  help: `merlon config list [--json]
  Every setting, its value and its source: default, system (/etc/merlon/merlon.yaml), own, or run (a flag).
merlon config get KEY [--json]
  One value.
merlon config set KEY VALUE [--json]
  Changes it for good, in your own file (~/.config/merlon/merlon.yaml), and at once in the engine that runs.
merlon config reset KEY [--json]
  Takes your own value back.

Sizes have a unit (2 GiB); do-not-disturb takes on, off, a moment, or how long (2h). Works without an engine, too.
`,
  prepare(args) {
    const body = plan(args);
    return ({ console, out }) => body(ofEngine(console), out);
  },
  prepareAlone(args) {
    const body = plan(args);
    return async ({ out }) => body(await ofFiles(), out);
  },
};

function ofEngine(console: Console): Settings {
  return {
    list: () => ask(console, 'config.list', {}),
    set: (key, value) => ask(console, 'config.set', { key, value }),
    reset: (key) => ask(console, 'config.reset', { key }),
    seenBy: '',
  };
}

/** The settings as the next engine of this user will find them. */
export async function ownConfig(): Promise<LiveConfig> {
  // Only where it is wanted: a parser of YAML takes its time to load.
  const { LiveConfig } = await import('../engine/config/index.ts');
  const surroundings = ownSurroundings();
  return new LiveConfig({
    system: systemConfigFile(surroundings),
    own: configFile(surroundings, homedir()),
  });
}

async function ofFiles(): Promise<Settings> {
  const live = await ownConfig();
  const done = (reply: ReturnType<LiveConfig['set']>): Promise<ConfigEntry> => {
    if (reply.ok) return Promise.resolve(reply.value);
    throw new CommandError(EXIT.failed, reply.error.message);
  };
  return {
    list: () => Promise.resolve(live.list()),
    set: (key, value) => done(live.set(key, value)),
    reset: (key) => done(live.reset(key)),
    seenBy: 'No engine runs; the next one that you start will see it.',
  };
}

function plan([verb, ...args]: readonly string[]): Body {
  switch (verb) {
    case 'list':
      return list(args);
    case 'get':
      return get(args);
    case 'set':
      return set(args);
    case 'reset':
      return reset(args);
    case undefined:
      throw usage('config', 'Say what: list, get, set, reset');
    default:
      throw usage('config', `‘${verb}’ is none of list, get, set, reset`);
  }
}

function list(args: readonly string[]): Body {
  const { values } = readArgs('config', args, { json: { type: 'boolean' } });
  return async (settings, out) => {
    const all = await settings.list();
    await out.write(values.json ? json(all) : readable(all));
  };
}

function get(args: readonly string[]): Body {
  const { values, positionals } = readArgs('config', args, { json: { type: 'boolean' } }, 1);
  const key = keyOf(positionals[0]);
  return async (settings, out) => {
    const entry = entryOf(await settings.list(), key);
    await out.write(values.json ? json(entry) : `${visible(formatSetting(key, entry.value))}\n`);
  };
}

function set(args: readonly string[]): Body {
  const { values, positionals } = readArgs('config', args, { json: { type: 'boolean' } }, 2);
  const key = keyOf(positionals[0]);
  const [, text] = positionals;
  if (text === undefined) throw usage('config', `Give ${key} a value`);
  const read = readSettingText(key, untilOf(key, text));
  if (!read.ok) throw new CommandError(EXIT.usage, `${key}: ${read.sentence}`);
  return async (settings, out) => {
    const entry = await settings.set(key, read.value);
    await out.write(values.json ? json(entry) : changed(entry, settings.seenBy));
  };
}

function reset(args: readonly string[]): Body {
  const { values, positionals } = readArgs('config', args, { json: { type: 'boolean' } }, 1);
  const key = keyOf(positionals[0]);
  return async (settings, out) => {
    const entry = await settings.reset(key);
    await out.write(values.json ? json(entry) : changed(entry, settings.seenBy));
  };
}

/** `2h` from now on, where a moment is taken. */
function untilOf(key: SettingKey, text: string): string {
  const span = SETTINGS[key].form.kind === 'pause' ? parseSpan(text) : undefined;
  return span === undefined ? text : new Date(Date.now() + span).toISOString();
}

function keyOf(text: string | undefined): SettingKey {
  if (text === undefined) throw usage('config', 'Name a setting');
  if (!isSettingKey(text)) throw new CommandError(EXIT.usage, noSetting(text));
  return text;
}

function entryOf({ settings }: ConfigList, key: SettingKey): ConfigEntry {
  const entry = settings.find((each) => each.key === key);
  if (entry === undefined) throw new CommandError(EXIT.failed, `The engine that runs does not know ${key}.`);
  return entry;
}

const SOURCES: Readonly<Record<ConfigSource, string>> = {
  default: 'default',
  system: 'system',
  own: 'own',
  run: 'this run',
};

function changed(entry: ConfigEntry, seenBy: string): string {
  const { key, value, source, problems } = entry;
  const { restart } = SETTINGS[key];
  const when = {
    helper: ' It counts from the helper’s next start.',
    console: ' It counts from the next npm start.',
  };
  const lines = [
    `${key} is ${formatSetting(key, value)} (${SOURCES[source]}).${restart === undefined || seenBy !== '' ? '' : when[restart]}`,
    ...(seenBy === '' ? [] : [seenBy]),
    ...problems,
  ];
  return lines.map((line) => `${visible(line)}\n`).join('');
}

function readable({ settings, files }: ConfigList): string {
  const rows = settings.map(({ key, value, source, locked, description }) => [
    key,
    formatSetting(key, value),
    locked ? `${SOURCES[source]}, locked` : SOURCES[source],
    description,
  ]);
  const ignored = settings.flatMap(({ problems }) => problems);
  const wrong = files.flatMap(({ path, problems }) =>
    problems.map(({ line, column, said }) => `${path}, line ${line}, column ${column}: ${said}`),
  );
  const said = [...new Set([...wrong, ...ignored])].map((line) => `${visible(line)}\n`);
  const head = [{ head: 'SETTING' }, { head: 'VALUE' }, { head: 'SOURCE' }, { head: 'WHAT FOR' }];
  return table(head, rows) + (said.length > 0 ? `\nDoes not count:\n${said.join('')}` : '');
}
