import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fail, ok, type Result } from '../shared/result.ts';
import { atTerminal, engineDouble, merlon, someStatus, type EngineDouble } from './double.ts';

let engine: EngineDouble;
beforeEach(async () => {
  engine = await engineDouble();
});
afterEach(() => engine.close());

const asked = (name: string) =>
  engine.asked.filter((request) => request.name === name).map(({ input }) => input);
const run = (...args: string[]) => merlon(args, engine.socket);

describe('usage errors, without asking the engine', () => {
  it.each([
    ['a backup without a file', ['backup'], /Name a file/],
    ['store without a verb', ['store'], /check, salvage, fresh, cuts, retention/],
    ['store with another verb', ['store', 'repair'], /‘repair’ is none of/],
    ['a retention of no days', ['store', 'retention', '--days', '0'], /--days takes a number above 0/],
    ['a retention of many GiB', ['store', 'retention', '--gib', 'many'], /--gib takes a number/],
    ['neither yes nor no', ['store', 'retention', '--free-when-full', 'maybe'], /takes yes or no/],
    ['a histogram since no time', ['histogram', '--since', 'ever'], /‘ever’ is neither/],
    ['a histogram of the future', ['histogram', '--since', '2999-01-01'], /before now/],
    ['a step that is no span', ['histogram', '--step', '5'], /‘5’ is no span/],
    ['too many steps', ['histogram', '--since', '24h', '--step', '1s'], /more than 2,000/],
    ['starting fresh where nobody can be asked', ['store', 'fresh'], /nothing was set aside.*fresh --yes/],
    ['wiping where nobody can be asked', ['wipe'], /nothing was deleted.*--yes-delete-every-event/],
  ])('%s', async (_, args, sentence) => {
    const told = await run(...args);
    expect(told).toMatchObject({ code: 2, stdout: '' });
    expect(told.stderr).toMatch(sentence);
    expect(told.stderr.trim().split('\n')).toHaveLength(1);
    expect(engine.asked).toEqual([]);
  });
});

describe('backup', () => {
  it('names the file as the engine has to find it, and says what is in it', async () => {
    engine.answer('store.backup', () => ok({ bytes: 5 << 20, events: 1284 }));
    const told = await run('backup', 'b.tar');
    const file = `${process.cwd()}/b.tar`;
    expect(asked('store.backup')).toEqual([{ file }]);
    expect(told).toEqual({ code: 0, stdout: `1,284 events are in ${file} (5.0 MiB).\n`, stderr: '' });
    expect(JSON.parse((await run('backup', '/b.tar', '--json')).stdout)).toEqual({
      file: '/b.tar',
      bytes: 5 << 20,
      events: 1284,
    });
  });

  it('that cannot be written fails in the engine’s words', async () => {
    engine.answer('store.backup', () => fail('bad_file', 'There is no folder /no.'));
    expect(await run('backup', '/no/b.tar')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'merlon: There is no folder /no.\n',
    });
  });
});

/** A task that ends when it is cancelled, and tells how far it is. */
function endless(task: 'backup' | 'check'): void {
  let end: (result: Result<unknown>) => void = () => undefined;
  engine.answer(`store.${task}`, () => {
    engine.notify('store.progress', { task, done: 0.42 });
    return new Promise((resolve) => (end = resolve));
  });
  engine.answer('store.cancel', () => {
    end(fail('cancelled', `The ${task} was cancelled.`));
    return ok({});
  });
}

it.each([
  ['backup', ['backup', '/b.tar']],
  ['check', ['store', 'check']],
] as const)('Ctrl-C cancels a %s in the engine', async (task, args) => {
  endless(task);
  const told = run(...args);
  await until(() => asked(`store.${task}`).length === 1);
  told.child.kill('SIGINT');
  expect(await told).toEqual({ code: 1, stdout: '', stderr: `merlon: The ${task} was cancelled.\n` });
  expect(asked('store.cancel')).toEqual([{ task }]);
});

it('a person at a terminal sees how far it is, and the line goes away', async () => {
  endless('check');
  const terminal = atTerminal(['store', 'check'], engine.socket);
  await terminal.shows(/Checking: 42 %/);
  terminal.type('\u0003');
  const { code, text } = await terminal.ended;
  expect(code).toBe(1);
  expect(text).toMatch(/\r\u001b\[2Kmerlon: The check was cancelled\.\r\n$/);
});

it('Ctrl-C leaves a salvage to the engine, and says so', async () => {
  engine.answer('store.salvage', () => new Promise(() => undefined));
  const told = run('store', 'salvage');
  await until(() => asked('store.salvage').length === 1);
  told.child.kill('SIGINT');
  const { code, stderr } = await told;
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/finished by the engine/) as string,
  });
  expect(asked('store.cancel')).toEqual([]);
});

describe('store check', () => {
  const finding = { file: '000002.db', problem: 'Page 7 is damaged.', readable: null };

  it('of a sound store is 0', async () => {
    engine.answer('store.check', () => ok({ partitions: 2, events: 1284, findings: [] }));
    expect(await run('store', 'check')).toEqual({
      code: 0,
      stdout: 'All is sound: 1,284 events in 2 files.\n',
      stderr: '',
    });
    expect(JSON.parse((await run('store', 'check', '--json')).stdout)).toEqual({
      sound: true,
      partitions: 2,
      events: 1284,
      findings: [],
    });
  });

  it('counts a file with two findings once', async () => {
    engine.answer('store.check', () => ok({ partitions: 2, events: 1284, findings: [finding, finding] }));
    expect((await run('store', 'check')).stderr).toContain('One file is not sound');
  });

  it('of another is 1, says what, and what to do', async () => {
    engine.answer('store.check', () => ok({ partitions: 2, events: 1284, findings: [finding] }));
    const told = await run('store', 'check');
    expect(told.code).toBe(1);
    expect(told.stdout).toBe('FILE        READABLE  PROBLEM\n000002.db  not tried  Page 7 is damaged.\n');
    expect(told.stderr).toMatch(/One file is not sound, of 1,284 events in 2 files\. .*merlon store salvage/);
    const asJson = await run('store', 'check', '--json');
    expect(asJson.code).toBe(1);
    expect(JSON.parse(asJson.stdout)).toMatchObject({ sound: false, findings: [finding] });
  });
});

it('store salvage says how much it saved', async () => {
  engine.answer('store.salvage', () => ok({ events: 1284 }));
  expect(await run('store', 'salvage')).toMatchObject({ code: 0, stdout: '1,284 events were saved.\n' });
  engine.answer('store.salvage', () => ok({ events: 0 }));
  expect((await run('store', 'salvage')).stdout).toMatch(/^Nothing was saved: .*merlon store check/);
});

describe('store fresh', () => {
  const aside = { folder: '/data/set-aside-2026-11-25T10-00-00Z', bytes: 5 << 20, events: 1284, holds: 0 };
  beforeEach(() => {
    engine.answer('status.get', () => ok(someStatus));
    engine.answer('store.fresh', () => ok(aside));
  });

  it('in a script needs --yes, and says where the old database lies', async () => {
    expect(await run('store', 'fresh', '--yes')).toEqual({
      code: 0,
      stdout: `The database lies in ${aside.folder} now (5.0 MiB, 1,284 events). Merlon neither reads nor deletes it.\n`,
      stderr: '',
    });
    expect(asked('store.fresh')).toEqual([{ scope: 'everything' }]);
    expect(JSON.parse((await run('store', 'fresh', '--yes', '--json')).stdout)).toEqual(aside);
  });

  it('sets aside only what is damaged, and says what is not known', async () => {
    engine.answer('store.fresh', () => ok({ ...aside, events: null, holds: 2 }));
    expect((await run('store', 'fresh', '--damaged', '--yes')).stdout).toMatch(
      /^What was damaged lies in .*nobody knows how many events\)\. 2 holds went with it\./,
    );
    expect(asked('store.fresh')).toEqual([{ scope: 'damaged' }]);
  });

  it('says what it does, and does it after the answer', async () => {
    const terminal = atTerminal(['store', 'fresh'], engine.socket);
    await terminal.shows(
      /1,284 events \(5\.0 MiB\) are not found[^]*Nothing is deleted[^]*Type fresh to go on: /,
    );
    expect(asked('store.fresh')).toEqual([]);
    terminal.type('fresh\n');
    expect(await terminal.ended).toMatchObject({ code: 0 });
    expect(asked('store.fresh')).toHaveLength(1);
  });

  it.each([
    ['another word', 'yes\n'],
    ['the end of the input', '\u0004'],
    ['Ctrl-C', '\u0003'],
  ])('does nothing after %s', async (_, answer) => {
    const terminal = atTerminal(['store', 'fresh', '--damaged'], engine.socket);
    await terminal.shows(/sound ones stay[^]*Type fresh to go on: /);
    terminal.type(answer);
    const { code, text } = await terminal.ended;
    expect(code).toBe(1);
    expect(text).toMatch(/Nothing was set aside\.\r\n$/);
    expect(asked('store.fresh')).toEqual([]);
  });

  it('fails in the engine’s words', async () => {
    engine.answer('store.fresh', () => fail('store_failed', 'Make its folder writable for you.'));
    expect(await run('store', 'fresh', '--yes')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'merlon: Make its folder writable for you.\n',
    });
  });
});

describe('store cuts', () => {
  const at = new Date(2026, 10, 24, 14, 2, 7).getTime();
  const cut = {
    at,
    reason: 'age',
    boot: 1,
    events: 262_144,
    bytes: 60 << 20,
    first: at - 86_400_000,
    last: null,
  };

  it('says when, why, how much and from when', async () => {
    engine.answer('store.cuts', () => ok({ cuts: [cut] }));
    const lines = (await run('store', 'cuts')).stdout.split('\n');
    expect(lines[1]).toMatch(
      /^2026-11-24 14:02:07 +too old +262,144 +60\.0 MiB +2026-11-23 14:02:07 +unknown$/,
    );
    expect(JSON.parse((await run('store', 'cuts', '--json')).stdout)).toEqual(cut);
  });

  it('says where what was set aside lies, and why', async () => {
    const aside = {
      ...cut,
      reason: 'set_aside',
      events: null,
      folder: '/data/set-aside-x',
      why: 'It was newer.',
    };
    engine.answer('store.cuts', () => ok({ cuts: [aside] }));
    const lines = (await run('store', 'cuts')).stdout.split('\n');
    expect(lines[1]).toMatch(/set aside +unknown +60\.0 MiB/);
    expect(lines[2]).toBe('Set aside 2026-11-24 14:02:07: /data/set-aside-x. It was newer.');
  });

  it('says so where nothing was cut', async () => {
    engine.answer('store.cuts', () => ok({ cuts: [] }));
    expect((await run('store', 'cuts')).stdout).toBe('Nothing was ever cut.\n');
    expect((await run('store', 'cuts', '--json')).stdout).toBe('');
  });
});

describe('store retention', () => {
  beforeEach(() => {
    const now = { days: 14, bytes: 2 * 2 ** 30, free_when_full: false };
    engine.answer('store.retention', () => ok(now));
    engine.answer('store.retain', (change) => ok({ ...now, ...(change as object) }));
  });

  it('is shown where nothing is given', async () => {
    expect((await run('store', 'retention')).stdout).toBe(
      'Events are kept for 14 days, in at most 2.0 GiB. On a full disk the oldest stay, and new ones wait in memory.\n',
    );
    expect(asked('store.retain')).toEqual([]);
  });

  it('changes what is given and nothing else', async () => {
    const told = await run('store', 'retention', '--gib', '0.5', '--free-when-full', 'yes', '--json');
    expect(asked('store.retain')).toEqual([{ bytes: 2 ** 29, free_when_full: true }]);
    expect(JSON.parse(told.stdout)).toEqual({ days: 14, bytes: 2 ** 29, free_when_full: true });
  });
});

describe('wipe', () => {
  beforeEach(() => {
    const oldest = new Date(2026, 10, 9, 14, 2, 7).getTime();
    engine.answer('status.get', () => ok({ ...someStatus, store: { ...someStatus.store, oldest } }));
    engine.answer('store.wipe', () => ok({ events: 1284 }));
  });

  it('in a script needs the option that says what it does', async () => {
    expect(await run('wipe', '--yes-delete-every-event')).toEqual({
      code: 0,
      stdout: '1,284 events were deleted.\n',
      stderr: '',
    });
    expect(asked('store.wipe')).toEqual([{ confirm: 'every event' }]);
  });

  it('shows what will be deleted, and does it after both answers', async () => {
    const terminal = atTerminal(['wipe'], engine.socket);
    await terminal.shows(
      /all 1,284 events \(5\.0 MiB, stored since 2026-11-09 14:02:07\)[^]*Type wipe to go on: /,
    );
    terminal.type('wipe\n');
    await terminal.shows(/Type the number of events, 1,284: /);
    expect(asked('store.wipe')).toEqual([]);
    terminal.type('1284\n');
    expect(await terminal.ended).toMatchObject({ code: 0 });
    expect(asked('store.wipe')).toHaveLength(1);
  });

  it.each([
    ['another word', ['yes\n']],
    ['another number', ['wipe\n', '1283\n']],
    ['no number', ['wipe\n', '\n']],
    ['the end of the input', ['\u0004']],
    ['Ctrl-C', ['\u0003']],
    ['Ctrl-C at the second question', ['wipe\n', '\u0003']],
  ])('deletes nothing after %s', async (_, answers) => {
    const terminal = atTerminal(['wipe'], engine.socket);
    const questions = [/Type wipe to go on: /, /Type the number of events/];
    for (const [i, answer] of answers.entries()) {
      await terminal.shows(questions[i]!);
      terminal.type(answer);
    }
    const { code, text } = await terminal.ended;
    expect(code).toBe(1);
    expect(text).toMatch(/Nothing was deleted\.\r\n$/);
    expect(asked('store.wipe')).toEqual([]);
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
