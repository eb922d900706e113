/** What watching costs while the machine is quiet: the processor time of helper and engine over half a minute. */
import { setTimeout as wait } from 'node:timers/promises';
import { withEngine } from '../kernel/harness.ts';
import type { Figure } from './figures.ts';
import { cpuSeconds, rssMiB, say } from './machine.ts';

const SECONDS = 30;

export async function idle(): Promise<Figure[]> {
  let share = NaN;
  let events = 0;
  let memory = { engine: NaN, helper: NaN };
  await withEngine({ quiet: true }, async (engine) => {
    const helper = (await engine.status()).helper.pid ?? 0;
    await wait(5000);
    say(`idle: watching ${SECONDS} quiet seconds`);
    const before = {
      cpu: cpuSeconds(engine.pid) + cpuSeconds(helper),
      events: (await engine.status()).store.events,
    };
    await wait(SECONDS * 1000);
    share = ((cpuSeconds(engine.pid) + cpuSeconds(helper) - before.cpu) / SECONDS) * 100;
    events = (await engine.status()).store.events - before.events;
    memory = { engine: rssMiB(engine.pid), helper: rssMiB(helper) };
  });
  return [
    {
      bench: 'idle',
      name: 'helper and engine together',
      value: share,
      unit: '% of one core',
      aim: '≤ 1 %',
      reached: share <= 1,
      note: `${events} events came in meanwhile`,
    },
    { bench: 'idle', name: 'engine, memory', value: memory.engine, unit: 'MiB' },
    { bench: 'idle', name: 'helper, memory', value: memory.helper, unit: 'MiB' },
  ];
}
