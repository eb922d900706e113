import { expect, test } from 'vitest';
import type { EventFields } from '../../shared/event.ts';
import { formatQuery } from '../../shared/query.ts';
import type { RunFile } from '../identity/program.ts';
import { Processes } from '../sensor/processes.ts';
import { programOf, type ProgramSources } from './programs.ts';

const FILE = {
  device: '8:1',
  inode: '7',
  mode: 0o755,
  owner: 'root',
  group: 'root',
  size: 1,
  modified: 1,
  sha256: 'x',
  since_run: 'same',
} as const;

const RAN: EventFields = {
  '@timestamp': 5,
  'process.executable': '/usr/bin/curl',
  'merlon.executable.device': '8:1',
  'merlon.executable.inode': '7',
  'package.name': 'curl',
  'package.version': '8.1',
};

function sources(ran: EventFields | undefined, more: Partial<ProgramSources> = {}) {
  const asked: { path: string; ran: RunFile; query?: string }[] = [];
  let query = '';
  const given: ProgramSources = {
    store: {
      page: async (request) => {
        query = request.query === null ? '' : formatQuery(request.query);
        return { events: ran === undefined ? [] : [{ cursor: '1.2.3', fields: ran }] };
      },
    },
    processes: new Processes('8a79902f-7c1c-4054-aabd-7b20a8950778'),
    packages: { owner: () => ({ name: 'found now', version: '1' }) },
    files: {
      look: async (path, seen) => {
        asked.push({ path, ran: seen, query });
        return { file: FILE };
      },
    },
    stored: async () => undefined,
    ...more,
  };
  return { given, asked };
}

const ask = (given: ProgramSources) => programOf('8a79902f7c-1-1', given, new AbortController().signal);

test('the newest exec says which file was run, and the package as it was then', async () => {
  const { given, asked } = sources(RAN);
  expect(await ask(given)).toEqual({
    path: '/usr/bin/curl',
    package: { name: 'curl', version: '8.1' },
    file: FILE,
  });
  expect(asked).toEqual([
    {
      path: '/usr/bin/curl',
      ran: { device: '8:1', inode: '7', at: 5, elsewhere: false },
      query: 'process.entity_id:8a79902f7c-1-1 and (event.action:exec or event.action:running)',
    },
  ]);
});

test('a fork that executed nothing has a path, and nobody knows which file it was', async () => {
  const stored = async () => ({ 'process.executable': '/usr/bin/bash' });
  const { given, asked } = sources(undefined, { stored });
  expect(await ask(given)).toMatchObject({
    path: '/usr/bin/bash',
    package: { name: 'found now' },
    file: FILE,
  });
  expect(asked[0]?.ran).toEqual({ device: undefined, inode: undefined, at: undefined, elsewhere: false });
});

test('what was never a file, and what has no path, is not looked for', async () => {
  const memory = sources({ ...RAN, 'merlon.process.flags': ['memfd'] });
  expect(await ask(memory.given)).toMatchObject({ file: null, problem: 'memory' });
  const kernel = sources({ 'process.name': 'kthreadd' });
  expect(await ask(kernel.given)).toEqual({ path: null, package: null, file: null, problem: 'no_path' });
  expect([...memory.asked, ...kernel.asked]).toEqual([]);
});

test('another mount namespace is said', async () => {
  const { given, asked } = sources({ ...RAN, 'merlon.namespace.mount': 1 });
  await ask(given);
  expect(asked[0]?.ran.elsewhere).toBe(true);
});

test('an unknown process has no program', async () => {
  expect(await ask(sources(undefined).given)).toBeUndefined();
});
