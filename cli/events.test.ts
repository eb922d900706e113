import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ok } from '../shared/result.ts';
import type { Event } from '../shared/event.ts';
import {
  atTerminal,
  engineDouble,
  exec,
  impatientPagesOf,
  merlon,
  pagesOf,
  type EngineDouble,
} from './double.ts';

let engine: EngineDouble;
beforeEach(async () => {
  engine = await engineDouble();
});
afterEach(() => engine.close());

const pids = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { process: { pid: number } }).process.pid);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const execs = (from: number, to: number): Event[] => range(from, to).map((n) => exec(n));

it('prints the newest, oldest first, as nested ECS', async () => {
  engine.answer('events.page', pagesOf(execs(1, 250)));
  const { stdout } = await merlon(['events', '--limit', '3'], engine.socket);
  expect(pids(stdout)).toEqual([248, 249, 250]);
  expect(JSON.parse(stdout.split('\n')[0] ?? '')).toEqual({
    '@timestamp': '2023-11-14T22:13:20.248000Z',
    event: { action: 'exec' },
    process: { pid: 248, name: 'true', command_line: 'true' },
  });
});

it('reads on over pages until the limit is reached', async () => {
  engine.answer('events.page', pagesOf(execs(1, 3000)));
  const { stdout } = await merlon(['events', '--limit', '2500'], engine.socket);
  expect(pids(stdout)).toEqual(range(501, 3000));
});

it('prints everything since a time, forward', async () => {
  engine.answer('events.page', pagesOf(execs(1, 2345)));
  const { stdout } = await merlon(['events', '--since', '10m', '--query', 'a'], engine.socket);
  expect(pids(stdout)).toEqual(range(1, 2345));
  expect(engine.asked[0]?.input).toMatchObject({ query: 'a', after: '0.0.0' });
});

describe('pages that are short or empty, because a search takes long', () => {
  const seventh = (event: Event) => (event.fields['process.pid'] ?? 0) % 7 === 0;

  it.each([
    ['the newest', ['--limit', '3'], [35, 42, 49]],
    ['fewer than were wanted', ['--limit', '100'], [7, 14, 21, 28, 35, 42, 49]],
    ['everything since a time', ['--since', '1000w'], [7, 14, 21, 28, 35, 42, 49]],
  ])('do not end %s', async (_, args, found) => {
    engine.answer('events.page', impatientPagesOf(execs(1, 50), seventh));
    const told = await merlon(['events', ...args], engine.socket);
    expect({ ...told, stdout: pids(told.stdout) }).toEqual({ code: 0, stdout: found, stderr: '' });
    expect(engine.asked.every(({ input }) => 'patience_ms' in (input as object))).toBe(true);
  });

  it('do not end what --follow has to catch up with', async () => {
    engine.answer('events.subscribe', () => ok({ subscription: 5, from: null }));
    engine.answer('events.page', impatientPagesOf(execs(1, 30), seventh));
    const told = merlon(['events', '--follow', '--since', '1h', '--limit', '5'], engine.socket);
    await until(() => engine.asked.filter(({ name }) => name === 'events.page').length >= 30);
    engine.notify('events.live', { subscription: 5, events: execs(31, 31) });
    expect(pids((await told).stdout)).toEqual([7, 14, 21, 28, 31]);
  });

  it('are told about on a terminal, and interrupted show what was found by then', async () => {
    const all = impatientPagesOf(execs(1, 5000), seventh);
    engine.answer('events.page', async (input) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return all(input);
    });
    const terminal = atTerminal(['events', '--limit', '4000'], engine.socket);
    await terminal.shows(/Searched \d+ of 5,000 events, back to .*; [1-9]\d* found/);
    terminal.type('\u0003');
    const { code, text } = await terminal.ended;
    expect(code).toBe(0);
    expect(text).toMatch(/exec .* 4998 /);
  });
});

it('what a terminal would obey is escaped in JSON, and means the same', async () => {
  const name = '\u001b]0;x\u0007\u202Eevil\n\u009b31m\u{e0041}';
  engine.answer('events.page', pagesOf([exec(1, { 'process.name': name })]));
  const { stdout } = await merlon(['events'], engine.socket);
  expect(stdout.replace(/\n$/, '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect((JSON.parse(stdout) as { process: { name: string } }).process.name).toBe(name);
});

describe('--follow', () => {
  /** A subscription whose store is `stored`. */
  function subscribed(stored: () => readonly Event[]) {
    engine.answer('events.subscribe', () => ok({ subscription: 5, from: null }));
    engine.answer('events.page', (input) => pagesOf(stored())(input));
  }
  const live = (events: readonly Event[], behind?: string) =>
    engine.notify('events.live', { subscription: 5, events, ...(behind === undefined ? {} : { behind }) });
  const asked = (name: string) => until(() => engine.asked.some((request) => request.name === name));

  it('prints what comes in, and ends after --limit', async () => {
    subscribed(() => []);
    const told = merlon(['events', '--follow', '--limit', '3', '--query', 'q'], engine.socket);
    await asked('events.subscribe');
    live(execs(1, 2));
    live(execs(3, 9));
    expect(pids((await told).stdout)).toEqual([1, 2, 3]);
    expect(engine.asked[0]).toEqual({ name: 'events.subscribe', input: { query: 'q' } });
  });

  it('begins with the stored events since a time, and prints none twice', async () => {
    subscribed(() => {
      live(execs(9, 12));
      return execs(1, 10);
    });
    const told = merlon(['events', '--follow', '--since', '1h', '--limit', '12'], engine.socket);
    expect(pids((await told).stdout)).toEqual(range(1, 12));
  });

  it('pages what the engine did not send because we were behind', async () => {
    const all = execs(1, 2200);
    subscribed(() => all);
    const told = merlon(['events', '--follow', '--limit', '2201'], engine.socket);
    await asked('events.subscribe');
    live(all.slice(0, 2), all[1]?.cursor);
    await asked('events.page');
    live(execs(2201, 2201));
    expect(pids((await told).stdout)).toEqual(range(1, 2201));
  });

  it('loses nothing when the reader is slower than the queue is long', async () => {
    const all = execs(1, 25_000);
    subscribed(() => all);
    const told = merlon(['events', '--follow', '--limit', '25000'], engine.socket);
    told.child.stdout?.pause();
    await asked('events.subscribe');
    for (let i = 0; i < all.length; i += 500) live(all.slice(i, i + 500));
    await new Promise((resolve) => setTimeout(resolve, 300));
    told.child.stdout?.resume();
    expect(pids((await told).stdout).sort((a, b) => a - b)).toEqual(range(1, 25_000));
  });

  it('ends with 0 on Ctrl-C', async () => {
    subscribed(() => []);
    const told = merlon(['events', '--follow'], engine.socket);
    await asked('events.subscribe');
    told.child.kill('SIGINT');
    expect(await told).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('ends with 3 and a sentence when the engine ends', async () => {
    subscribed(() => []);
    const told = merlon(['events', '--follow'], engine.socket);
    await asked('events.subscribe');
    engine.hangUp();
    expect(await told).toMatchObject({ code: 3, stderr: expect.stringMatching(/engine ended/) as string });
  });

  it('ends quietly when its reader goes away', async () => {
    subscribed(() => []);
    const told = merlon(['events', '--follow'], engine.socket);
    await asked('events.subscribe');
    told.child.stdout?.destroy();
    const timer = setInterval(() => live(execs(1, 1)), 20);
    const { code, stderr } = await told;
    clearInterval(timer);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
