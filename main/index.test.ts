/** Electron's entry against a fake: one instance, and what a second start hands over. */
import { beforeEach, expect, test, vi } from 'vitest';

interface Fake {
  isFirst: boolean;
  handed: unknown;
  quits: number;
  sandboxed: boolean;
  readonly listeners: Map<string, (...given: unknown[]) => void>;
  readonly started: { address: unknown }[];
  readonly shown: unknown[];
}
const fake = vi.hoisted((): Fake => ({
  isFirst: true,
  handed: undefined,
  quits: 0,
  sandboxed: false,
  listeners: new Map(),
  started: [],
  shown: [],
}));

vi.mock('electron', () => ({
  app: {
    requestSingleInstanceLock: (data: unknown) => {
      fake.handed = data;
      return fake.isFirst;
    },
    enableSandbox: () => (fake.sandboxed = true),
    on: (name: string, listener: (...given: unknown[]) => void) => fake.listeners.set(name, listener),
    whenReady: () => Promise.resolve(),
    getAppPath: () => '/app',
    quit: () => (fake.quits += 1),
  },
}));
vi.mock('./scheme.ts', () => ({ registerScheme: vi.fn() }));
vi.mock('./window.ts', () => ({ confine: (contents: { confined: boolean }) => (contents.confined = true) }));
vi.mock('./host.ts', () => ({
  startHost: (options: { address: unknown }) => {
    fake.started.push(options);
    return (order: unknown) => fake.shown.push(order);
  },
}));

beforeEach(() => {
  vi.resetModules();
  fake.listeners.clear();
  fake.started.length = fake.shown.length = fake.quits = 0;
  fake.sandboxed = false;
});

async function start(isFirst: boolean, ...argv: string[]): Promise<void> {
  fake.isFirst = isFirst;
  const before = process.argv;
  process.argv = ['electron', '/app', ...argv];
  await import('./index.ts');
  process.argv = before;
}

test('the first start is sandboxed and opens at the place that its command line names', async () => {
  await start(true, '--open', '#/feed');
  expect(fake.sandboxed).toBe(true);
  expect(fake.started).toMatchObject([{ address: '#/feed' }]);
});

test('a second start hands its place over and ends', async () => {
  await start(false, '--open', '#/feed');
  expect(fake.handed).toEqual({ open: '#/feed' });
  expect([fake.quits, fake.started]).toEqual([1, []]);
});

test.each([
  [{ open: '#/process/x' }, [], { open: '#/process/x' }],
  [undefined, ['--open=#/feed'], { open: '#/feed' }],
  [{ open: 'https://evil.example/' }, ['--open', 'file:///etc/passwd'], undefined],
  [{ open: { toString: 'x' } }, [], undefined],
  ['text', [], undefined],
])('what a second start hands over (%j, %j) shows %j', async (handed, argv, order) => {
  await start(true);
  await vi.waitFor(() => expect(fake.started).toHaveLength(1));
  fake.listeners.get('second-instance')?.({}, argv, '/', handed);
  expect(fake.shown).toEqual([order]);
});

test('every page is confined, and the last window closed ends nothing', async () => {
  await start(true);
  const contents = { confined: false };
  fake.listeners.get('web-contents-created')?.({}, contents);
  expect(contents.confined).toBe(true);
  expect(fake.listeners.has('window-all-closed')).toBe(true);
  fake.listeners.get('window-all-closed')?.();
  expect(fake.quits).toBe(0);
});
