import { expect, test } from 'vitest';
import type { Console } from '../../shared/console.ts';
import { Terms, termsOf } from './terms.svelte.ts';

test('a query is cut where all must hold, and each term can be dropped', () => {
  expect(termsOf('event.action:exec and user.name:(a or b) and not process.name:x')).toMatchObject([
    { text: 'event.action:exec', name: 'event.action' },
    { text: 'user.name:a or user.name:b', name: 'user.name' },
    {
      text: 'not process.name:x',
      name: 'not process.name',
      rest: 'event.action:exec and (user.name:a or user.name:b)',
    },
  ]);
  expect(termsOf('curl')).toMatchObject([{ text: 'curl', name: 'curl', rest: '' }]);
  expect(termsOf('')).toEqual([]);
});

test('each is counted in the range, and the whole in all time', async () => {
  const counts: Record<string, number> = { 'event.action:exec': 198, 'user.name:postgres': 0 };
  const request = async (name: string, input: { query?: string; from?: number }) => {
    if (name === 'status.get') return { ok: true, value: { store: { oldest: 1 } } };
    const events = input.from === 1 ? 41 : (counts[input.query ?? ''] ?? 0);
    return { ok: true, value: { counts: { exec: [events] } } };
  };
  const terms = new Terms();
  const api = { request } as unknown as Console;
  await terms.count(api, 'event.action:exec and user.name:postgres', { from: 5000, until: 9000 });
  expect(terms.list.map(({ events }) => events)).toEqual([198, 0]);
  expect(terms.rarest?.name).toBe('user.name');
  expect(terms.everywhere).toBe(41);
});
