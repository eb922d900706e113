import { join } from 'node:path';
import { Menu, Tray, nativeImage, nativeTheme } from 'electron';
import { quietLine, type Told } from './news.ts';

export interface TrayVerbs {
  readonly open: () => void;
  readonly sense: () => void;
  /** Hold notifications back for an hour, or not any more. */
  readonly pause: (paused: boolean) => void;
  readonly quit: () => void;
}
export type TrayState = Pick<Told, 'mark' | 'words' | 'quiet'>;

/** The mark in the system's tray, and its quick actions. @param icons folder of tray-MARK-THEME.png. */
export function openTray(icons: string, verbs: TrayVerbs): { show(state: TrayState): void; end(): void } {
  let state: TrayState = { mark: 'off', words: 'Merlon is starting' };
  const image = () => {
    const theme = nativeTheme.shouldUseDarkColors ? 'dark' : 'light';
    return nativeImage.createFromPath(join(icons, `tray-${state.mark}-${theme}.png`));
  };
  const tray = new Tray(image());
  const draw = () => {
    const { mark, words, quiet } = state;
    const { label, pauses } = quietLine(quiet);
    tray.setImage(image());
    tray.setToolTip(`Merlon: ${words}`);
    tray.setContextMenu(
      Menu.buildFromTemplate([
        { label: words, enabled: false },
        { type: 'separator' },
        { label: 'Open', click: verbs.open },
        { label, enabled: pauses !== undefined, click: () => verbs.pause(pauses === true) },
        { label: 'Start sensing', enabled: mark === 'off', click: verbs.sense },
        { type: 'separator' },
        { label: 'Quit (ends sensing)', click: verbs.quit },
      ]),
    );
  };
  tray.on('click', verbs.open);
  nativeTheme.on('updated', draw);
  draw();
  return {
    show: (next) => {
      // An open menu closes when it is replaced: only for a reason.
      const same = next.words === state.words && next.mark === state.mark;
      if (same && quietLine(next.quiet).label === quietLine(state.quiet).label) return;
      state = next;
      draw();
    },
    end: () => {
      nativeTheme.off('updated', draw);
      tray.destroy();
    },
  };
}
