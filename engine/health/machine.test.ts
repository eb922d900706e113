import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pageBytes } from '../sensor/usage.ts';
import { onBattery } from './power.ts';
import { usedBy } from './processor.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'merlon-health-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function supply(name: string, words: Readonly<Record<string, string>>): void {
  mkdirSync(join(folder, name));
  for (const [file, word] of Object.entries(words)) writeFileSync(join(folder, name, file), `${word}\n`);
}

describe('the battery', () => {
  it.each<[string, boolean, Readonly<Record<string, string>>]>([
    ['discharges', true, { type: 'Battery', status: 'Discharging' }],
    ['charges', false, { type: 'Battery', status: 'Charging' }],
    ['is a mouse’s', false, { type: 'Battery', status: 'Discharging', scope: 'Device' }],
    ['says nothing', false, { type: 'Battery' }],
  ])('%s', (_, expected, words) => {
    supply('AC', { type: 'Mains' });
    supply('BAT0', words);
    expect(onBattery(folder)).toBe(expected);
  });

  it('is not there', () => {
    expect(onBattery(join(folder, 'nowhere'))).toBe(false);
  });
});

describe('what a process uses', () => {
  const stat = (name: string) =>
    `7 (${name}) S 1 7 7 0 -1 4194304 100 0 0 0 120 30 0 0 20 0 7 0 12345 1000000 512 1844 1 1`;

  it('is its processor time and resident memory, whatever its name', () => {
    mkdirSync(join(folder, '7'));
    writeFileSync(join(folder, '7/stat'), stat('a) R 9 9 ('));
    expect(usedBy(7, folder)).toEqual({ cpuMs: 1500, rssBytes: 512 * pageBytes() });
  });

  it('is that of this process', () => {
    const used = usedBy(process.pid);
    expect(used?.rssBytes).toBeGreaterThan(10 << 20);
    expect(used?.cpuMs).toBeGreaterThan(0);
  });

  it.each([
    ['has ended', undefined],
    ['says something else', '7 (x) S 1'],
  ])('is not known where it %s', (_, text) => {
    if (text !== undefined) {
      mkdirSync(join(folder, '7'));
      writeFileSync(join(folder, '7/stat'), text);
    }
    expect(usedBy(7, folder)).toBeUndefined();
  });
});
