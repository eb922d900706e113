import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { connectEngine } from '../engine.ts';
import type { PageFile } from '../files.ts';
import { startEngineDouble, type EngineDouble } from './double.ts';
import { serveWebFace, type WebFace } from './serve.ts';

const files = new Map<string, PageFile>([
  [
    '/',
    {
      type: 'text/html; charset=utf-8',
      body: Buffer.from('<p>console</p><script type="module" src="./assets/a.js"></script>'),
    },
  ],
  ['/assets/a.js', { type: 'text/javascript; charset=utf-8', body: Buffer.from('1') }],
]);

let engine: EngineDouble;
let face: WebFace;
let tokens: Set<string>;

const serve = () =>
  serveWebFace({
    port: 0,
    files,
    redeem: (token) => Promise.resolve(tokens.delete(token)),
    connect: () => connectEngine(engine.socket),
  });

beforeEach(async () => {
  tokens = new Set(['good']);
  engine = await startEngineDouble((request) => ({ ok: true, value: { echo: request.request } }));
  face = await serve();
});
afterEach(async () => {
  await face.close();
  await engine.close();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The path goes out as it is written: `fetch` would tidy it first. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port: face.port,
        path,
        method,
        headers: { host: `127.0.0.1:${face.port}`, ...headers },
      },
      (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      },
    );
    request.on('error', reject);
    request.end();
  });
}

async function signIn(): Promise<string> {
  tokens.add('mine');
  const { headers } = await get('/?token=mine');
  return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}

const origin = () => `http://127.0.0.1:${face.port}`;

function openSocket(headers: Record<string, string>, path = '/ws'): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${face.port}${path}`, { headers });
}

/** Why the upgrade was refused: its status. */
function refusal(headers: Record<string, string>, path?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = openSocket(headers, path);
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0);
      socket.terminate();
    });
    socket.on('error', () => undefined);
    socket.on('open', () => reject(new Error('it was let in')));
  });
}

async function openPage(): Promise<WebSocket> {
  const page = openSocket({ origin: origin(), cookie: await signIn() });
  await new Promise((resolve, reject) => page.once('open', resolve).once('error', reject));
  return page;
}

const closeCode = (page: WebSocket): Promise<number> => new Promise((resolve) => page.once('close', resolve));
const message = (page: WebSocket): Promise<string> =>
  new Promise((resolve) => page.once('message', (data: Buffer) => resolve(data.toString())));

test('a token becomes a strict cookie and leaves the address', async () => {
  const answer = await get('/?token=good');
  expect(answer.status).toBe(303);
  expect(answer.headers.location).toBe('/');
  expect(answer.headers['set-cookie']?.[0]).toMatch(
    /^merlon-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
  );
});

test('a token works once', async () => {
  await get('/?token=good');
  const again = await get('/?token=good');
  expect(again.status).toBe(401);
  expect(again.headers['set-cookie']).toBeUndefined();
  expect(again.body).toContain('was used already');
});

test('who comes with a session and a spent token is let in', async () => {
  const cookie = await signIn();
  expect((await get('/?token=spent', { cookie })).status).toBe(303);
});

test('only what lies at an address of this run may be kept by the browser', async () => {
  const cookie = await signIn();
  const linked = async () => /src="\.(\/.*)"/.exec((await get('/', { cookie })).body)?.[1] ?? '';
  const path = await linked();
  expect(path).toMatch(/^\/[\w-]{22}\/assets\/a\.js$/);
  const script = await get(path, { cookie });
  expect(script).toMatchObject({ status: 200, body: '1' });
  expect(script.headers['cache-control']).toBe('private, max-age=604800, immutable');
  expect((await get('/assets/a.js', { cookie })).status).toBe(404);
  expect((await get(path)).status).toBe(401);
  await face.close();
  face = await serve();
  expect((await get(path, { cookie: await signIn() })).status).toBe(404);
});

test.each(['/', '/assets/a.js', '/nothing', '/ws'])(
  '%s without a session says how to get a link',
  async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(401);
    expect(answer.body).toContain('npm start');
  },
);

test('an invented cookie is no session', async () => {
  expect((await get('/', { cookie: `merlon-${face.port}=${'A'.repeat(43)}` })).status).toBe(401);
});

test('a session gets the page, with a policy that takes nothing from elsewhere', async () => {
  const answer = await get('/', { cookie: await signIn() });
  expect(answer.body).toContain('<p>console</p>');
  expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
  expect(answer.headers['x-content-type-options']).toBe('nosniff');
  expect(answer.headers['cache-control']).toBe('no-store');
});

test.each(['evil.example', 'evil.example:80', '127.0.0.1', 'localhost', '127.0.0.1.evil.example'])(
  'a request for host %s is refused, even with the cookie',
  async (host) => {
    const cookie = await signIn();
    expect((await get('/', { cookie, host })).status).toBe(403);
    expect((await get('/?token=good', { host })).status).toBe(403);
    expect(tokens.has('good')).toBe(true);
    expect(await refusal({ cookie, host, origin: origin() })).toBe(403);
  },
);

test('localhost is answered too', async () => {
  expect((await get('/', { cookie: await signIn(), host: `localhost:${face.port}` })).status).toBe(200);
});

test.each(['http://evil.example', 'null', 'http://127.0.0.1', 'https://127.0.0.1:1'])(
  'a WebSocket or a POST from origin %s is refused',
  async (foreign) => {
    const cookie = await signIn();
    expect(await refusal({ cookie, origin: foreign })).toBe(403);
    expect((await get('/', { cookie, origin: foreign }, 'POST')).status).toBe(403);
  },
);

test('a WebSocket without origin, without cookie, or elsewhere is refused', async () => {
  const cookie = await signIn();
  expect(await refusal({ cookie })).toBe(403);
  expect(await refusal({ origin: origin() })).toBe(401);
  expect(await refusal({ cookie, origin: origin() }, '/ws/x')).toBe(404);
});

test.each([
  '/../package.json',
  '/..%2f..%2fpackage.json',
  '/%2e%2e/package.json',
  '/assets/../../package.json',
  '/assets/a.js%00.html',
  '//etc/passwd',
  '/\\etc\\passwd',
])('%s leads nowhere', async (path) => {
  expect((await get(path, { cookie: await signIn() })).status).toBe(404);
});

test('bytes that are not HTTP do not end it', async () => {
  const socket = connect(face.port, '127.0.0.1');
  await new Promise((resolve) => {
    socket.on('close', resolve).on('error', () => undefined);
    socket.resume();
    socket.write(Buffer.alloc(64 << 10, 0xff));
  });
  expect((await get('/')).status).toBe(401);
});

test('a request reaches the engine and its answer the page', async () => {
  const page = await openPage();
  page.send(JSON.stringify({ id: 7, request: 'status.get', input: {} }));
  expect(JSON.parse(await message(page))).toEqual({ id: 7, ok: true, value: { echo: 'status.get' } });
  page.close();
});

test('a notice of the engine reaches every page', async () => {
  const pages = [await openPage(), await openPage()];
  await expect.poll(() => engine.connections()).toBe(2);
  const arrived = Promise.all(pages.map(message));
  engine.notify('status.changed', { n: 1 });
  expect(await arrived).toEqual(Array(2).fill('{"notice":"status.changed","value":{"n":1}}'));
});

test.each([
  ['text that is not JSON', '{'],
  ['JSON that is no request', '[]'],
  ['a request with a foreign field', '{"id":1,"request":"status.get","input":{},"admin":true}'],
  ['a request that is the host’s own', '{"id":1,"request":"console.link","input":{}}'],
  ['binary', Buffer.from([0, 1, 2])],
])('%s closes the page and does not reach the engine', async (_what, data) => {
  const page = await openPage();
  page.send(data);
  expect(await closeCode(page)).toBe(4002);
  expect(engine.requests).toEqual([]);
  await expect.poll(() => engine.connections()).toBe(0);
});

test('an oversized message closes the page', async () => {
  const page = await openPage();
  page.send('x'.repeat((256 << 10) + 1));
  expect(await closeCode(page)).toBe(1009);
});

test('pages are told when the engine ends', async () => {
  const page = await openPage();
  await expect.poll(() => engine.connections()).toBe(1);
  const code = closeCode(page);
  await engine.close();
  expect(await code).toBe(4001);
});
