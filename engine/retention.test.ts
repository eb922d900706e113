import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KeptRetention } from './retention.ts';
import { DEFAULT_RETENTION } from './store/contract.ts';

let folder: string;
let logged: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-retention-'));
  logged = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const opened = (flags = {}) => new KeptRetention(folder, flags, (line) => logged.push(line));
const MONTH = { days: 30, bytes: 1 << 30, freeWhenFull: true };

test('the defaults hold where nothing was chosen', () => {
  expect(opened().now).toEqual(DEFAULT_RETENTION);
  expect(logged).toEqual([]);
});

test('what was chosen holds in the next run, and nobody else may read it', () => {
  opened().keep(MONTH);
  expect(opened().now).toEqual(MONTH);
  expect(statSync(join(folder, 'retention.json')).mode & 0o777).toBe(0o600);
});

test('a flag goes before it, for that run', () => {
  opened().keep(MONTH);
  expect(opened({ days: 3 }).now).toEqual({ ...MONTH, days: 3 });
  expect(opened().now).toEqual(MONTH);
});

test.each(['{', '{"days":"many"}', '{"days":1,"bytes":2,"freeWhenFull":true,"more":1}'])(
  'a file of %s is said, and the defaults hold',
  (text) => {
    writeFileSync(join(folder, 'retention.json'), text);
    expect(opened().now).toEqual(DEFAULT_RETENTION);
    expect(logged).toEqual([expect.stringContaining('retention.json')]);
  },
);

test('where it cannot be kept nothing changes', () => {
  const retention = opened();
  rmSync(folder, { recursive: true });
  expect(() => retention.keep(MONTH)).toThrow(/ENOENT/);
  expect(retention.now).toEqual(DEFAULT_RETENTION);
});
