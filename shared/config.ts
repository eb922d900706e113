/** Every setting, once: its key, what it takes, its default, and what it is for. Files, contract, CLI and page derive from it. */
import * as v from 'valibot';
import {
  choice,
  formatSize,
  hours,
  number,
  onOff,
  pause,
  size,
  type ConfigValue,
  type Kind,
} from './config/kinds.ts';

export type { ConfigValue, Form } from './config/kinds.ts';
export { formatSize, parseSize } from './config/kinds.ts';

export const CONFIG_GROUPS = [
  { id: 'sensing', title: 'Sensing' },
  { id: 'retention', title: 'Data' },
  { id: 'notifications', title: 'Notifications' },
  { id: 'console', title: 'Console' },
] as const;
export type ConfigGroup = (typeof CONFIG_GROUPS)[number]['id'];

/** What has to be started again before a change counts; what is not named applies at once. */
export type ConfigRestart = 'helper' | 'console';

interface Setting<T extends ConfigValue> extends Kind<T> {
  readonly group: ConfigGroup;
  readonly title: string;
  /** One sentence. */
  readonly about: string;
  readonly initial: T;
  readonly restart?: ConfigRestart;
}

const setting = <T extends ConfigValue>(
  kind: Kind<T>,
  rest: NoInfer<Omit<Setting<T>, keyof Kind<T>>>,
): Setting<T> => ({
  ...kind,
  ...rest,
});

export const SETTINGS = {
  'sensing.ask_at_start': setting(
    choice([
      { value: 'after_first_time', label: 'After the first time' },
      { value: 'always', label: 'Always' },
      { value: 'never', label: 'Never' },
    ]),
    {
      group: 'sensing',
      title: 'Ask for the password at start',
      about:
        'Whether Merlon asks for the password as soon as it starts; otherwise a button in the console does. As root nobody is asked.',
      initial: 'after_first_time',
    },
  ),
  'sensing.queue_size': setting(size({ min: 2 ** 20, max: 2 ** 28, powerOfTwo: true }), {
    group: 'sensing',
    title: 'Kernel queue',
    about:
      'Memory in the kernel for events that Merlon has not read yet; a larger one survives longer storms.',
    initial: 8 * 2 ** 20,
    restart: 'helper',
  }),
  'sensing.cpu_budget': setting(number({ min: 0.1, max: 6400, unit: '% of a processor' }), {
    group: 'sensing',
    title: 'Processor budget',
    about:
      'What Merlon may take of one processor; above it for fifty seconds, what is worth least for its cost is left out, and told.',
    initial: 3,
  }),
  'sensing.cpu_budget_on_battery': setting(number({ min: 0.1, max: 6400, unit: '% of a processor' }), {
    group: 'sensing',
    title: 'Processor budget on battery',
    about: 'The same while the machine runs on its battery.',
    initial: 1,
  }),
  'retention.days': setting(number({ min: 0, above: true, max: 36_500, unit: 'days' }), {
    group: 'retention',
    title: 'Keep for',
    about: 'Events that are older are cut, whole files at a time.',
    initial: 14,
  }),
  'retention.size': setting(size({ min: 2 ** 26, max: 2 ** 50 }), {
    group: 'retention',
    title: 'Keep at most',
    about: 'The oldest events are cut while the database takes more.',
    initial: 2 * 2 ** 30,
  }),
  'retention.free_when_full': setting(onOff(), {
    group: 'retention',
    title: 'Make room on a full disk',
    about: 'Whether the oldest events may be cut to store new ones; otherwise new ones wait in memory.',
    initial: false,
  }),
  'notifications.enabled': setting(onOff(), {
    group: 'notifications',
    title: 'Notifications',
    about: 'Whether Merlon may show notifications on the desktop.',
    initial: true,
  }),
  'notifications.do_not_disturb': setting(pause(), {
    group: 'notifications',
    title: 'Do not disturb',
    about:
      'Holds notifications back, until it is switched off or until a moment; what happens is still recorded.',
    initial: 'off',
  }),
  'notifications.quiet_hours': setting(hours(), {
    group: 'notifications',
    title: 'Quiet hours',
    about: 'A span of each day, in local time, in which notifications are held back.',
    initial: 'off',
  }),
  'console.theme': setting(
    choice([
      { value: 'system', label: 'System' },
      { value: 'light', label: 'Light' },
      { value: 'dark', label: 'Dark' },
    ]),
    {
      group: 'console',
      title: 'Theme',
      about: 'Light, dark, or as the system has it.',
      initial: 'system',
    },
  ),
  'console.single_letter_keys': setting(onOff(), {
    group: 'console',
    title: 'Single-letter keys',
    about: 'Whether a letter alone acts, such as L for live; they always rest in text fields.',
    initial: true,
  }),
  'console.open_at_start': setting(onOff(), {
    group: 'console',
    title: 'Open a window at start',
    about: 'Whether npm start opens the console; otherwise it prints a link.',
    initial: true,
    restart: 'console',
  }),
  'console.port': setting(number({ min: 0, max: 65_535, whole: true }), {
    group: 'console',
    title: 'Port of the page',
    about: 'Port of the console’s page on 127.0.0.1; 0 takes one of your own, or any that is free.',
    initial: 0,
    restart: 'console',
  }),
} as const satisfies Readonly<Record<string, Setting<ConfigValue>>>;

export type SettingKey = keyof typeof SETTINGS;
export type SettingValue<K extends SettingKey> = v.InferOutput<(typeof SETTINGS)[K]['schema']>;
export type Config = { readonly [K in SettingKey]: SettingValue<K> };

export const SETTING_KEYS: readonly SettingKey[] = Object.keys(SETTINGS) as SettingKey[];

export const isSettingKey = (text: string): text is SettingKey => Object.hasOwn(SETTINGS, text);

/** What holds where nobody said anything. */
export const CONFIG_DEFAULTS: Config = Object.fromEntries(
  SETTING_KEYS.map((key) => [key, SETTINGS[key].initial]),
) as Config;

/** Settings as an engine lists them; what it does not know, or has in another form, is the default. */
export function configOf(listed: readonly { readonly key: string; readonly value: unknown }[]): Config {
  const read = listed.flatMap(({ key, value }) => {
    const result = isSettingKey(key) ? readSetting(key, value) : undefined;
    return result?.ok === true ? [[key, result.value] as const] : [];
  });
  return { ...CONFIG_DEFAULTS, ...Object.fromEntries(read) };
}

/** @returns the value as it is kept, or a sentence that says what the setting takes. */
export function readSetting(
  key: SettingKey,
  given: unknown,
): { readonly ok: true; readonly value: ConfigValue } | { readonly ok: false; readonly sentence: string } {
  const parsed = v.safeParse<v.GenericSchema<unknown, ConfigValue>>(SETTINGS[key].schema, given);
  return parsed.success
    ? { ok: true, value: parsed.output }
    : { ok: false, sentence: parsed.issues[0].message };
}

/** The same of text that a person typed: `30`, `2 GiB`, `yes`. */
export function readSettingText(key: SettingKey, text: string): ReturnType<typeof readSetting> {
  const isNumber = SETTINGS[key].form.kind === 'number' && /^\d{1,16}(?:\.\d{1,6})?$/.test(text);
  return readSetting(key, isNumber ? Number(text) : text);
}

/** As it stands in a file: sizes with their unit. */
export function writeSetting(key: SettingKey, value: ConfigValue): ConfigValue {
  return SETTINGS[key].form.kind === 'size' && typeof value === 'number' ? formatSize(value) : value;
}

/** For a person: `2 GiB`, `14 days`, `yes`. */
export function formatSetting(key: SettingKey, value: ConfigValue): string {
  const { form } = SETTINGS[key];
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (form.kind === 'size' && typeof value === 'number') return formatSize(value);
  if (form.kind === 'number' && form.unit !== undefined)
    return `${value} ${value === 1 ? form.unit.replace(/s$/, '') : form.unit}`;
  return String(value);
}

/** Where a value comes from; each goes before those above it. */
export const CONFIG_SOURCES = [
  'default',
  'system', // /etc/merlon/merlon.yaml
  'own', // ~/.config/merlon/merlon.yaml
  'run', // flags of this run
] as const;
export type ConfigSource = (typeof CONFIG_SOURCES)[number];
