import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseQuery } from '../../shared/query.ts';
import { ConsoleDouble, makeSummary } from './console.double.ts';
import { Running } from './running.svelte.ts';
import { ofProcesses, Story } from './story.svelte.ts';

const STORY = {
  ancestors: [makeSummary(1)],
  process: makeSummary(2, 1),
  descendants: [makeSummary(3, 2)],
  events: [],
};

function engineWith(more = {}) {
  return new ConsoleDouble({
    'processes.story': () => STORY,
    'processes.program': () => ({ path: '/bin/p2', package: null, file: null, problem: 'gone' }),
    'processes.usage': () => ({ processes: [{ entity_id: 'e2', rss_bytes: 5 }] }),
    'events.page': ({ query }: { query: string }) => ({
      events: query.includes('gap')
        ? [{ cursor: '1.1.1', fields: { 'event.start': 1, 'event.end': 4 } }]
        : [{ cursor: '1.1.2', fields: { '@timestamp': 9, 'process.entity_id': 'e2' } }],
    }),
    'store.cuts': () => ({
      cuts: [{ at: 1, reason: 'age', boot: 1, events: 5, bytes: 6, first: 1, last: 2 }],
    }),
    ...more,
  });
}

let story: Story;
beforeEach(() => {
  vi.useFakeTimers();
  story = new Story(new Running());
});
afterEach(() => {
  story.close();
  vi.useRealTimers();
});

const settled = () => vi.advanceTimersByTimeAsync(0);
const reads = (engine: ConsoleDouble) => engine.count('processes.story');

test('gathers the story, the program, the gaps, the family’s events and what it uses', async () => {
  story.follow(engineWith().api);
  story.open('e2');
  await settled();
  expect(story.story).toEqual(STORY);
  expect(story.program?.problem).toBe('gone');
  expect(story.gaps).toEqual([{ from: 1, until: 4 }]);
  expect(story.below).toHaveLength(1);
  expect(story.usage?.rss_bytes).toBe(5);
  expect(story.firstSeen).toEqual({ at: 9, here: true });
});

test('reads again when something happens in its family, once a second at most', async () => {
  const engine = engineWith();
  story.follow(engine.api);
  story.open('e2');
  await settled();
  const heard = (id: string) => story.heard([{ cursor: '1.1.9', fields: { 'process.entity_id': id } }]);
  heard('e77');
  await vi.advanceTimersByTimeAsync(5000);
  expect(reads(engine)).toBe(1);
  heard('e3');
  heard('e2');
  await vi.advanceTimersByTimeAsync(900);
  expect(reads(engine)).toBe(2);
  heard('e3');
  await vi.advanceTimersByTimeAsync(200);
  expect(reads(engine)).toBe(2);
  await vi.advanceTimersByTimeAsync(100);
  expect(reads(engine)).toBe(3);
});

test('who is not found may have been cut: the cuts are asked for', async () => {
  const engine = engineWith();
  delete engine.answers['processes.story'];
  story.follow(engine.api);
  story.open('e2');
  await settled();
  expect(story.failure?.code).toBe('not_found');
  expect(story.cuts).toHaveLength(1);
});

test('an answer about a process that was left is not shown', async () => {
  story.follow(engineWith().api);
  story.open('e2');
  story.open('e5');
  expect(story.entityId).toBe('e5');
  expect(story.story).toBeUndefined();
  await settled();
  expect(story.story?.process.entity_id).toBe('e2'); // the double's only answer, to the second question
});

test('a hundred and twenty processes fit one query', () => {
  const ids = Array.from({ length: 120 }, (_, n) => `8a79902f7c-2a3bc-abcdefghi${n}`);
  expect(parseQuery(ofProcesses(ids)).ok).toBe(true);
  expect(parseQuery(ofProcesses(['"odd" \\ id'])).ok).toBe(true);
});
