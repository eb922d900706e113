import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { History } from './history.ts';
import { EPERM, probeWith } from './probe.builder.ts';
import { reportOf, type BareReport } from './report.ts';

let folder = '';
const logged: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-history-'));
  logged.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const history = () => new History(folder, (line) => logged.push(line));
const whole = (boot = 'one'): BareReport => ({ ...reportOf(probeWith(), null), boot_id: boot });
const withoutLsm = (boot = 'one'): BareReport => ({
  ...reportOf(probeWith({ features: { 'prog.lsm': EPERM } }), null),
  boot_id: boot,
});
const DENY = {
  protection: 'deny_exec',
  before: 'works',
  after: 'degraded',
  rungs: ['BPF LSM', 'fanotify'],
};

describe('the report before', () => {
  it('is none at first', () => {
    const first = history();
    expect(first.since(whole())).toBeNull();
    expect(first.keep(whole())).toBeUndefined();
  });

  it('is that of the last boot, in another engine too', () => {
    history().keep(whole('one'));
    const next = history();
    expect(next.since(withoutLsm('two'))).toMatchObject({
      same_boot: false,
      changes: expect.arrayContaining([DENY]),
    });
    expect(next.keep(withoutLsm('two'))).toContainEqual(DENY);
  });

  it('stays that of the last boot however often this one is tried, and a change is told once', () => {
    history().keep(whole('one'));
    history().keep(withoutLsm('two'));
    const later = history();
    expect(later.since(withoutLsm('two'))).toMatchObject({
      same_boot: false,
      changes: expect.arrayContaining([DENY]),
    });
    expect(later.keep(withoutLsm('two'))).toEqual([]);
  });

  it('is an earlier one of this boot where nothing else is known', () => {
    history().keep(whole());
    expect(history().since(withoutLsm())).toMatchObject({ same_boot: true });
    expect(history().since(whole())).toMatchObject({ same_boot: true, changes: [] });
  });

  it('is not touched by what could not be tried', () => {
    history().keep(whole());
    const before = readFileSync(join(folder, 'capabilities.json'), 'utf8');
    const unknown = reportOf(undefined, 'No.');
    expect(history().since(unknown)).toBeNull();
    expect(history().keep(unknown)).toEqual([]);
    expect(readFileSync(join(folder, 'capabilities.json'), 'utf8')).toBe(before);
  });

  it('is readable by its owner alone', () => {
    history().keep(whole());
    expect(statSync(join(folder, 'capabilities.json')).mode & 0o777).toBe(0o600);
  });

  it.each(['', '{', '[]', '{"newest":{"schema":99}}', '{"newest":{"schema":1,"protections":7}}'])(
    'is given up with a word where the file holds %j',
    (text) => {
      writeFileSync(join(folder, 'capabilities.json'), text);
      const given = history();
      expect(given.since(whole())).toBeNull();
      expect(given.keep(whole())).toBeUndefined();
      expect(logged.length).toBe(text === '[]' ? 0 : 1);
    },
  );

  it('says so where it cannot be kept', () => {
    const nowhere = new History(join(folder, 'missing'), (line) => logged.push(line));
    nowhere.keep(whole());
    expect(logged).toEqual([expect.stringMatching(/is not kept: ENOENT/)]);
  });
});
