import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TarWriter } from './tar.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-tar-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = () => join(folder, 'x.tar');
function tar(...args: string[]): string {
  const run = spawnSync('tar', args, { encoding: 'utf8' });
  expect([run.status, run.stderr]).toEqual([0, '']);
  return run.stdout;
}

test.each([0, 1, 511, 512, 513, 3_000_000])('a file of %i bytes comes out of tar as it went in', (size) => {
  const bytes = Buffer.from(Array.from({ length: size }, (_, i) => i % 251));
  writeFileSync(join(folder, 'source'), bytes);
  const writer = new TarWriter(file());
  writer.addFolder('events');
  writer.addFile('events/a.db', join(folder, 'source'));
  writer.addFile('b.db', join(folder, 'source'));
  writer.finish();
  expect(writer.bytes).toBe(statSync(file()).size);
  writer.close();
  expect(tar('tf', file()).trim().split('\n')).toEqual(['events/', 'events/a.db', 'b.db']);
  tar('xf', file(), '-C', folder);
  expect(readFileSync(join(folder, 'events/a.db')).equals(bytes)).toBe(true);
  expect(readFileSync(join(folder, 'b.db')).equals(bytes)).toBe(true);
  expect(statSync(join(folder, 'b.db')).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'events')).mode & 0o777).toBe(0o700);
});

test('an existing file is never written to, and names that do not fit are refused', () => {
  writeFileSync(file(), 'mine');
  expect(() => new TarWriter(file())).toThrow('EEXIST');
  rmSync(file());
  const writer = new TarWriter(file());
  writeFileSync(join(folder, 'source'), '');
  expect(() => writer.addFile('x'.repeat(101), join(folder, 'source'))).toThrow(RangeError);
  writer.close();
});
