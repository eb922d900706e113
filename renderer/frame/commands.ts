import type { Command } from '../state/commands.svelte.ts';
import { chooseSingleLetterKeys, singleLetterKeys } from '../state/keyboard.svelte.ts';
import { help, palette } from '../state/palette.svelte.ts';
import { hrefOf, router, type Route } from '../state/route.svelte.ts';
import { theme, THEMES } from '../state/theme.svelte.ts';
import { toasts } from '../state/toasts.svelte.ts';
import { copyText } from '../ui/copy.ts';
import { nextRegion } from './regions.ts';
import type { RailItem } from './screens.ts';

/** Pages that the rail shows as part of another. */
const PAGES: readonly { title: string; keys: string; words: string; to: Route }[] = [
  {
    title: 'Health',
    keys: 'g h',
    words: 'protection cost cpu memory canaries blind',
    to: { screen: 'health' },
  },
  { title: 'BPF', keys: 'g b', words: 'protection programs maps inventory ebpf', to: { screen: 'bpf' } },
];

/** What the console does on every screen. */
export function frameCommands(items: readonly RailItem[]): readonly Command[] {
  return [
    ...items.map(({ label, keys, to }) => ({
      id: `go.${to.screen}`,
      title: label,
      group: 'Go to',
      keys,
      run: () => router.go(router.lastOf(to)),
    })),
    ...PAGES.map(({ title, keys, to, words }) => ({
      id: `go.${to.screen}`,
      title,
      group: 'Go to',
      keys,
      words,
      run: () => router.go(router.lastOf(to)),
    })),
    {
      id: 'help.commands',
      title: 'Commands',
      group: 'Help',
      keys: 'Ctrl+K',
      run: () => palette.toggle(),
    },
    {
      id: 'help.keys',
      title: 'Keys',
      group: 'Help',
      keys: '? | F1',
      words: 'shortcuts keyboard help',
      run: () => help.toggle(),
    },
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
      id: 'go.next-region',
      title: 'Next region of the page',
      group: 'Go to',
      keys: 'F6',
      run: () => nextRegion(1),
    },
    {
      id: 'go.previous-region',
      title: 'Previous region of the page',
      group: 'Go to',
      keys: 'Shift+F6',
      run: () => nextRegion(-1),
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
    {
      id: 'view.single-letter-keys',
      title: 'Keys without Ctrl or Alt: on or off',
      group: 'View',
      words: 'single letter shortcuts',
      run: toggleSingleLetterKeys,
    },
  ];
}

async function copyLink(): Promise<void> {
  const link = new URL(hrefOf(router.current), location.href).href;
  if (await copyText(link)) toasts.say({ text: 'The link to this view is on the clipboard.' });
  else toasts.fail('The clipboard refused the link. Copy it from the address bar.');
}

function toggleSingleLetterKeys(): void {
  const on = !singleLetterKeys.value;
  chooseSingleLetterKeys(on);
  toasts.say({
    text: on
      ? 'Keys without Ctrl or Alt act again.'
      : 'Keys without Ctrl or Alt rest. Ctrl+K has every command.',
    undo: () => chooseSingleLetterKeys(!on),
  });
}
