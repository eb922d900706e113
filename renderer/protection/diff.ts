/** Lines as `diff -u` shows them, each with what it is; of a line that was changed, the part that is another. */

export interface DiffLine {
  readonly is: 'added' | 'removed' | 'same' | 'place';
  /** In pieces; `changed` is what the line beside it has otherwise. */
  readonly pieces: readonly { readonly text: string; readonly changed: boolean }[];
}

export const DIFF_MARKS: Readonly<Record<DiffLine['is'], string>> = {
  added: '+',
  removed: '−',
  same: '',
  place: '',
};

export function diffLines(lines: readonly string[]): readonly DiffLine[] {
  return lines.map((line, at) => {
    const is = kindOf(line);
    const text = is === 'place' ? line : line.slice(1);
    const other =
      is === 'removed' ? pairOf(lines, at, 1) : is === 'added' ? pairOf(lines, at, -1) : undefined;
    return { is, pieces: other === undefined ? [{ text, changed: false }] : changedPieces(text, other) };
  });
}

function kindOf(line: string): DiffLine['is'] {
  if (line.startsWith('@@') || line.startsWith('\\')) return 'place';
  return line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : 'same';
}

/** One line that became one other: with more of them nobody can say which became which. */
function pairOf(lines: readonly string[], at: number, towards: 1 | -1): string | undefined {
  const [removed, added] = towards === 1 ? [at, at + 1] : [at - 1, at];
  const alone = !(lines[removed - 1] ?? '').startsWith('-') && !(lines[added + 1] ?? '').startsWith('+');
  const isPair = (lines[removed] ?? '').startsWith('-') && (lines[added] ?? '').startsWith('+');
  return alone && isPair ? lines[at + towards]?.slice(1) : undefined;
}

function changedPieces(text: string, other: string): DiffLine['pieces'] {
  const [a, b] = [[...text], [...other]];
  const most = Math.min(a.length, b.length);
  let head = 0;
  while (head < most && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < most - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  return [
    { text: a.slice(0, head).join(''), changed: false },
    { text: a.slice(head, a.length - tail).join(''), changed: true },
    { text: a.slice(a.length - tail).join(''), changed: false },
  ].filter((piece) => piece.text !== '');
}
