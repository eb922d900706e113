import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { connectEngine } from '../engine.ts';
import { startEngineDouble, type EngineDouble } from './double.ts';
import { MAX_WAITING_BYTES, relay } from './relay.ts';

let engine: EngineDouble;
let server: WebSocketServer;
let page: WebSocket;
let hostSide: WebSocket;

beforeEach(async () => {
  engine = await startEngineDouble(() => undefined);
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  const joined = new Promise<void>((resolve) => {
    server.on('connection', (socket) => {
      hostSide = socket;
      void connectEngine(engine.socket).then((link) => {
        relay(socket, link);
        resolve();
      });
    });
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  page = new WebSocket(`ws://127.0.0.1:${address.port}`);
  await new Promise((resolve) => page.once('open', resolve));
  await joined;
});
afterEach(async () => {
  page.terminate();
  server.close();
  await engine.close();
});

const tiny = (id: number) => `{"id":${id},"request":"status.get","input":{}}`;

test('a million tiny requests arrive, in order, and nothing ends', { timeout: 60_000 }, async () => {
  const count = 1_000_000;
  for (let id = 1; id <= count; id += 1) {
    page.send(tiny(id));
    if (id % 20_000 === 0) await new Promise((resolve) => page.send(tiny(id), resolve));
  }
  await expect.poll(() => engine.requests.length, { timeout: 50_000 }).toBe(count + count / 20_000);
  expect(engine.requests[12_344]?.id).toBe(12_345);
  expect(page.readyState).toBe(WebSocket.OPEN);
});

test('an engine that does not read stops the reading from the page', async () => {
  await expect.poll(() => engine.connections()).toBe(1);
  engine.stall(true);
  for (let id = 1; id <= 200; id += 1) {
    page.send(JSON.stringify({ id, request: 'events.page', input: { query: 'x'.repeat(100_000) } }));
  }
  await expect.poll(() => hostSide.isPaused).toBe(true);
  engine.stall(false);
  await expect.poll(() => engine.requests.length, { timeout: 10_000 }).toBe(200);
  expect(hostSide.isPaused).toBe(false);
});

test('a page that does not read stops the reading from the engine, and misses nothing', async () => {
  await expect.poll(() => engine.connections()).toBe(1);
  page.pause();
  const value = 'x'.repeat(1 << 20);
  let arrived = 0;
  page.on('message', () => (arrived += 1));
  for (let n = 0; n < 40; n += 1) engine.notify('events.live', value);
  // What waits in this process stays near its bound, whatever the engine has to say.
  await expect.poll(() => hostSide.bufferedAmount).toBeGreaterThan(1 << 20);
  for (let look = 0; look < 20; look += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    expect(hostSide.bufferedAmount).toBeLessThan(MAX_WAITING_BYTES + (2 << 20));
  }
  page.resume();
  await expect.poll(() => arrived, { timeout: 10_000 }).toBe(40);
});
