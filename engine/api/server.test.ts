import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { MAX_REPLY_BYTES, MAX_REQUEST_BYTES } from '../../shared/console.ts';
import { controlFrame, FRAME_CONTROL, frameHeader, FrameReader } from '../../shared/frames.ts';
import { EngineBench, faceOn, PATIENCE, valueOf } from '../engine.harness.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

// One engine for all of them: that it serves on is the point.
const bench = new EngineBench();
beforeAll(() => bench.start());
afterAll(() => bench.end());

describe('clients that misbehave', () => {
  test.each([
    ['garbage', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a frame beyond the limit', Buffer.from(frameHeader(FRAME_CONTROL, MAX_REQUEST_BYTES + 1))],
    ['a frame of another kind', Buffer.from(frameHeader(2, 0))],
    ['a request without an id', Buffer.from(controlFrame({ request: 'status.get', input: {} }))],
    ['no JSON', Buffer.concat([frameHeader(FRAME_CONTROL, 2), Buffer.from('{]')])],
    ['no UTF-8', Buffer.concat([frameHeader(FRAME_CONTROL, 2), Buffer.of(0xff, 0xfe)])],
  ])('%s ends that connection and no other', async (_, bytes) => {
    const good = await bench.face();
    const bad = await bench.rawSocket();
    bad.resume();
    const closed = new Promise((resolve) => bad.once('close', resolve));
    bad.write(bytes);
    await closed;
    expect((await good.request('status.get', {})).ok).toBe(true);
  });

  test('half a frame waits; its end ends nothing else', async () => {
    const half = await bench.rawSocket();
    half.write(controlFrame({ id: 1, request: 'status.get', input: {} }).subarray(0, 9));
    const good = await bench.face();
    expect((await good.request('status.get', {})).ok).toBe(true);
    half.destroy();
    expect((await good.request('status.get', {})).ok).toBe(true);
  });

  test('wrong names and inputs are answered', async () => {
    const socket = await bench.rawSocket();
    const reader = new FrameReader(new Map([[FRAME_CONTROL, MAX_REPLY_BYTES]]));
    const replies: { id: number; error?: { code: string } }[] = [];
    socket.on('data', (chunk: Buffer) => {
      for (const { payload } of reader.push(chunk)) {
        const message = JSON.parse(Buffer.from(payload).toString()) as (typeof replies)[number];
        if ('id' in message) replies.push(message);
      }
    });
    const send = (id: number, request: string, input: unknown) =>
      socket.write(controlFrame({ id, request, input }));
    send(1, '__proto__', {});
    send(2, 'status.changed', {});
    send(3, 'events.page', { query: '', limit: 1e9 });
    send(4, 'events.page', { query: '', limit: 5, before: 'x' });
    send(5, 'processes.tree', { pid: 1, entity_id: 'a' });
    send(6, 'processes.tree', { entity_id: "'; drop table event" });
    send(7, 'console.announce', { url: 'http://127.0.0.1.evil.example:80' });
    send(8, 'console.link', {});
    send(9, 'console.redeem', { token: 'x' });
    send(10, 'events.get', { cursor: '1.2.999999' });
    await vi.waitFor(() => expect(replies).toHaveLength(10), PATIENCE);
    const codes = Object.fromEntries(replies.map(({ id, error }) => [id, error?.code]));
    expect(codes).toEqual({
      1: 'bad_request',
      2: 'bad_request',
      3: 'bad_request',
      4: 'bad_cursor',
      5: 'bad_request',
      6: 'not_found',
      7: 'bad_url',
      8: 'no_face',
      9: 'bad_token',
      10: 'not_found',
    });
  });

  test('a flood of requests is answered “busy” and leaves room for others', async () => {
    const flood = await bench.rawSocket();
    let told = '';
    flood.on('data', (chunk: Buffer) => (told = (told + chunk.toString('latin1')).slice(-2000)));
    const frame = controlFrame({ id: 1, request: 'events.page', input: { query: 'nothing', limit: 1000 } });
    const many = Buffer.concat(Array.from({ length: 2000 }, () => frame));
    for (let i = 0; i < 50; i++) flood.write(many);
    const good = await bench.face();
    const begin = performance.now();
    expect((await good.request('status.get', {})).ok).toBe(true);
    expect(performance.now() - begin).toBeLessThan(3000);
    await vi.waitFor(() => expect(told).toContain('"code":"busy"'), PATIENCE);
  });

  test('a web face’s link works once, and only while that face is there', async () => {
    const page = await bench.rawSocket();
    const web = faceOn(page);
    const cli = await bench.face();
    expect(await valueOf(web.request('console.announce', { url: 'http://127.0.0.1:7411' }))).toEqual({});
    const { url } = await valueOf(cli.request('console.link', {}));
    const token = /^http:\/\/127\.0\.0\.1:7411\/\?token=([\w-]{43})$/.exec(url)?.[1] ?? '';
    expect((await web.request('console.redeem', { token })).ok).toBe(true);
    expect(await web.request('console.redeem', { token })).toMatchObject({ error: { code: 'bad_token' } });
    page.destroy();
    await vi.waitFor(async () => {
      expect(await cli.request('console.link', {})).toMatchObject({ error: { code: 'no_face' } });
    }, PATIENCE);
  });
});
