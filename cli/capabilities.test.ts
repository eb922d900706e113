import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { CapabilityChange, CapabilityReport } from '../shared/capabilities.ts';
import type { Console } from '../shared/console.ts';
import { fail, ok } from '../shared/result.ts';
import {
  capabilityReport,
  hostileReport,
  unprivilegedReport,
  withProtection,
} from './capabilities.builder.ts';
import { page } from './capabilities-html.ts';
import { capabilitiesCommand } from './capabilities.ts';
import { CommandError } from './command.ts';
import { engineDouble, merlon, type EngineDouble } from './double.ts';
import { ProgressLine } from './progress.ts';
import { ACTING } from './terminal.ts';

const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'merlon-cli-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};
interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly sentence: string;
}

interface Run {
  readonly root?: boolean;
  readonly signal?: AbortSignal;
}

/** In this process, where no engine runs, and the helper is played. */
async function alone(
  report: CapabilityReport | Promise<CapabilityReport>,
  args: readonly string[] = [],
  { root = false, signal = new AbortController().signal }: Run = {},
): Promise<Ended> {
  const command = capabilitiesCommand({ reportAlone: () => Promise.resolve(report), root });
  let stdout = '';
  const out = {
    terminal: false,
    width: 100,
    write: (part: string) => {
      stdout += part;
      return Promise.resolve();
    },
  };
  const progress = new ProgressLine({ write: () => undefined });
  try {
    await command.prepareAlone?.(args)({ out, progress, signal });
    return { code: 0, stdout, sentence: '' };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { code: error.exitCode, stdout, sentence: error.message };
  }
}

it('hostile text is JSON that parses to the same, and no terminal obeys it', async () => {
  const { stdout } = await alone(hostileReport(), ['--json']);
  expect(stdout.trimEnd().match(ACTING)).toBeNull();
  expect(JSON.parse(stdout)).toEqual(hostileReport());
});

describe('--html FILE', () => {
  it('writes the page for its owner alone', async () => {
    const file = join(folder(), 'page.html');
    const { code, stdout } = await alone(capabilityReport(), ['--html', file]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `${file} holds the whole report: open it in a browser, or hand it on.\n`,
    });
    expect(readFileSync(file, 'utf8')).toBe(page(capabilityReport()));
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('overwrites nothing, and says so before anything is tried', async () => {
    const file = join(folder(), 'page.html');
    writeFileSync(file, 'mine');
    const { code, sentence } = await alone(new Promise(() => {}), ['--html', file]);
    expect(code).toBe(1);
    expect(sentence).toBe(`${file} is there already, and Merlon overwrites nothing. Name another file.`);
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  it('overwrites nothing that came there meanwhile', async () => {
    const file = join(folder(), 'page.html');
    const report = Promise.withResolvers<CapabilityReport>();
    const ended = alone(report.promise, ['--html', file]);
    mkdirSync(file);
    report.resolve(capabilityReport());
    expect((await ended).sentence).toContain('is there already');
  });

  it('says that it cannot be written', async () => {
    const file = join(folder(), 'missing', 'page.html');
    expect(await alone(capabilityReport(), ['--html', file])).toMatchObject({
      code: 1,
      sentence: expect.stringContaining('cannot be written') as unknown,
    });
  });
});

describe('exit codes', () => {
  const since = (changes: readonly Partial<CapabilityChange>[]): CapabilityReport['since_last'] => ({
    made: 0,
    kernel_version: '6.12.1',
    same_boot: false,
    changes: changes.map((each) => ({
      protection: 'see_failed_programs',
      before: 'works',
      after: 'degraded',
      rungs: [null, null],
      ...each,
    })),
  });

  it.each<[string, CapabilityReport, number, RegExp]>([
    ['0 where all that is relied on works', capabilityReport(), 0, /^$/],
    [
      '0 where what nothing relies on is impossible',
      withProtection('deny_file', { state: 'impossible' }),
      0,
      /^$/,
    ],
    [
      '1 where what is relied on is impossible',
      withProtection('see_programs', { state: 'impossible', rung: null }),
      1,
      /^“Every program that starts and ends” is impossible on this kernel, and Merlon relies on it\.$/,
    ],
    [
      '1 where what is relied on works less well',
      capabilityReport({ since_last: since([{}]) }),
      1,
      /^“Attempts to start a program that fail” was works and is degraded\.$/,
    ],
    [
      '0 where it works better',
      capabilityReport({ since_last: since([{ before: 'degraded', after: 'works' }]) }),
      0,
      /^$/,
    ],
    ['0 where it was not known', capabilityReport({ since_last: since([{ before: 'unknown' }]) }), 0, /^$/],
    ['0 where it is not known', capabilityReport({ since_last: since([{ after: 'unknown' }]) }), 0, /^$/],
    [
      '0 where nothing relies on it',
      capabilityReport({ since_last: since([{ protection: 'deny_exec' }]) }),
      0,
      /^$/,
    ],
    ['0 where nothing was tried', unprivilegedReport(), 0, /^$/],
  ])('%s', async (_, report, code, sentence) => {
    const ended = await alone(report);
    expect(ended.code).toBe(code);
    expect(ended.sentence).toMatch(sentence);
    expect(ended.stdout).toContain('Sees: what runs');
  });

  it.each([
    ['4 where --probe was asked for and not allowed', false, 4],
    ['1 where root asked for it and it failed', true, 1],
  ])('%s, and the report is shown all the same', async (_, root, code) => {
    const ended = await alone(unprivilegedReport('Nobody answered.'), ['--probe'], { root });
    expect(ended).toMatchObject({ code, sentence: 'Nothing was tried. Nobody answered.' });
    expect(ended.stdout).toContain('Nobody answered.');
  });

  it('--probe is done where root tried', async () => {
    expect((await alone(capabilityReport(), ['--probe'])).code).toBe(0);
  });

  it('Ctrl-C ends it while a password is asked for', async () => {
    const interrupt = new AbortController();
    const ended = alone(new Promise(() => {}), [], { signal: interrupt.signal });
    interrupt.abort();
    expect(await ended).toMatchObject({ code: 1, stdout: '' });
  });

  it.each([
    ['two ways to show it', ['--json', '--html', 'x']],
    ['two others', ['--all', '--json']],
    ['no name', ['--html', '']],
    ['a word', ['now']],
    ['an unknown option', ['--verbose']],
  ])('2 for %s', async (_, args) => {
    expect(await alone(capabilityReport(), args)).toMatchObject({ code: 2, stdout: '' });
  });
});

it('asks an engine that runs, and not the helper', async () => {
  const asked: string[] = [];
  const command = capabilitiesCommand({ reportAlone: () => Promise.reject(new Error('asked')), root: false });
  const request = (name: string) => {
    asked.push(name);
    return Promise.resolve(ok(capabilityReport()));
  };
  const run = {
    console: { request, on: () => () => {}, onClose: () => {} } as unknown as Console,
    out: { terminal: false, width: 80, write: () => Promise.resolve() },
    progress: new ProgressLine({ write: () => undefined }),
    signal: new AbortController().signal,
  };
  await command.prepare([])(run);
  await command.prepare(['--probe'])(run);
  expect(asked).toEqual(['capabilities.get', 'capabilities.probe']);
});

describe('as a process', () => {
  let engine: EngineDouble;
  beforeEach(async () => {
    engine = await engineDouble();
  });
  afterEach(() => engine.close());

  it('--json is the report of the contract', async () => {
    engine.answer('capabilities.get', () => ok(capabilityReport()));
    const told = await merlon(['capabilities', '--json'], engine.socket);
    expect(told).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(told.stdout)).toEqual(capabilityReport());
  });

  it.each([
    ['fails', 1, 'probe_failed', 'The probe took longer than 30 s.'],
    ['is not allowed', 4, 'not_permitted', 'You dismissed the password dialog.'],
  ])('a probe that %s is %i, in the engine’s words', async (_, code, error, message) => {
    engine.answer('capabilities.probe', () => fail(error, message));
    expect(await merlon(['capabilities', '--probe'], engine.socket)).toEqual({
      code,
      stdout: '',
      stderr: `merlon: ${message}\n`,
    });
  });

  it('is in the help, and has its own', async () => {
    expect((await merlon(['--help'], engine.socket)).stdout).toMatch(/^ {2}capabilities +what this kernel/m);
    const own = await merlon(['capabilities', '--help'], engine.socket);
    expect(own).toMatchObject({ code: 0, stderr: '' });
    expect(own.stdout).toContain('--html FILE');
  });
});
