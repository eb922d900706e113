import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProbeError, probeOf } from './probe.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'merlon-probe-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** A descriptor of a file that holds the text: it ends as a pipe does. */
function holding(text: string): string {
  const file = join(folder, 'said');
  writeFileSync(file, text);
  return String(openSync(file, 'r'));
}

describe('what a probe said', () => {
  it('is given to everybody who asks', async () => {
    const probed = probeOf(holding('{"probe":1}'));
    expect([await probed(), await probed()]).toEqual([{ probe: 1 }, { probe: 1 }]);
  });

  it('is read from a pipe as it comes', async () => {
    const pipe = join(folder, 'pipe');
    spawnSync('mkfifo', [pipe]);
    const writer = openSync(pipe, 'r+');
    const probed = probeOf(String(openSync(pipe, 'r')));
    writeFileSync(writer, '{"probe":');
    writeFileSync(writer, '2}');
    closeSync(writer);
    expect(await probed()).toEqual({ probe: 2 });
  });

  it.each([
    ['nothing', '', /without a word/],
    ['half of it', '{"probe":', /middle/],
    ['a flood', 'x'.repeat((512 << 10) + 1), /more than a probe/],
  ])('is refused where it is %s', async (_, text, why) => {
    const probed = probeOf(holding(text));
    await expect(probed()).rejects.toThrow(ProbeError);
    await expect(probed()).rejects.toThrow(why);
  });

  it.each([undefined, '', 'x', '-1', '1e9'])(
    'is missing where the environment says %j',
    async (descriptor) => {
      await expect(probeOf(descriptor)()).rejects.toThrow(/No probe was started/);
    },
  );

  it('is missing where the descriptor is closed', async () => {
    const descriptor = holding('{}');
    closeSync(Number(descriptor));
    await expect(probeOf(descriptor)()).rejects.toThrow(ProbeError);
  });
});
