import { EventEmitter } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { FRAME_CONTROL, FrameReader } from '../../shared/frames.ts';
import type { LiveEvents } from '../../shared/console.ts';
import { BEHIND_BYTES, Client, LiveEvent, MAX_SUBSCRIPTIONS } from './client.ts';

/** A socket that keeps what is written, and says that its reader is slow when a test says so. */
class FakeSocket extends EventEmitter {
  destroyed = false;
  writable = true;
  writableLength = 0;
  readonly sent: { notice: string; value: LiveEvents }[] = [];
  readonly #reader = new FrameReader(new Map([[FRAME_CONTROL, 1 << 26]]));

  write(frame: Uint8Array): boolean {
    for (const { payload } of this.#reader.push(frame)) {
      this.sent.push(JSON.parse(Buffer.from(payload).toString()) as (typeof this.sent)[number]);
    }
    return true;
  }
  destroy(): void {
    this.destroyed = true;
  }
}

function setUp() {
  const socket = new FakeSocket();
  const client = new Client(socket as unknown as Socket);
  let sequence = 0;
  const offer = (count: number, action: 'fork' | 'exec' = 'fork') => {
    const events = Array.from({ length: count }, () => {
      const cursor = { boot: 1, timeNs: 5, sequence: ++sequence };
      return new LiveEvent({ cursor, fields: { 'event.action': action } });
    });
    client.offer(events);
  };
  const all = () => socket.sent.flatMap((message) => message.value.events.map((e) => e.cursor));
  const behind = () => socket.sent.map((message) => message.value.behind).filter((b) => b !== undefined);
  return { socket, client, offer, all, behind };
}
const everything = () => true;

afterEach(() => {
  vi.useRealTimers();
});

describe('Client', () => {
  test('the first event leaves at once, those that follow in one batch', async () => {
    const { socket, client, offer, all } = setUp();
    const subscription = client.subscribe(everything, null);
    offer(1);
    expect(socket.sent).toHaveLength(1);
    offer(2);
    offer(3);
    expect(socket.sent).toHaveLength(1);
    await wait(40);
    expect(socket.sent).toHaveLength(2);
    expect(socket.sent[1]).toMatchObject({ notice: 'events.live', value: { subscription } });
    expect(all()).toEqual([1, 2, 3, 4, 5, 6].map((n) => `1.5.${n}`));
  });

  test('what was stored and is not at hand is to be paged, from where it was told on', async () => {
    const { client, offer, all, behind } = setUp();
    client.subscribe(everything, null);
    offer(1);
    client.passOver('1.5.9');
    await wait(40);
    expect([all(), behind()]).toEqual([['1.5.1'], ['1.5.1']]);
    client.passOver('1.5.12');
    await wait(40);
    expect(behind()).toEqual(['1.5.1', '1.5.9']);
    offer(1);
    await wait(40);
    expect(all()).toHaveLength(2);
  });

  test('each subscription gets what it asked for, and nothing after it ended', async () => {
    const { client, offer, all } = setUp();
    const id = client.subscribe((fields) => fields['event.action'] === 'exec', null);
    offer(2, 'fork');
    offer(1, 'exec');
    await wait(40);
    expect(all()).toEqual(['1.5.3']);
    expect(client.unsubscribe(id!)).toBe(true);
    offer(1, 'exec');
    await wait(40);
    expect(all()).toEqual(['1.5.3']);
  });

  test('a slow reader is told once from where to page, and then gets what is new', async () => {
    const { socket, client, offer, all, behind } = setUp();
    client.subscribe(everything, '1.5.0');
    offer(2);
    socket.writableLength = BEHIND_BYTES + 1;
    offer(50);
    await wait(40);
    offer(50);
    expect(all()).toEqual(['1.5.1', '1.5.2']);
    socket.writableLength = 0;
    socket.emit('drain');
    expect(behind()).toEqual(['1.5.2']);
    offer(1);
    await wait(40);
    expect(all()).toEqual(['1.5.1', '1.5.2', '1.5.103']);
    expect(behind()).toEqual(['1.5.2']);
  });

  test('told to page twice in a row, it pages nothing twice', async () => {
    const { client, offer, behind } = setUp();
    client.subscribe(everything, '1.5.0');
    offer(4000);
    await wait(40);
    offer(4000);
    await wait(40);
    expect(behind()).toEqual(['1.5.0', '1.5.4000']);
  });

  test('who wants the newest alone gets them, and the number of those before; all of them when there are few', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { socket, client, offer, behind } = setUp();
    client.subscribe(everything, '1.5.0', { newest: 3, everyMs: 30 });
    const batches = () =>
      socket.sent.map(({ value }) => [value.skipped, ...value.events.map((event) => event.cursor)]);
    offer(4000);
    expect(batches()).toEqual([[3997, '1.5.3998', '1.5.3999', '1.5.4000']]);
    offer(2);
    offer(2);
    vi.advanceTimersByTime(60);
    offer(2);
    expect(batches().slice(1)).toEqual([
      [1, '1.5.4002', '1.5.4003', '1.5.4004'],
      [undefined, '1.5.4005', '1.5.4006'],
    ]);
    expect(behind()).toEqual([]);
  });

  test('who wants the newest alone and reads slowly gets the newest once it has caught up', async () => {
    const { socket, client, offer, behind } = setUp();
    client.subscribe(everything, '1.5.0', { newest: 2, everyMs: 0 });
    socket.writableLength = BEHIND_BYTES + 1;
    offer(9);
    offer(9);
    await wait(40);
    expect(socket.sent).toEqual([]);
    socket.writableLength = 0;
    socket.emit('drain');
    expect(socket.sent[0]?.value).toMatchObject({
      skipped: 16,
      events: [{ cursor: '1.5.17' }, { cursor: '1.5.18' }],
    });
    expect(behind()).toEqual([]);
  });

  test('each subscription has a pace of its own: the more was sent, the longer it rests', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { socket, client, offer } = setUp();
    const of = (id: number | undefined) =>
      socket.sent.filter(({ value }) => value.subscription === id).length;
    const slow = client.subscribe(everything, '1.5.0', { newest: 10, everyMs: 1000 });
    const quick = client.subscribe(everything, '1.5.0');
    offer(1);
    offer(1);
    vi.advanceTimersByTime(60);
    expect([of(slow), of(quick)]).toEqual([1, 2]);
    vi.advanceTimersByTime(60);
    expect(of(slow)).toBe(2);
    offer(9);
    vi.advanceTimersByTime(200);
    expect(of(slow)).toBe(3);
    offer(1);
    vi.advanceTimersByTime(200);
    expect(of(slow)).toBe(3);
    vi.advanceTimersByTime(900);
    expect(of(slow)).toBe(4);
  });

  test('more than can be shown at once is to be paged', async () => {
    const { client, offer, all, behind } = setUp();
    client.subscribe(everything, '1.4.7');
    offer(4000);
    await wait(40);
    expect(all()).toEqual([]);
    expect(behind()).toEqual(['1.4.7']);
  });

  test('one that reads nothing at all is let go', () => {
    const { socket, client } = setUp();
    socket.writableLength = 65 << 20;
    client.send({ notice: 'status.changed', value: {} });
    expect(socket.destroyed).toBe(true);
  });

  test('subscriptions are bounded', () => {
    const { client } = setUp();
    for (let i = 0; i < MAX_SUBSCRIPTIONS; i++) expect(client.subscribe(everything, null)).toBe(i + 1);
    expect(client.subscribe(everything, null)).toBeUndefined();
  });
});
