import * as v from 'valibot';
import { kept } from './kept.svelte.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** Light, dark, or as the system has it; kept in this browser. */
class ThemeState {
  readonly #kept = kept<v.GenericSchema<Theme>>('theme', v.picklist(THEMES), 'system');

  constructor() {
    this.#apply();
  }

  get chosen(): Theme {
    return this.#kept.value;
  }

  /** A person chose it here: it is to become a setting. */
  onchoose: (theme: Theme) => void = () => {};

  choose(theme: Theme): void {
    this.follow(theme);
    this.onchoose(theme);
  }

  /** As the settings have it; kept in this browser until they are known. */
  follow(theme: Theme): void {
    this.#kept.value = theme;
    this.#apply();
  }

  next(): void {
    this.choose(THEMES[(THEMES.indexOf(this.chosen) + 1) % THEMES.length] ?? 'system');
  }

  #apply(): void {
    const root = globalThis.document?.documentElement;
    if (root === undefined) return;
    if (this.chosen === 'system') delete root.dataset['theme'];
    else root.dataset['theme'] = this.chosen;
  }
}

export const theme = new ThemeState();
