import { Menu, type MenuItemConstructorOptions } from 'electron';
import { PAGE_COMMANDS, type PageCommand } from '../shared/host.ts';

/** The native menus. Keys of the page's own commands are shown and left to the page, which rests them in text. */
export function setMenu(command: (command: PageCommand) => void, quit: () => void): void {
  const page = (name: PageCommand): MenuItemConstructorOptions => {
    const { label, keys }: { label: string; keys?: string } = PAGE_COMMANDS[name];
    const shown = keys === undefined ? {} : { accelerator: keys, registerAccelerator: false };
    return { label, ...shown, click: () => command(name) };
  };
  const line = { type: 'separator' } as const;
  const file: MenuItemConstructorOptions[] = [
    page('go.settings'),
    line,
    { role: 'close', label: 'Close window', accelerator: 'Ctrl+W' },
    { label: 'Quit (ends sensing)', accelerator: 'Ctrl+Q', click: quit },
  ];
  const view = (['reload', 'resetZoom', 'zoomIn', 'zoomOut', 'togglefullscreen'] as const).map((role) => ({
    role,
  }));
  const go = (['go.overview', 'go.feed', 'go.processes', 'go.back', 'go.forward'] as const).map(page);
  const help = (['help.commands', 'help.keys'] as const).map(page);
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      { label: '&File', submenu: file },
      { label: '&Edit', role: 'editMenu' },
      { label: '&View', submenu: view },
      { label: '&Go', submenu: go },
      { label: '&Help', submenu: help },
    ]),
  );
}
