import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { KernelForecast } from '../../shared/capabilities.ts';
import type { Question } from './forecast.ts';
import { Memory } from './memory.ts';

let folder = '';
const at = (name: string) => join(folder, name);
const logged: string[] = [];
const memory = () => new Memory(at('kernels.json'), (line) => logged.push(line));
const question = (): Question => ({
  object: at('merlon.bpf.o'),
  kernel: { version: '6.99', images: [at('vmlinuz'), at('missing')], configs: [at('config')] },
  commandLine: at('cmdline'),
});
const FITS: KernelForecast = { version: '6.99', state: 'fits', programs: 6, fitting: 6, findings: [] };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-memory-'));
  logged.length = 0;
  for (const name of ['merlon.bpf.o', 'vmlinuz', 'config', 'cmdline']) writeFileSync(at(name), name);
});
afterEach(() => rmSync(folder, { recursive: true }));

it('recalls what was found, in another engine too, where nothing has changed', () => {
  expect(memory().recall(question())).toBeUndefined();
  memory().remember(question(), FITS);
  expect(memory().recall(question())).toEqual(FITS);
  expect(statSync(at('kernels.json')).mode & 0o777).toBe(0o600);
});

it.each(['merlon.bpf.o', 'vmlinuz', 'missing', 'config', 'cmdline'])(
  'forgets it where %s changes',
  (name) => {
    memory().remember(question(), FITS);
    writeFileSync(at(name), 'another, longer');
    expect(memory().recall(question())).toBeUndefined();
  },
);

it('keeps nothing that was not known', () => {
  memory().remember(question(), { ...FITS, state: 'unknown' });
  expect(memory().recall(question())).toBeUndefined();
});

it.each(['', '[', '{"6.99":{"key":7}}', '{"6.99":{"key":"x","forecast":{"state":"fine"}}}'])(
  'looks again where the file holds %j',
  (text) => {
    writeFileSync(at('kernels.json'), text);
    expect(memory().recall(question())).toBeUndefined();
  },
);

it('says so where it cannot keep it, and goes on', () => {
  const nowhere = new Memory(at('no/kernels.json'), (line) => logged.push(line));
  nowhere.remember(question(), FITS);
  expect(logged).toHaveLength(1);
  expect(nowhere.recall(question())).toEqual(FITS);
});
