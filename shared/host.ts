/** What a native host (the Electron window) tells its page to do: a closed list, so that no menu sends free text. */
import * as v from 'valibot';

/**
 * Entries of the native menus that are the page's to carry out. `keys` is how the page itself writes its keys
 * (renderer/state/keys.ts) where Electron calls them the same: shown in the menu, and left to the page.
 */
export const PAGE_COMMANDS = {
  'go.overview': { label: 'Overview' },
  'go.feed': { label: 'Feed' },
  'go.processes': { label: 'Processes' },
  'go.settings': { label: 'Settings', keys: 'Ctrl+,' },
  'go.back': { label: 'Back', keys: 'Alt+Left' },
  'go.forward': { label: 'Forward', keys: 'Alt+Right' },
  'help.commands': { label: 'Commands…', keys: 'Ctrl+K' },
  'help.keys': { label: 'Keys', keys: 'F1' },
} as const satisfies Record<string, { readonly label: string; readonly keys?: string }>;

export type PageCommand = keyof typeof PAGE_COMMANDS;

export type HostOrder =
  | { readonly command: PageCommand }
  /** The address of a place within the page, such as `#/process/…`; the page looks whether it is one. */
  | { readonly open: string };

/** Only what an address within the page is made of; `hrefOf` writes everything else in per cent. */
const address = v.pipe(v.string(), v.maxLength(8192), v.regex(/^#\/[\w\-.~%!$&'()*+,;=:@/?]*$/));

/** @returns undefined where the text cannot be the address of a place in the console. Anybody may have given it. */
export function parseAddress(text: unknown): string | undefined {
  const parsed = v.safeParse(address, text);
  return parsed.success ? parsed.output : undefined;
}

/** The place in the console that a command line asks for (`--open '#/process/…'`); undefined where it asks for none. */
export function openedBy(argv: readonly string[]): string | undefined {
  const at = argv.findIndex((word) => word === '--open' || word.startsWith('--open='));
  return at < 0 ? undefined : parseAddress(argv[at]?.slice('--open='.length) || argv[at + 1]);
}
