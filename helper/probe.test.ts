import { spawnSync } from 'node:child_process';
import { closeSync, createWriteStream, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProbeError, probeOf, type Probed } from './probe.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'merlon-probe-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** Both ends of a pipe. */
function pipe(): { readonly reader: string; readonly writer: number } {
  const path = join(folder, 'pipe');
  spawnSync('mkfifo', [path]);
  const both = openSync(path, 'r+');
  const reader = openSync(path, 'r');
  const writer = openSync(path, 'w');
  closeSync(both);
  return { reader: String(reader), writer };
}

/** What gives the words of a probe that has said so much, and ended. */
function said(text: string): Probed {
  const { reader, writer } = pipe();
  const probed = probeOf(reader);
  const probe = createWriteStream('', { fd: writer });
  probe.on('error', () => {}); // nobody reads a flood to its end
  probe.end(text);
  return probed;
}

describe('what a probe said', () => {
  it('is given to everybody who asks', async () => {
    const probed = said('{"probe":1}');
    expect([await probed(), await probed()]).toEqual([{ probe: 1 }, { probe: 1 }]);
  });

  it('is read as it comes', async () => {
    const { reader, writer } = pipe();
    const probed = probeOf(reader);
    writeFileSync(writer, '{"probe":');
    await new Promise((resolve) => setTimeout(resolve, 20));
    writeFileSync(writer, '2}');
    closeSync(writer);
    expect(await probed()).toEqual({ probe: 2 });
  });

  it('does not keep the process from ending while it is still to come', () => {
    const { reader, writer } = pipe();
    const script = `import { probeOf } from '${new URL('./probe.ts', import.meta.url).pathname}'; probeOf('3'); setTimeout(() => process.exit(7), 50);`;
    const stdio = ['ignore', 'ignore', 'inherit', Number(reader)] as const;
    const argv = ['--input-type=module', '-e', script];
    expect(spawnSync(process.execPath, argv, { stdio: [...stdio], timeout: 20_000 }).status).toBe(7);
    closeSync(writer);
  });

  it.each([
    ['nothing', '', /without a word/],
    ['half of it', '{"probe":', /middle/],
    ['a flood', 'x'.repeat((512 << 10) + 1), /more than a probe/],
  ])('is refused where it is %s', async (_, text, why) => {
    const probed = said(text);
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
    const { reader, writer } = pipe();
    closeSync(writer);
    closeSync(Number(reader));
    await expect(probeOf(reader)()).rejects.toThrow(ProbeError);
  });
});
