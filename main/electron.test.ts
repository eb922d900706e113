/** The Electron host against a fake `electron`: what the window is opened with, and whose calls are answered. */
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NOTICE_NAMES, REQUEST_NAMES } from '../shared/console.ts';
import { connectEngine } from './engine.ts';
import type { PageRelay } from './ipc.ts';
import { startEngineDouble, type EngineDouble } from './web/double.ts';

const fake = vi.hoisted(() => ({
  handlers: new Map<string, (event: unknown, input: unknown) => Promise<unknown>>(),
  listeners: new Map<string, (event: unknown) => void>(),
  windows: [] as { options: Record<string, unknown>; contents: unknown; loaded: string[] }[],
  makeContents: (): unknown => undefined,
}));

vi.mock('electron', () => ({
  ipcMain: {
    handle: (name: string, handler: (event: unknown, input: unknown) => Promise<unknown>) =>
      fake.handlers.set(name, handler),
    removeHandler: (name: string) => fake.handlers.delete(name),
    on: (name: string, listener: (event: unknown) => void) => fake.listeners.set(name, listener),
    off: (name: string) => fake.listeners.delete(name),
  },
  protocol: { registerSchemesAsPrivileged: vi.fn() },
  screen: { getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }] },
  BrowserWindow: class {
    webContents = fake.makeContents();
    loaded: string[] = [];
    constructor(options: Record<string, unknown>) {
      fake.windows.push({ options, contents: this.webContents, loaded: this.loaded });
    }
    once() {}
    on() {}
    maximize() {}
    loadURL(url: string) {
      this.loaded.push(url);
      return Promise.resolve();
    }
  },
}));

const { relayWindow, TAKEN, CLOSED } = await import('./ipc.ts');
const { MAX_NOTICES_WAITING } = await import('./page-link.ts');
const { openWindow, denyPermissions } = await import('./window.ts');
const { servePage, PAGE_URL } = await import('./scheme.ts');

class FakeContents extends EventEmitter {
  mainFrame = { url: PAGE_URL };
  sent: [string, unknown][] = [];
  openHandler: (() => { action: string }) | undefined;
  setWindowOpenHandler(handler: () => { action: string }) {
    this.openHandler = handler;
  }
  isDestroyed() {
    return false;
  }
  send(channel: string, value: unknown) {
    this.sent.push([channel, value]);
  }
}

let engine: EngineDouble;
let page: FakeContents;
let relay: PageRelay;
let links: Awaited<ReturnType<typeof connectEngine>>[];

beforeEach(async () => {
  fake.handlers.clear();
  fake.windows.length = 0;
  fake.makeContents = () => new FakeContents();
  engine = await startEngineDouble((request) => ({ ok: true, value: { echo: request.request } }));
  page = new FakeContents();
  links = [];
  // The relay wants Electron's WebContents; the fake has the members that it uses.
  relay = relayWindow(page as never, async () => {
    const link = await connectEngine(engine.socket);
    links.push(link);
    return link;
  });
});
afterEach(async () => {
  relay.end();
  await engine.close();
});

const open = (address?: string) =>
  openWindow({
    session: {} as never,
    preload: '/preload.cjs',
    placeFile: '/nonexistent/window.json',
    icon: '/icon.png',
    address,
  });
const ours = () => ({ sender: page, senderFrame: page.mainFrame });
const call = (name: string, input: unknown, event: unknown = ours()) =>
  fake.handlers.get(name)?.(event, input);

test('the window is sandboxed, isolated and without Node', () => {
  open();
  const [made] = fake.windows;
  expect(made?.options['webPreferences']).toMatchObject({
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    webviewTag: false,
    webSecurity: true,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    allowRunningInsecureContent: false,
    preload: '/preload.cjs',
  });
  expect(made?.loaded).toEqual(['merlon://console/']);
});

test('a window opens at the place that it is asked for', () => {
  open('#/process/8a79-1-2');
  expect(fake.windows[0]?.loaded).toEqual(['merlon://console/#/process/8a79-1-2']);
});

test('a redirect and an embedded page are prevented', () => {
  const contents = new FakeContents();
  fake.makeContents = () => contents;
  open();
  for (const what of ['will-redirect', 'will-attach-webview']) {
    const preventDefault = vi.fn();
    contents.emit(what, { preventDefault });
    expect(preventDefault).toHaveBeenCalledOnce();
  }
});

test.each([
  ['https://evil.example/', true],
  ['file:///etc/passwd', true],
  ['merlon://elsewhere/', true],
  ['merlon://console/', false],
])('navigating to %s is prevented: %s', (url, prevented) => {
  const contents = new FakeContents();
  fake.makeContents = () => contents;
  open();
  const preventDefault = vi.fn();
  contents.emit('will-navigate', { url, preventDefault });
  expect(preventDefault.mock.calls.length > 0).toBe(prevented);
});

test('no second window opens', () => {
  const contents = new FakeContents();
  fake.makeContents = () => contents;
  open();
  expect(contents.openHandler?.()).toEqual({ action: 'deny' });
});

test('every permission is refused', () => {
  type Ask = (contents: unknown, permission: string, answer: (granted: boolean) => void) => void;
  const verdicts: boolean[] = [];
  const check = (given: () => boolean) => void verdicts.push(given());
  denyPermissions({
    setPermissionRequestHandler: (ask: Ask) =>
      ask(undefined, 'camera', (granted) => void verdicts.push(granted)),
    setPermissionCheckHandler: check,
    setDevicePermissionHandler: check,
  } as never);
  expect(verdicts).toEqual([false, false, false]);
});

test('the scheme serves the page with its policy, and nothing else leaves the window', async () => {
  let handle: ((request: Request) => Response) | undefined;
  let before:
    ((details: { url: string }, answer: (verdict: { cancel: boolean }) => void) => void) | undefined;
  servePage(
    {
      protocol: { handle: (_scheme: string, given: typeof handle) => (handle = given) },
      webRequest: { onBeforeRequest: (given: typeof before) => (before = given) },
    } as never,
    new Map([['/', { type: 'text/html', body: Buffer.from('page') }]]),
  );
  const served = handle?.({ url: PAGE_URL } as Request);
  expect(await served?.text()).toBe('page');
  expect(served?.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(handle?.({ url: 'merlon://console/../../etc/passwd' } as Request).status).toBe(404);
  const verdicts = ['https://evil.example/', 'file:///etc/passwd', PAGE_URL].map((url) => {
    let cancelled: boolean | undefined;
    before?.({ url }, ({ cancel }) => (cancelled = cancel));
    return cancelled;
  });
  expect(verdicts).toEqual([true, true, false]);
});

test('every request of the contract is offered, except those of web faces', () => {
  const offered = [...fake.handlers.keys()].sort();
  expect(offered).toEqual(REQUEST_NAMES.filter((name) => !name.startsWith('console.')).sort());
});

test('the page’s own call reaches the engine', async () => {
  expect(await call('status.get', {})).toEqual({ ok: true, value: { echo: 'status.get' } });
});

test.each([
  ['another window', { sender: new FakeContents(), senderFrame: { url: PAGE_URL } }],
  ['another window that names our frame', { sender: new FakeContents() }],
  ['an embedded frame', { frame: 'child' }],
  ['a frame that is gone', { senderFrame: null }],
  ['the main frame at a foreign address', { url: 'https://evil.example/' }],
])('a call from %s is refused and does not reach the engine', async (_who, difference) => {
  const event: Record<string, unknown> = { ...ours(), ...difference };
  if ('frame' in difference) event['senderFrame'] = { url: PAGE_URL };
  if ('url' in difference) page.mainFrame.url = 'https://evil.example/';
  expect(await call('status.get', {}, event)).toMatchObject({ ok: false, error: { code: 'bad_request' } });
  expect(engine.requests).toEqual([]);
});

test('malformed input is refused before it leaves the process', async () => {
  expect(await call('events.page', { query: 1 })).toMatchObject({
    ok: false,
    error: { code: 'bad_request' },
  });
  expect(engine.requests).toEqual([]);
});

test('without an engine the page is told how to start it', async () => {
  await engine.close();
  expect(await call('status.get', {})).toMatchObject({ ok: false, error: { code: 'disconnected' } });
  engine = await startEngineDouble(() => undefined);
});

test('notices arrive, and the end of the engine too', async () => {
  await call('status.get', {});
  const told = NOTICE_NAMES.filter((name) => name !== 'console.go');
  for (const name of NOTICE_NAMES) engine.notify(name, { name });
  await expect.poll(() => page.sent).toEqual(told.map((name) => [name, { name }]));
  await engine.close();
  await expect.poll(() => page.sent.at(-1)?.[0]).toBe(CLOSED);
  engine = await startEngineDouble(() => undefined);
});

test('a page that takes nothing stops the reading from the engine until it does', async () => {
  await call('status.get', {});
  const pause = vi.spyOn(links[0]!, 'pause');
  const resume = vi.spyOn(links[0]!, 'resume');
  for (let n = 0; n < MAX_NOTICES_WAITING; n += 1) engine.notify('status.changed', n);
  await expect.poll(() => pause.mock.calls.length).toBe(1);
  for (let n = 0; n < MAX_NOTICES_WAITING; n += 1) fake.listeners.get(TAKEN)?.(ours());
  await expect.poll(() => resume.mock.calls.length).toBe(1);
});

test('an order of the host reaches the page, and no order of the engine does', async () => {
  await call('status.get', {});
  relay.go({ command: 'go.feed' });
  engine.notify('console.go', { command: 'go.settings' });
  engine.notify('status.changed', 1);
  await expect.poll(() => page.sent.map(([, value]) => value)).toEqual([{ command: 'go.feed' }, 1]);
});

test('what another page says it took does not count', async () => {
  await call('status.get', {});
  const pause = vi.spyOn(links[0]!, 'pause');
  const resume = vi.spyOn(links[0]!, 'resume');
  for (let n = 0; n < MAX_NOTICES_WAITING; n += 1) engine.notify('status.changed', n);
  await expect.poll(() => pause.mock.calls.length).toBe(1);
  const other = { sender: new FakeContents(), senderFrame: page.mainFrame };
  for (let n = 0; n < MAX_NOTICES_WAITING; n += 1) fake.listeners.get(TAKEN)?.(other);
  await new Promise((turn) => setImmediate(turn)); // resuming would have come by now
  expect(resume).not.toHaveBeenCalled();
});

test('a page that loads anew gets a connection of its own', async () => {
  await call('status.get', {});
  page.emit('did-start-navigation', { isMainFrame: true, isSameDocument: false });
  await expect.poll(() => engine.connections()).toBe(0);
  await call('status.get', {});
  expect(engine.connections()).toBe(1);
});
