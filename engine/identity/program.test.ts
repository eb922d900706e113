import { chmodSync, mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ProgramFiles, type RunFile } from './program.ts';

const users = { user: (id: number) => `user ${id}`, group: () => undefined };

let folder: string;
let path: string;
let ran: RunFile;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'merlon-program-'));
  path = join(folder, 'program');
  writeFileSync(path, 'one');
  chmodSync(path, 0o4755);
  const { ino, mtimeMs } = statSync(path);
  ran = { device: undefined, inode: String(ino), at: mtimeMs + 1000, elsewhere: false };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test('the file as it is: hash, mode with its special bits, owner', async () => {
  const uid = process.getuid?.() ?? 0;
  expect(await new ProgramFiles(users).look(path, ran)).toMatchObject({
    file: {
      sha256: sha256('one'),
      mode: 0o4755,
      owner: `user ${uid}`,
      group: String(process.getgid?.()),
      size: 3,
      inode: ran.inode,
      since_run: 'same',
    },
  });
});

test('another file in its place, a write since, and what nobody can say', async () => {
  const files = new ProgramFiles(users);
  const since = async (seen: RunFile) => (await files.look(path, seen)).file?.since_run;
  expect(await since({ ...ran, inode: undefined })).toBe('unknown');
  expect(await since({ ...ran, at: undefined })).toBe('unknown');
  expect(await since({ ...ran, device: '9999:1' })).not.toBe('unknown');
  utimesSync(path, new Date(), new Date(Date.now() + 60_000));
  expect(await since(ran)).toBe('written');
  writeFileSync(`${path}.new`, 'two');
  renameSync(`${path}.new`, path);
  expect(await since(ran)).toBe('replaced');
  expect((await files.look(path, ran)).file?.sha256).toBe(sha256('two'));
});

test('a hash is kept while the file stays as it is', async () => {
  const files = new ProgramFiles(users);
  await files.look(path, ran);
  writeFileSync(path, 'two');
  utimesSync(path, 1, 1);
  expect((await files.look(path, ran)).file?.sha256).toBe(sha256('two'));
});

test('a file beyond the limit is not hashed', async () => {
  expect((await new ProgramFiles(users, 2).look(path, ran)).file).toMatchObject({
    sha256: null,
    unhashed: 'too_large',
  });
});

test.each([
  ['what is gone', () => rmSync(path), 'gone'],
  [
    'a pipe, without waiting for a writer',
    () => (rmSync(path), execFileSync('mkfifo', [path])),
    'not_a_file',
  ],
  ['a folder', () => (rmSync(path), execFileSync('mkdir', [path])), 'not_a_file'],
])('%s has no file', async (_, make, problem) => {
  make();
  expect(await new ProgramFiles(users).look(path, ran)).toEqual({ file: null, problem });
});

test('in another mount namespace only the same file counts', async () => {
  const files = new ProgramFiles(users);
  expect((await files.look(path, { ...ran, elsewhere: true })).file?.since_run).toBe('same');
  expect(await files.look(path, { ...ran, elsewhere: true, inode: '1' })).toEqual({
    file: null,
    problem: 'elsewhere',
  });
});

test('a path of any bytes is found by its escape', async () => {
  const bytes = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0x41])]);
  writeFileSync(bytes, 'odd');
  expect((await new ProgramFiles(users).look(`${folder}/\\xffA`, ran)).file?.sha256).toBe(sha256('odd'));
});
