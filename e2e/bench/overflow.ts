/** A ring that is far too small, on purpose: everything that did not fit must be counted, and shown as gaps. */
import { setTimeout as wait } from 'node:timers/promises';
import { withEngine } from '../kernel/harness.ts';
import type { Figure } from './figures.ts';
import { identities, runStorm } from './storm.ts';

const EXECS = 20_000;

export async function overflow(): Promise<Figure[]> {
  let lost = 0;
  let gaps = 0;
  let spanMs = 0;
  let inGaps = 0;
  let stored = 0;
  await withEngine({ quiet: true, ringBytes: 4096 }, async (engine) => {
    await runStorm(EXECS, 'overflow');
    stored = (await identities(engine, 0)).size;
    await wait(2500); // the last losses are known by the next look at the counters
    lost = (await engine.status()).sensor.lost ?? NaN;
    let before: string | undefined;
    do {
      const page: Awaited<ReturnType<typeof engine.ask<'events.page'>>> = await engine.ask('events.page', {
        query: 'event.action:gap',
        limit: 1000,
        ...(before === undefined ? {} : { before }),
      });
      for (const { fields } of page.events) {
        gaps++;
        inGaps += fields['merlon.gap.lost'] ?? 0;
        spanMs += (fields['event.end'] ?? 0) - (fields['event.start'] ?? 0);
      }
      before = page.next;
    } while (before !== undefined);
  });
  return [
    {
      bench: 'overflow',
      name: 'lost, by the kernel’s counters',
      value: lost,
      unit: 'events',
      note: `${EXECS} execs into a ring of 4 KiB`,
    },
    {
      bench: 'overflow',
      name: 'lost, by the gaps in the feed',
      value: inGaps,
      unit: 'events',
      aim: 'the same',
      reached: inGaps === lost && lost > 0,
      note: `${gaps} gaps over ${(spanMs / 1000).toFixed(1)} s; ${stored} execs stored`,
    },
  ];
}
