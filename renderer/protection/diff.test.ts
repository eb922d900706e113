import { expect, test } from 'vitest';
import { diffLines } from './diff.ts';

const changed = (lines: readonly string[]) =>
  diffLines(lines).map(({ is, pieces }) => [
    is,
    pieces.filter((piece) => piece.changed).map(({ text }) => text),
  ]);

test('each line is what its first character says', () => {
  expect(
    diffLines(['@@ -1 +1 @@', ' a', '-b', '+c', '\\ No newline at end of file']).map(({ is }) => is),
  ).toEqual(['place', 'same', 'removed', 'added', 'place']);
});

test('of a line that became another, only what is another is marked', () => {
  expect(changed(['-lsm=yama,apparmor quiet', '+lsm=yama,apparmor,bpf quiet'])).toEqual([
    ['removed', []],
    ['added', [',bpf']],
  ]);
  expect(changed(['-a=1', '+a=2'])).toEqual([
    ['removed', ['1']],
    ['added', ['2']],
  ]);
});

test('where several lines became several, none is taken for another', () => {
  expect(changed(['-a', '-b', '+ab'])).toEqual([
    ['removed', []],
    ['removed', []],
    ['added', []],
  ]);
  expect(changed(['+new', ' same'])).toEqual([
    ['added', []],
    ['same', []],
  ]);
});

test('a character of two units is not cut', () => {
  expect(diffLines(['-😀', '+😁'])[1]?.pieces).toEqual([{ text: '😁', changed: true }]);
});
