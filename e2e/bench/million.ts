/** One million execs on every core at whatever rate the machine reaches: none may be lost, each has its own identity. */
import { withEngine } from '../kernel/harness.ts';
import type { Figure } from './figures.ts';
import { cpuSeconds, peakRssMiB, say } from './machine.ts';
import { calm, identities, runStorm } from './storm.ts';

export async function million(execs: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  await withEngine({ quiet: true }, async (engine) => {
    const helper = (await engine.status()).helper.pid ?? 0;
    const before = { engine: cpuSeconds(engine.pid), helper: cpuSeconds(helper) };
    say(`million: ${execs} execs`);
    const { per_second: rate, failed } = await runStorm(execs, 'million');
    const begun = Date.now();
    await calm(engine);
    const used = { engine: cpuSeconds(engine.pid), helper: cpuSeconds(helper), peak: peakRssMiB(engine.pid) };
    say('million: counting identities in the store');
    const found = await identities(engine, execs);
    const status = await engine.status();
    const note = `${execs} execs at ${Math.round(rate)}/s, ${failed} failed`;
    figures.push(
      {
        bench: 'million',
        name: 'lost in the kernel’s ring',
        value: status.sensor.lost ?? 'unknown',
        unit: 'events',
        aim: '0',
        reached: status.sensor.lost === 0,
        note,
      },
      {
        bench: 'million',
        name: 'execs with an identity of their own in the store',
        value: found.size,
        unit: '',
        aim: String(execs),
        reached: found.size === execs,
      },
      { bench: 'million', name: 'counted in', value: (Date.now() - begun) / 1000, unit: 's' },
      {
        bench: 'million',
        name: 'store',
        value: status.store.bytes / status.store.events,
        unit: 'bytes per event',
      },
      {
        bench: 'million',
        name: 'engine, processor time',
        value: ((used.engine - before.engine) / execs) * 1e6,
        unit: 'µs per exec',
      },
      {
        bench: 'million',
        name: 'helper, processor time',
        value: ((used.helper - before.helper) / execs) * 1e6,
        unit: 'µs per exec',
      },
      {
        bench: 'million',
        name: 'helper, peak memory',
        value: peakRssMiB(helper),
        unit: 'MiB',
        aim: '≤ 80 MiB',
        reached: peakRssMiB(helper) <= 80,
      },
      { bench: 'million', name: 'engine, peak memory', value: used.peak, unit: 'MiB' },
    );
  });
  return figures;
}
