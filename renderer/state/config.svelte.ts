import {
  CONFIG_DEFAULTS,
  type ConfigValue,
  type SettingKey,
  type SettingValue,
} from '../../shared/config.ts';
import type { ConfigEntry, ConfigFile, ConfigList, Console } from '../../shared/console.ts';
import { singleLetterChoice, singleLetterKeys } from './keyboard.svelte.ts';
import { theme } from './theme.svelte.ts';
import { toasts } from './toasts.svelte.ts';

/** Every setting as the engine has it; what the faces themselves go by follows at once. */
export class ConfigState {
  /** undefined until the engine has said. */
  list = $state.raw<ConfigList | undefined>();
  readonly entries: ReadonlyMap<SettingKey, ConfigEntry> = $derived(
    new Map(this.list?.settings.map((entry) => [entry.key, entry])),
  );
  readonly files: readonly ConfigFile[] = $derived(this.list?.files ?? []);
  #api: Console | undefined;
  #choosing = 0;

  /** Follows this connection until it ends. */
  async follow(api: Console): Promise<void> {
    this.#api = api;
    theme.onchoose = (chosen) => void this.#choose(chosen);
    singleLetterChoice.told = (on) => void this.set('console.single_letter_keys', on);
    api.on('config.changed', (list) => this.#take(list));
    const reply = await api.request('config.list', {});
    if (reply.ok) this.#take(reply.value);
  }

  value<K extends SettingKey>(key: K): SettingValue<K> {
    const value = this.entries.get(key)?.value ?? CONFIG_DEFAULTS[key];
    return value; // the engine read it by the same schema
  }

  /** @returns why it was not changed, a sentence; undefined where it was. */
  async set(key: SettingKey, value: ConfigValue): Promise<string | undefined> {
    const reply = await this.#api?.request('config.set', { key, value });
    return said(reply);
  }

  /** Takes the user's own word back. */
  async reset(key: SettingKey): Promise<string | undefined> {
    const reply = await this.#api?.request('config.reset', { key });
    return said(reply);
  }

  /** Somebody may choose again before the engine has heard of the first: its word waits until nothing is under way. */
  async #choose(chosen: SettingValue<'console.theme'>): Promise<void> {
    this.#choosing += 1;
    const refused = await this.set('console.theme', chosen);
    this.#choosing -= 1;
    if (refused !== undefined) toasts.fail(refused);
    this.#followTheme();
  }

  #followTheme(): void {
    if (this.#choosing === 0) theme.follow(this.value('console.theme'));
  }

  #take(list: ConfigList): void {
    this.list = list;
    this.#followTheme();
    singleLetterKeys.value = this.value('console.single_letter_keys');
  }
}

function said(
  reply:
    { readonly ok: true } | { readonly ok: false; readonly error: { readonly message: string } } | undefined,
) {
  if (reply === undefined) return 'Merlon’s engine does not answer; nothing was changed.';
  return reply.ok ? undefined : reply.error.message;
}
