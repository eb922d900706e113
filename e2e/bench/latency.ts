/**
 * From exec to the row in the browser: real kernel, engine, web face and Chromium, while about 1,000 events/s flow
 * through the engine and a query in the open feed. The clock starts right before the program is spawned and stops in the frame that shows its row.
 */
import type { Page } from '@playwright/test';
import { execFile } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { withConsole, withLoad } from './browser.ts';
import { median, percentile, type Figure } from './figures.ts';
import { say } from './machine.ts';

const PROBES = 100;
const run = promisify(execFile);

export async function latency(): Promise<Figure[]> {
  const quiet: number[] = [];
  const busy: number[] = [];
  let rate = 0;
  await withConsole({}, async ({ engine, page, link }) => {
    await page.goto(await link());
    await page.getByRole('grid').waitFor();
    // At 1,000 rows a second a row leaves the screen within a frame or two: a query keeps the probes in view, while
    // everything else still passes the engine, the store and the query's predicate.
    const query = page.getByRole('textbox', { name: 'Query' });
    await query.fill('process.command_line:*probe-*');
    await query.press('Enter');
    await wait(3000);
    await measure(page, quiet, 'quiet');

    await withLoad(334, async () => {
      await wait(3000);
      const before = { at: Date.now(), events: (await engine.status()).sensor.received };
      await measure(page, busy, 'busy');
      rate = ((await engine.status()).sensor.received - before.events) / ((Date.now() - before.at) / 1000);
    });
  });
  const note = `${busy.length} probes, ${Math.round(rate)} events/s flowing`;
  return [
    { bench: 'latency', name: 'exec → row visible, quiet machine, median', value: median(quiet), unit: 'ms' },
    {
      bench: 'latency',
      name: 'exec → row visible, busy, median',
      value: median(busy),
      unit: 'ms',
      aim: '≤ 50 ms',
      reached: median(busy) <= 50,
      note,
    },
    {
      bench: 'latency',
      name: 'exec → row visible, busy, p99',
      value: percentile(busy, 99),
      unit: 'ms',
      aim: '≤ 100 ms',
      reached: percentile(busy, 99) <= 100,
      note,
    },
  ];
}

async function measure(page: Page, into: number[], name: string): Promise<void> {
  say(`latency: ${PROBES} probes, ${name}`);
  for (let probe = 0; probe < PROBES; probe++) {
    const tag = `probe-${name}-${probe}-end`;
    const shown = page.evaluate(shownAt, tag);
    await wait(5); // the page is watching
    const begun = performance.timeOrigin + performance.now();
    await run('/bin/true', [tag]);
    const at = await shown;
    if (at < 0) throw new Error(`the row of ${tag} was not shown within 5 s`);
    into.push(at - begun);
    await wait(20 + Math.random() * 30);
  }
}

/** In the page: when a row with the tag was in a frame, by the wall clock; -1 after five seconds. */
function shownAt(tag: string): Promise<number> {
  return new Promise((resolve) => {
    const end = performance.now() + 5000;
    const look = () => {
      for (const row of document.querySelectorAll('[role="row"]')) {
        if (row.textContent.includes(tag)) {
          // In the document before this frame is drawn; visible when the next one begins.
          requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now()));
          return;
        }
      }
      if (performance.now() > end) resolve(-1);
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}
