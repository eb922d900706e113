import { describe, expect, test } from 'vitest';
import type { ProcessProgram, ProcessSummary } from '../../shared/console.ts';
import { parseQuery } from '../../shared/query.ts';
import { detailsOf, fieldsOf, gapWords, modeText, type Known } from './details.ts';

const PROCESS: ProcessSummary = {
  entity_id: 'b-1-2',
  pid: 23211,
  ppid: 23201,
  parent_entity_id: 'b-1-1',
  name: 'kworker',
  executable: '/tmp/.npm/kworker',
  command_line: '[kworker/u9:2]',
  user: 'alex',
  start: 1_800_000_000_000,
  end: null,
  exit_code: null,
  signal: null,
  container: null,
  unit: null,
};

const PROGRAM: ProcessProgram = {
  path: '/tmp/.npm/kworker',
  package: null,
  file: {
    device: '8:1',
    inode: '7',
    mode: 0o4755,
    owner: 'root',
    group: 'root',
    size: 2048,
    modified: 1,
    sha256: 'abc',
    since_run: 'replaced',
  },
};

function said(known: Partial<Known>, label: string) {
  const all = detailsOf({ process: PROCESS, fields: {}, ...known }).flatMap(({ details }) => details);
  return all.find((detail) => detail.label === label);
}

describe('the program', () => {
  test('is said to be as on disk now, and whether it changed since it was run', () => {
    expect(said({ program: PROGRAM }, 'sha256')?.lines).toEqual(['abc']);
    expect(said({ program: PROGRAM }, 'file on disk')).toMatchObject({
      note: 'changed since it was run: another file has its place',
      striking: true,
    });
    expect(said({ program: PROGRAM }, 'file mode')).toMatchObject({
      lines: ['4755 rwxr-xr-x'],
      note: 'setuid',
      striking: true,
    });
    expect(said({ program: PROGRAM }, 'package.name')?.note).toBe('none owns it');
  });

  test.each([
    ['gone', 'nothing has this path any more'],
    ['memory', 'it was never a file on disk'],
  ] as const)('%s has a word', (problem, note) => {
    expect(said({ program: { ...PROGRAM, file: null, problem } }, 'file on disk')?.note).toBe(note);
  });

  test('a file that is not hashed says why', () => {
    const file = { ...PROGRAM.file!, sha256: null, unhashed: 'too_large' } as const;
    expect(said({ program: { ...PROGRAM, file } }, 'sha256')).toMatchObject({
      lines: [],
      note: 'larger than 1 GiB: not hashed',
    });
  });
});

test('what was not measured is a word, never 0', () => {
  const usage = { entity_id: 'b-1-2', cpu_time_ns: null, cpu_percent: null, rss_bytes: null, ppid: null };
  expect(said({ usage }, 'memory')?.note).toBe('unknown');
  expect(said({ usage: { ...usage, rss_bytes: 0, cpu_percent: 0 } }, 'CPU now')?.note).toBe('0 %');
});

test('every value that can be asked for has a query that parses', () => {
  const fields = { 'user.name': 'a"b', 'user.id': '1000', 'merlon.namespace.net': 4026531840 };
  const process = { ...PROCESS, command_line: 'a "b" \\ (c) \u202e', unit: 'x*.service' };
  const queries = detailsOf({ process, fields, program: PROGRAM })
    .flatMap(({ details }) => details)
    .flatMap(({ query }) => query ?? []);
  expect(queries.length).toBeGreaterThan(5);
  expect(queries.filter((query) => !parseQuery(query).ok)).toEqual([]);
});

test('a process that ended says what it used, one that runs does not yet', () => {
  const ended = { ...PROCESS, end: PROCESS.start + 5000, exit_code: 1 };
  const fields = { 'process.exit_code': 1, 'merlon.exit.cpu_time': 42e7, 'merlon.exit.max_rss': 1 << 20 };
  expect(said({ process: ended, fields }, 'CPU in all')?.note).toBe('420 ms');
  expect(said({ process: ended, fields }, 'largest memory')?.note).toBe('1.00 MiB');
  expect(said({}, 'CPU in all')).toBeUndefined();
});

test('a failed exec does not lend the process its arguments', () => {
  const event = (sequence: number, fields: object) => ({ cursor: `1.1.${sequence}`, fields });
  const fields = fieldsOf([
    event(1, { 'event.action': 'exec', 'process.command_line': 'own' }),
    event(2, { 'event.action': 'exec_failed', 'process.command_line': 'tried' }),
  ]);
  expect(fields['process.command_line']).toBe('own');
});

test('modes and gaps are written out', () => {
  expect([0o755, 0o2644, 0].map(modeText)).toEqual(['0755 rwxr-xr-x', '2644 rw-r--r--', '0000 ---------']);
  expect(gapWords([])).toBe('none in this life span');
  expect(gapWords([7000, 7000])).toBe('2 intervals, 14.00 s together');
});
