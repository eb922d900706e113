/** The host's life against a fake `electron`: window, tray, notifications, menus, and how it ends. */
import { EventEmitter } from 'node:events';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MenuItemConstructorOptions } from 'electron';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Status } from '../shared/console.ts';
import type { HostOrder } from '../shared/host.ts';
import { startEngineDouble, type EngineDouble } from './web/double.ts';

type Item = MenuItemConstructorOptions;

const fake = vi.hoisted(() => ({
  app: undefined as unknown as EventEmitter & { quits: number },
  userData: '',
  /** What the window's session was fenced with. */
  fenced: [] as string[],
  windows: [] as { options: Record<string, unknown>; loaded: string[]; emit: (name: string) => void }[],
  sent: [] as [string, unknown][],
  notes: [] as { title: string; body: string; click: () => void }[],
  tray: { image: '', tip: '', menu: [] as Item[], gone: false },
  menus: [] as Item[],
}));

vi.mock('electron', async () => {
  const { EventEmitter: Emitter } = await import('node:events');
  class Contents extends Emitter {
    mainFrame = { url: 'merlon://console/' };
    setWindowOpenHandler() {}
    isDestroyed() {
      return false;
    }
    send(channel: string, value: unknown) {
      fake.sent.push([channel, value]);
    }
  }
  class BrowserWindow extends Emitter {
    webContents = new Contents();
    options: Record<string, unknown>;
    loaded: string[] = [];
    maximised = false;
    constructor(options: Record<string, unknown>) {
      super();
      this.options = options;
      fake.windows.push(this);
    }
    loadURL(url: string) {
      this.loaded.push(url);
      return Promise.resolve();
    }
    maximize() {
      this.maximised = true;
    }
    isMaximized() {
      return this.maximised;
    }
    isMinimized() {
      return false;
    }
    getNormalBounds() {
      return { x: 10, y: 30, width: 1000, height: 700 };
    }
    show() {}
    focus() {}
  }
  class FakeApp extends Emitter {
    quits = 0;
    getPath() {
      return fake.userData;
    }
    quit() {
      this.quits += 1;
      this.emit('before-quit');
      this.emit('will-quit');
    }
  }
  fake.app = new FakeApp();
  const session = {
    setPermissionRequestHandler: () => fake.fenced.push('permissions'),
    setPermissionCheckHandler() {},
    setDevicePermissionHandler() {},
    protocol: { handle: () => fake.fenced.push('scheme') },
    webRequest: { onBeforeRequest: () => fake.fenced.push('requests') },
  };
  return {
    app: fake.app,
    BrowserWindow,
    ipcMain: { handle() {}, removeHandler() {}, on() {}, off() {} },
    protocol: { registerSchemesAsPrivileged: vi.fn() },
    screen: { getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }] },
    session: { fromPartition: () => session },
    nativeImage: { createFromPath: (path: string) => path },
    nativeTheme: Object.assign(new Emitter(), { shouldUseDarkColors: true }),
    Menu: {
      buildFromTemplate: (template: Item[]) => template,
      setApplicationMenu: (menu: Item[]) => (fake.menus = menu),
    },
    Tray: class extends Emitter {
      constructor(image: string) {
        super();
        fake.tray = { image, tip: '', menu: [], gone: false };
      }
      setImage(image: string) {
        fake.tray.image = image;
      }
      setToolTip(tip: string) {
        fake.tray.tip = tip;
      }
      setContextMenu(menu: Item[]) {
        fake.tray.menu = menu;
      }
      destroy() {
        fake.tray.gone = true;
      }
    },
    Notification: class extends Emitter {
      static isSupported() {
        return true;
      }
      given: { title: string; body: string };
      constructor(given: { title: string; body: string }) {
        super();
        this.given = given;
      }
      show() {
        fake.notes.push({ ...this.given, click: () => this.emit('click', {}) });
      }
    },
  };
});

const { startHost } = await import('./host.ts');
const { connectEngine } = await import('./engine.ts');

const status = (state: Status['helper']['state'], store: Partial<Status['store']> = {}): Status => ({
  engine: { version: '0.1.0', pid: 1, uptime_s: 1, rss_bytes: 1 },
  helper: { state, pid: null, since: 0 },
  sensor: { attached: [], refused: [], events_per_s: null, received: 0, lost: null, lost_by_type: {} },
  store: {
    path: '',
    bytes: 0,
    events: 0,
    oldest: null,
    partitions: 0,
    damaged: [],
    damaged_partitions: 0,
    ...store,
  },
  host: { kernel: '6.12', boot_id: 'b' },
});

let engine: EngineDouble;
let now: Status;
let show: (order?: HostOrder) => void;

beforeEach(async () => {
  fake.userData = mkdtempSync(join(tmpdir(), 'merlon-host-'));
  mkdirSync(join(fake.userData, 'renderer'));
  writeFileSync(join(fake.userData, 'renderer', 'index.html'), 'page');
  fake.fenced.length = fake.windows.length = fake.sent.length = fake.notes.length = 0;
  fake.app.quits = 0;
  fake.app.removeAllListeners();
  now = status('running');
  locked = false;
  paused = 'off';
  engine = await startEngineDouble(({ request, input }) => {
    if (request === 'status.get') return { ok: true, value: now };
    if (request === 'config.list') return { ok: true, value: settings() };
    if (request !== 'config.set') return { ok: true, value: {} };
    if (locked) return { ok: false, error: { code: 'refused', message: 'The administrator fixed it.' } };
    paused = String((input as { value: unknown }).value);
    engine.notify('config.changed', settings());
    return { ok: true, value: {} };
  });
  show = startHost({
    out: fake.userData,
    icons: '/icons',
    connect: () => connectEngine(engine.socket),
    address: '#/overview',
  });
  await expect.poll(() => fake.tray.tip).toBe('Merlon: Sensing');
});
afterEach(async () => {
  fake.app.emit('will-quit');
  await engine.close();
  rmSync(fake.userData, { recursive: true, force: true });
});

/** The settings that the engine has. */
let paused: string;
let locked = false;
const settings = () => ({
  settings: [{ key: 'notifications.do_not_disturb', value: paused }],
  files: [],
});

const become = async (next: Status, tip: string) => {
  engine.notify('status.changed', next);
  await expect.poll(() => fake.tray.tip).toBe(`Merlon: ${tip}`);
};
const click = (items: readonly Item[], label: string | RegExp) => {
  const item = items.find((each) =>
    typeof label === 'string' ? each.label === label : label.test(each.label ?? ''),
  );
  (item?.click as (() => void) | undefined)?.();
};
const pauseLine = () => fake.tray.menu[3]?.label;
const menu = (label: string): Item[] => fake.menus.find((each) => each.label === label)?.submenu as Item[];
const asked = () => engine.requests.map(({ request }) => request);
const close = () => {
  fake.windows[0]?.emit('close');
  fake.windows[0]?.emit('closed');
};

test('the window’s session may reach the page and nothing else', () => {
  expect(fake.fenced).toEqual(['permissions', 'scheme', 'requests']);
});

test('the first window opens at the place that was asked for', () => {
  expect(fake.windows.map(({ loaded }) => loaded)).toEqual([['merlon://console/#/overview']]);
});

test('the tray tells the state by its mark, its words and what can be done', async () => {
  expect(fake.tray.image).toBe('/icons/tray-on-dark.png');
  expect(fake.tray.menu.find(({ label }) => label === 'Start sensing')?.enabled).toBe(false);
  await become(status('restarting'), 'Not sensing: the helper starts again');
  expect(fake.tray.image).toBe('/icons/tray-gap-dark.png');
  await become(status('dismissed'), 'Not sensing: not authorised');
  expect(fake.tray.image).toBe('/icons/tray-off-dark.png');
  expect(fake.tray.menu.find(({ label }) => label === 'Start sensing')?.enabled).toBe(true);
  click(fake.tray.menu, 'Start sensing');
  await expect.poll(asked).toContain('helper.start');
});

test('closing the window leaves the tray and the engine, says so once, and keeps the place', () => {
  close();
  expect(fake.app.quits).toBe(0);
  expect(fake.tray.gone).toBe(false);
  expect(asked()).not.toContain('engine.stop');
  expect(fake.notes.map(({ title }) => title)).toEqual(['Merlon goes on']);
  expect(JSON.parse(readFileSync(join(fake.userData, 'window.json'), 'utf8'))).toEqual({
    x: 10,
    y: 30,
    width: 1000,
    height: 700,
    maximised: false,
  });
  fake.notes[0]?.click();
  expect(fake.windows).toHaveLength(2);
  expect(fake.windows[1]?.options).toMatchObject({ x: 10, y: 30, width: 1000, height: 700 });
  expect(fake.windows[1]?.loaded).toEqual(['merlon://console/']);
});

test('an order goes to the window that is open, and opens one at its place where none is', () => {
  show({ open: '#/process/x' });
  expect(fake.sent).toEqual([['console.go', { open: '#/process/x' }]]);
  close();
  show({ open: '#/process/y' });
  expect(fake.windows[1]?.loaded).toEqual(['merlon://console/#/process/y']);
});

test('Quit ends the engine, and then the host', async () => {
  click(fake.tray.menu, /^Quit/);
  await expect.poll(() => fake.app.quits).toBe(1);
  expect(asked()).toContain('engine.stop');
  expect(fake.tray.gone).toBe(true);
  close();
  expect(fake.notes).toEqual([]);
});

test('Quit without an engine ends the host', async () => {
  await engine.close();
  await expect.poll(() => fake.tray.tip).toBe('Merlon: Merlon’s engine does not answer');
  click(menu('&File'), /^Quit/);
  await expect.poll(() => fake.app.quits).toBe(1);
  engine = await startEngineDouble(() => undefined);
});

test('the end of a session ends the host and leaves the engine', () => {
  fake.app.emit('before-quit');
  close();
  expect(asked()).not.toContain('engine.stop');
  expect(fake.notes).toEqual([]);
});

test('what a person should know is a notification without markup, unless they are paused', async () => {
  await become(status('running', { problem: 'No room in <b>/tmp</b>.' }), 'Sensing; events are not stored');
  expect(fake.notes.map(({ title, body }) => [title, body])).toEqual([
    ['Events are not stored', 'No room in ‹b›/tmp‹/b›.'],
  ]);
  click(fake.tray.menu, 'Pause notifications for 1 h');
  await expect.poll(pauseLine).toMatch(/^Notify again \(paused until \d\d:\d\d\)$/);
  expect(Date.parse(paused)).toBeGreaterThan(Date.now() + 3_500_000);
  await become(status('running'), 'Sensing');
  expect(fake.notes).toHaveLength(1);
  click(fake.tray.menu, /^Notify again/);
  await expect.poll(pauseLine).toBe('Pause notifications for 1 h');
  await become(status('running', { problem: 'Again.' }), 'Sensing; events are not stored');
  expect(fake.notes).toHaveLength(2);
});

test('what the administrator fixed is said where it cannot be changed', async () => {
  locked = true;
  click(fake.tray.menu, 'Pause notifications for 1 h');
  await expect.poll(() => fake.notes.map(({ body }) => body)).toEqual(['The administrator fixed it.']);
  expect(pauseLine()).toBe('Pause notifications for 1 h');
});

test('menus give the page its own commands, show its keys and leave them to it', () => {
  click(menu('&Go'), 'Feed');
  expect(fake.sent).toEqual([['console.go', { command: 'go.feed' }]]);
  expect(menu('&Help')[0]).toMatchObject({ accelerator: 'Ctrl+K', registerAccelerator: false });
  expect(menu('&File').map(({ accelerator }) => accelerator)).toContain('Ctrl+Q');
});
