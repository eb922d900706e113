import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Guard, knownPartitions, type Finding, type GuardOptions } from './guard.ts';

let folder = '';
let server: Server;
let found: Finding[];
let partitions: number | undefined;
let guard: Guard;
const at = (...names: string[]) => join(folder, ...names);

const options = (): GuardOptions => ({
  programs: [at('out/engine'), at('out/helper'), at('out/missing')],
  data: at('data'),
  socket: at('merlon.sock'),
  partitions: () => partitions,
  onFound: (finding) => found.push(finding),
});

/** A sleep of the clock that files' times have, so that two changes differ. */
const tick = () => new Promise((resolve) => setTimeout(resolve, 15));

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-guard-'));
  for (const name of ['out/engine/chunks', 'out/helper', 'data/events', 'many'])
    mkdirSync(at(name), { recursive: true });
  writeFileSync(at('out/engine/index.js'), 'engine');
  writeFileSync(at('out/engine/chunks/a.js'), 'chunk');
  writeFileSync(at('out/helper/merlon-helper'), 'helper');
  writeFileSync(at('many/node'), 'node');
  symlinkSync(at('many/node'), at('out/helper/node'));
  writeFileSync(at('data/catalogue.db'), 'catalogue');
  writeFileSync(at('data/redaction.key'), 'key');
  writeFileSync(at('data/events/000001.db'), 'sealed');
  writeFileSync(at('data/events/000002.open.db'), 'open');
  server = createServer().listen(at('merlon.sock'));
  await new Promise((resolve) => server.once('listening', resolve));
  found = [];
  partitions = 2;
  guard = new Guard(options());
  guard.look();
  await tick();
});
afterEach(async () => {
  guard.stop();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

/** What two looks tell: some things are told at the second. */
function looks(): readonly Finding[] {
  guard.look();
  guard.look();
  guard.look();
  return found;
}
const first = () => looks()[0];

describe('what stays as it was', () => {
  it('is told of never', async () => {
    readFileSync(at('out/engine/index.js'));
    appendFileSync(at('data/events/000002.open.db'), 'more');
    appendFileSync(at('data/catalogue.db'), 'more');
    writeFileSync(at('out/engine/new.js'), 'not ours: nothing runs it');
    expect(looks()).toEqual([]);
  });

  it('nor is a partition that comes, or is sealed, cut or linked by Merlon', async () => {
    linkSync(at('data/events/000001.db'), at('linked'));
    writeFileSync(at('data/events/000003.open.db'), 'open');
    partitions = 3;
    looks();
    writeFileSync(at('data/events/000002.db'), 'sealed');
    rmSync(at('data/events/000002.open.db'));
    rmSync(at('data/events/000001.db'));
    partitions = 2;
    expect(looks()).toEqual([]);
  });

  it('nor is a database while Merlon itself exchanges it, however long that takes', async () => {
    await guard.exchanging(async () => {
      for (const name of ['000001.db', '000002.open.db']) {
        writeFileSync(at('data/events', `${name}.new`), 'salvaged');
        renameSync(at('data/events', `${name}.new`), at('data/events', name));
        expect(looks()).toEqual([]);
      }
      rmSync(at('data/events/000001.db'));
      expect(looks()).toEqual([]);
    });
    partitions = 1;
    expect(looks()).toEqual([]);
  });

  it('nor is a database that cannot be written to, or is damaged', () => {
    partitions = undefined;
    rmSync(at('data/events/000001.db'));
    writeFileSync(at('data/redaction.key.new'), 'other');
    renameSync(at('data/redaction.key.new'), at('data/redaction.key'));
    expect(looks()).toEqual([]);
  });
});

describe('a program of Merlon’s', () => {
  it.each<[string, () => void, Finding['how']]>([
    ['is written to', () => writeFileSync(at('out/engine/index.js'), 'ENGINE'), 'changed'],
    [
      'is written to, and its times set back',
      () => {
        const { atime, mtime } = statSync(at('out/engine/index.js'));
        writeFileSync(at('out/engine/index.js'), 'ENGINE');
        utimesSync(at('out/engine/index.js'), atime, mtime);
      },
      'changed',
    ],
    ['is made writable for others', () => chmodSync(at('out/engine/index.js'), 0o666), 'changed'],
    [
      'is replaced',
      () => {
        writeFileSync(at('other'), 'engine');
        renameSync(at('other'), at('out/engine/index.js'));
      },
      'changed',
    ],
    ['is deleted', () => rmSync(at('out/engine/index.js')), 'gone'],
  ])('%s: told once', async (_, act, how) => {
    act();
    expect(looks()).toEqual([{ what: 'program', how, paths: [at('out/engine/index.js')], count: 1 }]);
  });

  it('is told again where another comes in its place', async () => {
    rmSync(at('out/helper/merlon-helper'));
    expect(looks()).toMatchObject([{ how: 'gone' }]);
    await tick();
    writeFileSync(at('out/helper/merlon-helper'), 'evil');
    expect(looks()[1]).toMatchObject({ how: 'changed', paths: [at('out/helper/merlon-helper')] });
  });

  it.each<[string, () => void]>([
    [
      'the link itself',
      () => {
        rmSync(at('out/helper/node'));
        writeFileSync(at('out/helper/node'), 'evil');
      },
    ],
    ['what it leads to', () => writeFileSync(at('many/node'), 'evil')],
  ])('that is a link is told of, too: %s', (_, act) => {
    act();
    expect(looks()).toMatchObject([{ what: 'program', how: 'changed', paths: [at('out/helper/node')] }]);
  });

  it('is told with all the others, and the first few by name', async () => {
    for (let i = 0; i < 20; i++) writeFileSync(at('many', `${i}.js`), 'x');
    const many = new Guard({ ...options(), programs: [at('many')] });
    many.look();
    await tick();
    for (let i = 0; i < 20; i++) writeFileSync(at('many', `${i}.js`), 'y');
    many.look();
    many.look();
    const told = found;
    expect(told).toMatchObject([{ what: 'program', count: 20 }]);
    expect(told[0]?.paths).toHaveLength(5);
  });
});

describe('the database', () => {
  it('that is overwritten where it is sealed', async () => {
    writeFileSync(at('data/events/000001.db'), 'SEALED!');
    expect(looks()).toEqual([
      { what: 'database', how: 'changed', paths: [at('data/events/000001.db')], count: 1 },
    ]);
  });

  it.each(['catalogue.db', 'redaction.key'])('whose %s is exchanged', async (name) => {
    writeFileSync(at('other'), 'other');
    renameSync(at('other'), at('data', name));
    expect(first()).toMatchObject({ what: 'database', how: 'changed', paths: [at('data', name)] });
  });

  it('whose key is deleted', async () => {
    rmSync(at('data/redaction.key'));
    expect(looks()).toMatchObject([{ what: 'database', how: 'gone', paths: [at('data/redaction.key')] }]);
  });

  it('that lost files of events: told once, and again where more go', async () => {
    rmSync(at('data/events/000001.db'));
    expect(looks()).toMatchObject([{ what: 'database', how: 'gone', count: 1 }]);
    rmSync(at('data/events/000002.open.db'));
    expect(looks()).toHaveLength(2);
  });

  it('that is damaged, or not open, is not counted', () => {
    const stats = { partitions: 7, damagedPartitions: 0 } as Parameters<typeof knownPartitions>[0];
    expect(knownPartitions(stats)).toBe(7);
    expect(knownPartitions({ ...stats, damagedPartitions: 1 })).toBeUndefined();
    expect(knownPartitions({ ...stats, unopened: true })).toBeUndefined();
    expect(knownPartitions({ ...stats, refused: { said: 'full', sinceMs: 0 } })).toBeUndefined();
  });
});

describe('the socket', () => {
  it('that is deleted is told once', async () => {
    rmSync(at('merlon.sock'));
    expect(looks()).toEqual([{ what: 'socket', how: 'gone', paths: [at('merlon.sock')], count: 1 }]);
  });

  it('that is another’s now is told', async () => {
    renameSync(at('merlon.sock'), at('before.sock'));
    const other = createServer().listen(at('merlon.sock'));
    await new Promise((resolve) => other.once('listening', resolve));
    try {
      expect(first()).toMatchObject({ what: 'socket', how: 'changed' });
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  });
});
