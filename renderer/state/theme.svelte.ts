export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'merlon.theme';

/** Light, dark, or as the system has it; kept in this browser. */
class ThemeState {
  chosen = $state<Theme>(kept());

  constructor() {
    this.#apply();
  }

  next(): void {
    this.chosen = THEMES[(THEMES.indexOf(this.chosen) + 1) % THEMES.length] ?? 'system';
    localStorage.setItem(KEY, this.chosen);
    this.#apply();
  }

  #apply(): void {
    if (this.chosen === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = this.chosen;
  }
}

function kept(): Theme {
  const text = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === text) ?? 'system';
}

export const theme = new ThemeState();
