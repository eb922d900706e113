import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Console } from '../../shared/console.ts';
import { Querying } from './querying.svelte.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const VALUES = [
  { value: 'curl', events: 31 },
  { value: 'cron', events: 12 },
  { value: 'a b', events: 3 },
];

function bar(distinct = VALUES.length) {
  const asked: unknown[] = [];
  const request = async (_: string, input: { prefix?: string }) => {
    asked.push(input);
    const values = VALUES.filter(({ value }) => value.startsWith(input.prefix ?? ''));
    return { ok: true, value: { values, distinct } };
  };
  const written = { draft: '', applied: '' };
  const api = { request } as unknown as Console;
  const querying = new Querying(
    written,
    () => api,
    () => ({ from: 5, until: undefined }),
  );
  const type = async (text: string) => {
    querying.typed(text, text.length);
    await vi.advanceTimersByTimeAsync(100);
  };
  return { querying, written, asked, type };
}
const texts = ({ querying }: ReturnType<typeof bar>) => querying.choices.map(({ text }) => text);

describe('the list', () => {
  test('is there with the keypress, and values come with their counts', async () => {
    const all = bar();
    all.querying.typed('event.outcome:', 14);
    expect(texts(all)).toEqual(['success', 'failure', 'unknown']);
    await all.type('user.name:root and process.name:');
    expect(all.querying.choices.map(({ text, events }) => [text, events])).toEqual([
      ['curl', 31],
      ['cron', 12],
      ['a b', 3],
    ]);
    expect(all.asked.at(-1)).toMatchObject({ field: 'process.name', query: 'user.name:root', from: 5 });
  });

  test('while all values are known, typing on asks nothing more', async () => {
    const all = bar();
    await all.type('process.name:');
    await all.type('process.name:c');
    expect(texts(all)).toEqual(['curl', 'cron']);
    expect(all.asked).toHaveLength(1);
  });

  test('otherwise those are asked for that begin so', async () => {
    const all = bar(900);
    await all.type('process.name:');
    expect(all.querying.more).toBe(897);
    await all.type('process.name:cu');
    expect(all.asked.at(-1)).toMatchObject({ prefix: 'cu' });
  });

  test('a field shows how often its values occur', async () => {
    const all = bar();
    await all.type('process.na');
    expect(all.querying.peeked?.field).toBe('process.name');
  });

  test('goes round', async () => {
    const all = bar();
    await all.type('process.name:');
    all.querying.step(-1);
    expect(all.querying.chosen?.text).toBe('a b');
    all.querying.step(1);
    expect(all.querying.chosen?.text).toBe('curl');
  });
});

describe('a choice', () => {
  test('takes the place of what was typed, quoted where it must be', async () => {
    const all = bar();
    await all.type('process.name:a');
    expect(all.querying.complete()).toEqual({ text: 'process.name:"a b" ', caret: 19 });
  });

  test('leaves what follows, without a second operator or space', () => {
    const all = bar();
    all.querying.typed('process.na:x', 10);
    expect(all.querying.complete()?.text).toBe('process.name:x');
    all.querying.typed('event.outcome:s and x', 15);
    expect(all.querying.complete()?.text).toBe('event.outcome:success and x');
  });
});

describe('history', () => {
  test('goes back from an empty or unchanged bar, and forth again', () => {
    const { querying, written } = bar();
    for (const text of ['one', 'two', 'two', 'three']) querying.remember(text);
    written.applied = written.draft = 'three';
    for (const [by, text] of [
      [1, 'two'],
      [1, 'one'],
      [1, undefined],
      [-1, 'two'],
    ] as const) {
      const recalled = querying.recall(by);
      expect(recalled).toBe(text);
      if (recalled !== undefined) written.draft = recalled;
    }
  });

  test('leaves a text alone that somebody writes', () => {
    const { querying, written } = bar();
    querying.remember('one');
    written.draft = 'something new';
    expect(querying.recall(1)).toBeUndefined();
  });
});

test('queries are saved, renamed, and forgotten with a way back', () => {
  const { querying } = bar();
  querying.save('mine', 'user.name:root');
  querying.save('also', 'x');
  expect(querying.saved.map(({ name }) => name)).toEqual(['also', 'mine']);
  querying.rename('mine', 'a name');
  const undo = querying.forget('also');
  expect(querying.saved).toEqual([{ name: 'a name', query: 'user.name:root' }]);
  undo();
  expect(querying.saved).toHaveLength(2);
});
