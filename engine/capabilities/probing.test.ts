import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reportAlone } from './alone.ts';
import { probeWith } from './probe.builder.ts';
import { runProbe } from './probing.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'merlon-probing-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** A script that plays the helper, asked to probe. */
function helper(body: string): string {
  const file = join(folder, 'helper.mjs');
  writeFileSync(file, `if (process.argv[2] !== 'probe') process.exit(64);\n${body}\n`);
  return file;
}
const says = (value: unknown) => helper(`process.stdout.write(${JSON.stringify(JSON.stringify(value))});`);
const quiet = () => {};

describe('a probe', () => {
  it('is believed where it says what a probe says', async () => {
    expect(await runProbe(says(probeWith()), quiet)).toEqual({ ok: true, value: probeWith() });
  });

  it.each([
    ['nothing', ''],
    ['something else', `process.stdout.write('{"probe":2}');`],
    ['a field too many', `process.stdout.write('${JSON.stringify({ ...probeWith(), more: 1 })}');`],
    ['a flood', `process.stdout.write('x'.repeat(${(512 << 10) + 1}));`],
    ['its own failure', `console.error('no room'); process.exit(71);`],
  ])('is not believed where it says %s', async (_, body) => {
    expect(await runProbe(helper(body), quiet)).toMatchObject({ ok: false, error: { code: 'failed' } });
  });

  it('hands its log on, line by line', async () => {
    const lines: string[] = [];
    await runProbe(helper(`console.error('one'); console.error('two');`), (line) => lines.push(line));
    expect(lines).toEqual(['one', 'two']);
  });

  it('that is not there is told by its name', async () => {
    const reply = await runProbe(join(folder, 'missing'), quiet);
    expect(reply).toMatchObject({ ok: false });
  });
});

describe('a report without an engine', () => {
  const at = (file: string) => reportAlone({ helper: file, data: join(folder, 'data') });

  it('is whole', async () => {
    expect(await at(says(probeWith()))).toMatchObject({ privileged: true, since_last: null });
  });

  it('says why, where nothing could be tried, instead of failing', async () => {
    const report = await at(helper('process.exit(3);'));
    expect(report).toMatchObject({
      privileged: false,
      why_not: expect.stringMatching(/exit code 3/) as unknown,
    });
  });
});
