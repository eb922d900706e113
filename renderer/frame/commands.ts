import type { Command } from '../state/commands.svelte.ts';
import { router } from '../state/route.svelte.ts';
import { theme, THEMES } from '../state/theme.svelte.ts';
import { toasts } from '../state/toasts.svelte.ts';
import { copyText } from '../ui/copy.ts';
import type { RailItem } from './screens.ts';

/** What the console does on every screen. */
export function frameCommands(items: readonly RailItem[]): readonly Command[] {
  return [
    ...items.map(({ label, keys, to }) => ({
      id: `go.${to.screen}`,
      title: label,
      group: 'Go to',
      keys,
      run: () => router.go(to),
    })),
    {
      id: 'go.back',
      title: 'Back',
      group: 'Go to',
      keys: 'Alt+ArrowLeft',
      enabled: () => router.canGoBack,
      run: () => router.back(),
    },
    {
      id: 'go.forward',
      title: 'Forward',
      group: 'Go to',
      keys: 'Alt+ArrowRight',
      enabled: () => router.canGoForward,
      run: () => router.forward(),
    },
    {
      id: 'view.copy-link',
      title: 'Copy link to this view',
      group: 'View',
      words: 'address url share',
      run: () => void copyLink(),
    },
    ...THEMES.map((name) => ({
      id: `view.theme-${name}`,
      title: `Theme: ${name}`,
      group: 'View',
      words: 'colour color appearance mode',
      enabled: () => theme.chosen !== name,
      run: () => theme.choose(name),
    })),
    {
      id: 'undo',
      title: 'Undo',
      group: 'View',
      keys: 'z',
      enabled: () => toasts.undoable !== undefined,
      run: () => toasts.undoable && toasts.undo(toasts.undoable.id),
    },
  ];
}

async function copyLink(): Promise<void> {
  if (await copyText(location.href)) toasts.say({ text: 'The link to this view is on the clipboard.' });
  else toasts.fail('The clipboard refused the link. Copy it from the address bar.');
}
