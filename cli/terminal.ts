/** Event text is hostile: before it reaches a terminal, everything that could act there becomes a visible code. */

/**
 * C0 and C1 controls, DEL, line and paragraph separators, bidirectional controls, zero-width and other format characters,
 * tags, variation selectors' supplement, lone surrogates.
 */
export const ACTING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu;

/** The text on one line, with nothing in it that a terminal obeys: an escape is shown as `\u{1b}`. */
export function visible(text: string): string {
  return text.replace(ACTING, (char) => `\\u{${char.codePointAt(0)?.toString(16) ?? ''}}`);
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const COMBINING = /\p{M}/u;

/** How many columns the text takes. */
export function columns(text: string): number {
  let width = 0;
  for (const char of text) width += COMBINING.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
  return width;
}

/** Cut to `width` columns, the cut shown by an ellipsis, and filled up with spaces. */
export function cell(text: string, width: number): string {
  const safe = visible(text);
  if (columns(safe) <= width) return safe + ' '.repeat(width - columns(safe));
  let cut = '';
  let used = 0;
  for (const char of safe) {
    const next = columns(char);
    if (used + next > width - 1) break;
    cut += char;
    used += next;
  }
  return `${cut}…${' '.repeat(Math.max(0, width - 1 - used))}`;
}

export interface Column {
  readonly head: string;
  readonly align?: 'right';
}

/** Rows under heads, each column as wide as its widest cell; the last is left as long as it is. */
export function table(heads: readonly Column[], rows: readonly (readonly string[])[]): string {
  const safe = rows.map((row) => row.map(visible));
  const widths = heads.map(({ head }, i) =>
    Math.max(columns(head), ...safe.map((row) => columns(row[i] ?? ''))),
  );
  const line = (cells: readonly string[]) =>
    heads
      .map(({ align }, i) => {
        const text = cells[i] ?? '';
        if (i === heads.length - 1 && align !== 'right') return text;
        const fill = ' '.repeat(Math.max(0, (widths[i] ?? 0) - columns(text)));
        return align === 'right' ? fill + text : text + fill;
      })
      .join('  ')
      .trimEnd();
  return [line(heads.map(({ head }) => head)), ...safe.map(line)].map((text) => `${text}\n`).join('');
}
