/** From the start of the engine's process to its first page of a stored past, in milliseconds. */
import { Engine } from '../../kernel/harness.ts';
import { peakRssMiB } from '../machine.ts';

const [, , data = ''] = process.argv;
for (let i = 0; i < 4; i++) {
  const begun = performance.now();
  const engine = await Engine.start({ data, quiet: true, early: true, keep: ['--keep-days', '36500', '--keep-gib', '64'] });
  const opened = performance.now();
  const page = await engine.ask('events.page', { query: '', limit: 100, patience_ms: 60 });
  const done = performance.now();
  console.log(opened - begun, done - begun, page.events.length, peakRssMiB(engine.pid));
  await engine.running();
  console.log('running', performance.now() - begun);
  await new Promise((r) => setTimeout(r, 3000));
  console.log(peakRssMiB(engine.pid));
  await engine.end();
}
