import {
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ConfigValue, SettingKey } from '../../shared/config.ts';
import { LiveConfig } from './index.ts';
import { parseFile } from './parse.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const system = () => join(folder, 'system.yaml');
const own = () => join(folder, 'config/merlon/merlon.yaml');
const open = (run: readonly (readonly [SettingKey, ConfigValue])[] = []) =>
  new LiveConfig({ system: system(), own: own() }, new Map(run));
const written = () => readFileSync(own(), 'utf8');
/** As an editor does; the time of the change may be the same otherwise. */
function edit(path: string, text: string): void {
  writeFileSync(path, text);
  utimesSync(path, new Date(), new Date(Date.now() + 5000));
}

describe('what counts', () => {
  test('default, then the administrator’s, then the user’s, then a flag', () => {
    expect(open().entry('retention.days')).toMatchObject({ value: 14, source: 'default' });
    writeFileSync(system(), 'retention:\n  days: 30\n');
    expect(open().entry('retention.days')).toMatchObject({ value: 30, source: 'system', default: 14 });
    expect(open().set('retention.days', 7)).toMatchObject({ ok: true, value: { value: 7, source: 'own' } });
    expect(open([['retention.days', 3]]).entry('retention.days')).toMatchObject({ value: 3, source: 'run' });
  });

  test('what the administrator locked goes before all, and that is said', () => {
    writeFileSync(system(), 'retention:\n  days: 30\nlocked: [retention.days]\n');
    expect(open().set('retention.days', 7)).toMatchObject({ ok: false, error: { code: 'locked' } });
    open().set('retention.size', '4 GiB');
    edit(own(), `${written()}  days: 7\n`);
    const entry = open([['retention.days', 3]]).entry('retention.days');
    expect(entry).toMatchObject({ value: 30, source: 'system', locked: true });
    expect(entry.problems).toEqual([
      expect.stringMatching(/own|merlon\.yaml does not count: .*system\.yaml fixes retention\.days/),
      expect.stringMatching(/flag of this run does not count/),
    ]);
  });

  test('a new word ends the flag’s hold', () => {
    const config = open([['console.port', 7411]]);
    config.set('console.port', 7412);
    expect(config.entry('console.port')).toMatchObject({ value: 7412, source: 'own' });
  });
});

describe('a file', () => {
  test.each([
    ['retention:\n  days: many', 2, 9, 'retention.days', /Takes a number of days/],
    ['retention:\n  days: 0', 2, 9, 'retention.days', /above 0/],
    ['retention:\n  dais: 7', 2, 3, 'retention.dais', /Did you mean retention\.days\?/],
    ['notification:\n  enabled: no', 1, 1, 'notification', /Did you mean notifications\?/],
    ['retention: 7', 1, 12, 'retention', /no setting retention/],
    ['console:\n  theme: [dark]', 2, 10, 'console.theme', /one plain value/],
    ['console:\n  port: 70000', 2, 9, 'console.port', /0 to 65,535/],
    ['locked: [retention.days]', 1, 1, 'locked', /Only the administrator/],
    ['- 1', 1, 1, undefined, /name: value/],
  ])('%j has its mistake told with its place', (text, line, column, key, said) => {
    const { problems } = parseFile(`${text}\n`, false);
    expect(problems).toEqual([
      { line, column, ...(key === undefined ? {} : { key }), said: expect.stringMatching(said) },
    ]);
  });

  test('the rest still counts', () => {
    const { values, problems } = parseFile(
      'retention:\n  days: many\n  size: 4 GiB\nnonsense: 1\nconsole:\n  theme: dark\n',
      false,
    );
    expect([...values]).toEqual([
      ['retention.size', 4 * 2 ** 30],
      ['console.theme', 'dark'],
    ]);
    expect(problems.map(({ line }) => line)).toEqual([2, 4]);
  });

  test.each(['a: [', 'a: 1\na: 2', '\tx: 1', 'a: b: c'])(
    '%j is no YAML, and nothing of it counts',
    (text) => {
      const { broken, problems } = parseFile(`console:\n  theme: dark\n${text}\n`, false);
      expect(broken).toBe(true);
      expect(problems[0]?.said).toMatch(/^This is no YAML/);
    },
  );

  test('never has what stands in it repeated', () => {
    const secret = 'hunter2hunter2';
    const texts = [
      `retention:\n  days: ${secret}`,
      `a: [${secret}`,
      `console:\n  theme: !${secret} x`,
      `&${secret} a: *${secret}x`,
    ];
    for (const text of texts) expect(JSON.stringify(parseFile(text, true).problems)).not.toContain(secret);
  });

  test('may lock nothing that is no setting', () => {
    const { locked, problems } = parseFile('locked: [retention.days, nonsense]\n', true);
    expect([...locked]).toEqual(['retention.days']);
    expect(problems).toHaveLength(1);
  });
});

describe('what Merlon writes', () => {
  test('is new, for its owner alone', () => {
    open().set('retention.size', 4 * 2 ** 30);
    expect(written()).toBe(
      '# Merlon’s settings of this user. What each is for: merlon config list\n\nretention:\n  size: 4 GiB\n',
    );
    expect(statSync(own()).mode & 0o777).toBe(0o600);
  });

  test('keeps comments, order, and what is not understood', () => {
    open().set('console.theme', 'dark');
    const text =
      '# mine\nconsole:\n  theme: dark # at night\n\n# how long\nretention:\n  days: 30 # a month\n  size: 4 GiB\nfuture: 1\n';
    edit(own(), text);
    open().set('retention.days', 31);
    expect(written()).toBe(text.replace('30', '31'));
    open().reset('retention.days');
    expect(written()).toContain('retention:\n  size: 4 GiB\nfuture: 1\n');
  });

  test('takes a group away with its last setting, and the file stays', () => {
    open().set('console.theme', 'dark');
    open().reset('console.theme');
    expect(written()).not.toMatch(/console|null|\{/);
    expect(open().list().files[1]).toMatchObject({ exists: true, problems: [] });
    open().set('console.port', 7411);
    expect(open().now['console.port']).toBe(7411);
  });

  test.each([
    ['retention:\n', 'retention:\n  days: 3\n'],
    ['retention.days: 9\n', 'retention.days: 3\n'],
    ['retention: {days: 9, size: 4 GiB}\n', 'retention: { days: 3, size: 4 GiB }\n'],
  ])('fits into %j', (before, after) => {
    open().set('console.theme', 'dark');
    edit(own(), before);
    open().set('retention.days', 3);
    expect(written()).toBe(after);
  });

  test('goes where a link points', () => {
    open().set('console.theme', 'dark');
    const real = join(folder, 'dotfile.yaml');
    writeFileSync(real, written());
    rmSync(own());
    symlinkSync(real, own());
    open().set('console.theme', 'light');
    expect(lstatSync(own()).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, 'utf8')).toContain('light');
  });

  test('never replaces what is no YAML', () => {
    open().set('console.theme', 'dark');
    edit(own(), 'console: [\n');
    expect(open().set('console.theme', 'light')).toMatchObject({
      ok: false,
      error: { code: 'config_failed' },
    });
    expect(written()).toBe('console: [\n');
  });

  test.each([
    ['console.prot', 1, 'unknown_key', /Did you mean console\.port/],
    ['console.port', 'x', 'bad_value', /Takes a whole number/],
    ['__proto__', 1, 'unknown_key', /no setting/],
  ])('%s is refused by %s', (key, value, code, message) => {
    expect(open().set(key, value)).toMatchObject({
      ok: false,
      error: { code, message: expect.stringMatching(message) },
    });
  });
});

describe('a change', () => {
  test('of a file counts at once, and is told once', () => {
    const config = open();
    let told = 0;
    config.onChange = () => told++;
    config.check();
    expect(told).toBe(0);
    edit(system(), 'console:\n  theme: dark\n');
    config.check();
    config.check();
    expect([told, config.now['console.theme']]).toEqual([1, 'dark']);
    rmSync(system());
    config.check();
    expect([told, config.now['console.theme']]).toEqual([2, 'system']);
  });

  test('that breaks a file leaves what it said before', () => {
    edit(system(), 'retention:\n  days: 90\n');
    const config = open();
    edit(system(), 'retention:\n  days: [90\n');
    config.check();
    expect(config.now['retention.days']).toBe(90);
    expect(config.list().files[0]?.problems).toHaveLength(1);
  });
});
