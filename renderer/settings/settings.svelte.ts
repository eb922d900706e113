import {
  CONFIG_GROUPS,
  formatSetting,
  SETTING_KEYS,
  SETTINGS,
  type ConfigGroup,
  type ConfigValue,
  type SettingKey,
} from '../../shared/config.ts';
import type { ConfigState } from '../state/config.svelte.ts';
import { toasts, type Toasts } from '../state/toasts.svelte.ts';
import { dayAndMinute } from '../ui/units.ts';

/** The parts of the page, in the order of its list. */
export const SECTIONS = [
  ...CONFIG_GROUPS.map(({ id, title }) => ({ id: id === 'retention' ? 'data' : id, title })),
  { id: 'diagnostics', title: 'Diagnostics' },
  { id: 'about', title: 'About' },
] as const;
export type Section = (typeof SECTIONS)[number]['id'];

export const sectionOf = (name: string | undefined): Section =>
  SECTIONS.find(({ id }) => id === name)?.id ?? SECTIONS[0].id;

export const groupOf = (section: Section): ConfigGroup | undefined =>
  CONFIG_GROUPS.find(({ id }) => id === (section === 'data' ? 'retention' : section))?.id;

export const keysOf = (group: ConfigGroup): readonly SettingKey[] =>
  SETTING_KEYS.filter((key) => SETTINGS[key].group === group);

/** What a person does on the page of settings. */
export class SettingsState {
  /** What is searched for. */
  query = $state('');
  /** Why the last change of a setting was refused, a sentence. */
  problems = $state.raw<ReadonlyMap<SettingKey, string>>(new Map());
  /** By the search, in the page's order; undefined while nothing is searched for. */
  readonly found: readonly SettingKey[] | undefined = $derived(find(this.query));

  readonly #config: ConfigState;
  readonly #toasts: Pick<Toasts, 'say'>;

  constructor(config: ConfigState, said: Pick<Toasts, 'say'> = toasts) {
    this.#config = config;
    this.#toasts = said;
  }

  /** Changes it at once, and offers the way back. */
  async change(key: SettingKey, value: ConfigValue): Promise<void> {
    const before = this.#config.entries.get(key);
    if (before === undefined || before.value === value) return this.#refuse(key, undefined);
    const refused = await this.#config.set(key, value);
    this.#refuse(key, refused);
    if (refused === undefined) this.#say(key, value, before);
  }

  async reset(key: SettingKey): Promise<void> {
    const before = this.#config.entries.get(key);
    const refused = await this.#config.reset(key);
    this.#refuse(key, refused);
    const now = this.#config.entries.get(key)?.value;
    if (refused === undefined && before !== undefined && now !== undefined) this.#say(key, now, before);
  }

  /** Shows, or takes away, why something that was typed is none. */
  #refuse(key: SettingKey, sentence: string | undefined): void {
    const next = new Map(this.problems);
    if (sentence === undefined) next.delete(key);
    else next.set(key, sentence);
    this.problems = next;
  }

  /** What was typed and cannot be a value of it. */
  refuse(key: SettingKey, sentence: string | undefined): void {
    if (this.problems.get(key) !== sentence) this.#refuse(key, sentence);
  }

  #say(
    key: SettingKey,
    now: ConfigValue,
    before: { readonly value: ConfigValue; readonly source: string },
  ): void {
    const undo = async () => {
      const back = before.source === 'own' ? this.#config.set(key, before.value) : this.#config.reset(key);
      this.#refuse(key, await back);
    };
    this.#toasts.say({ text: `${SETTINGS[key].title}: ${words(key, now)}.`, undo: () => void undo() });
  }
}

/** As its control says it. */
export function words(key: SettingKey, value: ConfigValue): string {
  const { form } = SETTINGS[key];
  if (form.kind === 'choice')
    return form.choices.find((choice) => choice.value === value)?.label.toLowerCase() ?? '';
  const until = form.kind === 'pause' ? Date.parse(String(value)) : NaN;
  if (!Number.isNaN(until)) return `until ${dayAndMinute(until, Date.now())}`;
  if (form.kind === 'switch') return value === true ? 'on' : 'off';
  return formatSetting(key, value);
}

/** Every word has to be in the title, the sentence, the key or the group. */
function find(query: string): readonly SettingKey[] | undefined {
  const wanted = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return undefined;
  return SETTING_KEYS.filter((key) => {
    const { title, about, group, form } = SETTINGS[key];
    const choices = form.kind === 'choice' ? form.choices.map(({ label }) => label) : [];
    const heap = [key, title, about, CONFIG_GROUPS.find(({ id }) => id === group)?.title, ...choices]
      .join(' ')
      .toLowerCase();
    return wanted.every((word) => heap.includes(word));
  });
}
