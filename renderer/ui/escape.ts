/** A stretch of foreign text: shown as it is, or, where a character could mislead, as the name of its code. */
export interface Piece {
  readonly text: string;
  /** What the character is, where `text` is a code such as `U+202E`. */
  readonly about?: string;
}

// Controls, formats (bidirectional controls, zero-width), lone surrogates, private use, separators other than the space.
export const MISLEADING = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;
const MISLEADING_ALL = new RegExp(MISLEADING.source, 'gu');

const NAMES: Readonly<Record<number, string>> = {
  0x00: 'null',
  0x07: 'bell',
  0x08: 'backspace',
  0x09: 'tab',
  0x0a: 'line feed',
  0x0d: 'carriage return',
  0x1b: 'escape',
  0x7f: 'delete',
  0xa0: 'no-break space',
  0xad: 'soft hyphen',
  0x61c: 'Arabic letter mark',
  0x200b: 'zero-width space',
  0x200c: 'zero-width non-joiner',
  0x200d: 'zero-width joiner',
  0x200e: 'left-to-right mark',
  0x200f: 'right-to-left mark',
  0x2028: 'line separator',
  0x2029: 'paragraph separator',
  0x202a: 'left-to-right embedding',
  0x202b: 'right-to-left embedding',
  0x202c: 'pop directional formatting',
  0x202d: 'left-to-right override',
  0x202e: 'right-to-left override',
  0x2060: 'word joiner',
  0x2066: 'left-to-right isolate',
  0x2067: 'right-to-left isolate',
  0x2068: 'first strong isolate',
  0x2069: 'pop directional isolate',
  0xfeff: 'byte order mark',
};

/** Cuts foreign text into what may be shown and the codes of what may not. */
export function escapePieces(text: string): readonly Piece[] {
  if (!MISLEADING.test(text)) return text === '' ? [] : [{ text }];
  const pieces: Piece[] = [];
  let shown = 0;
  for (const match of text.matchAll(MISLEADING_ALL)) {
    if (match.index > shown) pieces.push({ text: text.slice(shown, match.index) });
    const code = match[0].codePointAt(0) ?? 0;
    pieces.push({ text: codeOf(code), about: NAMES[code] ?? 'a character that does not show' });
    shown = match.index + match[0].length;
  }
  if (shown < text.length) pieces.push({ text: text.slice(shown) });
  return pieces;
}

/** The text with its misleading characters as codes: for attributes, which cannot hold marks. */
export function escapeText(text: string): string {
  return text.replace(MISLEADING_ALL, (character) => codeOf(character.codePointAt(0) ?? 0));
}

function codeOf(code: number): string {
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}
