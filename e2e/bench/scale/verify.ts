/** Whether answers are right, by what the past is known to have. A wrong one ends the bench. */
import assert from 'node:assert/strict';
import type { Histogram, Page, Story } from '../../../engine/store/contract.ts';
import { parseCursor, type Event, type EventFields } from '../../../shared/event.ts';
import type { Past } from '../past.ts';
import type { Search } from './searches.ts';

export const PAGE = 100;

export function numberOf(past: Past, { cursor }: Event): number {
  const at = parseCursor(cursor);
  assert.ok(at, cursor);
  return past.first(at.boot) + at.sequence - 1;
}

function head(numbers: Iterable<number>, count: number): number[] {
  const found: number[] = [];
  for (const n of numbers) {
    if (found.length >= count) break;
    found.push(n);
  }
  return found;
}

/** @param committed when asked, events with smaller numbers were stored; `given`: when answered, perhaps so many. */
export function verifyNewest(past: Past, search: Search, page: Page, committed: number, given: number): void {
  const found = page.events.map((event) => numberOf(past, event));
  const newest = head(search.hits(committed - 1), 1)[0] ?? -1;
  assert.ok(
    (found[0] ?? -1) >= newest,
    `${search.query}: event ${newest} is missing, the first is ${found[0]}`,
  );
  assert.ok((found[0] ?? -1) < given, `${search.query}: event ${found[0]} was never stored`);
  verifyHits(past, search, page.events);
  if (found.length < PAGE) assert.equal(page.next, undefined, `${search.query}: the page is not full`);
}

/** From its first event on the page has all of the newest PAGE, just as they were stored. */
export function verifyHits(past: Past, search: Search, events: readonly Event[]): void {
  const found = events.map((event) => numberOf(past, event));
  assert.deepEqual(found, found.length === 0 ? [] : head(search.hits(found[0]!), PAGE), search.query);
  const [first] = events;
  if (first !== undefined) assert.deepStrictEqual({ ...first.fields }, past.event(found[0]!).fields);
}

export function verifyHistogram(
  past: Past,
  { counts, countedFromMs }: Histogram,
  range: { readonly fromMs: number; readonly untilMs: number; readonly stepMs: number },
  fits: (n: number) => boolean,
): void {
  const { fromMs, untilMs, stepMs } = range;
  const buckets = Math.ceil((untilMs - fromMs) / stepMs);
  const expected: Record<string, number[]> = {};
  for (let n = 0; n < past.options.events; n++) {
    if (!fits(n)) continue;
    const ms = past.wallMs(n);
    if (ms < fromMs || ms >= untilMs) continue;
    (expected[past.action(n)] ??= Array<number>(buckets).fill(0))[Math.floor((ms - fromMs) / stepMs)]!++;
  }
  assert.equal(countedFromMs, undefined, 'the histogram ends early');
  assert.deepEqual(
    Object.fromEntries(Object.entries(counts).map(([action, numbers]) => [action, [...numbers]])),
    expected,
  );
}

export function verifyStory(past: Past, life: number, story: Story | undefined): void {
  assert.ok(story, `no story of process ${life}`);
  const idOf = (fields: EventFields) => fields['process.entity_id'];
  assert.equal(idOf(story.process), past.entityId(life));
  assert.deepEqual(
    story.events.map((event) => numberOf(past, event)),
    past.eventsOf(life),
  );
  const ancestors: string[] = [];
  for (let at = past.parent(life); at !== undefined; at = past.parent(at)) ancestors.push(past.entityId(at));
  // The shell comes last; no event is its own.
  assert.deepEqual(story.ancestors.map(idOf).slice(0, ancestors.length), ancestors, `ancestors of ${life}`);
  const descendants = past.children(life).map((child) => child);
  for (const at of descendants) descendants.push(...past.children(at));
  assert.deepEqual(
    new Set(story.descendants.map(idOf)),
    new Set(descendants.map((at) => past.entityId(at))),
    `descendants of ${life}`,
  );
}
