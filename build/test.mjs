// @ts-check
/**
 * `npm test`: set-up, build, then every tier that this machine can run. `node build/test.mjs TIER…` runs those alone.
 * The last line is the sum of what the runners counted; the exit code is 1 when anything failed, when a runner crashed,
 * and when a tier that should have run executed no test.
 */
import { main, Refusal } from './command.mjs';
import { make } from './make.mjs';
import { ensure } from './setup.mjs';
import { sum } from './tiers/counts.mjs';
import { keepOutput, TIERS } from './tiers/tiers.mjs';

const MAX_SHOWN_LINES = 300;

await main(async () => {
  const say = (/** @type {string} */ line) => console.log(line);
  const asked = process.argv.slice(2);
  const names = TIERS.map(({ name }) => name);
  if (asked.includes('--help')) {
    say('npm test            set-up, build, and every tier that this machine can run');
    say('npm test -- TIER…   these alone:');
    for (const { name, about } of TIERS) say(`  ${name.padEnd(8)} ${about}`);
    return 0;
  }
  const unknown = asked.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Refusal(`no tier ${unknown}; there are: ${names.join(', ')}`);

  const chosen = TIERS.filter(({ name }) => asked.length === 0 || asked.includes(name));
  for (const purpose of new Set(chosen.map(({ purpose }) => purpose))) await ensure(purpose, say);
  await make(say);

  const all = [];
  for (const tier of chosen) {
    const reason = await tier.whyNot();
    if (reason !== undefined) {
      say(`${tier.name}: skipped, ${reason}`);
      continue;
    }
    say(`${tier.name}: ${tier.about} …`);
    const begun = Date.now();
    const { counts, output } = await tier.run(say);
    const log = keepOutput(tier.name, output);
    const ran = counts.passed + counts.failed;
    if (ran === 0) counts.failed = 1;
    if (counts.failed > 0) {
      say(indent(ending(output)));
      say(`${tier.name}: the whole output is in ${log}`);
    }
    const outcome = counts.failed > 0 ? `${counts.failed} of ${ran} FAILED` : `all ${ran} fine`;
    const left = counts.skipped > 0 ? `, ${counts.skipped} left out` : '';
    const empty = ran === 0 ? ' (it ran no test)' : '';
    say(`${tier.name}: ${outcome}${empty}${left}, ${((Date.now() - begun) / 1000).toFixed(0)} s`);
    all.push(counts);
  }
  const { passed, failed, skipped } = sum(all);
  say(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed > 0 || passed === 0 ? 1 : 0;
});

/**
 * What a runner says of its failures comes last.
 * @param {string} output
 */
function ending(output) {
  const failures = output.lastIndexOf('✖ failing tests:');
  const lines = (failures < 0 ? output : output.slice(failures)).trimEnd().split('\n');
  return lines
    .slice(failures < 0 ? -MAX_SHOWN_LINES : 0)
    .slice(0, MAX_SHOWN_LINES)
    .join('\n');
}

/**
 * Indented, no line of a runner is taken for the closing line of the whole.
 * @param {string} text
 */
function indent(text) {
  return text
    .split('\n')
    .map((line) => `    │ ${line}`)
    .join('\n');
}
